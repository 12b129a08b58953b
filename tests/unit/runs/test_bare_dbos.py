"""What DBOS does by itself, and rackwright.runs must not: each of these facts is why a line there exists.

When one of these fails, DBOS has changed: see whether what guards against it can go.
"""

from __future__ import annotations

import base64
import json
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BARE = Path(__file__).with_name("bare.py")


def begin(situation, folder) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(BARE), situation, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def saw(situation, folder) -> dict:
    out, _ = begin(situation, folder).communicate(timeout=60)
    return json.loads(out)


@pytest.fixture
def holder(tmp_path):
    """Return a process that is in the middle of a step."""
    process = begin("holds", tmp_path)
    deadline = time.monotonic() + 30
    while not (tmp_path / "holds").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield process
    process.kill()
    process.communicate()


def test_second_launch_runs_again_what_runs_already(holder, tmp_path):
    """Hence executor ids of our own, and a lock for each."""
    assert saw("second", tmp_path) == {"begun": 2}


def test_survivor_of_another_name_leaves_a_killed_workers_work(holder, tmp_path):
    """Hence leases, and survivors that put back what the dead had in hand."""
    holder.kill()
    assert saw("survivor", tmp_path) == {"begun": 1, "slow": "PENDING"}


def test_changed_version_strands_a_run_without_a_word(holder, tmp_path):
    """Hence a version set by hand, and RunChanged."""
    holder.kill()
    assert saw("changed", tmp_path) == {"begun": 1, "slow": "PENDING"}


def test_cancel_reports_before_the_step_ended(tmp_path):
    """Hence a cancel that is asked between steps, and told when they ended."""
    assert saw("cancel", tmp_path) == {"slow": "CANCELLED", "ended": False}


def test_child_in_its_parents_queue_never_runs(tmp_path):
    """Hence a queue for the fleet and one for its devices."""
    assert saw("nested", tmp_path) == {"parent": "PENDING", "child": "ENQUEUED"}


def test_journal_is_a_pickle_that_others_may_read(tmp_path):
    """Hence JSON with masked secrets in a file of mode 0600."""
    found = saw("journal", tmp_path)
    assert (found["mode"], found["form"], found["grep"]) == ("0o644", "py_pickle", False)
    assert pickle.loads(base64.b64decode(found["output"])) == "planted-pass-word"

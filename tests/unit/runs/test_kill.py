"""kill -9 and a broken disk at every moment: the run goes on, and no journalled step is done twice."""

import json
import subprocess
import sys

import pytest

from tests.unit.runs import toy


def swept(folder, kind) -> list[dict]:
    done = subprocess.run(
        [sys.executable, "-W", "error", toy.__file__, str(folder), str(folder), "sweep", kind],
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def steps_of(given) -> list[str]:
    devices = [device for wave in json.loads(given)["waves"] for device in wave["devices"]]
    return sorted(f"{device} {step}" for device in devices for step in toy.STEPS)


def converged(rows, given) -> list:
    """Return the moments after which the world is not what one quiet run makes it."""
    return [
        row
        for row in rows
        if not row["second"].endswith("-> done") or sorted(row["log"]) != steps_of(given) or row["repeated"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["step", "write"])
def test_killed_anywhere_a_run_goes_on_and_repeats_no_journalled_step(tmp_path, kind):
    """The one promise of the journal: an effect is made once, and what was begun is looked at first."""
    rows = swept(tmp_path, kind)
    given = toy.ORDERS[kind]
    assert converged(rows, given) == []
    assert {row["first"] for row in rows[:-1]} == {"killed"}
    assert len(rows) == 25 if kind == "step" else len(rows) > 35
    # Something was struck between effect and journal, else this test has shown nothing.
    assert max(row["begun"] for row in rows) == len(steps_of(given)) + 1


@pytest.mark.slow
def test_disk_that_fails_from_the_nth_write_on_is_told_and_a_rerun_converges(tmp_path):
    """A full disk must neither hang a run nor lose it."""
    rows = swept(tmp_path, "disk")
    assert converged(rows, toy.ORDERS["disk"]) == []
    assert [row["first"] for row in rows[:-1] if "the journal cannot be kept" not in row["first"]] == []
    assert len(rows) > 20


@pytest.mark.slow
def test_killed_while_the_tables_are_made_the_next_process_makes_them(tmp_path):
    """A journal that was half made must not lock a site out for ever."""
    rows = swept(tmp_path, "tables")
    assert converged(rows, toy.ORDERS["tables"]) == []

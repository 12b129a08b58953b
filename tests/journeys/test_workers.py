"""A rack brought up by two processes over one PostgreSQL: one is killed, the other finishes, and the limits hold over both."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from rackwright import runs
from rackwright.runs.model import GOOD
from rackwright.twin import process
from tests.postgres import serving

pytestmark = [pytest.mark.slow(30), pytest.mark.xdist_group("postgres")]

ROOT = Path(__file__).resolve().parents[2]
RACKWRIGHT = Path(sys.executable).parent / "rackwright"
RATE = 150
PAIRS = ({"fe01", "fe02"}, {"be01", "be02"})
SWITCHES = {"oob", "frontend", "backend"}
"""The stages in which a switch is changed."""
JOBS = 4


def rw(*words):
    """Run our command to its end."""
    done = subprocess.run([RACKWRIGHT, *map(str, words)], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, (words, done.returncode, done.stderr[-2000:])


@pytest.fixture
def site(tmp_path):
    """A site and its twin, whose firmware is as planned but for one server."""
    place = tmp_path / "site"
    shutil.copytree(ROOT / "inventory/xe9680-spectrum-x", place, ignore=shutil.ignore_patterns(".rackwright"))
    words = ("--bmcs", "planned", "--old", "gpu02", "--installed")
    rw("twin", "up", place, "--detach", "--rate", RATE, *words)
    try:
        yield place
    finally:
        rw("twin", "down", place)


def started(*words, said=None):
    """Begin our command and do not wait for it; what it says goes into the file ``said``."""
    with (said or Path(os.devnull)).open("wb") as talk:
        return subprocess.Popen([RACKWRIGHT, *map(str, words)], stdout=subprocess.DEVNULL, stderr=talk)


def refused(*words):
    """Run our command, which must not begin anything; return what it says."""
    done = subprocess.run([RACKWRIGHT, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, (words, done.returncode, done.stderr[-2000:])
    return done.stderr


def tasks_of(state):
    """Return what the newest bring-up told of its tasks, oldest first."""
    folders = sorted(state.glob("runs/*/run.json"))
    if not folders:
        return []
    return [event for event in runs.events(state, folders[-1].parent.name) if event.kind == "task"]


def hands(state):
    """Return the processes that have begun tasks."""
    return {event.fields["by"] for event in tasks_of(state) if "by" in event.fields}


def until(true, *children, limit_s=480):
    """Wait until something is so; a child that ends before is a failure."""
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end
        assert all(child.poll() is None for child in children)
        time.sleep(0.1)


def most(events, chosen):
    """Return how many of the chosen tasks were in hand at once at the most."""
    now, peak = set(), 0
    for event in events:
        if chosen(event):
            now = now | {event.subject} if event.text == "begins" else now - {event.subject}
            peak = max(peak, len(now))
    return peak


def test_worker_finishes_what_a_killed_bringup_began(site):
    """The laptop dies in the aisle: what it had in hand is taken over, nothing is done twice, no limit is exceeded meanwhile.

    Who looks into another database then begins nothing; the worker says what it does, and keeps the record.
    """
    said = site.parent / "said"
    state = site / ".rackwright"
    with serving() as database:
        common = ("--twin", "--database", database, "--jobs", JOBS)
        first = started("bringup", site, "--yes", "--allow-disruption", *common)
        worker = None
        try:
            until(lambda: any(event.text == "done" for event in tasks_of(state)), first)
            worker = started("worker", site, *common, said=said)
            until(lambda: len(hands(state)) == 2, first, worker)
            first.send_signal(signal.SIGKILL)
            first.wait()
            alone = ("bringup", site, "--twin", "--yes", "--allow-disruption")
            for words in (alone, (*alone, "--resume"), ("worker", site, "--twin")):
                assert "has not ended, and its journal is in postgresql://" in refused(*words), words
            until(lambda: runs.latest(state, "bringup", database=database).state in {"done", "failed"}, worker)
            until(lambda: "it lies in" in said.read_text(), worker, limit_s=60)
            status = runs.latest(state, "bringup", database=database)
        finally:
            for child in (first, worker):
                if child is not None and child.poll() is None:
                    child.kill()
                    child.wait()
    bad = {name: one.cause for name, one in status.report.outcomes.items() if one.state not in GOOD}
    assert (status.state, bad) == ("done", {})
    for words in ("helping with run", "goes on after pid", f"run {status.run} ended done: "):
        assert words in said.read_text()
    assert (state / "runs" / status.run / "record/record.json").is_file()
    told = tasks_of(state)
    assert most(told, lambda event: event.fields["device"] != "") <= JOBS
    for pair in PAIRS:
        assert (
            most(told, lambda event, pair=pair: event.fields["device"] in pair and event.fields["stage"] in SWITCHES)
            <= 1
        )
    for name in process.request(state, {"op": "status"})["bmcs"]:
        deeds = process.request(state, {"op": "bmc", "device": name})["deeds"]
        assert set(Counter(deed["what"] for deed in deeds if deed["kind"] == "flash").values()) <= {1}, name
    assert json.loads(next(state.glob("runs/*/run.json")).read_text())["program"] == "bringup"

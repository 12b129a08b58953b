"""kill -9 at moments of a push to BMCs: resuming or pushing anew converges, no host is off, and each image was flashed exactly once."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rackwright import runs
from tests.twins.bmc_lanes import BmcLanes

pytestmark = pytest.mark.slow(60)

ROOT = Path(__file__).resolve().parents[2]
LARGE = os.environ.get("RACKWRIGHT_LARGE") == "1"
SOME = 12
"""Moments of one server at which a usual run kills; with RACKWRIGHT_LARGE=1 it is every one."""
CHANGING = tuple(
    f"driver {word}" for word in ("push_image", "reset", "stage_bios", "ac_cycle", "delete_job", "change_settings")
)
OF_A_RACK = 30 if LARGE else 4
YES = ("--only", "bmc", "--twin", "--yes", "--allow-disruption", "--quiet")


@pytest.fixture
def lanes(tmp_path):
    """Return servers as they were delivered, found by the command as the twin of their site."""
    with BmcLanes(tmp_path) as made:
        made.described()
        yield made


@pytest.fixture
def command(tmp_path, lanes):
    """Return a function that runs ``rackwright push --only bmc`` in a child, which dies at the n-th moment; 0: it may end."""
    log = tmp_path / "said"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.dying"], cwd=ROOT, env=os.environ | {"DYING_LOG": str(log)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip

        def run(*words, strike=0):
            limits = [word for name in lanes.names for word in ("--limit", name)]
            argv = ["push", str(lanes.site), *YES, *(words if "--limit" in words else (*words, *limits))]
            server.stdin.write(json.dumps({"argv": argv, "strike": strike}) + "\n")
            server.stdin.flush()
            answer = json.loads(server.stdout.readline())
            assert answer["code"] in (0, -9), (answer["code"], answer["moments"][-3:], log.read_text())
            return answer["code"], answer["moments"]

        yield run
        server.stdin.close()
        server.wait(10)


def resumed(lanes):
    """Return what goes on with a push that had begun a run when it was killed; before, there is nothing to go on with."""
    state = lanes.site / ".rackwright"
    return ["--resume"] if any(runs.cut_off(state, name) for name in ("push-bmc", "bmc-settings")) else []


def judge(lanes, name, moment):
    """Hold a server that a push came to the end of against what must be so."""
    flashed = lanes.flashed(name)
    assert set(flashed.values()) == {1}, (moment, flashed)
    assert len(flashed) == 5, (moment, flashed)
    assert len(set(lanes.images(name))) == len(lanes.images(name)), (moment, lanes.images(name))
    assert lanes.power(name) == "On", moment
    assert lanes.right(name), moment


def chosen(moments):
    """Return which moments to kill at: each by name and which of that name; a few of all, unless all are wanted."""
    met: Counter[str] = Counter()
    every = []
    for moment in moments:
        met[moment] += 1
        every.append([moment, met[moment]])
    mixed = random.Random(20261127).sample(every, len(every))
    # One of each name, those that change something first: most moments only look.
    each = {name: [name, number] for name, number in mixed}
    return every if LARGE else sorted(each.values(), key=lambda strike: not strike[0].startswith(CHANGING))[:SOME]


@pytest.mark.xdist_group("bmc-kill-one")
def test_kill_9_at_moments_of_one_server(lanes, command, capsys):
    """Killed before a driver call or journal write of one server's push: it converges, each image flashed once, the host on."""
    name = "mgmt01"
    hit: Counter[str] = Counter()
    moments = command("--limit", name)[1]
    judge(lanes, name, "undisturbed")
    for number, strike in enumerate(chosen(moments)):
        lanes.reset(name)
        code, met = command("--limit", name, strike=strike)
        hit[met[-1] if code else "a moment that did not come"] += 1
        again = resumed(lanes) if number % 2 else []
        assert command("--limit", name, *again)[0] == 0, strike
        judge(lanes, name, strike)
    with capsys.disabled():
        print(f"\nkilled at {hit.total()} of {len(moments)} moments of one server: {dict(hit)}")  # noqa: T201 - part of the proof


@pytest.mark.xdist_group("bmc-kill-rack")
def test_kill_9_at_random_moments_of_a_rack(lanes, command, capsys):
    """Killed at random moments of several servers' push, also of those that go on from a kill: it converges, each image flashed once."""
    dice = random.Random(20261127)
    whole, number = len(command()[1]), 0
    for name in lanes.names:
        judge(lanes, name, "undisturbed")
        lanes.reset(name)
    hit: Counter[str] = Counter()
    while number < OF_A_RACK:
        code, moments = command(*(resumed(lanes) if number % 2 else []), strike=dice.randint(1, whole))
        if code == 0:
            for name in lanes.names:
                judge(lanes, name, moments[-1])
                lanes.reset(name)
            continue
        number += 1
        hit[moments[-1]] += 1
    assert command()[0] == 0
    for name in lanes.names:
        judge(lanes, name, "the end")
    with capsys.disabled():
        print(f"\nkilled at {OF_A_RACK} of {whole} moments of a rack: {dict(hit)}")  # noqa: T201 - part of the proof

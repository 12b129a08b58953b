"""kill -9 at every moment of a push: legal states once the time to confirm is over, and going on converges."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from rackwright import secrets
from rackwright.plan import workspace
from rackwright.push.digests import digest_of
from rackwright.push.route import route
from rackwright.push.submitting import interrupted
from rackwright.render import switch_tree
from rackwright.twin import process, standins
from rackwright.twin.engine import Switch
from rackwright.twin.rack import Rack, Wish, _identity

pytestmark = pytest.mark.slow(60)

ROOT = Path(__file__).resolve().parents[2]
RATE = 120.0
YES = ("--yes", "--allow-disruption", "--quiet")
SITE = "xe9680-spectrum-x"
CONFIRM_S = 600


class Racked:
    """A factory-fresh rack in a thread of this process whose switches can be set back, and whose clock can be put on."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.state = site / ".rackwright"
        self.plan = workspace.planned(workspace.open_site(site)).plan
        self.trees = {switch.name: switch_tree(switch) for switch in self.plan.switches}
        self.rack = Rack(self.plan, self.state / "twin", Wish(rate=RATE))
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name="rack", daemon=True)

    def __enter__(self):
        self.state.mkdir(mode=0o700)
        references = {ref for tree in self.trees.values() for ref in secrets.references(tree)}
        standins.write(self.state / "twin" / "secrets", references)
        self._thread.start()
        self.call(self.rack.start())
        spec = process.Spec(plan=self.plan, state=str(self.state), rate=RATE)
        (self.state / "twin.json").write_bytes(process._description(spec, self.rack, self.state / "none"))
        return self

    def __exit__(self, *_):
        self.call(self.rack.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def reset(self, *names):
        """Have switches be as they leave the factory."""

        async def work():
            for name in names:
                box = self.rack.boxes[name]
                device = next(device for device in self.plan.devices if device.name == name)
                async with box._lock:
                    box.switch = Switch(_identity(device, self.plan), self.rack.clock.now(), None)
                    box.switch.changed = box._wake
                    box.files.clear()
                await box.settle()

        self.call(work())

    def pass_time(self, seconds):
        """Put the rack's clock on: what waits to be confirmed goes back."""

        async def work():
            self.rack.clock._start -= seconds / RATE
            for box in self.rack.boxes.values():
                await box.settle()
            return all(box.switch.waiting() is None for box in self.rack.boxes.values())

        assert self.call(work()), "an apply waits for ever"

    def applied(self, name):
        async def work():
            box = self.rack.boxes[name]
            await box.settle()
            return box.switch.applied

        return self.call(work())

    def begun(self, name):
        """Return what has been applied so far by this switch: (log length, applies that began)."""

        async def work():
            return self.rack.journal.lines(name)

        return [line for line in self.call(work()) if line["operation"] == "apply" and "revisions" in line["changed"]]


@pytest.fixture
def racked(tmp_path):
    """Return a rack, and the process that runs and kills commands."""
    site = Path(
        shutil.copytree(ROOT / "inventory" / SITE, tmp_path / SITE, ignore=shutil.ignore_patterns(".rackwright"))
    )
    with Racked(site) as rack:
        yield rack


@pytest.fixture
def command(tmp_path):
    """Return a function that runs ``rackwright push`` in a child, which dies at the n-th moment; 0: it may end."""
    log = tmp_path / "said"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.dying"], cwd=ROOT, env=os.environ | {"DYING_LOG": str(log)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip

        def run(site, *words, strike=0):
            argv = ["push", str(site), "--twin", "--confirm-within", f"{CONFIRM_S}s", *YES, *words]
            server.stdin.write(json.dumps({"argv": argv, "strike": strike}) + "\n")
            server.stdin.flush()
            answer = json.loads(server.stdout.readline())
            assert answer["code"] in (0, -9), (answer, log.read_text())
            return answer["code"], answer["moments"]

        yield run
        server.stdin.close()
        server.wait(10)


def resumed(site):
    """Return what goes on with a push that had begun its run when it was killed; before, there is nothing to go on with."""
    return ["--resume"] if interrupted(site / ".rackwright") else []


def legal(rack, name):
    """Return the digests in which a switch may be left on its way from the factory to what is planned."""
    before = rack.applied(name)
    return {digest_of(before), *(stop.digest for stop in route(before, rack.trees[name]))}


@pytest.mark.xdist_group("kill-one")
def test_kill_9_at_every_moment_of_one_device(racked, command, capsys):
    """Killed before each driver call and journal write: before, split or as planned; resuming or pushing anew converges, and nothing was applied twice."""
    name = "be01"
    want, allowed = digest_of(racked.trees[name]), legal(racked, name)
    met: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for number, moment in enumerate(command(racked.site, "--limit", name)[1]):
        met[moment] += 1
        racked.reset(name)
        before = len(racked.begun(name))
        code, moments = command(racked.site, "--limit", name, strike=[moment, met[moment]])
        hit[moments[-1] if code else "a moment that did not come"] += 1
        racked.pass_time(CONFIRM_S + 1)
        assert digest_of(racked.applied(name)) in allowed, moments[-1]
        again = resumed(racked.site) if number % 2 else []
        assert command(racked.site, "--limit", name, *again)[0] == 0, moments[-1]
        assert digest_of(racked.applied(name)) == want, moments[-1]
        applies = len(racked.begun(name)) - before
        # Two stops; and one more where an apply had gone back since nobody was left to confirm it.
        assert 2 <= applies <= 3, (moments[-1], applies)
    with capsys.disabled():
        print(f"\nkilled at {hit.total()} moments of one device: {dict(hit)}")  # noqa: T201 - part of the proof


@pytest.mark.xdist_group("kill-rack")
def test_kill_9_at_random_moments_of_a_rack(racked, command, capsys):
    """Killed at 30 random moments of a rack's push, also of those that go on from a kill: legal states, and it converges."""
    names = [switch.name for switch in racked.plan.switches]
    allowed = {name: legal(racked, name) for name in names}
    want = {name: digest_of(racked.trees[name]) for name in names}
    dice = random.Random(20261126)
    hit: Counter[str] = Counter()
    _, moments = command(racked.site)
    whole, number = len(moments), 0
    racked.reset(*names)
    while number < 30:
        code, moments = command(
            racked.site, *(resumed(racked.site) if number % 2 else []), strike=dice.randint(1, whole)
        )
        racked.pass_time(CONFIRM_S + 1)
        if code == 0:
            assert {name: digest_of(racked.applied(name)) for name in names} == want
            racked.reset(*names)
            continue
        number += 1
        hit[moments[-1]] += 1
        assert not [name for name in names if digest_of(racked.applied(name)) not in allowed[name]], moments[-1]
    assert command(racked.site)[0] == 0
    assert {name: digest_of(racked.applied(name)) for name in names} == want
    with capsys.disabled():
        print(f"\nkilled at 30 of {whole} moments of a rack: {dict(hit)}")  # noqa: T201 - part of the proof

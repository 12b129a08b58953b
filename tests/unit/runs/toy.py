"""A program that changes files instead of switches, and the process that runs it: to be killed anywhere.

As a script: ``toy.py STATE_DIR WORLD VERB [RUN]``. Each device is a file in WORLD that says what it has become, and
``WORLD/log`` lists every change in the order in which it was made. A step looks at the device first.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from rackwright import runs
from rackwright.errors import Unreachable
from rackwright.runs.model import GOOD

STEPS = ("read", "stage", "apply", "confirm")


class Toy:
    """Waves, steps and gates as the order (JSON) says; `fails` and `refuses` name who says no."""

    name = "toy"

    def __init__(self, world: Path, version="1", hook=None) -> None:
        self.world = world
        self.version = version
        self.hook = hook or (lambda device, step: None)
        self.guard = threading.Lock()
        self.now, self.most = 0, 0
        self.started: list[str] = []

    def waves(self, order):
        return [runs.Wave(**wave) for wave in json.loads(order)["waves"]]

    def device(self, context, order, device):
        wish = json.loads(order)
        with self.guard:
            self.now += 1
            self.most = max(self.most, self.now)
            self.started.append(device)
        try:
            for step in STEPS:
                if context.cancelled():
                    return runs.Outcome(subject=device, state="cancelled", stage=step)
                done = context.step(step, lambda step=step: self.do(device, step, wish))
                assert done == {"device": device, "step": step}, done
            return runs.Outcome(subject=device, state="done", detail={"steps": len(STEPS)})
        finally:
            with self.guard:
                self.now -= 1

    def do(self, device, step, wish):
        self.hook(device, step)
        if step == wish.get("fails", {}).get(device):
            raise Unreachable(f"{device} does not answer", device=device, remedy="look at its cable")
        with (self.world / "begun").open("a") as log:
            log.write(f"{device} {step}\n")
        place = self.world / device
        has = place.read_text().split() if place.exists() else []
        if step not in has:
            with (self.world / "log").open("a") as log:
                log.write(f"{device} {step}\n")
            place.write_text(" ".join([*has, step]))
        return {"device": device, "step": step}

    def gate(self, context, order, wave, outcomes):
        wish = json.loads(order)
        seen = context.step("look", lambda: sorted(outcomes))
        assert seen == sorted(wave.devices)
        if wave.name in wish.get("refuses", ()):
            return runs.Outcome(subject=wave.name, state="failed", cause="a session is down", remedy="look at it")
        bad = [name for name, outcome in outcomes.items() if outcome.state not in GOOD]
        if bad:
            return runs.Outcome(subject=wave.name, state="failed", cause=f"{', '.join(bad)} not done")
        return runs.Outcome(subject=wave.name, state="done")


def order(*waves, **wish) -> bytes:
    """Return an order: each wave is (name, devices) or (name, devices, canary)."""
    made = [{"name": wave[0], "devices": wave[1], "canary": wave[2] if len(wave) > 2 else ""} for wave in waves]
    return json.dumps({"waves": made, **wish}).encode()


SMALL = order(("one", ["a1", "a2"], "a1"), ("two", ["b1"]))


def writes(act) -> None:
    """Call ``act`` before each statement that changes the journal."""
    import sqlalchemy as sa

    def before(_connection, _cursor, statement, *_rest):
        if statement.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"} and "rackwright_worker" not in statement:
            act()

    sa.event.listen(sa.Engine, "before_cursor_execute", before)


def counted(limit: int, act):
    """Return a function that does ``act`` when it is called the ``limit``-th time; counts in ``count``."""

    def tick(*_arguments):
        tick.count += 1
        if tick.count == limit:
            act()

    tick.count = 0
    return tick


def die() -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def break_disk() -> None:
    """Fail as a full or broken disk does."""
    raise sqlite3.OperationalError("disk I/O error")


def main(state_dir: str, world: str, verb: str, *rest: str) -> int:
    """Run or resume; RACKWRIGHT_TOY is JSON: die_step, die_write, wait (a file to wait for in each step)."""
    plan = json.loads(os.environ.get("RACKWRIGHT_TOY", "{}"))
    hook = counted(plan.get("die_step", 0), die)
    if "die_write" in plan:
        writes(counted(plan["die_write"], die))

    def in_step(device, step):
        hook()
        if gate := plan.get("wait"):
            Path(gate + ".reached").touch()
            while not Path(gate).exists():
                threading.Event().wait(0.01)

    toy = Toy(Path(world), hook=in_step)
    with runs.opened(
        Path(state_dir), programs=[toy], database=plan.get("database"), lease_s=plan.get("lease_s", 15.0)
    ) as engine:
        if verb == "work":
            ended = threading.Event()
            signal.signal(signal.SIGTERM, lambda *_: ended.set())
            engine.work(ended)
            return 0
        given = plan.get("order", "").encode() or SMALL
        report = engine.run("toy", given, jobs=plan.get("jobs", 2)) if verb == "run" else engine.resume(rest[0])
    print(report.state)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

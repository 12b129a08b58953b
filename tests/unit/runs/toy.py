"""A program that changes files instead of switches, and the process that runs it: to be killed anywhere.

As a script: ``toy.py STATE_DIR WORLD VERB [RUN]``. Each device is a file in WORLD that says what it has become, and
``WORLD/log`` lists every change in the order in which it was made. A step looks at the device first.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
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
    """Waves, steps and gates as the order (JSON) says; `fails` and `refuses` name who says no, `tells` tells before each effect."""

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
        self.span("+", device)
        try:
            for step in STEPS:
                if context.cancelled():
                    return runs.Outcome(subject=device, state="cancelled", stage=step)
                done = context.step(step, lambda step=step: self.do(device, step, wish, context))
                assert done == {"device": device, "step": step}, done
            return runs.Outcome(subject=device, state="done", detail={"steps": len(STEPS)})
        finally:
            self.span("-", device)
            with self.guard:
                self.now -= 1

    def span(self, sign, device):
        with (self.world / "spans").open("a") as log:
            log.write(f"{sign} {os.getpid()} {device}\n")

    def do(self, device, step, wish, context=None):
        self.hook(device, step)
        if step == wish.get("fails", {}).get(device):
            raise Unreachable(f"{device} does not answer", device=device, remedy="look at its cable")
        with (self.world / "begun").open("a") as log:
            log.write(f"{device} {step}\n")
        place = self.world / device
        has = place.read_text().split() if place.exists() else []
        if wish.get("tells"):
            context.event(f"sending {step}")
        if step not in has:
            with (self.world / "log").open("a") as log:
                log.write(f"{device} {step}\n")
            place.write_text(" ".join([*has, step]))
        self.hook(device, step)
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


TINY = order(("one", ["a1"]))
PAIR = order(("one", ["a1", "a2"], "a1"))
SMALL = order(("one", ["a1", "a2"], "a1"), ("two", ["b1"]))

ORDERS = {"step": SMALL, "write": PAIR, "disk": TINY, "tables": TINY}


def writes(act) -> None:
    """Let ``act`` see each statement that changes the journal, and return another one, or None."""
    import sqlalchemy as sa

    def before(_connection, _cursor, statement, parameters, *_rest):
        if statement.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"} and "rackwright_worker" not in statement:
            return act() or (statement, parameters)
        return statement, parameters

    sa.event.listen(sa.Engine, "before_cursor_execute", before, retval=True)


class Counter:
    """Does ``act`` at the ``limit``-th call, and with ``on`` at each later one; says how many there were."""

    def __init__(self, limit: int, act, *, on: bool = False) -> None:
        self.limit, self.act, self.on, self.count = limit, act, on, 0

    def __call__(self, *_arguments):
        self.count += 1
        if self.count == self.limit or (self.on and self.count > self.limit):
            return self.act()
        return None


def die() -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def no_disk():
    """Return a statement that fails, as every one does on a full or broken disk."""
    return "INSERT INTO disk_is_full VALUES (1)", ()


def quick() -> None:
    """Look at queues and outcomes more often: these are tests."""
    from rackwright.runs import journal, work

    journal._POLL_S = journal._FLEET_POLL_S = work.SELDOM_S = 0.02


def journalled(state_dir: Path) -> list[str]:
    """Return ``device step`` for each step that the journal holds, read without the engine."""
    with contextlib.closing(sqlite3.connect(state_dir / "journal.sqlite")) as base:
        try:
            rows = base.execute("SELECT workflow_uuid, function_name FROM operation_outputs").fetchall()
        except sqlite3.OperationalError:
            return []  # killed while the tables were made
    return [f"{workflow.partition('/')[2]} {step}" for workflow, step in rows if "/" in workflow]


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def in_child(work) -> str:
    """Do ``work`` in a fork of this process; return what it said, or how it died."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(out)
        try:
            said = str(work())
        except BaseException as error:  # noqa: BLE001 - the child ends here, whatever happened
            said = f"{type(error).__name__}: {error}"
        os.write(into, said.encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as stream:
        said = stream.read()
    return said if os.waitpid(pid, 0)[1] == 0 else "killed"


def made(state_dir: Path) -> None:
    """Make a journal whose tables are there."""
    with runs.opened(state_dir, programs=[]):
        pass


def sweep(folder: Path, kind: str) -> list[dict]:
    """Run an order again and again, struck at its n-th moment, and go on; until n is past the end.

    ``step`` dies before and after the effect of each step, ``write`` dies at each write of the journal, ``disk``
    lets each write fail from the n-th on, ``tables`` dies while the tables are made.
    """
    from rackwright.runs import engine  # noqa: F401 - once, for all the children

    quick()
    in_child(lambda: made(folder / "made"))
    given = ORDERS[kind]
    rows = []
    for moment in range(1, 1000, 9 if kind == "tables" else 1):
        place = folder / f"{kind}{moment}"
        world = place / "world"
        world.mkdir(parents=True)
        if kind != "tables":
            shutil.copytree(folder / "made", place / "s")
        strike = Counter(moment, no_disk if kind == "disk" else die, on=kind == "disk")
        rows.append({"moment": moment, **struck(place, world, strike, given, by_step=kind == "step")})
        if not struck_at_all(rows[-1]):
            break
    return rows


def struck_at_all(row) -> bool:
    return row["first"] != "done"


def struck(place: Path, world: Path, strike: Counter, given: bytes, *, by_step: bool) -> dict:
    """Run with one strike, go on without, and say what was seen."""

    def begins():
        if not by_step:
            writes(strike)
        with runs.opened(place / "s", programs=[Toy(world, hook=strike if by_step else None)]) as opened:
            state = opened.run("toy", given, jobs=2).state
        return state if strike.count < strike.limit else f"survived: {state}"

    def goes_on():
        found = runs.latest(place / "s", "toy")
        with runs.opened(place / "s", programs=[Toy(world)]) as opened:
            if found is None:
                return "none -> " + opened.run("toy", given, jobs=2).state
            return f"{found.state} -> {opened.resume(found.run).state}"

    first = in_child(begins)
    kept = journalled(place / "s") if (place / "s/journal.sqlite").exists() else []
    before = len(lines(world / "begun"))
    second = in_child(goes_on)
    begun = lines(world / "begun")
    repeated = sorted(set(kept) & set(begun[before:]))
    return {"first": first, "second": second, "log": lines(world / "log"), "repeated": repeated, "begun": len(begun)}


def main(state_dir: str, world: str, verb: str, *rest: str) -> int:
    """Run, resume or work; RACKWRIGHT_TOY is JSON: order, jobs, apart, options, wait (a file each step waits for)."""
    plan = json.loads(os.environ.get("RACKWRIGHT_TOY", "{}"))
    if verb == "sweep":
        sys.stdout.write(json.dumps(sweep(Path(state_dir), rest[0])))
        return 0
    quick()

    def in_step(device, step):
        if gate := plan.get("wait"):
            Path(gate + ".reached").touch()
            while not Path(gate).exists():
                threading.Event().wait(0.01)

    toy = Toy(Path(world), hook=in_step)
    options = {name: plan[name] for name in ("database", "lease_s", "threads") if name in plan}
    with runs.opened(Path(state_dir), programs=[toy], **options) as engine:
        if verb == "work":
            ended = threading.Event()
            signal.signal(signal.SIGTERM, lambda *_: ended.set())
            engine.work(ended)
            return 0
        given = plan.get("order", "").encode() or SMALL
        report = (
            engine.run("toy", given, jobs=plan.get("jobs", 2), apart=plan.get("apart", ()))
            if verb == "run"
            else engine.resume(rest[0])
        )
    sys.stdout.write(report.state)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""A program of tasks that changes files instead of devices, and the process that runs it: to be killed anywhere.

As a script: ``toytasks.py STATE_DIR WORLD VERB [RUN]``. Each task leaves a file in WORLD, ``WORLD/log`` lists every effect in
the order in which it was made, and ``WORLD/spans`` when a task was begun (``+``) and left (``-``).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

import msgspec

from rackwright import runs
from rackwright.errors import Unreachable
from rackwright.runs.model import GOOD
from tests.unit.runs import toy

STEPS = ("look", "apply")


class Tasks:
    """Tasks as the order (JSON) says; `fails` names those that fail, and for how many tries."""

    name = "tasks"

    def __init__(self, world: Path, version="1", hook=None) -> None:
        self.world = world
        self.version = version
        self.hook = hook or (lambda task, step: None)
        self.guard = threading.Lock()
        self.seen: dict[str, dict[str, str]] = {}

    def graph(self, order):
        wish = json.loads(order)
        return runs.Graph(tasks=msgspec.convert(wish["tasks"], tuple[runs.Task, ...]), limits=wish.get("limits", {}))

    def task(self, context, order, task, before):
        wish = json.loads(order)
        with self.guard:
            self.seen[task.name] = {name: outcome.state for name, outcome in before.items()}
        self.span("+", task.name)
        try:
            for step in STEPS:
                if context.cancelled():
                    return runs.Outcome(subject=task.name, state="cancelled", stage=step)
                context.step(step, lambda step=step: self.do(task.name, step, wish))
            if not task.device and any(outcome.state not in GOOD for outcome in before.values()):
                return runs.Outcome(subject=task.name, state="failed", cause="not all are well")
            return runs.Outcome(subject=task.name, state="done", detail={"steps": len(STEPS)})
        finally:
            self.span("-", task.name)

    def span(self, sign, task):
        with self.guard, (self.world / "spans").open("a") as log:
            log.write(f"{sign} {os.getpid()} {task}\n")

    def do(self, task, step, wish):
        self.hook(task, step)
        place = self.world / task.replace("/", "_")
        # Each effect is one write of one line, or one new name: a kill leaves all of it, or nothing.
        applied = (self.world / "log").exists() and task in toy.lines(self.world / "log")
        tries = 1000 if applied else int(place.read_text()) if place.exists() else 0
        if step == "look":
            return tries
        with self.guard, (self.world / "begun").open("a") as log:
            log.write(f"{task} {step}\n")
        if tries < wish.get("fails", {}).get(task, 0):
            fresh = place.with_suffix(f".{os.getpid()}")
            fresh.write_text(str(tries + 1))
            fresh.replace(place)
            raise Unreachable(f"{task} does not answer", device=task, remedy="look at its cable")
        if tries < 1000:
            with self.guard, (self.world / "log").open("a") as log:
                log.write(f"{task}\n")
        self.hook(task, step)
        return "applied"


def order(*tasks, **wish) -> bytes:
    """Return an order: each task is (name, fields); its stage and device are read from the name."""
    made = []
    for name, fields in tasks:
        stage, _, device = name.partition("/")
        made.append({"name": name, "stage": stage, "device": device, **fields})
    return json.dumps({"tasks": made, **wish}).encode()


def chain(stages=("bmc", "os", "accept"), devices=("a1", "a2", "a3"), gate="os", **wish) -> bytes:
    """Return devices that go from stage to stage by themselves, and a gate before one stage that all of it hangs on."""
    tasks = []
    for at, stage in enumerate(stages):
        for device in devices:
            after = [f"{stages[at - 1]}/{device}"] if at else []
            tasks.append((f"{stage}/{device}", {"after": [*after, "gate"] if stage == gate else after}))
    earlier = [f"{stages[0]}/{device}" for device in devices]
    return order(*tasks, ("gate", {"stage": gate, "settled": earlier, "device": ""}), **wish)


SMALL = chain(devices=("a1", "a2"), limits={"jobs": 2})


def most_at_once(spans, of=lambda task: True) -> int:
    """Return how many of the tasks were worked on at once at the most."""
    now, most = set(), 0
    for line in spans:
        sign, _pid, task = line.split()
        if of(task):
            # Who is killed never leaves: the next one that begins the task has it in hand instead.
            now = now | {task} if sign == "+" else now - {task}
            most = max(most, len(now))
    return most


def states(report) -> dict[str, str]:
    """Return how each task ended."""
    return {name: outcome.state for name, outcome in report.outcomes.items()}


def counted(path: Path) -> Counter:
    """Return how often each line stands in a file."""
    return Counter(toy.lines(path))


SWEPT = order(
    ("bmc/a1", {"takes": {"pair": 1}}),
    ("bmc/a2", {"takes": {"pair": 1}}),
    ("gate", {"after": ["bmc/a1", "bmc/a2"], "question": "cables?"}),
    ("os/a1", {"after": ["gate"]}),
    ("os/a2", {"after": ["gate"], "reach": "row-3"}),
    ("accept", {"settled": ["os/a1", "os/a2"]}),
    limits={"pair": 1},
)


def sweep(folder: Path, kind: str) -> list[dict]:
    """Run SWEPT again and again, killed at its n-th moment, and go on; until n is past the end.

    ``step`` dies around the effect of each step, ``write`` at each second write of the journal.
    """
    from rackwright.runs import engine  # noqa: F401 - once, for all the children

    toy.quick()
    toy.in_child(lambda: toy.made(folder / "made"))
    rows = []
    for moment in range(1, 1000, 1 if kind == "step" else 2):
        place = folder / f"{kind}{moment}"
        (place / "world").mkdir(parents=True)
        shutil.copytree(folder / "made", place / "s")
        rows.append({"moment": moment, **struck(place, toy.Counter(moment, toy.die), by_step=kind == "step")})
        if rows[-1]["first"] == "done":
            break
    return rows


def struck(place: Path, strike: toy.Counter, *, by_step: bool) -> dict:
    """Run until the strike, go on without, and say what was seen."""
    world = place / "world"

    def approves(event):
        if (event.kind, event.subject, event.text) == ("task", "gate", "begins"):
            approve(place / "s")

    def begins():
        if not by_step:
            toy.writes(strike)
        tasks = Tasks(world, hook=strike if by_step else None)
        with runs.opened(place / "s", programs=[tasks], tags=["row-3"]) as opened:
            return opened.run("tasks", SWEPT, jobs=4, on_event=approves).state

    def goes_on():
        found = runs.latest(place / "s", "tasks")
        with runs.opened(place / "s", programs=[Tasks(world)], tags=["row-3"]) as opened:
            if found is None:
                return "none -> " + opened.run("tasks", SWEPT, jobs=4, on_event=approves).state
            approve(place / "s")
            return f"{found.state} -> {opened.resume(found.run).state}"

    first = toy.in_child(begins)
    kept = toy.journalled(place / "s")
    before = len(toy.lines(world / "begun"))
    second = toy.in_child(goes_on)
    begun = toy.lines(world / "begun")
    spans = toy.lines(world / "spans")
    return {
        "first": first,
        "second": second,
        "log": toy.lines(world / "log"),
        "repeated": sorted(set(kept) & set(begun[before:])),
        "begun": len(begun),
        "pair": most_at_once(spans, lambda task: task.startswith("bmc/")),
    }


def approve(state_dir: Path) -> None:
    """Say yes to the gate of the newest run."""
    run = runs.latest(state_dir, "tasks").run
    runs.tell(state_dir, run, runs.Command(kind="approve", task="gate", who="ann"))


def main(state_dir: str, world: str, verb: str, *rest: str) -> int:
    """Run, resume or work; RACKWRIGHT_TOY is JSON: order, jobs, options, wait (a file each effect waits for)."""
    plan = json.loads(os.environ.get("RACKWRIGHT_TOY", "{}"))
    if verb == "sweep":
        sys.stdout.write(json.dumps(sweep(Path(state_dir), rest[0])))
        return 0
    toy.quick()

    def in_step(task, step):
        if step == "apply" and (gate := plan.get("wait")) and task.startswith(plan.get("which", "")):
            Path(gate + ".reached").touch()
            while not Path(gate).exists():
                threading.Event().wait(0.01)
        threading.Event().wait(plan.get("takes_s", 0))

    options = {name: plan[name] for name in ("database", "lease_s", "threads", "tags") if name in plan}
    with runs.opened(Path(state_dir), programs=[Tasks(Path(world), hook=in_step)], **options) as engine:
        if verb == "work":
            ended = threading.Event()
            signal.signal(signal.SIGTERM, lambda *_: ended.set())
            engine.work(ended)
            return 0
        given = plan.get("order", "").encode() or SMALL
        report = engine.run("tasks", given, jobs=plan.get("jobs", 2)) if verb == "run" else engine.resume(rest[0])
    sys.stdout.write(report.state)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Run a graph of 1,024 servers and 14 stages through the durable engine, each task one step that lasts a while, and print what was seen.

Arguments: an empty folder, the number of servers, the clock's rate. Prints JSON: tasks, CPU, wall, the way of the schedule in wall seconds, and how
often a limit was exceeded.
"""

from __future__ import annotations

import heapq
import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final

from rackwright import runs
from rackwright.runs.model import Json
from rackwright.runs.schedule import Heard, Schedule, checked, takes

STAGES: Final = {
    "oob": 60, "frontend": 60, "bmc": 120, "hardware": 30, "head": 30, "backend": 60, "fabric": 30,
    "firmware": 600, "os": 300, "cabling": 30, "stack": 300, "accept": 60, "handover": 30, "record": 10,
}  # fmt: skip
"""Stage -> how long one server is worked on, in seconds of the run's clock."""
_JOBS: Final = 256
_A_RACK: Final = 8
_WATTS: Final = 4
"""Servers of a rack that may restart at once."""
_RESTART: Final = frozenset({"firmware", "os"})


class Servers:
    """A program whose tasks last, and that counts who is worked on at once."""

    name = "servers"
    version = "1"

    def __init__(self, count: int, rate: float) -> None:
        """Make ``count`` servers on a clock that goes ``rate`` times as quick as the wall's."""
        self.count = count
        self.rate = rate
        self.exceeded = 0
        self._now: Counter[str] = Counter()
        self._guard = threading.Lock()
        self._limits = self.graph(b"").limits | {"jobs": _JOBS}

    def graph(self, _order: bytes) -> runs.Graph:
        """Each server goes from stage to stage by itself, but for a gate in front of three of them."""
        tasks: list[runs.Task] = []
        before = ""
        for stage in STAGES:
            gate = (f"gate/{stage}",) if stage in {"backend", "firmware", "cabling"} else ()
            names = [f"gpu{number:04d}" for number in range(self.count)]
            if gate:
                tasks.append(runs.Task(name=gate[0], stage=stage, settled=tuple(f"{before}/{name}" for name in names)))
            for number, name in enumerate(names):
                takes_of = {f"rack{number // _A_RACK}": 1} if stage in _RESTART else {}
                after = (*((f"{before}/{name}",) if before else ()), *gate)
                tasks.append(runs.Task(name=f"{stage}/{name}", stage=stage, device=name, after=after, takes=takes_of))
            before = stage
        limits = {f"rack{number}": _WATTS for number in range(self.count // _A_RACK + 1)}
        return runs.Graph(tasks=tuple(tasks), limits=limits)

    def task(self, context: runs.Context, _order: bytes, task: runs.Task, _before: Json) -> runs.Outcome:
        """Work on one task in one step."""
        with self._guard:
            self._now.update(takes(task))
            self.exceeded += any(self._now[limit] > self._limits[limit] for limit in takes(task))
        if task.device:
            context.step("work", lambda: self._lasts(task.stage))
        with self._guard:
            self._now.subtract(takes(task))
        return runs.Outcome(subject=task.name, state="done")

    def _lasts(self, stage: str) -> Json:
        time.sleep(STAGES[stage] / self.rate)
        return {"state": "as planned"}


def way(graph: runs.Graph) -> float:
    """Return how long the schedule takes when deciding costs nothing, in seconds of the run's clock."""
    schedule, now = Schedule(checked(graph, _JOBS)), 0.0
    running: list[tuple[float, str]] = []
    while not schedule.over:
        for start in schedule.begin()[0]:
            lasts = STAGES[start.task.stage] if start.task.device else 0
            heapq.heappush(running, (now + lasts, start.task.name))
        now = running[0][0]
        ended = []
        while running and running[0][0] == now:
            ended.append(runs.Outcome(subject=heapq.heappop(running)[1], state="done"))
        schedule.hears(Heard(ended=tuple(ended)))
    return now


def main(folder: Path, count: int, rate: float) -> None:
    """Run it and print the figures."""
    servers = Servers(count, rate)
    with runs.opened(folder / "state", programs=[servers], threads=_JOBS) as engine:
        begun, cpu = time.monotonic(), time.process_time()
        report = engine.run("servers", b"all", jobs=_JOBS, on_event=lambda _event: None)
        wall, used = time.monotonic() - begun, time.process_time() - cpu
    good = sum(outcome.state == "done" for outcome in report.outcomes.values())
    seen = {"tasks": len(report.outcomes), "good": good, "cpu_s": used, "wall_s": wall, "exceeded": servers.exceeded}
    print(json.dumps({**seen, "way_s": way(servers.graph(b"")) / rate}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))

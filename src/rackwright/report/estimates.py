"""How long a run still takes: from the stage times that it measured itself, or that earlier runs did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

import msgspec

from rackwright.report.board import Board
from rackwright.report.marks import ENDED
from rackwright.runs.model import JOBS, Graph, Task

__all__ = ["Estimate", "Estimator", "about", "earlier_seconds", "stage_seconds"]

_DAY_S: Final = 86400


class Estimate(msgspec.Struct, frozen=True):
    """How long a run still takes."""

    seconds: float
    """Wall time; a lower bound where something is unmeasured or waits for a person."""
    unmeasured: tuple[str, ...] = ()
    """Stages that still have work and of which no task has ended yet."""
    asks: bool = False
    """An operator has to answer before it can end."""
    stages: int = 0
    """How many stages still have work."""


def stage_seconds(board: Board) -> dict[str, float]:
    """Return how long a task of each stage took on average, in s of wall time; stages of which none ended are left out."""
    return {stage: total / number for stage, (number, total) in board.measured.items() if number}


def earlier_seconds(boards: Iterable[Board]) -> dict[str, float]:
    """Return how long a task of each stage took in earlier runs, where it changed something; the first that knows counts."""
    found: dict[str, float] = {}
    for board in boards:
        for stage, (number, total) in board.worked.items():
            found.setdefault(stage, total / number)
    return found


class Estimator:
    """Estimates for one graph; what depends on the graph alone is worked out once."""

    def __init__(self, graph: Graph, earlier: Mapping[str, float] | None = None) -> None:
        """Know the graph, and of earlier runs how long a task of a stage took, in s."""
        self._limits = graph.limits
        self._earlier = earlier or {}
        self._order = _order(graph)

    def estimate(self, board: Board, now: float) -> Estimate:
        """Return how long the run still takes from ``now`` on, in s since 1970.

        The greater of two: the longest way through what is left, and for each limit the work that is left under it, shared evenly.
        """
        mean = {**self._earlier, **stage_seconds(board)}
        ends: dict[str, float] = {}
        shared: dict[str, float] = {}
        unmeasured: dict[str, None] = {}
        stages: set[str] = set()
        asks = False
        for task in self._order:
            if board.mark(task.name) in ENDED:
                continue
            asks = asks or bool(task.question)
            if task.device:
                stages.add(task.stage)
                unmeasured |= {} if task.stage in mean else {task.stage: None}
            left = _left(task, board, mean.get(task.stage, 0.0), now)
            before = (ends.get(one, 0.0) for one in (*task.after, *task.settled))
            ends[task.name] = max(before, default=0.0) + left
            for limit, amount in _taken(task, self._limits):
                shared[limit] = shared.get(limit, 0.0) + amount * left
        loads = (work / self._limits[limit] for limit, work in shared.items())
        return Estimate(max([0.0, *ends.values(), *loads]), tuple(unmeasured), asks, len(stages))


def _left(task: Task, board: Board, mean: float, now: float) -> float:
    """Return the work that is left of a task; one that takes longer than the others is about to end."""
    if not task.device or task.question:
        return 0.0
    begun = board.begun_at(task.name) if board.mark(task.name) == "running" else 0.0
    return max(0.0, mean - (now - begun)) if begun else mean


def _taken(task: Task, limits: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    if not task.device:
        return
    takes = {JOBS: 1, **task.takes}
    yield from ((limit, amount) for limit, amount in takes.items() if limits.get(limit))


def _order(graph: Graph) -> Sequence[Task]:
    """Return the tasks so that each comes behind what it hangs on."""
    tasks = {task.name: task for task in graph.tasks}
    hangs = {task.name: [one for one in (*task.after, *task.settled) if one in tasks] for task in graph.tasks}
    try:
        return [tasks[name] for name in TopologicalSorter(hangs).static_order()]
    except CycleError:
        return graph.tasks


def about(seconds: float) -> str:
    """Print a time as a person says it: ``0.4 s``, ``40 s``, ``12 min``, ``3 h 20 min``, ``2 d 4 h``."""
    if seconds < 90:
        return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if seconds < 2 * _DAY_S:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"

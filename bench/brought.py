"""What a run of ``bringup`` left behind, as figures: its steps, the way of its schedule, and who was worked on at the same time."""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from rackwright.runs.model import Event, Graph, Outcome
from rackwright.runs.schedule import Heard, Schedule, checked

__all__ = ["Brought", "Span", "applying", "at_once", "brought", "lines", "restarting", "way"]

_QUICK: Final = 0.1
"""The share of a kind of task that went as quick as the way of the schedule takes it: others waited for a processor."""


class Span(NamedTuple):
    """A time in which something was so with a device, in seconds of the twin's clock."""

    device: str
    begin: float
    end: float


class Brought(NamedTuple):
    """What a run's folder says."""

    graph: Graph
    steps: int
    ended: Mapping[str, str]
    """Task -> how it ended."""
    took_s: Mapping[str, float]
    """Task -> how long it took, in seconds of the twin's clock."""


def brought(folder: Path) -> Brought:
    """Read a run's folder."""
    graph = msgspec.json.decode(next(folder.glob("graph-*")).read_bytes(), type=Graph)
    steps, ended, took_s = 0, {}, {}
    with (folder / "events.jsonl").open("rb") as lines:
        for line in lines:
            event = msgspec.json.decode(line, type=Event)
            steps += event.kind == "step" and event.fields["state"] != "begun"
            if event.kind == "task" and event.text not in {"begins", "waiting"}:
                ended[event.subject] = event.text
                took_s[event.subject] = float(event.fields.get("clock_s") or 0)
    return Brought(graph, steps, ended, took_s)


def way(run: Brought, jobs: int) -> float:
    """Return how long the schedule takes when neither deciding nor a processor costs time, in seconds of the twin's clock.

    Each task takes as long as the quickest tenth of its kind (stage, name without its number, how it ended), and begins when
    the tasks and limits of the graph allow it.
    """
    schedule, now, quick = Schedule(checked(run.graph, jobs)), 0.0, _quick(run)
    running: list[tuple[float, str]] = []
    while not schedule.over:
        for start in schedule.begin()[0]:
            heapq.heappush(running, (now + quick.get(_kind(run, start.task.name), 0.0), start.task.name))
        if not running:
            break
        now = running[0][0]
        ended = []
        while running and running[0][0] == now:
            ended.append(Outcome(subject=heapq.heappop(running)[1], state="done"))
        schedule.hears(Heard(ended=tuple(ended)))
    return now


def _kind(run: Brought, task: str) -> tuple[str, str]:
    return task.rstrip("0123456789"), run.ended.get(task, "")


def _quick(run: Brought) -> dict[tuple[str, str], float]:
    kinds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for task, took in run.took_s.items():
        kinds[_kind(run, task)].append(took)
    return {kind: sorted(times)[int(len(times) * _QUICK)] for kind, times in kinds.items()}


# --- the twin's log ------------------------------------------------------------------------------


def lines(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of the twin's log."""
    with log.open("rb") as stream:
        for line in stream:
            yield json.loads(line)


def restarting(log: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Return when servers were restarting: from the request at the BMC until its work there ends or the host answers."""
    return _spans(
        log, lambda line: line["operation"] == "power", lambda line: line["operation"] in {"logout", "run", "play"}
    )


def applying(log: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Return when switches were in the middle of a change: from the apply until it was confirmed."""
    return _spans(log, lambda line: line["operation"] == "apply", lambda line: line["operation"] == "confirm")


def _spans(log: Iterable[Mapping[str, Any]], begins: Any, ends: Any) -> list[Span]:
    begun: dict[str, float] = {}
    found = []
    for line in log:
        device, at = line["device"], float(line["at"])
        if begins(line):
            begun.setdefault(device, at)
        elif device in begun and ends(line):
            found.append(Span(device, begun.pop(device), at))
    return found


def at_once(spans: Iterable[Span], groups: Mapping[str, str]) -> dict[str, int]:
    """Return the most devices of each group that were in it at the same time."""
    moments = sorted(
        moment
        for span in spans if span.device in groups
        for moment in ((span.begin, 1, groups[span.device]), (span.end, -1, groups[span.device]))
    )  # fmt: skip
    now: dict[str, int] = defaultdict(int)
    most: dict[str, int] = defaultdict(int)
    for _, step, group in moments:
        now[group] += step
        most[group] = max(most[group], now[group])
    return dict(most)

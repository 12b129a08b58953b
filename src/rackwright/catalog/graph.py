"""The graph of steps: its order, its stages, its circles and the laws that a site may not turn.

Pure functions over rows; the same ones order the steps of a host and judge the rows that a site adds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from rackwright.catalog.stack import Edge, StepRow

__all__ = ["circle", "levels", "order", "turned"]

_Rows = Mapping[str, StepRow]


def circle(rows: _Rows) -> tuple[str, ...]:
    """Return the steps of one circle, each standing behind the next, the first again at the end; empty: there is none."""
    done: set[str] = set()
    for start in sorted(rows):
        way: list[str] = []
        found = _walk(rows, start, done, way)
        if found:
            return found
    return ()


def _walk(rows: _Rows, start: str, done: set[str], way: list[str]) -> tuple[str, ...]:
    """Follow edges from one step without recursion, since a site's graph may be a long chain."""
    stack = [(start, iter(_before(rows, start)))] if start not in done else []
    on = {start} if stack else set()
    way += [start] if stack else []
    while stack:
        step, rest = stack[-1]
        follow = next(rest, None)
        if follow is None:
            stack.pop()
            on.discard(way.pop())
            done.add(step)
        elif follow in on:
            return (*way[way.index(follow) :], follow)
        elif follow not in done:
            stack.append((follow, iter(_before(rows, follow))))
            way.append(follow)
            on.add(follow)
    return ()


def _before(rows: _Rows, step: str) -> list[str]:
    return sorted({edge.step for edge in rows[step].after if edge.step in rows})


def order(rows: _Rows, restarts: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the steps in one order that the edges allow: equal rows give an equal order.

    Stage by stage; where the graph leaves it open the lower rank goes first, then the name. ``restarts`` are the
    steps that restart the host; those with a ``reboot`` when it is None. Raises ValueError, which names the
    circle, when there is one.
    """
    found = levels(rows, restarts)
    waiting = {step: len(_before(rows, step)) for step in rows}
    behind: dict[str, list[str]] = {step: [] for step in rows}
    for step in rows:
        for before in _before(rows, step):
            behind[before].append(step)

    def word(step: str) -> tuple[int, int, str]:
        return found[step], rows[step].rank, step

    ready = [word(step) for step, count in waiting.items() if not count]
    heapq.heapify(ready)
    ordered: list[str] = []
    while ready:
        step = heapq.heappop(ready)[2]
        ordered.append(step)
        for follow in behind[step]:
            waiting[follow] -= 1
            if not waiting[follow]:
                heapq.heappush(ready, word(follow))
    return tuple(ordered)


def levels(rows: _Rows, restarts: Iterable[str] | None = None) -> dict[str, int]:
    """Return the stage of each step, from 0: how many restarts must lie before it.

    No order of these edges has fewer restarts: each stage but the last holds a step that must be live in the next.
    Raises ValueError, which names the circle, when there is one.
    """
    found = circle(rows)
    if found:
        raise ValueError(f"steps stand behind each other in a circle: {' behind '.join(found)}")
    again = {step for step, row in rows.items() if row.reboot != "none"} if restarts is None else set(restarts)
    stage: dict[str, int] = {}
    for step in _sorted(rows):
        stage[step] = max((_stage(edge, stage, again) for edge in rows[step].after if edge.step in rows), default=0)
    return stage


def _stage(edge: Edge, stage: Mapping[str, int], again: set[str]) -> int:
    return stage[edge.step] + (edge.needs == "live" and edge.step in again)


def _sorted(rows: _Rows) -> list[str]:
    """Return the steps, each behind those before it; there is no circle."""
    done: dict[str, None] = {}
    for start in sorted(rows):
        stack = [start]
        while stack:
            step = stack[-1]
            open_ = [before for before in _before(rows, step) if before not in done]
            if open_:
                stack += open_
            else:
                done.setdefault(stack.pop())
    return list(done)


def turned(rows: _Rows, shipped: _Rows) -> tuple[tuple[str, Edge], ...]:
    """Return the laws of the shipped rows that an order of ``rows`` breaks, as (step, edge).

    A site may add edges and drop those that are no law. There must be no circle.
    """
    place = {step: at for at, step in enumerate(order(rows))}
    stage = levels(rows)
    broken: list[tuple[str, Edge]] = []
    for step, row in shipped.items():
        for edge in row.after:
            if not edge.law or step not in place or edge.step not in place:
                continue
            live = edge.needs == "live" and rows[edge.step].reboot != "none"
            if place[edge.step] > place[step] or (live and stage[edge.step] >= stage[step]):
                broken.append((step, edge))
    return tuple(broken)

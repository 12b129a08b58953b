"""The fewest restarts: which components share one, found exactly.

The rules, as an operator would say them: nothing goes before what must stand before it; what must be alone waits alone; an install that
restarts the BMC is done while nothing waits; a restart puts everything in force that waits, so it is of the strongest kind that waits.

A search over what is in force already. From each state it is enough to try, for each strength of event, the *largest* set that may wait
together: to put more in force by the same event costs nothing and never bars anything later, so that some best way consists of largest
sets only. One restart of the weaker kind now may save a stronger one, which is why each strength is tried.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

import msgspec

__all__ = ["Cost", "Group", "Item", "solve"]

Cost = tuple[int, int, float]
"""Restarts of the host, those that take the BMC's power too, minutes of all restarts."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to bring in."""

    name: str
    strength: int
    """Of the event that puts it in force; 0: it is in force once it is installed."""
    alone: bool = False
    live: frozenset[str] = frozenset()
    """Items that must be in force before it is sent."""
    sent: frozenset[str] = frozenset()
    """Items that must be sent before it, and may share its restart."""
    waits: bool = False
    """It waits at the BMC already."""


class Group(msgspec.Struct, frozen=True):
    """Installs, or what waits for one restart; ``strength`` is that of the restart, 0 for installs."""

    names: tuple[str, ...]
    strength: int


def solve(items: Sequence[Item], events: Mapping[int, Cost]) -> tuple[Group, ...] | None:
    """Return the groups of a best way in order; None when no way leads through (a circle).

    ``events`` gives what a restart of each strength costs. Names that ``live`` and ``sent`` hold and that are no items stand already.
    """
    known = {item.name: item for item in items}
    start: frozenset[str] = frozenset()
    heap: list[tuple[Cost, int, frozenset[str], tuple[Group, ...]]] = [((0, 0, 0.0), 0, start, ())]
    seen: set[frozenset[str]] = set()
    pushed = 0
    while heap:
        cost, _, done, groups = heapq.heappop(heap)
        if done in seen:
            continue
        seen.add(done)
        if len(done) == len(known):
            return groups
        for step in _steps(known, done):
            pushed += 1
            price = events[step.strength] if step.strength else (0, 0, 0.0)
            total = (cost[0] + price[0], cost[1] + price[1], cost[2] + price[2])
            heapq.heappush(heap, (total, pushed, done | frozenset(step.names), (*groups, step)))
    return None


def _steps(known: Mapping[str, Item], done: frozenset[str]) -> Iterator[Group]:
    """Yield what may come next: installs that may be done at once, or else the largest sets for each strength."""
    waiting = [item for item in known.values() if item.waits and item.name not in done]
    if not waiting:
        installs = _installs(known, done)
        if installs:
            yield Group(installs, 0)
            return
        for item in known.values():
            if item.strength and item.alone and item.name not in done and _may(item, known, done, done):
                yield Group((item.name,), item.strength)
    elif any(item.alone for item in waiting):
        yield Group(tuple(item.name for item in waiting), max(item.strength for item in waiting))
        return
    least = max((item.strength for item in waiting), default=1)
    tried: set[tuple[str, ...]] = set()
    for level in sorted({item.strength for item in known.values() if item.strength >= least}):
        names = _largest(known, done, waiting, level)
        if names and names not in tried:
            tried.add(names)
            yield Group(names, max(known[name].strength for name in names))


def _installs(known: Mapping[str, Item], done: frozenset[str]) -> tuple[str, ...]:
    """Return the installs that may follow one another now, in an order that they allow."""
    found: dict[str, None] = {}
    while True:
        reached = done | found.keys()
        more = [
            item.name
            for item in known.values()
            if not item.strength and item.name not in reached and _may(item, known, reached, reached)
        ]
        if not more:
            return tuple(found)
        found[more[0]] = None


def _largest(known: Mapping[str, Item], done: frozenset[str], waiting: Sequence[Item], level: int) -> tuple[str, ...]:
    """Return everything up to a strength that may wait together, in an order in which it may be sent."""
    found: dict[str, None] = {item.name: None for item in waiting}
    while True:
        more = [
            item.name
            for item in known.values()
            if 0 < item.strength <= level
            and not item.alone
            and item.name not in done
            and item.name not in found
            and _may(item, known, done, done | found.keys())
        ]
        if not more:
            return tuple(found)
        found[more[0]] = None


def _may(item: Item, known: Mapping[str, Item], live: frozenset[str], sent: frozenset[str]) -> bool:
    """Say whether what must stand before an item does."""
    return all(name in live for name in item.live if name in known) and all(
        name in sent for name in item.sent if name in known
    )

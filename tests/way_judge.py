"""A judge of ways that knows nothing of our search: a machine that sends, installs and restarts one thing at a time.

``bound`` tries every order of these moves that the rules allow, and returns the least cost. It shares no line with
``rackwright.push.bmc.solving`` but the type of an item.
"""

from __future__ import annotations

import heapq
from itertools import count

EVENTS = {1: (1, 0, 15.0), 2: (1, 0, 15.0), 3: (1, 1, 20.0)}
"""Strength of an event -> restarts, AC cycles, minutes; as the shipped rows have them."""


def moves(items, live, waiting):
    """Yield (cost, live, waiting) of every single move that the rules allow."""
    known = {item.name for item in items}
    for item in items:
        if item.name in live or item.name in waiting:
            continue
        if not (item.live & known) <= live:
            continue
        if item.strength == 0:
            # An install restarts the BMC: nothing waits meanwhile.
            if not waiting and (item.sent & known) <= live:
                yield (0, 0, 0.0), live | {item.name}, waiting
            continue
        if not (item.sent & known) <= live | waiting:
            continue
        alone = {other.name for other in items if other.alone}
        if waiting and (item.alone or waiting & alone):
            continue
        yield (0, 0, 0.0), live, waiting | {item.name}
    if waiting:
        strongest = max(item.strength for item in items if item.name in waiting)
        yield EVENTS[strongest], live | waiting, frozenset()


def bound(items):
    """Return the least cost of all sequences of moves to the end; None when none ends."""
    start = (frozenset(), frozenset(item.name for item in items if item.waits))
    tick = count()
    heap, best = [((0, 0, 0.0), next(tick), *start)], {}
    while heap:
        cost, _, live, waiting = heapq.heappop(heap)
        if (live, waiting) in best:
            continue
        best[live, waiting] = cost
        if len(live) == len(items):
            return cost
        for price, after, queue in moves(items, live, waiting):
            total = tuple(one + other for one, other in zip(cost, price, strict=True))
            heapq.heappush(heap, (total, next(tick), after, queue))
    return None


def price(groups):
    """Return what a way costs."""
    costs = [EVENTS[group.strength] for group in groups if group.strength]
    return tuple(map(sum, zip(*costs, strict=True))) if costs else (0, 0, 0)

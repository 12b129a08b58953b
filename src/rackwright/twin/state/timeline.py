"""When something is so and when it is not: the state of the twin is asked for, never ticked.

A timeline is the rising tuple of the moments at which a fact turned; before the first it is false.
What is known of the future (a restart ends at 40 s) stands in it too, so a state at any moment is a
bisection, and the states of links and sessions are algebra over the timelines of what they hang on.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["ALWAYS", "NEVER", "Timeline", "Track", "both", "delayed", "either", "negated"]


class Timeline(NamedTuple):
    """The moments at which a fact turned, in s; true after the first, false after the second, and so on."""

    turns: tuple[float, ...] = ()

    def at(self, now: float) -> bool:
        """Tell whether it is so at a moment."""
        return bisect_right(self.turns, now) % 2 == 1

    def since(self, now: float) -> float:
        """Return when it last turned; minus infinity: it never did."""
        index = bisect_right(self.turns, now)
        return self.turns[index - 1] if index else -math.inf

    def following(self, now: float) -> float:
        """Return when it turns next; infinity: nothing is known of it."""
        index = bisect_right(self.turns, now)
        return self.turns[index] if index < len(self.turns) else math.inf

    def counts(self, now: float) -> tuple[int, int]:
        """Return how often it came and how often it went until a moment."""
        index = bisect_right(self.turns, now)
        return (index + 1) // 2, index // 2


ALWAYS: Final = Timeline((-math.inf,))
NEVER: Final = Timeline()


def both(*parts: Timeline) -> Timeline:
    """Return when all of them are so."""
    needed = [part for part in parts if part.turns != ALWAYS.turns]
    if len(needed) < 2:
        return needed[0] if needed else ALWAYS
    return _counted(needed, len(needed))


def either(*parts: Timeline) -> Timeline:
    """Return when at least one of them is so."""
    return _counted(parts, 1)


def negated(part: Timeline) -> Timeline:
    """Return when it is not so."""
    if part.turns[:1] == (-math.inf,):
        return Timeline(part.turns[1:])
    return Timeline((-math.inf, *part.turns))


def delayed(part: Timeline, seconds: float) -> Timeline:
    """Return when it has been so for some seconds: what needs time to come and none to go."""
    turns: list[float] = []
    for index in range(0, len(part.turns), 2):
        begin = part.turns[index] + seconds
        ended = part.turns[index + 1] if index + 1 < len(part.turns) else math.inf
        if begin < ended:
            turns.append(begin)
            if ended < math.inf:
                turns.append(ended)
    return Timeline(tuple(turns))


def _counted(parts: Iterable[Timeline], needed: int) -> Timeline:
    steps: dict[float, int] = {}
    for part in parts:
        for index, moment in enumerate(part.turns):
            steps[moment] = steps.get(moment, 0) + (1 if index % 2 == 0 else -1)
    turns: list[float] = []
    count = 0
    for moment in sorted(steps):
        before = count >= needed
        count += steps[moment]
        if (count >= needed) != before:
            turns.append(moment)
    return Timeline(tuple(turns))


_SHORTEST: Final = 0.001
"""Length of an outage that took no time on the clock, in s."""


class Track:
    """A fact that is written as time goes on, with its timeline so far."""

    def __init__(self, *, holds: bool = False) -> None:
        self.line = ALWAYS if holds else NEVER
        self.version = 0

    def put(self, now: float, *, holds: bool, starting: float = -math.inf) -> None:
        """Say that from now it is so or not; ``starting`` puts off the moment from which it can be so.

        What was foreseen for later is forgotten, but for a pause that lasts longer.
        """
        begin = max(now, starting, self._pause(now) if holds else now)
        past = self.line.turns[: bisect_right(self.line.turns, now)]
        if len(past) % 2 == 1 and (not holds or begin > now):
            past = (*past, now)
        if holds and len(past) % 2 == 0:
            # However soon it is back, it was gone: what hangs on it has to begin anew.
            past = (*past, max(begin, past[-1] + _SHORTEST) if past else begin)
        self._keep(Timeline(past))

    def pause(self, now: float, seconds: float) -> None:
        """Say that it is not so for some seconds, and is so again after, if it was."""
        if self.line.at(now) or self._pause(now) > now:
            self.put(now, holds=True, starting=now + seconds)

    def _pause(self, now: float) -> float:
        """Return the end of the pause that runs, or now."""
        index = bisect_right(self.line.turns, now)
        return self.line.turns[index] if index % 2 == 0 and index < len(self.line.turns) else now

    def _keep(self, line: Timeline) -> None:
        if line != self.line:
            self.line = line
            self.version += 1

"""What is to happen later on one machine: done when somebody looks, at the moment that it was due.

No thread, task or timer belongs to a machine, so a thousand cost nothing while nobody asks.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Protocol

__all__ = ["Clock", "HandClock", "Schedule"]


class Clock(Protocol):
    """What a machine needs of a clock; ``rackwright.twin.clock.TwinClock`` is one."""

    def now(self) -> float:
        """Return the emulated seconds since the twin came up."""

    def date(self, at: float) -> float:
        """Return the Unix time that a moment of this clock is shown as."""


class HandClock:
    """A clock that moves by hand; tests wind it."""

    def __init__(self, epoch: float = 1_750_000_000.0) -> None:
        self._now = 0.0
        self._epoch = epoch

    def now(self) -> float:
        """Return the seconds wound so far."""
        return self._now

    def date(self, at: float) -> float:
        """Return the Unix time of a moment."""
        return self._epoch + at

    def wind(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class Schedule:
    """Events of one machine in the order in which they are due."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._ids = itertools.count(1)
        self._gone: set[int] = set()
        self._moment: float | None = None

    def now(self) -> float:
        """Return the moment: of the event that is being done, else the clock's."""
        return self.clock.now() if self._moment is None else self._moment

    def after(self, seconds: float, action: Callable[[], None]) -> int:
        """Do something later; returns a handle for :meth:`cancel`."""
        handle = next(self._ids)
        heapq.heappush(self._due, (self.now() + seconds, handle, action))
        return handle

    def cancel(self, handle: int) -> None:
        """Forget an event; nothing when it was done already."""
        self._gone.add(handle)

    def advance(self) -> None:
        """Do what has become due, each at its own moment."""
        if self._moment is not None:
            return
        until = self.clock.now()
        try:
            while self._due and self._due[0][0] <= until:
                self._moment, handle, action = heapq.heappop(self._due)
                if handle in self._gone:
                    self._gone.discard(handle)
                else:
                    action()
        finally:
            self._moment = None

    def next(self) -> float | None:
        """Return when the next event is due, by the clock; ``None``: nothing is pending."""
        return next((at for at, handle, _ in sorted(self._due) if handle not in self._gone), None)

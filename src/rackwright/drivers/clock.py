"""Time as the drivers see it: the wall's, or that of an emulated rack in which minutes pass in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["Clock", "ScaledClock", "WallClock", "stopwatch"]


class Clock(Protocol):
    """A source of seconds; drivers and runs take one, so that no test has to wait."""

    def now(self) -> float:
        """Return seconds since an arbitrary moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Let that many of the clock's seconds pass."""


class WallClock:
    """Real time."""

    def now(self) -> float:
        """Return the monotonic time in s."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(max(0.0, seconds))


class ScaledClock:
    """The clock of an emulated rack: ``rate`` of its seconds pass in one of ours (design.md, decision 13)."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def now(self) -> float:
        """Return the emulated monotonic time in s."""
        return time.monotonic() * self.rate

    def sleep(self, seconds: float) -> None:
        """Wait for the emulated seconds to pass."""
        time.sleep(max(0.0, seconds) / self.rate)


def stopwatch(clock: Clock) -> Callable[[], dict[str, float]]:
    """Return what tells how long ago it was made, in s: ``took_s`` by the wall, and ``clock_s`` by a clock that is another one."""
    wall, begun = time.monotonic(), clock.now()

    def told() -> dict[str, float]:
        took = {"took_s": round(time.monotonic() - wall, 3)}
        return took if isinstance(clock, WallClock) else took | {"clock_s": round(clock.now() - begun, 3)}

    return told

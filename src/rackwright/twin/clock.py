"""The twin's clock: the wall's, run faster by a rate given at start."""

from __future__ import annotations

import time

__all__ = ["TwinClock"]


class TwinClock:
    """``rate`` emulated seconds pass in a real one; ``now`` starts at 0 when the twin comes up."""

    def __init__(self, rate: float = 1.0) -> None:
        self.rate = rate
        self._start = time.monotonic()
        self._epoch = time.time()

    def now(self) -> float:
        """Return the emulated seconds since the twin came up."""
        return (time.monotonic() - self._start) * self.rate

    def date(self, at: float) -> float:
        """Return the Unix time that a moment of this clock is shown as: it began at the wall's."""
        return self._epoch + at

    def real(self, seconds: float) -> float:
        """Return how many real seconds that many emulated ones take."""
        return seconds / self.rate

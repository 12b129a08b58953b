"""What was computed is kept while it stays true: until something is changed, or until time itself can change it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

__all__ = ["Memo", "Period"]

T = TypeVar("T")


class Period:
    """The time since the last change from outside.

    ``horizon`` is the last moment at which something that is under way (a restart, a link that settles, a startup
    delay) can still turn; after it nothing turns until the next change.
    """

    def __init__(self) -> None:
        self.number = 0
        self.horizon = 0.0

    def begin(self, until: float) -> None:
        """Say that something changed, and until when it can go on to have effects."""
        self.number += 1
        self.horizon = max(self.horizon, until)


class Memo:
    """Values by key, each with the period and the moment for which it was computed."""

    def __init__(self, period: Period) -> None:
        self.period = period
        self._kept: dict[Hashable, tuple[int, float, object]] = {}

    def get(self, key: Hashable, now: float, compute: Callable[[], T]) -> T:
        """Return what is kept for a moment, or compute it."""
        known = self._kept.get(key)
        if known is not None and known[0] == self.period.number:
            calm = min(now, known[1]) > self.period.horizon
            if calm or known[1] == now:
                return known[2]  # type: ignore[return-value]  # a key always stands for one type
        found = compute()
        self._kept[key] = (self.period.number, now, found)
        return found

"""What a device told a moment ago, for all who want to know the same of it: a switch that carries a hundred BMCs is asked once."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final, Generic, TypeVar

__all__ = ["Glances"]

_MOMENT_S: Final = 10.0
"""Of the wall: less than anybody needs for moving a plug and asking again."""

T = TypeVar("T")


class Glances(Generic[T]):
    """Answers that are shared for a moment; who asks while somebody looks waits for that look."""

    def __init__(self, moment_s: float = _MOMENT_S) -> None:
        """Hold nothing yet; what was told is given on for so many seconds of the wall."""
        self._moment_s = moment_s
        self._held: dict[Hashable, tuple[T, float]] = {}
        self._locks: dict[Hashable, Lock] = {}
        self._guard = Lock()

    def of(self, key: Hashable, look: Callable[[], T], *, anew: bool = False) -> T:
        """Return what was told of a key a moment ago, else what ``look`` tells; ``anew``: by a look that began after this call."""
        since = time.monotonic() - (0 if anew else self._moment_s)
        with self._guard:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            held = self._held.get(key)
            if held is not None and held[1] >= since:
                return held[0]
            began = time.monotonic()
            told = look()
            with self._guard:
                self._held = {one: pair for one, pair in self._held.items() if pair[1] >= began - self._moment_s}
                self._held[key] = (told, began)
            return told

"""The sessions of one BMC: tokens, their limit and their end."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["LEAST_S", "Session", "Sessions"]

LEAST_S: Final = 30.0
"""Real seconds that a session lasts at least when nobody uses it [assumed]: at a high rate of the twin's clock, the 1,800 s of an
iDRAC would pass while a client merely computes."""


@dataclass(slots=True)
class Session:
    """One session."""

    id: str
    token: str
    user: str
    origin: str
    created: float
    """On the twin's clock."""
    used: float
    used_real: float


class Sessions:
    """What is open; nothing runs when a session ends of itself, it is gone when somebody looks."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}
        self._ids = itertools.count(1)
        self.opened = 0
        """How many were ever opened."""

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._open.values())

    def get(self, key: str) -> Session | None:
        """Return a session by its id."""
        return next((one for one in self._open.values() if one.id == key), None)

    def open(self, user: str, origin: str, now: float, real: float) -> Session:
        """Open one."""
        made = Session(str(next(self._ids)), secrets.token_hex(16), user, origin, now, now, real)
        self._open[made.token] = made
        self.opened += 1
        return made

    def use(self, token: str, now: float, real: float) -> Session | None:
        """Return the session of a token and count its use."""
        found = self._open.get(token)
        if found is not None:
            found.used, found.used_real = now, real
        return found

    def expire(self, now: float, real: float, timeout_s: float, *, least_s: float = LEAST_S) -> None:
        """Drop those that nobody used for ``timeout_s`` of the twin's clock, and ``least_s`` of ours."""
        for one in [*self._open.values()]:
            if now - one.used > timeout_s and real - one.used_real > least_s:
                del self._open[one.token]

    def end(self, session: Session) -> None:
        """End one."""
        self._open.pop(session.token, None)

    def clear(self) -> None:
        """End all, as a restart of the BMC does."""
        self._open.clear()

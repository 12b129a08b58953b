"""What this process has open at BMCs, or may have: a process that ends leaves none behind, unless it is killed.

Steps are done in threads that whoever leaves does not wait for; what such a thread has open is ended here, with the process.
"""

from __future__ import annotations

import atexit
import threading
import time
from typing import Final, Protocol

from rackwright.drivers.clock import Clock
from rackwright.drivers.endpoint import Endpoint

__all__ = ["Open", "gone", "heard", "here", "leave", "leaving", "unheard"]

_LEAVE_S: Final = 15.0
"""Wall time after which a process that ends does so, whatever is open."""


class Open(Protocol):
    """A session."""

    def close(self) -> None:
        """End it at the BMC; never raises."""


_open: Final[set[Open]] = set()
_ends: Final = threading.Event()
_unheard: Final[dict[tuple[str, int, str], list[tuple[Clock, float, float]]]] = {}
"""Whose logins may have made a session that nobody knows: between which two moments of their clock, each."""


def here(session: Open) -> None:
    """Keep in mind that a session is open."""
    _open.add(session)


def gone(session: Open) -> None:
    """Forget a session that was ended."""
    _open.discard(session)


def leaving() -> bool:
    """Tell whether this process ends: a thread that is left behind begins no session any more, which nobody would end."""
    return _ends.is_set()


def unheard(endpoint: Endpoint, clock: Clock, sent: float) -> None:
    """Keep in mind that a login was sent at ``sent``, and that nothing was told until now of what came of it."""
    _unheard.setdefault(_key(endpoint), []).append((clock, sent, clock.now()))


def heard(endpoint: Endpoint, clock: Clock) -> list[tuple[float, float]]:
    """Return how old sessions are, at least and at most, in s of the clock, that such logins of this process made; and forget it."""
    now, made = clock.now(), _unheard.pop(_key(endpoint), ())
    return [(now - until, now - since) for by, since, until in made if by is clock]


@atexit.register
def leave() -> None:
    """End every session that is still open; a BMC that does not answer is left to its own timeout."""
    _ends.set()
    until = time.monotonic() + _LEAVE_S
    while _open and time.monotonic() < until:
        _open.pop().close()


def _key(endpoint: Endpoint) -> tuple[str, int, str]:
    return endpoint.host, endpoint.redfish_port, endpoint.user

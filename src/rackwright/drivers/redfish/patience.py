"""When the same question may be asked once more, and when not: by its cause, within a bound, on the driver's clock."""

from __future__ import annotations

from typing import Final

from rackwright.drivers.clock import Clock
from rackwright.drivers.limits import Limits
from rackwright.drivers.redfish.answers import Answer, busy_s
from rackwright.errors import LostMidCommand

__all__ = ["Patience"]

_BREAKS: Final = 4
"""A connection that breaks this often in a row is no accident."""
_LEAST_TRIES: Final = 3
"""So often it is asked at least: on a clock that runs fast the first answer alone may outlast the bound."""
_LONGEST_PAUSE_S: Final = 30
_SERVER_ERROR_S: Final = 60
"""A plain 500 is asked again for a minute: an iDRAC that restarts its service answers so (redfish.md 2.5)."""


class Patience:
    """The tries of one question that may be asked more than once."""

    def __init__(self, clock: Clock, limits: Limits, *, breaks: int = _BREAKS) -> None:
        self._clock = clock
        self._limits = limits
        self._breaks = breaks
        self._began = clock.now()
        self._tries = 0
        self._pause_s = limits.pause_s

    def broke(self, error: LostMidCommand) -> None:
        """Wait after a connection that broke; raises the error when it was one time too many."""
        self._breaks -= 1
        if self._breaks <= 0:
            raise error
        self._wait(0)

    def wants_more(self, answer: Answer) -> bool:
        """Wait where the BMC is busy or answers what is no JSON, as one does that restarts its service; False: that is its answer."""
        wish_s = busy_s(answer)
        if wish_s is None and (not answer.fine or answer.sound):
            return False
        bound_s = min(_SERVER_ERROR_S, self._limits.busy_s) if answer.status == 500 else self._limits.busy_s
        self._tries += 1
        if self._tries >= _LEAST_TRIES and self._clock.now() + (wish_s or 0) - self._began > bound_s:
            return False
        self._wait(wish_s or 0)
        return True

    def _wait(self, least_s: float) -> None:
        self._clock.sleep(max(least_s, self._pause_s))
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

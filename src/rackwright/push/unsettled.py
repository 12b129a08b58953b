"""Whether a device that a run which was cut off left in hand still moves by itself: what stands in for it is not changed meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Final, Protocol

from rackwright.drivers.clock import Clock
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DriverError
from rackwright.runs.unsettled import Left

__all__ = ["Way", "server", "switch"]

_INSTALLS: Final = frozenset({"install", "come back"})
"""Steps in which a switch may have been told to restart into an installer: it answers for a while before it goes."""
_LOOKS: Final = frozenset({"look", "read", "keep", "answers", "version"})
"""Steps in which a server is asked and nothing is sent to it."""


class Way(Protocol):
    """How switches are looked at; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the switches live by."""

    def beside(self, device: str) -> Nvue:
        """Open a session with a switch, also one that is not meant."""


def switch(way: Way) -> Callable[[Left], str]:
    """Return what says of a switch in hand what it still does by itself; empty: it stands still."""

    def doing(left: Left) -> str:
        if _step(left) in _INSTALLS:
            return f"{left.device} may restart into an installation by itself: nothing that it shows tells"
        rest = _rest(left, way.clock)
        try:
            with closing(way.beside(left.device)) as session:
                waits = session.confirmation()
        except DriverError as error:
            if rest <= 0:
                return ""
            return f"{left.device} does not answer ({error}): what was applied there may go back by itself for {rest:.0f} s more"
        if waits.state == "none":
            return ""
        return f"an apply waits there to be confirmed, and goes back by itself {_until(waits.left_s, rest)}"

    return doing


def _until(told_s: float, rest_s: float) -> str:
    """Say when a switch goes back, by its own word or else by ours."""
    if told_s:
        return f"in {told_s:.0f} s"
    return f"within {rest_s:.0f} s" if rest_s > 0 else "when its timer ends"


def server(left: Left) -> str:
    """Say of a server in hand that it may move; empty: it was only asked. No look tells that its jobs and restarts are over."""
    step = _step(left)
    if step in _LOOKS or step.startswith("before "):
        return ""
    return f"nobody knows whether {left.device} is through with it: it may be off, or restart by itself"


def _step(left: Left) -> str:
    """Return the name of a step without the words before it that tell tries and procedures apart."""
    return left.step.rpartition(", ")[2]


def _rest(left: Left, clock: Clock) -> float:
    """Return how long the device may still go back by itself, in seconds of its clock; the wall tells it, since no clock outlives its process."""
    passed = time.time() - datetime.fromisoformat(left.at).timestamp()
    return left.settles_s - passed * float(getattr(clock, "rate", 1.0))

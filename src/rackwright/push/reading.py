"""What was read of one switch before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from rackwright.drivers.clock import Clock
from rackwright.drivers.nvue.model import Nvue
from rackwright.errors import DriverError
from rackwright.nvue.tree import Tree
from rackwright.push.digests import digest_of

__all__ = ["Connect", "Reading", "read", "settled"]

Connect = Callable[[str], Nvue]
"""Opens a new session with the switch of that name."""

_STEP_S: Final = 5.0
_MARGIN_S: Final = 60.0
_TIMER_S: Final = 600.0
_MEND: Final = "mend what the switch refuses, then push again"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A switch as it was found, or why it could not be read."""

    device: str
    running: Tree | None = None
    unsaved: bool = False
    waiting_s: float = 0
    """Seconds that an apply of somebody still waits for its confirmation; it may go back by itself."""
    cause: str = ""
    remedy: str = ""
    passing: bool = False
    """What is in the way may go by."""


def read(device: str, connect: Connect, keep: Callable[[Nvue], None] | None = None) -> Reading:
    """Read one switch; what the wire or the switch refuses is told in the value.

    ``keep`` gets the session, open, where all was read and no apply waits.
    """
    kept = False
    try:
        session = connect(device)
        try:
            waits = session.confirmation()
            running = session.running()
            startup = session.startup()
            unsaved = startup != running and digest_of(startup) != digest_of(running)
            kept = keep is not None and waits.state == "none"
        finally:
            if not kept:
                session.close()
    except DriverError as error:
        return Reading(device=device, cause=str(error), remedy=error.remedy or _MEND, passing=error.passing)
    if kept and keep is not None:
        keep(session)
    waiting = 0.0 if waits.state == "none" else max(waits.left_s, 1.0)
    return Reading(device=device, running=running, unsaved=unsaved and not waiting, waiting_s=waiting)


def settled(
    device: str,
    connect: Connect,
    clock: Clock,
    heard: Callable[[str, float], None],
    keep: Callable[[Nvue], None] | None = None,
) -> Reading:
    """Read one switch once no apply waits on it any more; nothing is done to it meanwhile.

    A push that was killed leaves an apply waiting, and the switch goes back by itself: what runs until then is not
    what will run. ``heard`` is told the switch and the seconds left; ``keep`` gets the session of the last look, as in :func:`read`.
    """
    found = read(device, connect, keep)
    until = clock.now() + (found.waiting_s if found.waiting_s > 1 else _TIMER_S) + _MARGIN_S
    if found.waiting_s:
        heard(device, found.waiting_s)
    while found.waiting_s and clock.now() < until:
        clock.sleep(_STEP_S)
        found = read(device, connect, keep)
    if found.waiting_s:
        cause = "an apply of somebody else waits to be confirmed and does not end"
        return Reading(device=device, cause=cause, remedy="confirm or refuse it on the switch, then push again")
    return found

"""Wait until a switch is neither applying nor going back: only then can be said where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rackwright.drivers.clock import Clock
from rackwright.drivers.limits import Limits
from rackwright.drivers.nvue.words import ON_ITS_WAY
from rackwright.errors import DeviceTimeout

__all__ = ["settled"]


def settled(device: str, look: Callable[[], Mapping[str, str]], clock: Clock, limits: Limits) -> Mapping[str, str]:
    """Look at the states of all revisions until none is on its way, and return them.

    After a connection that broke during an apply, or a timer that ended, the switch may still be at it. Raises
    ``DeviceTimeout`` when that takes longer than an apply may.
    """
    until = clock.now() + limits.settle_s
    while True:
        states = look()
        busy = [name for name, state in states.items() if state in ON_ITS_WAY]
        if not busy:
            return states
        if clock.now() > until:
            raise DeviceTimeout(
                f"{device} is still applying revision {busy[0]} after {limits.settle_s:g} s", device=device
            )
        clock.sleep(limits.pause_s)

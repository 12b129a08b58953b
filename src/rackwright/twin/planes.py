"""Which data planes there are, by the name that ``twin up --dataplane`` takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rackwright.errors import TwinError
from rackwright.plan.model import Plan
from rackwright.twin.clock import TwinClock
from rackwright.twin.dataplane import DataPlane

__all__ = ["KINDS", "make"]


def _emulated(plan: Plan, clock: TwinClock) -> DataPlane:
    from rackwright.twin.state import Fabric

    return Fabric(plan, clock)


KINDS: Final[dict[str, Callable[[Plan, TwinClock], DataPlane]]] = {"emulated": _emulated}
"""Name -> what makes one; a plane with a method ``close`` is closed when the twin ends."""


def make(kind: str, plan: Plan, clock: TwinClock) -> DataPlane:
    """Make a data plane. Raises :class:`~rackwright.errors.TwinError` for a name that is none."""
    if kind not in KINDS:
        raise TwinError(f"no data plane is called {kind!r}: use one of {', '.join(KINDS)}")
    return KINDS[kind](plan, clock)

"""Which data planes there are, by the name that ``twin up --dataplane`` takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from rackwright.errors import TwinError
from rackwright.plan.model import Plan
from rackwright.twin.clock import TwinClock
from rackwright.twin.dataplane import DataPlane

__all__ = ["KINDS", "make"]


def _emulated(plan: Plan, clock: TwinClock, _folder: Path) -> DataPlane:
    from rackwright.twin.state import Fabric

    return Fabric(plan, clock)


def _frr(plan: Plan, clock: TwinClock, folder: Path) -> DataPlane:
    from rackwright.twin.frr import FrrPlane, Local

    return FrrPlane(plan, Local(str(folder / "agent")), _emulated(plan, clock, folder))


def _guest(plan: Plan, clock: TwinClock, folder: Path) -> DataPlane:
    from rackwright.twin.frr import FrrPlane, Guest, cache, prepare

    return FrrPlane(plan, Guest(prepare(cache()), str(folder / "agent")), _emulated(plan, clock, folder))


KINDS: Final[dict[str, Callable[[Plan, TwinClock, Path], DataPlane]]] = {
    "emulated": _emulated,
    "frr": _frr,
    "frr-guest": _guest,
}
"""Name -> what makes one from the plan, the clock and the twin's folder; one with a ``close`` is closed at the end."""


def make(kind: str, plan: Plan, clock: TwinClock, folder: Path) -> DataPlane:
    """Make a data plane. Raises :class:`~rackwright.errors.TwinError` for a name that is none."""
    if kind not in KINDS:
        raise TwinError(f"no data plane is called {kind!r}: use one of {', '.join(KINDS)}")
    return KINDS[kind](plan, clock, folder)

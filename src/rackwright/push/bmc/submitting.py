"""A push to BMCs handed to the durable engine: firmware and BIOS of a server are changed through here only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rackwright import runs
from rackwright.drivers.clock import Clock
from rackwright.drivers.redfish.model import Redfish
from rackwright.push.bmc.order import Order
from rackwright.push.bmc.program import NAME, PushBmc
from rackwright.push.unsettled import server
from rackwright.runs import Event, Report

if TYPE_CHECKING:
    from rackwright.runs.engine import Engine

__all__ = ["Way", "interrupted", "resume", "submit"]


class Way(Protocol):
    """How BMCs are reached; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the BMCs live by."""

    @property
    def twin(self) -> bool:
        """They are the emulated ones."""

    @property
    def database(self) -> str | None:
        """What keeps the journal, where that is not SQLite in the state folder."""

    @property
    def state(self) -> Path:
        """``SITE/.rackwright``."""

    def bmc(self, device: str) -> Redfish:
        """Open a session with a BMC."""


def submit(order: Order, way: Way, *, jobs: int, on_event: Callable[[Event], None] | None = None) -> Report:
    """Push an order and return how it ended; ``jobs`` is the most servers that are away at the same time.

    Raises :class:`~rackwright.errors.RunBusy` when a living process works on one of the servers, or one beside them was left in the middle.
    """
    with _engine(way) as engine:
        return engine.run(NAME, order.encoded(), jobs=jobs, apart=order.apart, on_event=on_event)


def resume(run: str, way: Way, *, on_event: Callable[[Event], None] | None = None) -> Report:
    """Go on with a push that was interrupted.

    Raises :class:`~rackwright.errors.RunChanged` when only a new push can go on from there.
    """
    with _engine(way) as engine:
        return engine.resume(run, on_event=on_event)


def _engine(way: Way) -> Engine:
    program = PushBmc(way.bmc, way.clock)
    return runs.opened(
        way.state, programs=[program], clock=way.clock, twin=way.twin, unsettled=server, database=way.database
    )


def interrupted(state: Path, database: str | None = None) -> str:
    """Return the newest push of a site to its BMCs when it was cut off and nobody works on it; empty otherwise."""
    found = runs.cut_off(state, NAME, database=database)
    return found.run if found else ""

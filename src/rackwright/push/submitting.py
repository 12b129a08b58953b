"""A push handed to the durable engine: everything that changes a switch goes through here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rackwright import runs, secrets
from rackwright.drivers.clock import Clock
from rackwright.drivers.nvue.model import Nvue
from rackwright.drivers.reach import JOBS
from rackwright.push import leases
from rackwright.push.idle import Idle
from rackwright.push.order import Order, decode
from rackwright.push.program import NAME, Push
from rackwright.push.unsettled import switch
from rackwright.runs import Event, Report
from rackwright.runs.folder import RunFolder
from rackwright.secrets import Resolver, Secret

if TYPE_CHECKING:
    from rackwright.runs.engine import Engine

__all__ = ["Way", "interrupted", "resume", "submit"]


class Way(leases.Way, Protocol):
    """How switches are reached; ``rackwright.cli.reaching.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the switches live by."""

    @property
    def resolvers(self) -> tuple[Resolver, ...]:
        """Where secrets are looked for."""

    @property
    def twin(self) -> bool:
        """They are the emulated ones."""

    @property
    def database(self) -> str | None:
        """What keeps the journal, where that is not SQLite in the state folder."""

    @property
    def state(self) -> Path:
        """``SITE/.rackwright``."""

    def beside(self, device: str) -> Nvue:
        """Open a session with a switch that may not be meant, to look at it."""


def submit(order: Order, way: Way, *, jobs: int, on_event: Callable[[Event], None] | None = None) -> Report:
    """Push an order and return how it ended.

    Raises :class:`~rackwright.errors.SecretUnresolved` before anything is touched when a secret is missing, and
    :class:`~rackwright.errors.RunBusy` when a living process works on one of the switches, or one beside them may still go back by itself.
    """
    with Idle() as idle, _engine(_program(way, order, idle, jobs), order, way) as engine:
        return engine.run(NAME, order.encoded(), jobs=jobs, apart=order.apart, on_event=on_event)


def resume(run: str, way: Way, *, on_event: Callable[[Event], None] | None = None) -> Report:
    """Go on with a push that was interrupted.

    Raises :class:`~rackwright.errors.RunChanged` when only a new push can go on from there.
    """
    folder = RunFolder.found(way.state, run)
    folder.refuse_other_rack(way.twin)
    order = decode(folder.order())
    with Idle() as idle, _engine(_program(way, order, idle), order, way) as engine:
        return engine.resume(run, on_event=on_event)


def interrupted(state: Path, database: str | None = None) -> str:
    """Return the newest push of a site when it was cut off and nobody works on it; empty otherwise."""
    found = runs.cut_off(state, NAME, database=database)
    return found.run if found else ""


def _program(way: Way, order: Order, idle: Idle, jobs: int = JOBS) -> Push:
    back = leases.Leases(way, idle, order.limits.login_s)
    return Push(way.connect, way.clock, way.resolvers, jobs, idle=idle, leases=back)


def _engine(program: Push, order: Order, way: Way) -> Engine:
    hidden = _secrets(order, way.resolvers)
    return runs.opened(
        way.state,
        programs=[program],
        clock=way.clock,
        hide=hidden,
        twin=way.twin,
        unsettled=switch(way),
        database=way.database,
    )


def _secrets(order: Order, resolvers: Sequence[Resolver]) -> tuple[Secret, ...]:
    """Resolve every secret of an order, so that a missing one is told before the first switch."""
    return tuple(secrets.resolve_all([one.intended for one in order.devices if one.work], resolvers).values())

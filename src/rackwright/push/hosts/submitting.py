"""A push to hosts handed to the durable engine: the software of a host is changed through here only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright import runs, secrets
from rackwright.drivers.hosts.model import Event as PlayEvent
from rackwright.push.hosts.contact import Way
from rackwright.push.hosts.order import Order, decode
from rackwright.push.hosts.program import NAME, PushHosts, shipped
from rackwright.push.unsettled import server
from rackwright.runs import Event, Report
from rackwright.runs.folder import RunFolder
from rackwright.secrets import Resolver, Secret

if TYPE_CHECKING:
    from rackwright.runs.engine import Engine

__all__ = ["interrupted", "resume", "submit"]


def submit(
    order: Order, way: Way, *, jobs: int, on_event: Callable[[Event], None] | None = None,
    heard: Callable[[PlayEvent], None] | None = None, program: PushHosts | None = None,
) -> Report:  # fmt: skip
    """Push an order and return how it ended; ``jobs`` is the most hosts that are worked on at the same time.

    Raises :class:`~rackwright.errors.SecretUnresolved` before anything is touched when a secret is missing, and
    :class:`~rackwright.errors.RunBusy` when a living process works on one of the hosts, or one beside them was left in the middle.
    """
    with _engine(program or PushHosts(way, shipped(), jobs, heard), order, way, jobs) as engine:
        return engine.run(NAME, order.encoded(), jobs=jobs, apart=order.apart, on_event=on_event)


def resume(
    run: str, way: Way, *, jobs: int, on_event: Callable[[Event], None] | None = None, program: PushHosts | None = None
) -> Report:  # fmt: skip
    """Go on with a push that was interrupted.

    Raises :class:`~rackwright.errors.RunChanged` when only a new push can go on from there.
    """
    folder = RunFolder.found(way.state, run)
    folder.refuse_other_rack(way.twin)
    order = decode(folder.order())
    with _engine(program or PushHosts(way, shipped(), jobs), order, way, jobs) as engine:
        return engine.resume(run, on_event=on_event)


def _engine(program: PushHosts, order: Order, way: Way, jobs: int) -> Engine:
    return runs.opened(
        way.state, programs=[program], clock=way.clock, hide=_secrets(order, way.resolvers), threads=max(jobs, 1),
        twin=way.twin, unsettled=server, database=way.database,
    )  # fmt: skip


def interrupted(state: Path, database: str | None = None) -> str:
    """Return the newest push of a site to its hosts when it was cut off and nobody works on it; empty otherwise."""
    found = runs.cut_off(state, NAME, database=database)
    return found.run if found else ""


def _secrets(order: Order, resolvers: tuple[Resolver, ...]) -> tuple[Secret, ...]:
    """Resolve every secret of an order, so that a missing one is told before the first host."""
    found = {ref: None for host in order.hosts if host.stages for ref in secrets.references(host.variables)}
    return tuple(secrets.resolve(ref, resolvers) for ref in found)

"""An installation handed to the durable engine."""

from __future__ import annotations

from collections.abc import Callable

from rackwright import runs
from rackwright.push.installs.order import InstallOrder
from rackwright.push.installs.program import NAME, Installs, Way, hidden
from rackwright.push.unsettled import switch
from rackwright.runs import Event, Report

__all__ = ["submit"]


def submit(order: InstallOrder, way: Way, *, jobs: int, on_event: Callable[[Event], None] | None = None) -> Report:
    """Install and return how it ended.

    Raises :class:`~rackwright.errors.SecretUnresolved` before anything is touched when a secret is missing, and
    :class:`~rackwright.errors.RunBusy` when a living process works on one of the switches, or one beside them may still go back by itself.
    """
    hide = hidden(order, way.resolvers)
    with runs.opened(
        way.state,
        programs=[Installs(way)],
        clock=way.clock,
        hide=hide,
        twin=way.twin,
        unsettled=switch(way),
        database=way.database,
    ) as engine:
        return engine.run(NAME, order.encoded(), jobs=jobs, apart=order.apart, on_event=on_event)

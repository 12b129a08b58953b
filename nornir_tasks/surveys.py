"""Tasks that tell what a push would do to a server: one reads it over its BMC, one hears first whether anybody is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nornir.core.task import Result, Task

from rackwright.drivers.clock import Clock
from rackwright.drivers.knocking import silent
from rackwright.plan.machines import Machine
from rackwright.push.bmc.changeset import Unread
from rackwright.push.bmc.contact import Connect
from rackwright.push.bmc.reading import Planner, survey

__all__ = ["knock", "survey_bmc"]


def knock(task: Task, doors: Mapping[str, tuple[str, int]], wait_s: float) -> Result:
    """Return why nobody takes a connection at the (address, port) of a device within ``wait_s``; empty: somebody does."""
    why = silent(*doors[task.host.name], wait_s)
    return Result(task.host, result=why, failed=bool(why))


def survey_bmc(
    task: Task, machines: Mapping[str, Machine], connect: Connect, clock: Clock, planner: Planner,
    heard: Callable[[str, str], None], *, patience_s: float = 0,
) -> Result:  # fmt: skip
    """Return a :class:`~rackwright.push.bmc.changeset.ServerChanges`, or an ``Unread`` that says why there is none."""
    found = survey(machines[task.host.name], connect, clock, planner, heard, patience_s=patience_s)
    return Result(task.host, result=found, failed=isinstance(found, Unread))

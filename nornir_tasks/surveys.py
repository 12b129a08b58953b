"""A task that reads a server over its BMC and tells what a push would do to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nornir.core.task import Result, Task

from rackwright.drivers.clock import Clock
from rackwright.plan.machines import Machine
from rackwright.push.bmc.changeset import Unread
from rackwright.push.bmc.contact import Connect
from rackwright.push.bmc.reading import Planner, survey

__all__ = ["survey_bmc"]


def survey_bmc(
    task: Task, machines: Mapping[str, Machine], connect: Connect, clock: Clock, planner: Planner,
    heard: Callable[[str, str], None], *, patience_s: float = 0,
) -> Result:  # fmt: skip
    """Return a :class:`~rackwright.push.bmc.changeset.ServerChanges`, or an ``Unread`` that says why there is none."""
    found = survey(machines[task.host.name], connect, clock, planner, heard, patience_s=patience_s)
    return Result(task.host, result=found, failed=isinstance(found, Unread))

"""A task that asks a BMC for everything that it tells, and how any task finds its way."""

from __future__ import annotations

from nornir.core.task import Result, Task

from nornir_tasks.bmcs import BMC_CONNECTION, NO_WAY
from rackwright.drivers.reach import Reach
from rackwright.errors import DriverError

__all__ = ["redfish_inventory", "way_of"]


def way_of(task: Task) -> Reach:
    """Return the way to the BMC of a task's host, as :func:`reaching_bmcs` gave it."""
    options = task.host.connection_options.get(BMC_CONNECTION)
    if options is None or not options.extras:
        raise DriverError(f"{task.host.name}: {NO_WAY}")
    way: Reach = options.extras["reach"]
    return way


def redfish_inventory(task: Task) -> Result:
    """Return what a BMC tells of its machine, a :class:`~rackwright.redfish.inventory.Inventory`."""
    from rackwright.redfish import reading

    session = task.host.get_connection(BMC_CONNECTION, task.nornir.config)
    return Result(task.host, result=reading.inventory(session.read()))

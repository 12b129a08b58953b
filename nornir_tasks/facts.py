"""A task that asks a switch who it is and what it runs."""

from __future__ import annotations

from nornir.core.task import Result, Task

from nornir_tasks.audit import Way
from rackwright.errors import DriverError

__all__ = ["facts_nvue"]


def facts_nvue(task: Task, way: Way) -> Result:
    """Return the :class:`~rackwright.drivers.nvue.model.Facts` of a switch; one that cannot be asked says why."""
    try:
        session = way.connect(task.host.name)
        try:
            return Result(task.host, result=session.facts())
        finally:
            session.close()
    except DriverError as error:
        return Result(task.host, result=error, failed=True)

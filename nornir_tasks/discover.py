"""A task that asks a switch what is plugged into it."""

from __future__ import annotations

from nornir.core.task import Result, Task

from nornir_tasks.audit import Way
from rackwright.audit.discovery import looked
from rackwright.errors import DriverError

__all__ = ["look_nvue"]


def look_nvue(task: Task, way: Way) -> Result:
    """Return what a switch shows, a :class:`~rackwright.audit.discovery.Seen`; one that cannot be asked says why."""
    name = task.host.name
    try:
        session = way.connect(name)
        try:
            return Result(task.host, result=looked(name, session, table=task.host.get("role") == "oob"))
        finally:
            session.close()
    except DriverError as error:
        return Result(task.host, result=error, failed=True)

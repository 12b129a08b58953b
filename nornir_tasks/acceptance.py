"""Tasks that look at hosts over SSH and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from nornir.core.task import Result, Task

from rackwright import audit
from rackwright.audit import hosts
from rackwright.catalog.models import Catalog
from rackwright.drivers.clock import Clock
from rackwright.drivers.hosts.model import Host
from rackwright.errors import DriverError

__all__ = ["HostWay", "ask_host"]


class HostWay(Protocol):
    """How hosts are reached; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the hosts live by."""

    def host(self, device: str, *, patience_s: float = 0) -> Host:
        """Open a session with a host."""


def ask_host(task: Task, way: HostWay, wanted: Mapping[str, hosts.Wanted], catalog: Catalog, taken: str = "") -> Result:
    """Ask one host and return its :class:`~rackwright.audit.Evidence`; one that cannot be reached has evidence too: why."""
    name = task.host.name
    try:
        session = way.host(name)
    except DriverError as error:
        return Result(task.host, result=audit.unreached(name, error, taken), failed=True)
    try:
        told = hosts.collect(session, wanted[name], catalog, clock=way.clock, taken=taken)
    finally:
        session.close()
    return Result(task.host, result=told, failed=bool(told.error))

"""Tasks that look at servers over their BMCs and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result, Task

from nornir_tasks.threads import CompleteThreads
from rackwright import audit
from rackwright.audit import machines
from rackwright.drivers.clock import Clock
from rackwright.drivers.redfish.model import Redfish, Topic
from rackwright.errors import DriverError
from rackwright.secrets import Secret

__all__ = ["BmcWay", "ask_bmc", "nornir_of_bmcs"]


class BmcWay(Protocol):
    """How BMCs are reached; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the BMCs live by."""

    def bmc(self, device: str, *, patience_s: float = 0, password: Secret | None = None, user: str = "") -> Redfish:
        """Open a session with a BMC."""


def ask_bmc(
    task: Task, way: BmcWay, topics: Collection[Topic], taken: str = "", *, factory: bool = False,
    wanted: Mapping[str, Mapping[str, Any]] | None = None,
) -> Result:  # fmt: skip
    """Read one BMC and return its :class:`~rackwright.audit.Evidence`; one that cannot be reached has evidence too: why.

    ``factory`` says that the password that is used is the factory's; ``wanted`` are the BIOS values by server, since a registry is read
    only where they are not all there.
    """
    name = task.host.name
    try:
        session = way.bmc(name)
    except DriverError as error:
        return Result(task.host, result=audit.unreached(name, error, taken), failed=True)
    try:
        told = machines.collect(
            session, name, topics, clock=way.clock, taken=taken, factory=factory, wanted=(wanted or {}).get(name)
        )
    finally:
        session.close()
    return Result(task.host, result=told, failed=bool(told.error))


def nornir_of_bmcs(names: Collection[str], jobs: int, heard: Callable[[str], None] | None = None) -> Nornir:
    """Return a Nornir whose hosts are BMCs by name, those of adapters (``gpu01.b3220l-1``) and bare addresses too."""
    hosts = Hosts({name: Host(name) for name in names})
    return Nornir(Inventory(hosts, Groups(), Defaults()), runner=CompleteThreads(names, jobs, heard))

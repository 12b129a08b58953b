"""Switches for your own Nornir scripts: the connection ``rackwright_nvue`` opens our driver, with its pins and limits.

    from nornir_tasks import nornir_of_site, reaching, read_running
    nr = reaching(nornir_of_site("my-site"), "my-site", twin=True)
    for name, result in nr.run(task=read_running).items():
        print(name, result.result)

In a task, ``task.host.get_connection("rackwright_nvue", task.nornir.config)`` is a
:class:`~rackwright.drivers.nvue.model.Nvue`; ``nr.close_connections()`` ends the sessions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Result, Task

from nornir_tasks.build import Build
from nornir_tasks.threads import CompleteThreads
from rackwright.drivers.reach import Reach, state_folder, to_site, to_twin
from rackwright.errors import DriverError

__all__ = ["CONNECTION", "NvueConnection", "reaching", "read_running", "show_nvue"]

CONNECTION: Final = "rackwright_nvue"


class NvueConnection:
    """The plugin: ``extras`` holds ``reach``, and ``device``, the name of the switch."""

    connection: Any

    def open(self, hostname: str | None, *_others: Any, extras: dict[str, Any] | None = None, **_rest: Any) -> None:
        """Open a session; who is logged in, where and how is said by ``reach`` alone."""
        if not extras or "reach" not in extras:
            raise DriverError(f"{hostname}: no way to it; prepare Nornir with nornir_tasks.reaching(nornir, site)")
        self.connection = extras["reach"].connect(extras["device"])

    def close(self) -> None:
        """End the session."""
        self.connection.close()


def reaching(nornir: Nornir, site: str | Path, *, twin: bool = False, **options: Any) -> Nornir:
    """Return a Nornir of the switches alone, each with the way to it; they are worked on in threads.

    ``nornir`` is one over our inventory. ``options`` are those of :func:`rackwright.drivers.reach.to_site` or ``to_twin``:
    transport, identity, first_use, jobs.
    """
    build: Build = nornir.inventory.defaults.data["rackwright"]
    names = [switch.name for switch in build.plan.switches if switch.name in nornir.inventory.hosts]
    state = state_folder(Path(site))
    addresses = {device.name: device.management.partition("/")[0] for device in build.plan.devices}
    reach: Reach = (
        to_twin(state, names, **options)
        if twin
        else to_site(state, {name: addresses.get(name, "") for name in names}, **options)
    )
    ConnectionPluginRegister.register(CONNECTION, NvueConnection)
    for name in names:
        options_of_host = ConnectionOptions(extras={"reach": reach, "device": name})
        nornir.inventory.hosts[name].connection_options[CONNECTION] = options_of_host
    switches = nornir.filter(filter_func=lambda host: host.name in reach.endpoints)
    return switches.with_runner(CompleteThreads(reach.endpoints.keys(), reach.jobs))


def read_running(task: Task) -> Result:
    """Return what a switch runs: the tree below ``set``, its ranges expanded."""
    return Result(task.host, result=task.host.get_connection(CONNECTION, task.nornir.config).running())


def show_nvue(task: Task, path: str) -> Result:
    """Return ``nv show PATH -o json`` as a value."""
    return Result(task.host, result=task.host.get_connection(CONNECTION, task.nornir.config).show(path))

"""BMCs for your own Nornir scripts: the connection ``rackwright_redfish`` opens our driver, with its pins and limits.

    from nornir_tasks import nornir_of_site, reaching_bmcs, redfish_inventory
    nr = reaching_bmcs(nornir_of_site("my-site"), "my-site", twin=True)
    for name, result in nr.run(task=redfish_inventory).items():
        print(name, result.result.bios_version)

In a task, ``task.host.get_connection("rackwright_redfish", task.nornir.config)`` is a
:class:`~rackwright.drivers.redfish.model.Redfish`; ``nr.close_connections()`` ends the sessions, of which a BMC has few.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions
from nornir.core.plugins.connections import ConnectionPluginRegister

from nornir_tasks.build import Build
from nornir_tasks.threads import CompleteThreads
from rackwright import secrets
from rackwright.drivers.reach import Reach, state_folder, to_site, to_twin
from rackwright.errors import DriverError

__all__ = ["BMC_CONNECTION", "NO_WAY", "RedfishConnection", "reaching_bmcs"]

BMC_CONNECTION: Final = "rackwright_redfish"
NO_WAY: Final = "no way to it; prepare Nornir with nornir_tasks.reaching_bmcs(nornir, site)"


class RedfishConnection:
    """The plugin: ``extras`` holds ``reach``, and ``device``, the name of the server."""

    connection: Any

    def open(self, hostname: str | None, *_others: Any, extras: dict[str, Any] | None = None, **_rest: Any) -> None:
        """Open a session; who is logged in, where and how is said by ``reach`` alone."""
        if not extras or "reach" not in extras:
            raise DriverError(f"{hostname}: {NO_WAY}")
        self.connection = extras["reach"].bmc(extras["device"])

    def close(self) -> None:
        """End the session at the BMC."""
        self.connection.close()


def reaching_bmcs(nornir: Nornir, site: str | Path, *, twin: bool = False, **options: Any) -> Nornir:
    """Return a Nornir of the servers that have a BMC, each with the way to it; they are worked on in threads.

    ``nornir`` is one over our inventory. ``options`` are those of :func:`rackwright.drivers.reach.to_site` or ``to_twin``:
    identity, first_use, jobs, bmc_password.
    """
    build: Build = nornir.inventory.defaults.data["rackwright"]
    names = [name for name in build.machines if name in nornir.inventory.hosts]
    state, addresses = state_folder(Path(site)), {name: build.machines[name].bmc_address for name in names}
    site_file = build.loaded.site if build.loaded else None
    if site_file is not None:
        options.setdefault("bmc_password", secrets.parse(site_file.access.bmc))
        options |= {} if twin else {"bmc_user": site_file.bmc.user, "host_user": site_file.hosts.user}
    reach: Reach = to_twin(state, (), bmcs=names, **options) if twin else to_site(state, {}, bmcs=addresses, **options)
    ConnectionPluginRegister.register(BMC_CONNECTION, RedfishConnection)
    for name in names:
        options_of_host = ConnectionOptions(extras={"reach": reach, "device": name})
        nornir.inventory.hosts[name].connection_options[BMC_CONNECTION] = options_of_host
    servers = nornir.filter(filter_func=lambda host: host.name in reach.bmcs)
    return servers.with_runner(CompleteThreads(reach.bmcs.keys(), reach.jobs))

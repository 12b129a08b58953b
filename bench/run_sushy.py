"""OpenStack's ``sushy``, walked over what an inventory needs: system, processors, memory, storage, ports, adapters, firmware, BIOS.

Arguments: a JSON file of BMCs (host, port, user, password) and how many workers. Prints how many BMCs were read; their requests are
counted at the BMCs.
"""

from __future__ import annotations

import importlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def main(bmcs: str, workers: int) -> int:
    """Read every BMC; 1 when one of them failed."""
    # As in run_redfish_utilities: loaded by name.
    sushy: Any = importlib.import_module("sushy")
    auth: Any = importlib.import_module("sushy.auth")

    def read(one: dict[str, Any]) -> int:
        root = sushy.Sushy(
            f"https://{one['host']}:{one['port']}",
            auth=auth.SessionAuth(username=one["user"], password=one["password"]),
            verify=False,
        )
        try:
            return int(all(_told(root)))
        finally:
            root._auth.close()  # noqa: SLF001 - sushy has no public word for the end of a session

    with ThreadPoolExecutor(workers) as threads:
        read_well = sum(threads.map(read, json.loads(Path(bmcs).read_text())))
    print(read_well)
    return 0


def _told(root: Any) -> list[bool]:
    """Walk what our inventory holds too, member by member, as sushy does."""
    told: list[bool] = []
    for system in root.get_system_collection().get_members():
        told.append(bool(system.processors.get_members()))
        told.append(system.memory_summary is not None)
        told.append(bool(system.ethernet_interfaces.get_members()))
        told.append(bool(system.bios.attributes))
        told += [
            storage.drives is not None and storage.volumes.get_members() is not None
            for storage in system.storage.get_members()
        ]
    for chassis in root.get_chassis_collection().get_members():
        if chassis.json.get("NetworkAdapters"):
            told += [one.network_ports is not None for one in chassis.network_adapters.get_members()]
    firmware = root.get_update_service().firmware_inventory.get_members()
    told.append(bool(firmware))
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))

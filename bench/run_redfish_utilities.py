"""DMTF's ``redfish`` with ``redfish_utilities``: its own functions for system, firmware and BIOS, a client and a thread a BMC.

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
    # Not dependencies of what is measured against them: loaded by name, as the other peers are.
    redfish: Any = importlib.import_module("redfish")
    utilities: Any = importlib.import_module("redfish_utilities")

    def read(one: dict[str, Any]) -> int:
        client = redfish.redfish_client(
            base_url=f"https://{one['host']}:{one['port']}", username=one["user"], password=one["password"]
        )
        client.login(auth="session")
        try:
            system = utilities.get_system_inventory(client)
            firmware = utilities.get_firmware_inventory(client)
            utilities.get_system_bios(client)
        finally:
            client.logout()
        return int(bool(system) and bool(firmware))

    with ThreadPoolExecutor(workers) as threads:
        read_well = sum(threads.map(read, json.loads(Path(bmcs).read_text())))
    print(read_well)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))

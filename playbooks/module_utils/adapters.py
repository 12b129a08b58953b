"""NVIDIA adapters of a host, told apart by the MAC address of their first port: words of the tools of MFT 4.31."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["absent", "device", "find", "run"]

_FIELD = re.compile(r"^\s*(PSID|PCI Device Name|Base MAC|Part Number|FW):?\s+(\S+)", re.MULTILINE)


def absent(module: Any) -> bool:
    """Say whether the tools are not there, as before their package is installed; fails unless only a forecast is asked."""
    if module.get_bin_path("mlxfwmanager"):
        return False
    if not module.check_mode:
        module.fail_json(
            msg="mlxfwmanager is not here: it comes with the package mft, in the step ofed, which goes first"
        )
    return True


def run(module: Any, *words: str) -> str:
    """Run a tool and return what it says; its refusal ends the module with its own words."""
    code, out, err = module.run_command(list(words))
    if code:
        module.fail_json(msg=f"{' '.join(words)}: {err.strip() or out.strip() or code}", rc=code)
    return str(out)


def find(module: Any) -> dict[str, dict[str, str]]:
    """Return the adapters by MAC address: their PCI address, PSID and part number (``mlxfwmanager --query``)."""
    found = {}
    for block in re.split(r"^Device #\d+:", run(module, "mlxfwmanager", "--query"), flags=re.MULTILINE)[1:]:
        fields = dict(_FIELD.findall(block))
        mac = fields.get("Base MAC", "").lower()
        found[":".join(mac[at : at + 2] for at in range(0, 12, 2))] = {
            "device": fields.get("PCI Device Name", ""),
            "psid": fields.get("PSID", ""),
            "part": fields.get("Part Number", ""),
        }
    return found


def device(module: Any, found: dict[str, dict[str, str]], adapter: dict[str, Any]) -> dict[str, str]:
    """Return the adapter that the plan means; fails when it is not in the host."""
    for mac in adapter["macs"]:
        if mac.lower() in found:
            return found[mac.lower()]
    return module.fail_json(  # type: ignore[no-any-return]
        msg=f"{adapter['name']} ({', '.join(adapter['macs']) or 'no MAC address'}) is not in this host, which has "
        f"{', '.join(sorted(found)) or 'no adapter'}: compare nodes.csv with the server, or reseat the card"
    )

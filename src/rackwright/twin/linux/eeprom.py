"""What ``decode-syseeprom`` prints (Monitoring-System-Hardware; the JSON as a NAPALM fork for NVUE reads it)."""

from __future__ import annotations

import json

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.engine import Identity

__all__ = ["shown"]


def shown(who: Identity, options: list[str]) -> str:
    """Return the text for the given options. Raises :class:`~rackwright.twin.dataplane.NotEmulated` for others."""
    rows = (
        ("Product Name", "0x21", who.model.upper()),
        ("Serial Number", "0x23", who.serial),
        ("Base MAC Address", "0x24", who.mac.upper()),
        ("Manufacturer", "0x2B", "Mellanox"),
    )
    if options in (["-e"], ["--serial"]):
        return f"{who.serial}\n"
    if options in (["-j"], ["--json"]):
        tlv = {name: {"code": code, "value": value} for name, code, value in rows}
        return json.dumps({"tlv": tlv}) + "\n"
    if options:
        raise NotEmulated(f"decode-syseeprom {' '.join(options)}")
    lines = [f"{name:<20} {code} {len(value):>3} {value}" for name, code, value in rows]
    head = ["TlvInfo Header:", "   Id String:    TlvInfo", "   Version:      1"]
    return "\n".join([*head, f"{'TLV Name':<20} Code Len Value", f"{'-' * 20} ---- --- -----", *lines]) + "\n"

"""Linux commands that read state, as far as a source describes what they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.state.cabling import MANAGEMENT
from rackwright.twin.state.paths import ping
from rackwright.twin.state.shows import lldp, system
from rackwright.twin.state.shows.view import View

__all__ = ["decode_syseeprom", "lldpctl", "ntpq", "run", "vtysh"]


def run(view: View, argv: tuple[str, ...]) -> str:
    """Return the stdout of a command; raises :class:`~rackwright.twin.dataplane.NotEmulated` for one not known."""
    words = argv[1:] if argv[:1] == ("sudo",) else argv
    vrf = "default"
    if words[:3] == ("ip", "vrf", "exec"):
        vrf, words = words[3], words[4:]
    name = words[0].rpartition("/")[2] if words else ""
    command = _COMMANDS.get(name)
    if command is None:
        raise NotEmulated(" ".join(argv))
    return command(view, vrf, words[1:])


def lldpctl(view: View, _vrf: str, words: tuple[str, ...]) -> str:
    """Print the neighbours as lldpd's JSON; NetQ runs this very command (NetQ agent commands page)."""
    if words[:2] != ("-f", "json"):
        raise NotEmulated(f"lldpctl {' '.join(words)}")
    rows = []
    for port in (MANAGEMENT, *view.machine.ports):
        for name, found in lldp.neighbors(view, port).items():
            who, where = found["chassis"], found["port"]
            chassis: dict[str, Any] = {"id": {"type": "mac", "value": who["chassis-id"]}}
            chassis["descr"] = who["system-description"]
            if "management-address-ipv4" in who:
                chassis["mgmt-ip"] = who["management-address-ipv4"]
            entry = {
                "via": "LLDP",
                "rid": "1",
                "age": _age(int(found["age"])),
                "chassis": {name: chassis},
                "port": {
                    "id": {"type": where["type"], "value": where["name"]},
                    "descr": where["description"],
                    "ttl": str(where["ttl"]),
                },
            }
            rows.append({port: entry})
    return json.dumps({"lldp": {"interface": rows}}) + "\n"


def _age(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    return f"{days} day{'s' if days > 1 else ''}, {str(timedelta(seconds=rest)).rjust(8, '0')}"


def decode_syseeprom(view: View, _vrf: str, words: tuple[str, ...]) -> str:
    """Print the EEPROM: text, ``-j`` JSON, ``-e`` the serial number, ``-a`` or ``-m`` a base MAC (hardware page)."""
    machine = view.machine
    rows = {
        "Vendor Name": ("0x2D", "NVIDIA"),
        "Product Name": ("0x21", machine.device.model.upper()),
        "Part Number": ("0x22", machine.device.model.upper()),
        "Base MAC Address": ("0x24", machine.mac.upper()),
        "Serial Number": ("0x23", machine.serial),
    }
    if words in (("-e",), ("--serial",)):
        return machine.serial + "\n"
    if words in (("-a",), ("-m",)):
        return machine.mac.upper() + "\n"
    if words in (("-j",), ("--json",)):
        fields = {name: {"code": code, "value": value} for name, (code, value) in rows.items()}
        return json.dumps({"tlv": {**fields, "Manufacturer": {"code": "0x2B", "value": "NVIDIA"}}}) + "\n"
    if words:
        raise NotEmulated(f"decode-syseeprom {' '.join(words)}")
    head = "TlvInfo Header:\n   Id String:    TlvInfo\n   Version:      1\n"
    table = f"{'TLV Name':<20} Code Len Value\n{'-' * 20} ---- --- -----\n"
    lines = [f"{name:<20} {code} {len(value):>3} {value}\n" for name, (code, value) in rows.items()]
    return head + table + "".join(lines) + "(checksum valid)\n"


def vtysh(view: View, _vrf: str, words: tuple[str, ...]) -> str:
    """Print ``show bfd peers json`` of FRR: 5.12 has no ``nv show`` of BFD sessions (they come with 5.15)."""
    if words != ("-c", "show bfd peers json"):
        raise NotEmulated(f"vtysh {' '.join(words)}")
    peers = []
    for number, side in enumerate(view.fabric.control.sides(view.name).values(), start=1):
        if not side.neighbor.bfd or not side.peer:
            continue
        up = side.agreement.bfd and view.fabric.rib.established(side, view.now)
        multiplier, receive, transmit = side.neighbor.bfd_timers
        since = int(view.age(view.fabric.control.line(side)))
        up = up and since >= view.fabric.times["bfd"]
        peers.append(
            {
                "multihop": view.fabric.control.routed(side),
                "peer": side.neighbor.name if not side.neighbor.unnumbered else _link_local(view, side.peer),
                "vrf": side.vrf.vrf,
                "interface": side.neighbor.name if side.neighbor.unnumbered else "",
                "id": number,
                "status": "up" if up else "down",
                **({"uptime": since} if up else {"downtime": since}),
                "diagnostic": "ok" if up else "control detection time expired",
                "detect-multiplier": multiplier,
                "receive-interval": receive,
                "transmit-interval": transmit,
            }
        )
    return json.dumps(peers) + "\n"


def _link_local(view: View, device: str) -> str:
    machine = view.fabric.machines.get(device)
    return f"fe80::{(machine.mac if machine else '02:00:00:00:00:00').replace(':', '')[-8:-4]}:1"


def ntpq(view: View, _vrf: str, words: tuple[str, ...]) -> str:
    """Print the NTP peers; a star stands before the one that is followed (NTP page)."""
    if words not in (("-p",), ("-pn",)):
        raise NotEmulated(f"ntpq {' '.join(words)}")
    followed = system.synchronized(view)
    servers = [name for row in (system.ntp(view) if followed else {}).values() for name in row.get("server") or {}]
    head = "     remote           refid      st t when poll reach   delay   offset  jitter\n" + "=" * 78 + "\n"
    rows = [
        f"{'*' if name == followed else ' '}{name:<15} .GPS.            1 u   33   64  377    0.412   -0.021   0.008\n"
        for name in servers
    ]
    return head + "".join(rows)


_COMMANDS: Final[Mapping[str, Callable[[View, str, tuple[str, ...]], str]]] = {
    "lldpctl": lldpctl,
    "decode-syseeprom": decode_syseeprom,
    "vtysh": vtysh,
    "ntpq": ntpq,
    "ping": ping,
}
"""Name -> function. ``mlxlink`` and ``l1-show`` are missing: no source says what they print in 5.12."""

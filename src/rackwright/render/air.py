"""A topology for NVIDIA Air: the switches and hosts of the plan as virtual machines (format v2, JSON)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from rackwright.plan.model import Device
from rackwright.render.cables import Cable
from rackwright.render.slices import Slices, natural

__all__ = ["topology"]

# Row of each role on Air's canvas, from the top.
_ROWS: Final = {"external": 0, "superspine": 1, "spine": 2, "leaf": 3, "oob": 4, "server": 5, "storage": 6}
_PITCH: Final = 275
_SWITCHES: Final = {"leaf", "spine", "superspine", "oob", "external"}


def topology(slices: Slices, rows: list[Cable]) -> bytes:
    """Print ``topology.json``; PDUs are left out, since Air has none.

    A host's port has the name that its operating system gives it, ``bmc`` and its like keep theirs. The
    release's Cumulus Linux version is asked for; Air may offer only later ones (peers-network.md 0.8).
    """
    drawn = [device for device in slices.plan.devices if device.role in _ROWS]
    ordered = sorted(drawn, key=lambda device: natural(device.name))
    columns = dict.fromkeys(_ROWS, 0)
    nodes: list[bytes] = []
    for device in ordered:
        columns[device.role] += 1
        node = _node(slices, device, columns[device.role])
        nodes.append(b"   " + msgspec.json.encode(device.name) + b": " + msgspec.json.encode(node))
    names = {device.name for device in ordered}
    macs = {(device.name, port): mac for device in ordered for port, mac in device.macs}
    ends = {(end.device, end.port): end.interface for link in slices.plan.links for end in (link.a, link.b)}
    links = [
        b"   "
        + msgspec.json.encode([_end(macs, ends, row.a_device, row.a_port), _end(macs, ends, row.b_device, row.b_port)])
        for row in rows
        if row.a_device in names and row.b_device in names
    ]
    head = (
        b'{\n "format": "JSON",\n "title": '
        + msgspec.json.encode(slices.plan.name)
        + b',\n "ztp": null,\n "content": {\n'
    )
    body = b'  "nodes": {\n' + b",\n".join(nodes) + b'\n  },\n  "links": [\n' + b",\n".join(links) + b"\n  ],\n"
    return head + body + b'  "oob": false,\n  "netq": false\n }\n}\n'


def _node(slices: Slices, device: Device, column: int) -> dict[str, Any]:
    switch = device.role in _SWITCHES
    nos = slices.switch[device.name].nos if device.name in slices.switch else slices.plan.nos
    return {
        "os": f"cumulus-vx-{nos}" if switch else "generic/ubuntu2404",
        "cpu": 2 if switch else 1,
        "memory": 2048 if switch else 1024,
        "storage": 10,
        "nic_model": "virtio" if switch else "e1000",
        "features": {"uefi": False, "tpm": False},
        "pxehost": False,
        "secureboot": False,
        "oob": False,
        "emulation_type": None,
        "network_pci": {},
        "positioning": {"x": _PITCH * column, "y": _PITCH * _ROWS[device.role]},
    }


def _end(macs: dict[tuple[str, str], str], names: dict[tuple[str, str], str], device: str, port: str) -> dict[str, Any]:
    end: dict[str, Any] = {"interface": names.get((device, port)) or port, "node": device}
    if (device, port) in macs:
        end["mac"] = macs[device, port]
    return end | {"network_pci": None}

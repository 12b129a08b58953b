"""A topology for NVIDIA Air: the switches and hosts of the plan as virtual machines (format v2, JSON)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

import msgspec

from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Device, End, Link
from rackwright.render.slices import Slices

__all__ = ["TAIL", "Topology"]

# Row of each role on Air's canvas, from the top.
_ROWS: Final = {"external": 0, "superspine": 1, "spine": 2, "leaf": 3, "oob": 4, "server": 5, "storage": 6}
_PITCH: Final = 275
_LINKS: Final = b'\n  },\n  "links": [\n'
TAIL: Final = b'\n  ],\n  "oob": false,\n  "netq": false\n }\n}\n'
"""What stands behind the links."""
_SWITCHES: Final = {"leaf", "spine", "superspine", "oob", "external"}


class Topology:
    """``topology.json`` of one plan; PDUs are left out, since Air has none.

    A host's port has the name that its operating system gives it, ``bmc`` and its like keep theirs. The
    release's Cumulus Linux version is asked for; Air may offer only later ones (peers-network.md 0.8).
    """

    def __init__(self, slices: Slices) -> None:
        """Keep the plan; nothing is printed yet."""
        self._slices = slices

    def head(self) -> bytes:
        """Print everything that stands before the links."""
        drawn = [device for device in self._slices.plan.devices if device.role in _ROWS]
        columns = dict.fromkeys(_ROWS, 0)
        nodes: list[bytes] = []
        for device in sorted(drawn, key=lambda device: natural_key(device.name)):
            columns[device.role] += 1
            node = _node(self._slices, device, columns[device.role])
            nodes.append(b"   " + msgspec.json.encode(device.name) + b": " + msgspec.json.encode(node))
        title = b'{\n "format": "JSON",\n "title": ' + msgspec.json.encode(self._slices.plan.name)
        return title + b',\n "ztp": null,\n "content": {\n  "nodes": {\n' + b",\n".join(nodes) + _LINKS

    def said(self, device: str) -> bytes:
        """Return what a link says of a device beyond its own ends: whether it is drawn, and its MAC addresses."""
        return self._said.get(device, b"")

    @cached_property
    def _said(self) -> dict[str, bytes]:
        drawn = (device for device in self._slices.plan.devices if device.role in _ROWS)
        return {device.name: msgspec.json.encode(device.macs) for device in drawn}

    def holds(self, link: Link) -> bool:
        """Say whether a link is drawn: both its ends are."""
        return link.a.device in self._said and link.b.device in self._said

    def links(self, links: Iterable[Link]) -> bytes:
        """Print links, a line each, with a comma between them."""
        return b",\n".join(
            [b"   " + msgspec.json.encode([self._end(link.a), self._end(link.b)]) for link in links if self.holds(link)]
        )

    @cached_property
    def _macs(self) -> dict[tuple[str, str], str]:
        return {(device.name, port): mac for device in self._slices.plan.devices for port, mac in device.macs}

    def _end(self, end: End) -> dict[str, Any]:
        mac = self._macs.get((end.device, end.port))
        known: dict[str, Any] = {"interface": end.interface or end.port, "node": end.device}
        return known | ({} if mac is None else {"mac": mac}) | {"network_pci": None}


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

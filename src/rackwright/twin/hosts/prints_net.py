"""What iproute2, ethtool and lldpd print."""

from __future__ import annotations

import json
from typing import Any

from rackwright.twin.hosts.faces import Face
from rackwright.twin.hosts.system import System

__all__ = ["addresses", "driver_of", "lldp", "speed"]


def addresses(system: System, faces: list[Face]) -> str:
    """Return ``ip -j -d address show``."""
    rows: list[dict[str, Any]] = [
        {"ifindex": 1, "ifname": "lo", "flags": ["LOOPBACK", "UP", "LOWER_UP"], "mtu": 65536, "operstate": "UNKNOWN",
         "link_type": "loopback", "address": "00:00:00:00:00:00", "addr_info": _info("127.0.0.1/8")},
    ]  # fmt: skip
    first: dict[str, Face] = {}
    for at, face in enumerate(faces, 2):
        rows.append(_port(at, face, first))
    for bond in system.disk.network.bonds:
        members = [face for face in faces if face.planned and face.planned.bond == bond.name]
        up = any(face.far.up for face in members)
        mac = members[0].port.mac.lower() if members else "00:00:00:00:00:00"
        rows.append(_made(len(rows) + 1, bond.name, mac, bond.mtu_bytes, bond.address, up=up, kind="bond"))
    for row in system.disk.network.interfaces:
        if not row.port and row.parent:
            above = next((one for one in rows if one["ifname"] == row.parent), None)
            up = above is not None and above["operstate"] == "UP"
            mac = above["address"] if above is not None else "00:00:00:00:00:00"
            made = _made(len(rows) + 1, row.name, mac, row.mtu_bytes, row.address, up=up, kind="vlan")
            rows.append({**made, "link": row.parent})
    return json.dumps(rows)


def _info(address: str) -> list[dict[str, Any]]:
    local, _, length = address.partition("/")
    return [{"family": "inet", "local": local, "prefixlen": int(length or 32), "scope": "global"}] if local else []


def _flags(up: bool) -> list[str]:
    return ["BROADCAST", "MULTICAST", "UP", *(["LOWER_UP"] if up else ["NO-CARRIER"])]


def _port(at: int, face: Face, first: dict[str, Face]) -> dict[str, Any]:
    planned, mac = face.planned, face.port.mac.lower()
    row = {
        "ifindex": at, "ifname": face.name, "flags": _flags(face.far.up), "mtu": (planned.mtu_bytes if planned else 0) or 1500,
        "operstate": "UP" if face.far.up else "DOWN", "link_type": "ether", "address": mac, "parentbus": "pci",
        "parentdev": face.pci, "addr_info": _info(planned.address) if planned else [],
    }  # fmt: skip
    if planned and planned.bond:
        lead = first.setdefault(planned.bond, face)
        row |= {"master": planned.bond, "address": lead.port.mac.lower(), "permaddr": mac, "addr_info": []}
    return row


def _made(at: int, name: str, mac: str, mtu: int, address: str, *, up: bool, kind: str) -> dict[str, Any]:
    return {
        "ifindex": at, "ifname": name, "flags": _flags(up), "mtu": mtu or 1500, "operstate": "UP" if up else "DOWN",
        "link_type": "ether", "address": mac, "linkinfo": {"info_kind": kind}, "addr_info": _info(address),
    }  # fmt: skip


def speed(face: Face) -> str:
    """Return ``ethtool IF``."""
    told = f"{int(face.far.gbps * 1000)}Mb/s" if face.far.up else "Unknown!"
    duplex = "Full" if face.far.up else "Unknown! (255)"
    return (
        f"Settings for {face.name}:\n\tSupported ports: [ FIBRE ]\n\tSpeed: {told}\n\tDuplex: {duplex}\n"
        f"\tAuto-negotiation: on\n\tLink detected: {'yes' if face.far.up else 'no'}\n"
    )


def driver_of(face: Face, running: str, psid: str) -> str:
    """Return ``ethtool -i IF``."""
    driver = "mlx5_core" if face.rdma else "tg3"
    firmware = f"{running} ({psid})" if face.rdma else running
    return f"driver: {driver}\nversion: 25.01-0.6.0\nfirmware-version: {firmware}\nbus-info: {face.pci}\n"


def lldp(faces: list[Face]) -> str:
    """Return ``lldpctl -f json``: every neighbour that is heard."""
    rows = [
        {
            face.name: {
                "via": "LLDP", "rid": str(at), "age": "0 day, 00:05:00",
                "chassis": {face.far.system: {"id": {"type": "mac", "value": face.far.chassis}}},
                "port": {"id": {"type": "ifname", "value": face.far.port}, "descr": face.far.port, "ttl": "120"},
            }
        }
        for at, face in enumerate(faces, 1) if face.far.heard
    ]  # fmt: skip
    return json.dumps({"lldp": {"interface": rows} if rows else {}})

"""What a plan says of one device: where it stands, its addresses, its ports with peer and cable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Assembly, End, HostInterface, Link
from rackwright.render.slices import Slices
from rackwright.report.words import columns

__all__ = ["Cabled", "Facts", "fact_lines", "facts"]


class Cabled(msgspec.Struct, frozen=True):
    """One port of a device and what it is cabled to."""

    port: str
    peer: str
    peer_port: str
    speed_gbps: float
    kind: str
    fabric: str
    rail: int
    address: str
    bond: str
    interface: str
    mac: str
    cable: str
    part: str


class Facts(msgspec.Struct, frozen=True):
    """A device: its head as (word, value), and its ports by name."""

    device: str
    head: dict[str, Any]
    ports: tuple[Cabled, ...]


def facts(slices: Slices, name: str) -> Facts:
    """Return what the plan says of a device."""
    device = slices.device[name]
    rack, unit = slices.where(name)
    switch, host = slices.switch.get(name), slices.host.get(name)
    head: dict[str, Any] = {
        "role": device.role, "model": device.model, "group": device.group, "fabric": device.fabric, "rack": rack,
        "unit": unit, "serial": device.serial, "management": device.management, "roles": ", ".join(device.roles),
    }  # fmt: skip
    if switch:
        head |= {"loopback": switch.loopback, "vtep": switch.vtep, "nos": switch.nos}
        head["asn"] = switch.bgp.asn if switch.bgp else ""
    for bond in host.bonds if host else ():
        head[bond.name] = f"{', '.join(bond.members)} {bond.address}".strip()
    parts = {index: part for part in slices.plan.assemblies for index in part.links}
    own = ((at, link) for at, link in enumerate(slices.plan.links) if name in (link.a.device, link.b.device))
    ports = [_cabled(slices, name, link, parts.get(at)) for at, link in own]
    return Facts(name, {word: value for word, value in head.items() if value != ""}, tuple(sorted(ports, key=_order)))


def _order(port: Cabled) -> tuple[Any, ...]:
    return (natural_key(port.port), natural_key(port.peer))


def _cabled(slices: Slices, name: str, link: Link, part: Assembly | None) -> Cabled:
    own, far = (link.a, link.b) if link.a.device == name else (link.b, link.a)
    port = slices.port.get(name, {}).get(own.port)
    interface = _interface(slices, name, own)
    return Cabled(
        port=own.port, peer=far.device, peer_port=far.port, speed_gbps=link.speed_gbps, kind=link.kind,
        fabric=link.fabric, rail=link.rail, cable=part.id if part else "",
        part=part.part if part else "", interface=own.interface,
        address=port.address if port else interface.address if interface else "",
        bond=port.bond if port else interface.bond if interface else "",
        mac=dict(slices.device[name].macs).get(own.port, ""),
    )  # fmt: skip


def _interface(slices: Slices, name: str, own: End) -> HostInterface | None:
    host = slices.host.get(name)
    return next((one for one in host.interfaces if one.port == own.port), None) if host else None


def fact_lines(found: Facts) -> Iterator[str]:
    """Print the head, then the ports as a table without its empty columns."""
    yield found.device
    for word, value in found.head.items():
        yield f"  {word:<11} {value}"
    names = [name for name in Cabled.__struct_fields__ if any(getattr(port, name) for port in found.ports)]
    rows = [[getattr(port, name) or "" for name in names] for port in found.ports]
    if rows:
        yield ""
        yield from columns(names, rows)

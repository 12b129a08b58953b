"""What stands outside of our configuration and answers it: hosts with their bonds and MACs, and routers of others.

All of it is what the plan says of them. A router of others speaks BGP as the plan expects it to, whatever our switch
is configured to; so a switch with a wrong ASN finds nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from rackwright.plan.model import HostNetwork, Plan
from rackwright.twin.state.config import Family, Neighbor, VrfBgp
from rackwright.twin.state.hardware import made_up_mac

__all__ = ["Resident", "default_routes", "host_bonds", "macs", "residents", "routers"]

Address = tuple[str, str]

STRANGE_ASN: Final = 64999
"""ASN of a router for which the plan says only ``external`` [assumed]."""


class Resident(NamedTuple):
    """A MAC behind a host port, with its VLAN (0: untagged) and address (empty: none)."""

    mac: str
    vlan: int
    address: str


def macs(plan: Plan) -> dict[Address, str]:
    """Return the MAC of every host port: from nodes.csv, or made up."""
    found: dict[Address, str] = {}
    for device in plan.devices:
        found |= {(device.name, port): mac.lower() for port, mac in device.macs}
    for link in plan.links:
        for end in (link.a, link.b):
            found.setdefault((end.device, end.port), made_up_mac(end.device, end.port))
    return found


def host_bonds(plan: Plan) -> dict[Address, str]:
    """Return (host, port) -> its LACP bond."""
    found: dict[Address, str] = {}
    for host in plan.hosts:
        modes = {bond.name for bond in host.bonds if bond.mode == "802.3ad"}
        for interface in host.interfaces:
            if interface.port and interface.bond in modes:
                found[host.name, interface.port] = f"{host.name} {interface.bond}"
    return found


def residents(plan: Plan, known: dict[Address, str]) -> dict[Address, tuple[Resident, ...]]:
    """Return what a switch learns behind each host port.

    A bond has the MAC of its first member (Linux bonding), an interface on a VLAN that of its parent.
    """
    found: dict[Address, tuple[Resident, ...]] = {where: (Resident(mac, 0, ""),) for where, mac in known.items()}
    for host in plan.hosts:
        found.update(_of_host(host, known))
    return found


def _of_host(host: HostNetwork, known: dict[Address, str]) -> Iterator[tuple[Address, tuple[Resident, ...]]]:
    ports = {row.name: row.port for row in host.interfaces if row.port}
    bonds = {bond.name: bond for bond in host.bonds}
    members = {bond.name: [ports[name] for name in bond.members if name in ports] for bond in host.bonds}
    for row in host.interfaces:
        if not row.port:
            continue
        bond = bonds.get(row.bond)
        first = members[row.bond][0] if bond and members.get(row.bond) else row.port
        mac = known.get((host.name, first), "")
        address = (bond.address if bond else row.address).partition("/")[0]
        own = row.bond or row.name
        above = [Resident(mac, low.vlan, low.address.partition("/")[0]) for low in host.interfaces if low.parent == own]
        yield (host.name, row.port), (Resident(mac, 0, address), *above)


def routers(plan: Plan) -> dict[Address, tuple[VrfBgp, Neighbor]]:
    """Return (external device, port) -> the BGP end that the plan expects there."""
    outside = {device.name for device in plan.devices if device.role == "external"}
    ends = {}
    for link in plan.links:
        if link.b.device in outside:
            ends[link.a.device, link.a.port] = (link.b.device, link.b.port)
    found: dict[Address, tuple[VrfBgp, Neighbor]] = {}
    for switch in plan.switches:
        for vrf in switch.vrfs:
            if vrf.bgp is None:
                continue
            own = vrf.bgp.asn or (switch.bgp.asn if switch.bgp else 0)
            groups = {group.name: group for group in vrf.bgp.groups}
            for neighbor in vrf.bgp.neighbors:
                where = ends.get((switch.name, neighbor.name))
                if where is not None and neighbor.group in groups:
                    found[where] = _router(where, groups[neighbor.group].remote_as, own)
    return found


def _router(where: Address, remote_as: str, own: int) -> tuple[VrfBgp, Neighbor]:
    asn = int(remote_as) if remote_as.isdecimal() else own if remote_as == "internal" else STRANGE_ASN
    neighbor = Neighbor(where[1], True, str(own), {"ipv4-unicast": Family()}, False, (3, 300, 300), 0, 0, "", "", False)
    families = frozenset({"ipv4-unicast"})
    bgp = VrfBgp(where[0], asn, "", {where[1]: neighbor}, families, False, "", False, False, (), "", False, 64)
    return bgp, neighbor


def default_routes() -> tuple[str, ...]:
    """Return what a router of others announces: the default route, and nothing of ours back [assumed]."""
    return ("0.0.0.0/0",)

"""A plan and its trees as a fabric: what the plan knows beside the configurations.

Only this module knows plan types; the rules get the same values that a user's files give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rackwright.catalog.models import Catalog, NicModel
from rackwright.check.model import Cable, Device, Fabric, HostEnd, Tree
from rackwright.plan.model import Assembly, End, Link, Plan
from rackwright.plan.switch_model import Bond, Port, Switch

__all__ = ["of_plan"]


def of_plan(plan: Plan, trees: Mapping[str, Tree], catalog: Catalog) -> Fabric:
    """Join a plan with the rendered tree of each switch.

    ``trees`` is keyed by switch name, range keys expanded. A switch without a tree is a device with an
    empty one: every rule then says that it could not look.
    """
    devices = {
        row.name: Device(row.name, trees.get(row.name, {}), row.model, row.nos, switch=catalog.switches.get(row.model))
        for row in plan.switches
    }
    hosts = {(end.device, end.port): end for end in _hosts(plan, catalog)}
    rails: dict[tuple[str, int], frozenset[str]] = {}
    for link in plan.links:
        if link.rail and link.kind == "host":
            key = (_fabric(link), link.rail)
            rails[key] = rails.get(key, frozenset()) | {link.a.device}
    return Fabric(devices, tuple(_cables(plan, catalog)), hosts, rails, tuple(_addresses(plan)), tuple(_macs(plan)))


def _fabric(link: Link) -> str:
    """Name the fabric and plane of a link."""
    return f"{link.fabric}/{link.plane}" if link.plane else link.fabric


def _cables(plan: Plan, catalog: Catalog) -> Iterator[Cable]:
    """Give every link with the part that makes it."""
    parts = {index: part for part in plan.assemblies for index in part.links}
    for index, link in enumerate(plan.links):
        part = parts.get(index)
        row = catalog.cables.get(part.part) if part else None
        plugs = (row.a_connector, row.b_connector) if row else ("", "")
        # The common end of a splitter is the A end of its row, whichever end the link names first.
        near, far = plugs if part is None or _is_common(part, link.a) else plugs[::-1]
        yield Cable(
            link.a.device,
            link.a.port,
            link.b.device,
            link.b.port,
            part.part if part else "",
            link.media,
            part.length_m if part else None,
            link.speed_gbps or None,
            link.lanes or None,
            reach_m=max(row.lengths_m, default=None) if row else None,
            a_connector=near,
            b_connector=far,
            assembly=part.id if part else "",
            ways=_ways(part) if part else None,
            optional=link.kind == "external",
        )


def _is_common(part: Assembly, end: End) -> bool:
    """Tell whether an end is in the connector that all links of a part share."""
    device, _, hole = part.a.partition(":")
    return device == end.device and hole.removeprefix("swp") in (str(end.cage), end.port.removeprefix("swp"))


def _ways(part: Assembly) -> int:
    """Give the far ends of a part; one that the catalog does not know may have any."""
    return part.ways if part.part else len(part.links)


def _hosts(plan: Plan, catalog: Catalog) -> Iterator[HostEnd]:
    """Give the host end of every link to a server or storage node."""
    switches = {row.name: row for row in plan.switches}
    ports = {row.name: {port.name: port for port in row.ports} for row in plan.switches}
    bonds = {row.name: {port: bond for bond in row.bonds for port in bond.members} for row in plan.switches}
    mtus = {(net.name, item.port): item.mtu_bytes for net in plan.hosts for item in net.interfaces}
    addresses = _host_addresses(plan)
    pxe = {scope.network for scope in plan.scopes if scope.pxe}
    for link in plan.links:
        if link.kind != "host":
            continue
        port = ports.get(link.a.device, {}).get(link.a.port)
        bond = bonds.get(link.a.device, {}).get(link.a.port)
        native = _native_vlan(port, bond)
        switch = switches.get(link.a.device)
        nic = catalog.nics.get(link.b.nic)
        yield HostEnd(
            link.b.device,
            link.b.port,
            nic=link.b.nic,
            speed_gbps=link.speed_gbps or None,
            lanes=nic.lanes if nic else None,
            lane_gbps=(float(nic.lane_gbps),) if nic else (),
            connector=_connector(nic, link),
            mtu_bytes=mtus.get((link.b.device, link.b.port)) or None,
            native_vlan=native,
            pxe=native is not None and _network(switch, native) in pxe,
            bond=bond.name if bond else "",
            rail=link.rail or None,
            fabric=_fabric(link),
            addresses=addresses.get((link.b.device, link.b.port)),
        )


def _host_addresses(plan: Plan) -> dict[tuple[str, str], tuple[str, ...]]:
    """Give the addresses of each host port that has a network interface: its own and those of its bond."""
    found = {}
    for net in plan.hosts:
        bonded = {bond.name: bond.address for bond in net.bonds}
        for item in (one for one in net.interfaces if not one.vlan):
            texts = (item.address, bonded.get(item.bond, ""))
            found[net.name, item.port] = tuple(text for text in texts if text)
    return found


def _connector(nic: NicModel | None, link: Link) -> str:
    """Give the connector of a host port; a BMC of an adapter has its own, of which nothing is said."""
    return nic.connector if nic and not link.b.port.endswith(".bmc") else ""


def _native_vlan(port: Port | None, bond: Bond | None) -> int | None:
    """Give the untagged VLAN that the plan means for a host port."""
    owner = bond or port
    return (owner.access or owner.untagged or None) if owner else None


def _network(switch: Switch | None, vlan: int) -> str:
    """Name the network of a VLAN."""
    return next((row.network for row in switch.vlans if row.id == vlan), "") if switch else ""


def _addresses(plan: Plan) -> Iterator[tuple[str, str]]:
    """Give every management address with its owner: devices first, then reservations of their own."""
    known = {}
    for device in plan.devices:
        if device.management:
            known[device.management.partition("/")[0]] = device.name
            yield (
                f"{device.name}:{'eth0' if any(device.name == row.name for row in plan.switches) else 'bmc'}",
                device.management,
            )
    for scope in plan.scopes:
        for name, _, address in scope.reservations:
            owner = known.get(address.partition("/")[0])
            # A device's own address is reserved under its name, or its name and the port's.
            if address and not (owner is not None and name.startswith(owner)):
                yield name, address


def _macs(plan: Plan) -> Iterator[tuple[str, str]]:
    """Give every MAC with its owner."""
    for device in plan.devices:
        for port, mac in device.macs:
            yield f"{device.name}:{port}", mac

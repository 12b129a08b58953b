"""A planned host as objects of the kernel: its interfaces, bonds, VLANs, addresses and routing rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rackwright.plan.model import HostInterface, HostNetwork
from rackwright.twin.frr.kernel import Features, Key, Object

__all__ = ["host_objects"]


def host_objects(host: HostNetwork, ports: Mapping[str, str], features: Features) -> tuple[Object, ...]:
    """Return what the kernel of a host holds; ``ports`` maps its cabled ports to the ends of the cables.

    Where the kernel has no bonds, bonded interfaces are left out: there is then nothing behind them either.
    """
    return tuple(_objects(host, ports, features))


def _objects(host: HostNetwork, ports: Mapping[str, str], features: Features) -> Iterator[Object]:
    bonded = {member: bond.name for bond in host.bonds for member in bond.members}
    usable = [item for item in host.interfaces if item.port in ports and (features.bond or item.name not in bonded)]
    for item in usable:
        yield _port(item, ports[item.port])
    for bond in host.bonds if features.bond else ():
        members = [item.name for item in usable if item.name in bond.members]
        mtu = f" mtu {bond.mtu_bytes}" if bond.mtu_bytes else ""
        joined = [
            line for name in members for line in (f"ip link set {name} down", f"ip link set {name} master {bond.name}")
        ]
        make = [f"ip link add {bond.name} type bond mode {bond.mode} miimon 100 lacp_rate fast", *joined]
        make.append(f"ip link set {bond.name}{mtu} up")
        below = tuple(("port", name) for name in members)
        yield Object(("bond", bond.name), tuple(make), (f"ip link del {bond.name}",), below)
        routes = ("default",) if bond.gateway else ()
        yield from _addressed(bond.name, bond.address, bond.gateway, routes, 0, ("bond", bond.name))
    for item in usable:
        if item.name not in bonded:
            yield from _addressed(item.name, item.address, item.gateway, item.routes, item.table, ("port", item.name))
    for item in host.interfaces:
        if item.parent and features.vlan_filtering:
            make = [
                f"ip link add link {item.parent} name {item.name} type vlan id {item.vlan}",
                f"ip link set {item.name} up",
            ]
            below = (("bond", item.parent), ("port", item.parent))
            yield Object(("vlan", item.name), tuple(make), (f"ip link del {item.name}",), below)
            yield from _addressed(
                item.name, item.address, item.gateway, item.routes, item.table, ("vlan", item.name)
            )  # fmt: skip


def _port(item: HostInterface, device: str) -> Object:
    mtu = f" mtu {item.mtu_bytes}" if item.mtu_bytes else ""
    make = (f"ip link set {device} name {item.name}{mtu} up",)
    return Object(("port", item.name), make, (f"ip link set {item.name} down name {device}",))


def _addressed(name: str, address: str, gateway: str, routes: tuple[str, ...], table: int, on: Key) -> Iterator[Object]:
    if not address:
        return
    make = [f"ip addr add {address} dev {name}"]
    unmake = [f"ip addr del {address} dev {name}"]
    if gateway:
        behind = f" table {table}" if table else ""
        make += [f"ip route add {prefix} via {gateway} dev {name}{behind}" for prefix in routes]
    if gateway and table:
        rule = f"from {address.partition('/')[0]} table {table}"
        make.append(f"ip rule add {rule}")
        unmake.append(f"ip rule del {rule}")
    yield Object(("address", name), tuple(make), tuple(unmake), (on,))

"""Access switches of the out-of-band fabric: a VLAN a network, one bond up."""

from __future__ import annotations

import msgspec

from rackwright.plan.addresses import oob_network
from rackwright.plan.model import Bond, Device, Port, StaticRoute, Svi, Switch, Vlan
from rackwright.plan.switches.frame import Frame
from rackwright.plan.switches.ports import Access, cages, ports, vlan_of

__all__ = ["access_switch"]


def access_switch(frame: Frame, device: Device) -> Switch:
    """Return an out-of-band switch."""
    fabric = frame.fabric(device)
    names = [oob_network(frame.site, device.fabric, number) for number in range(-1, len(fabric.attach))]
    access = {number: Access(access=vlan_of(frame, name)) for number, name in enumerate(names, -1)}
    vlan, *others = dict.fromkeys(entry.access for entry in access.values())
    vlans = tuple(Vlan(number) for number in (vlan, *others) if number)
    made = ports(frame, device, access)
    uplinks = tuple(port.name for port in made if port.kind == "uplink")
    made = tuple(_plain(port, frame.conventions.oob_bond_name) for port in made)
    switch = Switch(
        device.name, device.model, device.role, device.fabric, frame.nos, device.management,
        frame.gateway_of_management(device), frame.systems["oob"], cages=cages(frame, device), ports=made,
        bonds=_bond(frame, uplinks, vlan, tuple(others)), vlans=vlans, conventions=frame.conventions.key,
        bridge_type=frame.conventions.oob_bridge_type,
    )  # fmt: skip
    return msgspec.structs.replace(switch, **_own_subnet(frame, device, vlan))


def _plain(port: Port, bond: str) -> Port:
    """Uplink ports carry nothing themselves: their bond does."""
    if port.kind != "uplink":
        return port
    return msgspec.structs.replace(port, access=0, untagged=0, tagged=(), bond=bond)


def _bond(frame: Frame, members: tuple[str, ...], vlan: int, tagged: tuple[int, ...]) -> tuple[Bond, ...]:
    if not members:
        return ()
    house = frame.conventions
    return (
        Bond(
            house.oob_bond_name, members, description=house.describe.get("oob-bond", ""), mode=house.bond_mode,
            lacp_rate=house.lacp_rate or "", mtu_bytes=0, access=0 if tagged else vlan,
            untagged=vlan if tagged else 0, tagged=tagged, admin="up",
        ),
    )  # fmt: skip


def _own_subnet(frame: Frame, device: Device, vlan: int) -> dict[str, object]:
    """Return the switch's own address and default route where ``per_switch`` gives it a subnet."""
    key = frame.addresses.own_subnets.get(device.name, "")
    address = frame.addresses.svis.get((key, device.name), "")
    if not address:
        return {}
    gateway = frame.addresses.gateway(key).partition("/")[0]
    return {
        "svis": (Svi(vlan, address=address),),
        "static_routes": (StaticRoute("default", "0.0.0.0/0", gateway),),
    }

"""Routed switches of the scale-out fabric: a /31 a NIC, eBGP unnumbered between tiers, adaptive routing."""

from __future__ import annotations

import msgspec

from rackwright.intent.models import Network
from rackwright.plan.model import (
    Bgp,
    BgpNeighbor,
    BgpVrf,
    Device,
    PeerGroup,
    Port,
    PrefixList,
    RouteMap,
    RouteMapRule,
    Svi,
    Switch,
    Vlan,
    Vrf,
)
from rackwright.plan.switches.frame import Frame
from rackwright.plan.switches.ports import Access, cages, ports

__all__ = ["UNDERLAY", "routed_switch", "switch_base", "underlay_neighbors"]

UNDERLAY = "underlay"


def switch_base(frame: Frame, device: Device, made: tuple[Port, ...]) -> Switch:
    """Return what every routed switch has: system, management, loopback, cages, ports."""
    return Switch(
        device.name, device.model, device.role, device.fabric, frame.nos, device.management,
        frame.gateway_of_management(device), frame.systems[device.role],
        loopback=frame.addresses.loopbacks.get(device.name, ""),
        cages=cages(frame, device), ports=made, conventions=frame.conventions.key,
        roce="lossless" if "roce" in frame.model(device).features else "",
        roce_pools=tuple(sorted((frame.conventions.roce_pools or {}).items())),
        bridge_type="",
    )  # fmt: skip


def underlay_neighbors(made: tuple[Port, ...], kinds: tuple[str, ...]) -> tuple[BgpNeighbor, ...]:
    """Return an unnumbered neighbour for every cabled port of some kinds."""
    return tuple(
        BgpNeighbor(port.name, UNDERLAY, peer=port.peer) for port in made if port.kind in kinds and port.link >= 0
    )


def routed_switch(frame: Frame, device: Device) -> Switch:
    """Return a leaf, spine or super-spine of a rail fabric."""
    rails = _rail_network(frame, device)
    routed = rails is None or rails.style == "p2p-31"
    access = {} if routed or device.role != "leaf" else {0: Access()}
    made = ports(frame, device, access, routed=True)
    if not routed and device.role == "leaf":
        made = _into_vlans(frame, device, made)
    base = switch_base(frame, device, made)
    neighbors = underlay_neighbors(made, ("fabric",))
    changes: dict[str, object] = {}
    if neighbors:
        changes = _routing(frame, device, base, neighbors, rails.pool if rails else None)
        changes["adaptive_routing"] = any(port.adaptive_routing for port in made)
    if not routed and device.role == "leaf":
        changes |= _rail_vlans(frame, device, made)
    return msgspec.structs.replace(base, **changes)


def _rail_network(frame: Frame, device: Device) -> Network | None:
    name = next((entry.network for entry in frame.fabric(device).attach if entry.network), None)
    return frame.site.networks[name] if name else None


def _routing(
    frame: Frame, device: Device, base: Switch, neighbors: tuple[BgpNeighbor, ...], pool: str | None
) -> dict[str, object]:
    """Return BGP and its policy: loopbacks and rail prefixes are announced, nothing else."""
    asn = frame.addresses.asns[device.name]
    rules = [RouteMapRule(10, "permit", interface="lo", type="ipv4")]
    lists: tuple[PrefixList, ...] = ()
    if pool and device.role == "leaf":
        lists = (PrefixList("RAILS", ((10, "permit", pool, 32),), type="ipv4"),)
        rules.append(RouteMapRule(20, "permit", prefix_list="RAILS", type="ipv4"))
    wish = frame.fabric(device).bgp
    group = PeerGroup(UNDERLAY, "external", bfd=wish.bfd if wish else True)
    default = BgpVrf(
        connected_map="CONNECTED", groups=(group,), neighbors=neighbors, aspath_ignore=True,
        ecmp_paths=frame.conventions.ecmp_paths or 0,
    )  # fmt: skip
    return {
        "bgp": Bgp(asn, base.loopback.partition("/")[0]),
        "vrfs": (Vrf("default", bgp=default),),
        "prefix_lists": lists,
        "route_maps": (RouteMap("CONNECTED", tuple(rules)),),
    }


def _into_vlans(frame: Frame, device: Device, made: tuple[Port, ...]) -> tuple[Port, ...]:
    """Return the host ports as access ports of their rail's VLAN."""
    return tuple(
        msgspec.structs.replace(port, access=_rail_vlan(frame, device, port.rail), address="")
        if port.kind == "host" and port.rail
        else port
        for port in made
    )


def _rail_vlan(frame: Frame, device: Device, rail: int) -> int:
    network = _rail_network(frame, device)
    return (network.vlan or 0 if network else 0) + rail - 1


def _rail_vlans(frame: Frame, device: Device, made: tuple[Port, ...]) -> dict[str, object]:
    """Return VLANs and gateways of ``style: vlan-per-rail``, one subnet a rail."""
    name = next((entry.network for entry in frame.fabric(device).attach if entry.network), "")
    rails = sorted({port.rail for port in made if port.kind == "host" and port.rail})
    vlans = tuple(Vlan(_rail_vlan(frame, device, rail), network=f"{name}-{rail}") for rail in rails)
    svis = tuple(
        Svi(
            _rail_vlan(frame, device, rail), address=frame.addresses.svis.get((f"{name}-{rail}", device.name), ""),
            gateway=frame.addresses.gateway(f"{name}-{rail}"),
        )
        for rail in rails
    )  # fmt: skip
    return {"vlans": vlans, "svis": svis, "bridge_type": "vlan-aware", "vrr": any(svi.gateway for svi in svis)}

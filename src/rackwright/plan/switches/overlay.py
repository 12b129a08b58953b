"""Leaves of an EVPN fabric with multihoming, and the spines above them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rackwright.intent.models import External, Network
from rackwright.plan.model import (
    Bgp,
    BgpNeighbor,
    BgpVrf,
    Device,
    PeerGroup,
    Port,
    Relay,
    RouteMap,
    RouteMapRule,
    Svi,
    Switch,
    Vlan,
    Vrf,
)
from rackwright.plan.subnets import below, carried_networks, oob_networks
from rackwright.plan.switches.frame import Frame, tenants
from rackwright.plan.switches.policy import Policy, external_groups, leak_policy
from rackwright.plan.switches.ports import Access, bonds, membership, ports, vlan_of
from rackwright.plan.switches.routed import UNDERLAY, switch_base, underlay_neighbors

__all__ = ["overlay_leaf", "overlay_spine"]

_CONNECTED = RouteMap("CONNECTED", (RouteMapRule(10, "permit", interface="lo", type="ipv4"),))


def overlay_spine(frame: Frame, device: Device) -> Switch:
    """Return a spine that reflects nothing and carries EVPN routes between leaf pairs."""
    made = ports(frame, device, {}, routed=True)
    base = switch_base(frame, device, made)
    neighbors = underlay_neighbors(made, ("fabric",))
    return msgspec.structs.replace(
        base,
        bgp=Bgp(frame.addresses.asns[device.name], base.loopback.partition("/")[0]),
        vrfs=(Vrf("default", bgp=_underlay(frame, device, neighbors)),),
        route_maps=(_CONNECTED,),
    )


def overlay_leaf(frame: Frame, device: Device) -> Switch:
    """Return a leaf of a pair: VTEP, bridge, VRFs, gateways, multihomed bonds, BGP."""
    fabric = frame.fabric(device)
    access = {number: membership(frame, attach) for number, attach in enumerate(fabric.attach)}
    made = tuple(_in_vrf(frame, device, port) for port in ports(frame, device, access))
    base = switch_base(frame, device, made)
    networks = carried_networks(frame.site, device.fabric)
    own = tenants(frame.site, device.fabric)
    policy = leak_policy(frame, device, own)
    return msgspec.structs.replace(
        base,
        bridge_type="vlan-aware",
        bonds=bonds(frame, device, access, _uplinks(frame, device.fabric), multihomed=True),
        vlans=tuple(Vlan(vlan, vni, key) for name in networks for vlan, vni, key in frame.segments(name)),
        svis=_svis(frame, device, networks),
        vtep=frame.addresses.vteps.get(device.name, base.loopback.partition("/")[0]),
        evpn=True, multihoming=True, dscp_copy=True, arp_suppress=frame.conventions.arp_suppress, vrr=True,
        bgp=Bgp(frame.addresses.asns[device.name], base.loopback.partition("/")[0]),
        vrfs=_vrfs(frame, device, made, own, policy),
        relays=_relays(frame, networks, made, own),
        prefix_lists=policy.prefix_lists, community_lists=policy.community_lists,
        route_maps=(() if frame.conventions.connected_open else (_CONNECTED,)) + policy.route_maps,
    )  # fmt: skip


def _uplinks(frame: Frame, fabric: str) -> dict[str, Access]:
    """Return what bonds to the switches of each out-of-band fabric carry: its network untagged, those of single ports tagged."""
    found: dict[str, Access] = {}
    for key in below(frame.site, fabric):
        vlan, *tagged = dict.fromkeys(vlan_of(frame, name) for name in oob_networks(frame.site, key) or (None,))
        found[key] = Access(untagged=vlan, tagged=tuple(tagged)) if tagged else Access(access=vlan)
    return found


def _in_vrf(frame: Frame, device: Device, port: Port) -> Port:
    """Put external ports into the VRF of their external entry."""
    if port.kind != "external":
        return port
    external = _external_of(frame, device, port)
    text = external.description if external.description is not None else port.description
    return msgspec.structs.replace(port, vrf=external.vrf or "", description=text)


def _external_of(frame: Frame, device: Device, port: Port) -> External:
    return frame.fabric(device).external[max(frame.links[port.link].attach, 0)]


def _svis(frame: Frame, device: Device, networks: dict[str, Network]) -> tuple[Svi, ...]:
    """Return a gateway for every network that has a subnet and is not gatewayed elsewhere."""
    made: list[Svi] = []
    for name, network in networks.items():
        for vlan, _, key in frame.segments(name):
            address = frame.addresses.svis.get((key, device.name), "")
            if address:
                gateway = frame.addresses.gateway(key)
                made.append(Svi(vlan, network.vrf or "", address, gateway, frame.conventions.svi_mtu_bytes))
    return tuple(made)


def _underlay(frame: Frame, device: Device, neighbors: tuple[BgpNeighbor, ...]) -> BgpVrf:
    """Return BGP of the default VRF: loopbacks and EVPN routes over unnumbered sessions."""
    wish, house = frame.fabric(device).bgp, frame.conventions
    internal = wish is not None and wish.isl == "ibgp-unnumbered"
    own = frame.addresses.loopbacks[device.name].partition("/")[0] if house.update_source else ""
    hops = wish.ttl_hops if wish else 0
    told = tuple(msgspec.structs.replace(n, ttl_hops=hops, update_source=own) for n in neighbors)
    group = PeerGroup(
        UNDERLAY, "internal" if internal else "external", ipv4=not house.connected_open, evpn=True,
        bfd=wish.bfd if wish else True,
    )  # fmt: skip
    return BgpVrf(
        connected_map="" if house.connected_open else "CONNECTED", evpn=True, groups=(group,), neighbors=told,
        aspath_ignore=not internal, ecmp_paths=house.ecmp_paths or 0,
    )  # fmt: skip


def _vrfs(frame: Frame, device: Device, made: tuple[Port, ...], own: Sequence[str], policy: Policy) -> tuple[Vrf, ...]:
    """Return the default VRF and every tenant VRF of this fabric."""
    default = _underlay(frame, device, underlay_neighbors(made, ("isl", "fabric")))
    default = msgspec.structs.replace(default, groups=default.groups + policy.default_groups)
    return (Vrf("default", bgp=default), *(_tenant(frame, device, name, made, policy) for name in own))


def _tenant(frame: Frame, device: Device, name: str, made: tuple[Port, ...], policy: Policy) -> Vrf:
    house = frame.conventions
    vni, vlan = frame.l3vnis[name]
    own = frame.addresses.loopbacks[device.name].partition("/")[0]
    leak = policy.leaks.get(name)
    neighbors, groups = _external_bgp(frame, device, name, made, policy)
    bgp = BgpVrf(
        asn=frame.addresses.asns[device.name], router_id=own, rd=f"{own}:{vni}", evpn=True, to_evpn=True,
        import_from=leak.imports if leak else (), import_map=leak.route_map if leak else "",
        groups=groups, neighbors=neighbors,
    )  # fmt: skip
    return Vrf(name, vni, vlan, _loopbacks(frame, device, name), house.vrf_table_auto, bgp)


def _loopbacks(frame: Frame, device: Device, vrf: str) -> tuple[str, ...]:
    """Return the loopback addresses of a VRF on a leaf; 127/8 beside them (release note 4360636)."""
    own = frame.vrf_loopbacks.get((vrf, device.name), "")
    if not own:
        return ()
    text = own if "/" in own else f"{own}/32"
    return (text, "127.0.0.1/8", "127.0.1.1/8") if frame.conventions.vrf_loopback_127 else (text,)


def _external_bgp(
    frame: Frame, device: Device, vrf: str, made: tuple[Port, ...], policy: Policy
) -> tuple[tuple[BgpNeighbor, ...], tuple[PeerGroup, ...]]:
    """Return the sessions to switches of others in a VRF."""
    neighbors: list[BgpNeighbor] = []
    groups: dict[str, PeerGroup] = {}
    named = external_groups(frame, device)
    own = frame.addresses.loopbacks[device.name].partition("/")[0] if frame.conventions.update_source else ""
    for port in made:
        if port.kind != "external" or port.vrf != vrf or port.link < 0:
            continue
        external = _external_of(frame, device, port)
        if external.peering == "none":
            continue
        group = named[external.name]
        neighbors.append(BgpNeighbor(port.name, group, update_source=own, peer=port.peer))
        remote = str(external.peer_asn) if external.peer_asn else "external"
        groups[group] = PeerGroup(group, remote, outbound=policy.outbound.get(external.name, ""))
    return tuple(neighbors), tuple(groups.values())


def _relays(
    frame: Frame, networks: dict[str, Network], made: tuple[Port, ...], own: Sequence[str]
) -> tuple[Relay, ...]:
    """Return DHCP relay by VRF: the VLANs that ask for it and the VRF's own L3 interface."""
    servers: dict[str, dict[str, None]] = {}
    faces: dict[str, list[str]] = {}
    for name, network in networks.items():
        if network.vrf and frame.relays.get(name):
            servers.setdefault(network.vrf, {}).update(dict.fromkeys(frame.relays[name]))
            faces.setdefault(network.vrf, []).extend(f"vlan{vlan}" for vlan, _, _ in frame.segments(name))
    for name, vrf in frame.site.vrfs.items():
        if vrf.relay and name in own:
            servers.setdefault(name, {}).update(dict.fromkeys(vrf.relay))
            faces.setdefault(name, []).extend(port.name for port in made if port.vrf == name)
            if not any(port.vrf == name for port in made):
                faces[name] += [
                    f"vlan{vlan}" for n in networks if networks[n].vrf == name for vlan, _, _ in frame.segments(n)
                ]
    return tuple(
        Relay(vrf, (*dict.fromkeys(faces[vrf]), f"vlan{frame.l3vnis[vrf][1]}_l3"), tuple(servers[vrf]))
        for vrf in sorted(servers)
    )

"""Routing: global BGP, policy, and everything below ``vrf`` (nvue.md 3.3, 3.4)."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import Any

from rackwright.nvue.tree import merge
from rackwright.plan.model import BgpNeighbor, BgpVrf, PeerGroup, RouteMapRule, StaticRoute, Switch, Vrf
from rackwright.render.nvue.v5_12.neutral import neutral

__all__ = ["COMMUNITY_RULE", "router", "vrf"]

Tree = dict[str, Any]

COMMUNITY_RULE = "100"
"""Number of the one rule that a community list has; any number does, this is NVIDIA's in its ERA exports."""


def router(switch: Switch) -> Tree:
    """Return global BGP, adaptive routing, VRR and the routing policy."""
    found: Tree = merge({}, neutral(switch.system.extra).get("router", {}))
    if switch.adaptive_routing:
        found["adaptive-routing"] = {**found.get("adaptive-routing", {}), "enable": "on"}
    if switch.bgp:
        found["bgp"] = {
            "enable": "on",
            "autonomous-system": switch.bgp.asn,
            "router-id": switch.bgp.router_id,
        }
    policy = _policy(switch)
    if policy:
        found["policy"] = policy
    if switch.vrr:
        found["vrr"] = {"enable": "on"}
    return found


def _policy(switch: Switch) -> Tree:
    found: Tree = {}
    if switch.community_lists:
        found["community-list"] = {
            name: {"rule": {COMMUNITY_RULE: {"action": "permit", "community": {community: {}}}}}
            for name, community in switch.community_lists
        }
    if switch.prefix_lists:
        found["prefix-list"] = {
            item.name: {
                **({"type": item.type} if item.type else {}),
                "rule": {
                    str(number): _prefix_rule(action, prefix, most) for number, action, prefix, most in item.rules
                },
            }
            for item in switch.prefix_lists
        }
    if switch.route_maps:
        found["route-map"] = {
            item.name: {"rule": {str(rule.number): _map_rule(rule) for rule in item.rules}}
            for item in switch.route_maps
        }
    return found


def _prefix_rule(action: str, prefix: str, most: int) -> Tree:
    # The action of a prefix list is a value, that of a route map a presence (nvue.md 3.3).
    return {"action": action, "match": {prefix: {"max-prefix-len": most} if most else {}}}


def _map_rule(rule: RouteMapRule) -> Tree:
    match = {
        "community-list": rule.community_list,
        "interface": rule.interface,
        "ip-prefix-list": rule.prefix_list,
        "type": rule.type,
    }
    found: Tree = {"action": {rule.action: {}}}
    given = {key: value for key, value in match.items() if value}
    if given:
        found["match"] = given
    if rule.set_community:
        found["set"] = {"community": {rule.set_community: {}}}
    return found


def vrf(switch: Switch) -> Tree:
    """Return every VRF with its EVPN part, loopbacks, BGP and static routes."""
    found = {item.name: _vrf(item) for item in switch.vrfs}
    for route in switch.static_routes:
        routing = found.setdefault(route.vrf or "default", {}).setdefault("router", {})
        routing.setdefault("static", {})[route.prefix] = _static(route)
    return found


def _static(route: StaticRoute) -> Tree:
    return {"address-family": "ipv4-unicast", "via": {route.via: {"type": _via_type(route.via)}}}


def _via_type(via: str) -> str:
    if via in ("blackhole", "reject"):
        return via
    try:
        IPv4Address(via)
    except AddressValueError:
        return "interface"
    return "ipv4-address"


def _vrf(item: Vrf) -> Tree:
    found: Tree = {}
    if item.table_auto:
        found["table"] = "auto"
    if item.l3vni:
        found["evpn"] = {"enable": "on", "vni": {str(item.l3vni): {}}}
        if item.l3vlan:
            found["evpn"]["vlan"] = item.l3vlan
    if item.loopbacks:
        found["loopback"] = {"ip": {"address": {address: {} for address in item.loopbacks}}}
    if item.bgp:
        found["router"] = {"bgp": _bgp(item.bgp)}
    return found


def _bgp(bgp: BgpVrf) -> Tree:
    families: Tree = {"ipv4-unicast": _ipv4(bgp)}
    if bgp.evpn:
        families["l2vpn-evpn"] = {"enable": "on"}
    found: Tree = {"enable": "on", "address-family": families}
    if bgp.asn:
        found["autonomous-system"] = bgp.asn
    if bgp.router_id:
        found["router-id"] = bgp.router_id
    if bgp.rd:
        found["rd"] = bgp.rd
    if bgp.aspath_ignore:
        found["path-selection"] = {"multipath": {"aspath-ignore": "on"}}
    if bgp.groups:
        found["peer-group"] = {group.name: _group(group) for group in bgp.groups}
    if bgp.neighbors:
        found["neighbor"] = {neighbor.name: _neighbor(neighbor) for neighbor in bgp.neighbors}
    return found


def _ipv4(bgp: BgpVrf) -> Tree:
    family: Tree = {"enable": "on"}
    if bgp.ecmp_paths:
        family["multipaths"] = {"ebgp": bgp.ecmp_paths}
    if bgp.redistribute_connected:
        connected: Tree = {"enable": "on"}
        if bgp.connected_map:
            connected["route-map"] = bgp.connected_map
        family["redistribute"] = {"connected": connected}
    if bgp.to_evpn:
        family["route-export"] = {"to-evpn": {"enable": "on"}}
    if bgp.import_from:
        leak: Tree = {"enable": "on", "list": {name: {} for name in bgp.import_from}}
        if bgp.import_map:
            leak["route-map"] = bgp.import_map
        family["route-import"] = {"from-vrf": leak}
    return family


def _group(group: PeerGroup) -> Tree:
    families: Tree = {}
    if group.ipv4 or group.outbound:
        families["ipv4-unicast"] = {"enable": "on"}
    if group.outbound:
        families["ipv4-unicast"]["policy"] = {"outbound": {"route-map": group.outbound}}
    if group.evpn:
        families["l2vpn-evpn"] = {"enable": "on"}
    found: Tree = {"remote-as": int(group.remote_as) if group.remote_as.isdecimal() else group.remote_as}
    if families:
        found["address-family"] = families
    if group.bfd:
        # Timers stand beside `enable`: BFD profiles come with 5.15 (nvue.md 3.3).
        names = ("detect-multiplier", "min-rx-interval", "min-tx-interval")
        found["bfd"] = {"enable": "on", **dict(zip(names, group.bfd_timers, strict=False))}
    return found


def _neighbor(neighbor: BgpNeighbor) -> Tree:
    found: Tree = {"type": "unnumbered" if neighbor.unnumbered else "numbered"}
    if neighbor.group:
        found["peer-group"] = neighbor.group
    if neighbor.ttl_hops:
        found["ttl-security"] = {"hops": neighbor.ttl_hops}
    if neighbor.update_source:
        found["update-source"] = neighbor.update_source
    return found

"""BGP neighbours and routes (BGP troubleshooting page of 5.12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rackwright.twin.state.config import VrfBgp, at
from rackwright.twin.state.control import Side
from rackwright.twin.state.rib import EVPN, FAMILIES, IPV4, Group
from rackwright.twin.state.shows.view import Show, View, moment, on

__all__ = [
    "SHOWS",
    "counts",
    "detail",
    "details",
    "evpn_size",
    "family",
    "l3_vlan",
    "learned",
    "loc_rib",
    "neighbors",
    "of_router",
    "of_vrf",
    "rib_ipv4",
    "route",
    "same_path",
    "state_word",
    "summary",
]

KEEPALIVE_S: Final = 3
"""Cumulus's keepalive, hold and connect timers (BGP troubleshooting page: 3, 9, 10)."""


def _bgp(view: View, vrf: str) -> VrfBgp:
    return view.config.bgp[vrf]


def neighbors(view: View, vrf: str) -> dict[str, Any]:
    """Return the summary of every neighbour.

    5.12 gives a summary here (BGP troubleshooting page). The key names are those of the ``--view=detail`` form and
    of the one neighbour; ``peer-established-time`` and ``uptime`` (ms) are [assumed] from the headings.
    """
    return {name: summary(view, vrf, name) for name in _bgp(view, vrf).neighbors}


def summary(view: View, vrf: str, name: str) -> dict[str, Any]:
    """Return one neighbour's summary; raises KeyError when there is none."""
    bgp = _bgp(view, vrf)
    side = view.fabric.control.side(view.machine, bgp, bgp.neighbors[name])
    line = view.fabric.control.line(side)
    if not view.fabric.rib.established(side, view.now):
        families: dict[str, Any] = {family: {} for family in side.neighbor.families}
        return {"state": state_word(view, side), "address-family": families}
    since = line.since(view.now)
    beats = int((view.now - since) / KEEPALIVE_S) + 1
    return {
        "remote-as": side.peer_asn,
        "state": "established",
        "peer-established-time": moment(since).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "uptime": int((view.now - since) * 1000),
        "message-stats": {"rx": beats, "tx": beats},
        "address-family": {
            family: counts(view, vrf, name, family) for family in FAMILIES if family in side.agreement.families
        },
    }


def state_word(view: View, side: Side) -> str:
    """Return the state of a session that is not up.

    Idle while its interface is down or FRR is not there; active while it tries and the other end does not answer as
    it should (troubleshooting page: idle ports without a peer).
    """
    if not view.machine.frr.line.at(view.now) or side.neighbor.shutdown or not side.peer:
        return "idle"
    if side.neighbor.unnumbered and not view.layer1.port_line(view.name, side.neighbor.name).at(view.now):
        return "idle"
    return "active"


def counts(view: View, vrf: str, name: str, family: str) -> dict[str, Any]:
    """Return prefixes received and sent."""
    group = view.fabric.rib.group(view.name, family, view.now)
    incoming, outgoing = group.ways((view.name, vrf), name)
    if family == EVPN:
        return {"rx-prefix": evpn_size(view, group, incoming), "tx-prefix": evpn_size(view, group, outgoing)}
    received = group.count(group.result.received(incoming)) if incoming else 0
    sent = group.count(group.result.sent(outgoing)) if outgoing else 0
    return {"rx-prefix": received, "tx-prefix": sent}


def evpn_size(view: View, group: Group, way: Any) -> int:
    """Return how many EVPN routes go over one way of a session."""
    if way is None:
        return 0
    bits = group.result.received(way) if way.receiver[0] == view.name else group.result.sent(way)
    if bits not in view.routes:
        view.routes[bits] = sum(view.evpn_size(name) for name in group.prefixes(bits))
    return view.routes[bits]


def detail(view: View, vrf: str, name: str) -> dict[str, Any]:
    """Return ``nv show vrf V router bgp neighbor N``: the summary and what was agreed on."""
    found = summary(view, vrf, name)
    bgp = _bgp(view, vrf)
    neighbor = bgp.neighbors[name]
    external = found.get("remote-as", bgp.asn) != bgp.asn
    hops = neighbor.ttl_hops or (1 if neighbor.unnumbered and external else 0)
    found |= {
        "type": "unnumbered" if neighbor.unnumbered else "numbered",
        "bgp-version": 4,
        "bfd": {"enable": on(holds=neighbor.bfd)},
        "ttl-security": {"enable": on(holds=bool(hops)), **({"hops": hops} if hops else {})},
        "timers": {"keepalive": KEEPALIVE_S, "hold": 9, "connection-retry": 10},
    }
    if neighbor.group:
        found["peer-group"] = neighbor.group
    description = at(view.config.tree, "vrf", vrf, "router", "bgp", "neighbor", name, "description")
    return {**found, "description": description} if description else found


def details(view: View, vrf: str) -> dict[str, Any]:
    """Return the detailed form of every neighbour."""
    return {name: detail(view, vrf, name) for name in _bgp(view, vrf).neighbors}


def of_vrf(view: View, vrf: str) -> dict[str, Any]:
    """Return ``nv show vrf V router bgp``."""
    bgp = _bgp(view, vrf)
    return {"enable": "on", "autonomous-system": bgp.asn, "router-id": bgp.router_id}


def of_router(view: View) -> dict[str, Any]:
    """Return ``nv show router bgp``, which is configuration."""
    found: dict[str, Any] = view.configured("router", "bgp")
    return found


def family(view: View, vrf: str, name: str) -> dict[str, Any]:
    """Return whether a VRF speaks a family; raises KeyError for one that there is not."""
    if name not in FAMILIES:
        raise KeyError(name)
    return {"enable": on(holds=name in _bgp(view, vrf).families)}


def rib_ipv4(view: View, vrf: str) -> dict[str, Any]:
    """Return the IPv4 routes of a VRF with their equal next hops.

    The nesting below the prefix is [assumed]: the guide prints a table.
    """
    found: dict[str, Any] = {}
    connected, _ = view.fabric.rib.origins.connected(view.name, vrf, view.now)
    for row in connected:
        found[row.text] = route("connected", 0, {"1": {"interface": row.interface, "type": "interface"}})
    for prefix, given in (at(view.config.tree, "vrf", vrf, "router", "static") or {}).items():
        via = {str(n): {"type": "ip-address", "ip": hop} for n, hop in enumerate(given.get("via") or {}, start=1)}
        found.setdefault(prefix, route("static", 1, via))
    if vrf in view.config.bgp:
        for prefix, hops, distance in learned(view, vrf):
            via = {str(n): {"interface": hop, "type": "interface"} for n, hop in enumerate(hops, start=1)}
            found.setdefault(prefix, route("bgp", distance, via))
        for name, (vtep, theirs) in view.fabric.overlay.with_vrf(view.name, vrf, view.now).items():
            for prefix in view.fabric.overlay.announced(name, theirs, view.now):
                via = {"1": {"ip": vtep, "type": "ip-address", "interface": f"vlan{l3_vlan(view, vrf)}_l3"}}
                found.setdefault(prefix, route("bgp", 20, via))
    return found


def l3_vlan(view: View, vrf: str) -> str:
    """Return the VLAN of a VRF's layer 3 VNI, empty where the switch chooses it."""
    return str(at(view.config.tree, "vrf", vrf, "evpn", "vlan") or "")


def route(protocol: str, distance: int, via: dict[str, Any]) -> dict[str, Any]:
    """Return one route."""
    entry = {"protocol": protocol, "distance": distance, "metric": 0}
    return {"route-entry": {"1": {**entry, "flags": {"selected": {}, "installed": {}}, "via": via}}}


def learned(view: View, vrf: str) -> Iterator[tuple[str, list[str], int]]:
    """Yield what BGP prefers in a VRF: prefix, interfaces of equal next hops, administrative distance."""
    group = view.fabric.rib.group(view.name, IPV4, view.now)
    node = (view.name, vrf)
    table = group.result.tables.get(node)
    if table is None:
        return
    relaxed, most = _bgp(view, vrf).aspath_ignore, _bgp(view, vrf).multipaths
    hops: dict[int, list[str]] = {}
    for way in group.result.incoming[node]:
        name = way.name_at(node)
        bits = group.result.equal(way)
        for index in range(len(group.atoms)):
            if bits >> index & 1:
                hops.setdefault(index, []).append(name)
    for index, names in hops.items():
        kept = names if relaxed else same_path(view, vrf, names)
        internal = bool(table.internal >> index & 1)
        for prefix in group.atoms[index]:
            yield prefix, kept[:most], 200 if internal else 20


def same_path(view: View, vrf: str, names: list[str]) -> list[str]:
    """Keep next hops over the AS of the first: without aspath-ignore only equal AS paths are equal (nvue.md 3.3).

    The first AS of a path stands for the path, as it does between leaves and spines.
    """
    bgp = _bgp(view, vrf)
    asns = {name: view.fabric.control.side(view.machine, bgp, bgp.neighbors[name]).peer_asn for name in names}
    return [name for name in names if asns[name] == asns[names[0]]]


def loc_rib(view: View, vrf: str) -> dict[str, Any]:
    """Return the EVPN routes that a switch has, by route distinguisher and type; the route's text is FRR's."""
    if vrf != "default" or not view.fabric.overlay.works(view.name):
        raise KeyError(vrf)
    found: dict[str, Any] = {}
    for switch in (view.name, *view.fabric.overlay.heard(view.name, view.now)):
        for rd, number, text in view.fabric.evpn_routes(switch, view.now):
            types = found.setdefault(rd, {"route-type": {}})["route-type"]
            types.setdefault(str(number), {"route": {}})["route"][text] = {}
    return {"rd": found}


SHOWS: dict[tuple[str, ...], Show] = {
    ("router", "bgp"): of_router,
    ("vrf", "*", "router", "bgp"): of_vrf,
    ("vrf", "*", "router", "bgp", "neighbor"): neighbors,
    ("vrf", "*", "router", "bgp", "neighbor", "--view=detail"): details,
    ("vrf", "*", "router", "bgp", "neighbor", "*"): detail,
    ("vrf", "*", "router", "bgp", "address-family", "*"): family,
    ("vrf", "*", "router", "bgp", "address-family", "l2vpn-evpn", "loc-rib"): loc_rib,
    ("vrf", "*", "router", "rib", "ipv4", "route"): rib_ipv4,
}

"""EVPN (EVPN reference, multihoming and troubleshooting pages)."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, Final

from rackwright.twin.state.config import at
from rackwright.twin.state.evpn_routes import route_distinguisher
from rackwright.twin.state.overlay import Segment, Vni, vni_targets, vrf_targets
from rackwright.twin.state.shows.view import Show, View, on

__all__ = [
    "SHOWS",
    "esi",
    "esi_bgp",
    "esi_object",
    "multihoming",
    "next_hops",
    "of_switch",
    "one_esi",
    "router_macs",
    "vni",
    "vni_bgp",
    "vni_host",
    "vni_mac",
    "vni_object",
    "vni_segments",
    "vnis",
    "vrf_bgp",
    "vrf_evpn",
    "vxlan",
]

FIRST_GROUP: Final = 536870913
"""Next hop group ids of segments and VTEPs start here (multihoming page's example)."""
FIRST_VTEP_GROUP: Final = 268435461
_OFF: Final = {"default-gateway": "off", "svi-ip": "off"}


def _vtep(view: View) -> None:
    if not view.fabric.overlay.works(view.name):
        raise KeyError("evpn")


def of_switch(view: View) -> dict[str, Any]:
    """Return ``nv show evpn``; no source prints it, so it is what is configured with the documented defaults."""
    given = at(view.config.tree, "evpn") or {}
    return {"enable": "off", "route-advertise": dict(_OFF), **given}


def _vnis(view: View) -> list[Vni]:
    _vtep(view)
    rows = (view.fabric.overlay.vni(view.name, number, view.now) for number in view.config.vlans.values() if number)
    return [row for row in rows if row is not None]


def _vni(view: View, number: str) -> Vni:
    for row in _vnis(view):
        if str(row.number) == number:
            return row
    raise KeyError(number)


def _own_svi(view: View, row: Vni) -> bool:
    return f"vlan{row.vlan}" in view.config.interfaces


def vni_object(view: View, row: Vni) -> dict[str, Any]:
    """Return one VNI."""
    hosts = [item.address for item in row.local if item.address]
    hosts += [item.address for item in row.remote if item.address]
    return {
        "route-advertise": dict(_OFF),
        "bridge-domain": "br_default",
        "host-count": len(hosts),
        "local-vtep": view.config.vtep,
        "mac-count": len(row.local) + len(row.remote) + _own_svi(view, row),
        "remote-vtep-count": len(row.remotes),
        "tenant-vrf": row.vrf,
        "vlan": row.vlan,
        "vxlan-interface": "vxlan48",
        "remote-vtep": {vtep: {"flood": "HER"} for vtep in row.remotes},
    }


def vnis(view: View) -> dict[str, Any]:
    """Return every layer 2 VNI."""
    return {str(row.number): vni_object(view, row) for row in _vnis(view)}


def vni(view: View, number: str) -> dict[str, Any]:
    """Return one VNI; raises KeyError when there is none."""
    return vni_object(view, _vni(view, number))


def vni_bgp(view: View, number: str) -> dict[str, Any]:
    """Return the VNI as BGP has it; an imported target shows with our own AS, as FRR shows it."""
    row = _vni(view, number)
    asn = view.fabric.overlay.asn(view.name)
    imports, exports = vni_targets(view.config, row.number, asn)
    return {
        "advertise-default-gateway": "off",
        "advertise-svi-ip": "off",
        "in-kernel": "on",
        "local-vtep": view.config.vtep,
        "rd": route_distinguisher(view.fabric.overlay, view.name, vni=row.number),
        "type": "L2",
        "export-route-target": {target: {} for target in sorted(exports)},
        "import-route-target": {target.replace("*", str(asn & 0xFFFF)): {} for target in sorted(imports)},
    }


def vni_mac(view: View, number: str) -> dict[str, Any]:
    """Return the MACs of a VNI."""
    row = _vni(view, number)
    moves = {"local-mobility-seq": 0, "remote-mobility-seq": 0}
    found: dict[str, Any] = {}
    if _own_svi(view, row):
        found[view.machine.mac] = {"type": "local", "interface": f"vlan{row.vlan}", **moves}
    for item in row.local:
        found[item.mac] = {"type": "local", "interface": item.interface, **moves}
    for remote in row.remote:
        where = {"esi": remote.esi} if remote.esi else {"remote-vtep": remote.vtep}
        found.setdefault(remote.mac, {"type": "remote", **where, **moves})
    return found


def vni_host(view: View, number: str) -> dict[str, Any]:
    """Return the ARP entries of a VNI."""
    row = _vni(view, number)
    usual = {"state": "active", "local-mobility-seq": 0, "remote-mobility-seq": 0}
    found: dict[str, Any] = {
        item.address: {"type": "local", "mac": item.mac, **usual} for item in row.local if item.address
    }
    for remote in row.remote:
        if remote.address:
            entry = {"type": "remote", "mac": remote.mac, **usual}
            found.setdefault(remote.address, {**entry, "esi": remote.esi} if remote.esi else entry)
    return found


def vni_segments(view: View, number: str) -> dict[str, Any]:
    """Return the Ethernet segments of a VNI."""
    row = _vni(view, number)
    found = {}
    for esi, segment in view.fabric.overlay.segments(view.name, view.now).items():
        if segment.bond and row.number in segment.vnis:
            found[esi] = {"type": {"local": "on", **({"remote": "on"} if segment.peers else {})}}
    return found


def multihoming(view: View) -> dict[str, Any]:
    """Return ``nv show evpn multihoming`` with the delay that still runs and the uplinks that are up."""
    given = at(view.config.tree, "evpn", "multihoming") or {}
    delay = view.config.startup_delay
    delay = view.fabric.times["mh-startup-delay"] if delay is None else delay
    up = [port for port in view.config.uplinks if view.layer1.port_line(view.name, port).at(view.now)]
    usual = {"enable": "off", "mac-holdtime": 1080, "neighbor-holdtime": 1080, "startup-delay": int(delay)}
    return {
        **usual,
        "ead-evi-route": {"rx": "on", "tx": "on"},
        **given,
        "segment": {"df-preference": 32767, **(given.get("segment") or {})},
        "startup-delay-timer": _remaining(view),
        "uplink-active": len(up),
        "uplink-count": len(view.config.uplinks),
    }


def _remaining(view: View) -> str:
    line = view.layer1.hold(view.name)
    left = line.following(view.now) - view.now
    if not view.config.multihoming or line.at(view.now) or left == math.inf:
        return "--:--:--"
    return str(timedelta(seconds=int(left))).rjust(8, "0")


def _segments(view: View) -> dict[str, Segment]:
    _vtep(view)
    return view.fabric.overlay.segments(view.name, view.now)


def esi(view: View) -> dict[str, Any]:
    """Return every Ethernet segment; the shape is the multihoming page's JSON."""
    found = _segments(view)
    vteps = sorted({vtep for row in found.values() for vtep in row.peers})
    groups = {vtep: FIRST_VTEP_GROUP + index for index, vtep in enumerate(vteps)}
    macs = _macs(view)
    return {
        name: esi_object(row, FIRST_GROUP + index, groups, macs.get(row.bond or row.esi, 0))
        for index, (name, row) in enumerate(found.items())
    }


def _macs(view: View) -> dict[str, int]:
    """Return how many MACs stand behind each bond of ours, and behind each segment of others."""
    found: dict[str, int] = {}
    for row in _vnis(view):
        for name in (*(item.interface for item in row.local), *(item.esi for item in row.remote)):
            found[name] = found.get(name, 0) + 1
    return found


def esi_object(row: Segment, group: int, groups: dict[str, int], macs: int) -> dict[str, Any]:
    """Return one segment; a flag that does not hold is left out, as in the guide's example."""
    facts = {
        "bridge-port": bool(row.bond),
        "designated-forward": row.forwarder,
        "non-designated-forward": bool(row.bond) and row.ready and not row.forwarder,
        "local": bool(row.bond),
        "nexthop-group-active": bool(row.peers),
        "oper-up": row.up,
        "ready-for-bgp": row.ready,
        "remote": bool(row.peers),
    }
    found: dict[str, Any] = {
        "df-preference": row.preference,
        "flags": {name: "on" for name, holds in facts.items() if holds},
        "mac-count": macs,
        "nexthop-group-id": group,
        "vni-count": len(row.vnis),
    }
    if row.bond:
        found["local-interface"] = row.bond
    if row.peers:
        found["remote-vtep"] = {
            vtep: {"df-algorithm": "preference", "df-preference": preference, "nexthop-group-id": groups[vtep]}
            if row.bond
            else {"nexthop-group-id": groups[vtep]}
            for vtep, (_, preference) in row.peers.items()
        }
    return found


def one_esi(view: View, name: str) -> dict[str, Any]:
    """Return one segment; raises KeyError when it is not known."""
    found: dict[str, Any] = esi(view)[name.lower()]
    return found


def esi_bgp(view: View) -> dict[str, Any]:
    """Return the segments as BGP has them; the shape is the multihoming page's JSON."""
    found: dict[str, Any] = {}
    router_id = view.config.bgp["default"].router_id if "default" in view.config.bgp else ""
    for index, (name, row) in enumerate(_segments(view).items()):
        kinds = {"local": bool(row.bond), "remote": bool(row.peers)}
        entry: dict[str, Any] = {
            "inconsistent-vni-count": row.inconsistent,
            "originator-ip": view.config.vtep if row.bond else "0.0.0.0",  # the guide's word for nobody
            "type": {kind: "on" for kind, holds in kinds.items() if holds},
            "vni-count": len(row.vnis),
            "remote-vtep": {
                vtep: {
                    "df-algorithm": "preference",
                    "df-preference": preference,
                    "flags": {"active": "on", "esr": "on"},
                }
                for vtep, (_, preference) in row.peers.items()
            },
        }
        if row.bond:
            rd = f"{router_id}:{index + 3}"
            flags = {"advertise-evi": "on", "up": "on"} if row.ready else {}
            entry |= {"es-df-preference": row.preference, "flags": flags, "rd": rd}
            entry["fragments"] = {rd: {"evi-count": len(row.vnis)}}
        found[name] = entry
    return found


def vrf_evpn(view: View, vrf: str) -> dict[str, Any]:
    """Return a VRF's layer 3 VNI; ``state`` is [assumed], FRR's word in ``show evpn vni``."""
    if vrf not in view.config.l3vnis:
        raise KeyError(vrf)
    given = view.configured("vrf", vrf, "evpn")
    ready = view.fabric.overlay.ready(view.name, vrf)
    return {**given, "state": "up" if ready else "down", "local-vtep": view.config.vtep, "router-mac": view.machine.mac}


def vrf_bgp(view: View, vrf: str) -> dict[str, Any]:
    """Return ``nv show vrf V evpn bgp-info``."""
    if vrf not in view.config.l3vnis or vrf not in view.config.bgp:
        raise KeyError(vrf)
    asn = view.fabric.overlay.asn(view.name)
    imports, exports = vrf_targets(view.config, vrf, asn)
    return {
        "rd": route_distinguisher(view.fabric.overlay, view.name, vrf=vrf),
        "local-vtep": view.config.vtep,
        "router-mac": view.machine.mac,
        "system-mac": view.machine.mac,
        "system-ip": view.config.vtep,
        "import-route-target": {target.replace("*", str(asn & 0xFFFF)): {} for target in sorted(imports)},
        "export-route-target": {target: {} for target in sorted(exports)},
    }


def _remote_vrfs(view: View, vrf: str) -> list[tuple[str, str]]:
    if vrf not in view.config.l3vnis:
        raise KeyError(vrf)
    found = view.fabric.overlay.with_vrf(view.name, vrf, view.now)
    return [(vtep, view.fabric.machines[name].mac) for name, (vtep, _) in found.items()]


def router_macs(view: View, vrf: str) -> dict[str, Any]:
    """Return the router MACs of a VRF's remote VTEPs."""
    return {mac: {"remote-vtep": vtep} for vtep, mac in _remote_vrfs(view, vrf)}


def next_hops(view: View, vrf: str) -> dict[str, Any]:
    """Return the VTEPs of a VRF with their router MACs."""
    return {vtep: {"router-mac": mac} for vtep, mac in _remote_vrfs(view, vrf)}


def vxlan(view: View) -> dict[str, Any]:
    """Return ``nv show nve vxlan``, which is configuration."""
    return {"enable": on(holds=False), **(at(view.config.tree, "nve", "vxlan") or {})}


SHOWS: dict[tuple[str, ...], Show] = {
    ("evpn",): of_switch,
    ("evpn", "vni"): vnis,
    ("evpn", "vni", "*"): vni,
    ("evpn", "vni", "*", "bgp-info"): vni_bgp,
    ("evpn", "vni", "*", "mac"): vni_mac,
    ("evpn", "vni", "*", "host"): vni_host,
    ("evpn", "vni", "*", "multihoming", "esi"): vni_segments,
    ("evpn", "multihoming"): multihoming,
    ("evpn", "multihoming", "esi"): esi,
    ("evpn", "multihoming", "esi", "*"): one_esi,
    ("evpn", "multihoming", "bgp-info", "esi"): esi_bgp,
    ("vrf", "*", "evpn"): vrf_evpn,
    ("vrf", "*", "evpn", "bgp-info"): vrf_bgp,
    ("vrf", "*", "evpn", "remote-router-mac"): router_macs,
    ("vrf", "*", "evpn", "nexthop-vtep"): next_hops,
    ("nve", "vxlan"): vxlan,
}

"""Everything below ``interface``: eth0, lo, cages, ports, bonds and SVIs (nvue.md 3.2, 3.4, 3.5, 3.6)."""

from __future__ import annotations

from typing import Any

from rackwright.plan.model import Bond, Cage, Port, Svi, Switch

__all__ = ["interface"]

Tree = dict[str, Any]

MANAGEMENT_VRF = "mgmt"
"""The VRF that Cumulus Linux gives eth0 (nvue.md 3.2)."""


def interface(switch: Switch) -> Tree:
    """Return every interface of a switch by its name."""
    found: Tree = {"eth0": _eth0(switch)}
    loopback = _loopback(switch)
    if loopback:
        found["lo"] = loopback
    for cage in switch.cages:
        if cage.configured:
            found[f"swp{cage.number}"] = _cage(cage)
    for port in switch.ports:
        # A cage that is not split is its own port: both say something about one interface.
        found[port.name] = _port(port, found.get(port.name))
    for bond in switch.bonds:
        found[bond.name] = _bond(bond)
    for svi in switch.svis:
        found[f"vlan{svi.vlan}"] = _svi(svi)
    return found


def _eth0(switch: Switch) -> Tree:
    if not switch.management:
        return {"type": "eth", "ip": {"vrf": MANAGEMENT_VRF, "address": {"dhcp": {}}}}
    ip: Tree = {"vrf": MANAGEMENT_VRF, "address": {switch.management: {}}}
    if switch.management_gateway:
        ip["gateway"] = {switch.management_gateway: {}}
    return {"type": "eth", "ip": ip}


def _loopback(switch: Switch) -> Tree:
    # The VTEP source must be a /32 on lo (nvue.md 8.19), also where it has an address of its own.
    addresses: Tree = {_host_prefix(text): {} for text in (switch.loopback, switch.vtep) if text}
    return {"type": "loopback", "ip": {"address": addresses}} if addresses else {}


def _host_prefix(address: str) -> str:
    return address if "/" in address else f"{address}/32"


def _cage(cage: Cage) -> Tree:
    link = _link(cage.admin, 0)
    if cage.breakout:
        lanes = {"lanes-per-port": str(cage.lanes_per_port)} if cage.lanes_per_port else {}
        link["breakout"] = {cage.breakout: lanes}
    return {"type": "swp", "link": link} if link else {"type": "swp"}


def _port(port: Port, cage: Tree | None) -> Tree:
    found: Tree = {"type": "swp"}
    link = _link(port.admin, port.mtu_bytes, cage.get("link") if cage else None)
    if link:
        found["link"] = link
    if port.description:
        found["description"] = port.description
    if port.address or port.vrf:
        found["ip"] = _ip(port.vrf, port.address)
    domain = _domain(port.access, port.untagged, port.tagged)
    if domain:
        found["bridge"] = {"domain": {"br_default": domain}}
    if port.multihoming_uplink:
        found["evpn"] = {"multihoming": {"uplink": "on"}}
    if port.pfc_watchdog:
        found["qos"] = {"pfc-watchdog": {"state": "enable"}}
    if port.adaptive_routing:
        found["router"] = {"adaptive-routing": {"enable": "on"}}
    if port.histogram:
        found["telemetry"] = {"histogram": _histogram()}
    return found


def _link(admin: str, mtu_bytes: int, below: Tree | None = None) -> Tree:
    link: Tree = dict(below) if below else {}
    if admin:
        link["state"] = {admin: {}}
    if mtu_bytes:
        link["mtu"] = mtu_bytes
    return link


def _histogram() -> Tree:
    """Return what a port with ``histogram`` samples: packet counters, one egress class, two ingress groups (ERA)."""
    return {
        "counter": {"counter-type": {"rx-packet": {}, "tx-packet": {}}},
        "egress-buffer": {"traffic-class": {"0": {}}},
        "ingress-buffer": {"priority-group": {"0": {}, "1": {}}},
    }


def _ip(vrf: str, address: str) -> Tree:
    ip: Tree = {}
    if vrf:
        ip["vrf"] = vrf
    if address:
        ip["address"] = {address: {}}
    return ip


def _domain(access: int, untagged: int, tagged: tuple[int, ...]) -> Tree:
    domain: Tree = {}
    if access:
        domain["access"] = access
    if untagged:
        domain["untagged"] = untagged
    if tagged:
        domain["vlan"] = {str(vlan): {} for vlan in tagged}
    return domain


def _bond(bond: Bond) -> Tree:
    inner: Tree = {"member": {name: {} for name in bond.members}} if bond.members else {}
    if bond.mode:
        inner["mode"] = bond.mode
    if bond.lacp_rate:
        inner["lacp-rate"] = bond.lacp_rate
    if bond.lacp_bypass:
        inner["lacp-bypass"] = "on"
    found: Tree = {"type": "bond"}
    if inner:
        found["bond"] = inner
    if bond.description:
        found["description"] = bond.description
    link = _link(bond.admin, bond.mtu_bytes)
    if link:
        found["link"] = link
    domain = _domain(bond.access, bond.untagged, bond.tagged)
    if bond.stp_edge:
        domain["stp"] = {"admin-edge": "on", "bpdu-guard": "on"}
    if domain:
        found["bridge"] = {"domain": {"br_default": domain}}
    if bond.es_id:
        found["evpn"] = {"multihoming": {"segment": _segment(bond)}}
    return found


def _segment(bond: Bond) -> Tree:
    segment: Tree = {"enable": "on", "local-id": bond.es_id}
    if bond.es_mac:
        segment["mac-address"] = bond.es_mac
    if bond.df_preference:
        segment["df-preference"] = bond.df_preference
    return segment


def _svi(svi: Svi) -> Tree:
    found: Tree = {"type": "svi", "vlan": svi.vlan}
    ip = _ip(svi.vrf, svi.address)
    if svi.gateway:
        ip["vrr"] = {"address": {svi.gateway: {}}, "enable": "on", "state": {"up": {}}}
    if ip:
        found["ip"] = ip
    if svi.mtu_bytes:
        found["link"] = {"mtu": svi.mtu_bytes}
    return found

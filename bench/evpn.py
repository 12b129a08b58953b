"""The EVPN fabric that all three tools are given: 96 leaves, 48 spines, three VRFs of four networks.

One description, three inputs: our ``site.yaml``, the variables of AVD, the topology of netlab. The
design is the same: unnumbered eBGP between every leaf and every spine for IPv4 and for EVPN, anycast
gateways on every leaf, 24 servers on each pair of leaves, or 12. Where the tools differ, the peers
get the lighter work: netlab ports in place of bonds and no server nodes, AVD no address of its own on
each gateway, and its variables as JSON, which costs it nothing to read. AVD carries EVPN on sessions of
its own between loopbacks, as it always does; ``merged`` forces it onto the sessions of the links, as ours
are, which is less work. The neighbours are counted by address family.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

__all__ = ["LEAVES", "PER_PAIR", "SPINES", "Network", "avd_device", "avd_fabric", "networks", "rackwright", "topology"]

LEAVES: Final = 96
SPINES: Final = 48
PER_PAIR: Final = 24
"""Servers on the two leaves of a pair when the fabric is full."""

_VRFS: Final = 3
_EACH: Final = 4
_GROUP: Final = "IPv4-UNDERLAY-PEERS"


def _servers(per_pair: int) -> int:
    """Return the servers of one VRF."""
    return per_pair // _VRFS * (LEAVES // 2)


class Network(NamedTuple):
    """One VLAN with its VRF and subnet."""

    name: str
    vlan: int
    vrf: int
    subnet: str
    gateway: str


def networks() -> tuple[Network, ...]:
    """List the networks of the fabric, VRF by VRF."""
    return tuple(
        Network(f"n{100 * vrf + 10 + at}", 100 * vrf + 10 + at, vrf, f"10.{vrf}.{8 * at}.0/21", f"10.{vrf}.{8 * at}.1")
        for vrf in range(1, _VRFS + 1)
        for at in range(_EACH)
    )


def _of(vrf: int) -> tuple[Network, ...]:
    return tuple(net for net in networks() if net.vrf == vrf)


def rackwright(per_pair: int = PER_PAIR) -> str:
    """Write our ``site.yaml``."""
    servers = _servers(per_pair)
    lines = [
        "site: {name: evpn-144, schema: 1, release: dell-nvidia-1.3}",
        "pools: {loopback: 10.255.0.0/20, vtep: 10.255.16.0/20, asn: 4200000000-4200065535}",
        "groups:",
        *(f"  t{vrf}: {{model: r660, count: {servers}}}" for vrf in range(1, _VRFS + 1)),
        "networks:",
    ]
    lines += [
        f"  {net.name}: {{vlan: {net.vlan}, vrf: T{net.vrf}, subnet: {net.subnet}, gateway: fabric, mtu_bytes: 9000}}"
        for net in networks()
    ]
    lines += [
        "fabrics:",
        "  fabric:",
        "    topology: evpn-pair",
        f"    leaves: {{model: sn5600, count: {LEAVES}, name: leaf}}",
        f"    spines: {{model: sn5600, count: {SPINES}, name: spine}}",
        "    isl: {speed: 400g, media: dr4}",
        "    attach:",
    ]
    for vrf in range(1, _VRFS + 1):
        first, *others = (net.name for net in _of(vrf))
        lines.append(
            f"      - {{group: t{vrf}, nic: cx6dx, bond: lacp, native: {first}, tagged: [{', '.join(others)}], media: dr1}}"
        )
    return "\n".join([*lines, ""])


def avd_fabric(per_pair: int = PER_PAIR, *, merged: bool = False) -> dict[str, Any]:
    """Return the variables that every device of the fabric shares in AVD, as a group of its inventory would."""
    family = {"address_family_evpn": {"peer_groups": [{"name": _GROUP, "activate": True}]}}
    forced: dict[str, Any] = {
        "bgp_peer_groups": {"ipv4_underlay_peers": {"name": _GROUP}},
        "custom_structured_configuration_router_bgp": family,
    }
    return {
        **(forced if merged else {}),
        "fabric_name": "EVPN144",
        "underlay_rfc5549": True,
        "p2p_uplinks_mtu": 9216,
        "spine": {
            "defaults": {
                "platform": "default", "loopback_ipv4_pool": "10.255.0.0/24", "bgp_as": "4200000000",
                **({"evpn_role": "none"} if merged else {}),
            },
            "nodes": [{"name": f"spine{number:02d}", "id": number} for number in range(1, SPINES + 1)],
        },
        "l3leaf": {
            "defaults": {
                "platform": "default", "loopback_ipv4_pool": "10.255.1.0/24", "vtep_loopback_ipv4_pool": "10.255.2.0/24",
                "virtual_router_mac_address": "00:00:5e:00:01:01", "mlag": False,
                **({"evpn_role": "client"} if merged else {}),
                "uplink_switches": [f"spine{number:02d}" for number in range(1, SPINES + 1)],
                "uplink_interfaces": [f"Ethernet{number}" for number in range(1, SPINES + 1)],
            },
            "node_groups": [_avd_pair(pair) for pair in range(1, LEAVES // 2 + 1)],
        },
        "tenants": [{"name": "SITE", "mac_vrf_vni_base": 4000, "vrfs": [_avd_vrf(vrf) for vrf in range(1, _VRFS + 1)]}],
        "servers": [
            _avd_server(vrf, number, per_pair // _VRFS)
            for vrf in range(1, _VRFS + 1)
            for number in range(_servers(per_pair))
        ],
    }  # fmt: skip


def avd_device(name: str) -> dict[str, Any]:
    """Return the variables of one device: its type."""
    return {"type": "spine" if name.startswith("spine") else "l3leaf", "inventory_hostname": name}


def _avd_pair(pair: int) -> dict[str, Any]:
    nodes = [
        {
            "name": f"leaf{number:02d}", "id": number, "bgp_as": str(4200000000 + number),
            "uplink_switch_interfaces": [f"Ethernet{number}"] * SPINES,
        }
        for number in (2 * pair - 1, 2 * pair)
    ]  # fmt: skip
    return {"group": f"pair{pair:02d}", "nodes": nodes}


def _avd_vrf(vrf: int) -> dict[str, Any]:
    gateways = [
        {
            "id": net.vlan, "name": net.name, "enabled": True, "mtu": 9000,
            "ip_address_virtual": f"{net.gateway}/{net.subnet.partition('/')[2]}",
        }
        for net in _of(vrf)
    ]  # fmt: skip
    return {"name": f"T{vrf}", "vrf_vni": 5000 + vrf, "svis": gateways}


def _avd_server(vrf: int, number: int, each: int) -> dict[str, Any]:
    pair, inner = divmod(number, each)
    vlans = [net.vlan for net in _of(vrf)]
    port = f"Ethernet{SPINES + (vrf - 1) * each + inner + 1}"
    adapter = {
        "endpoint_ports": ["p1", "p2"], "switch_ports": [port, port],
        "switches": [f"leaf{2 * pair + 1:02d}", f"leaf{2 * pair + 2:02d}"],
        "mode": "trunk", "vlans": f"{vlans[0]}-{vlans[-1]}", "native_vlan": vlans[0],
        "ethernet_segment": {"short_esi": "auto"}, "port_channel": {"mode": "active"},
    }  # fmt: skip
    return {"name": f"t{vrf}{number + 1:03d}", "adapters": [adapter]}


def topology() -> dict[str, Any]:
    """Return netlab's topology; its leaf and spine generator makes the nodes and links between them."""
    names = [net.name for net in networks()]
    # A trunk or a bond needs a node on the other end, which would cost netlab more: an access port each.
    ports = [
        {f"leaf{leaf}": {}, "vlan": {"access": _of(vrf)[at % _EACH].name}}
        for leaf in range(1, LEAVES + 1)
        for vrf in range(1, _VRFS + 1)
        for at in range(PER_PAIR // _VRFS)
    ]
    tenant = ["vlan", "vxlan", "vrf", "gateway"]
    return {
        "provider": "libvirt",
        "plugin": ["fabric"],
        "defaults": {"device": "cumulus_nvue", "const": {"MAX_NODE_ID": 2 * (LEAVES + SPINES)}},
        "addressing": {"p2p": {"ipv4": True, "ipv6": True}, "loopback": {"ipv4": "10.255.0.0/22"}},
        "bgp": {"community": {"ebgp": ["standard", "extended"]}, "sessions": {"ipv4": ["ebgp"]}},
        "evpn": {"session": ["ebgp"], "vlans": names, "vrfs": [f"T{vrf}" for vrf in range(1, _VRFS + 1)]},
        "vxlan": {"flooding": "evpn"},
        "gateway": {"protocol": "anycast", "id": 1},
        "vrfs": {f"T{vrf}": {"evpn": {"transit_vni": 5000 + vrf}} for vrf in range(1, _VRFS + 1)},
        "vlans": {
            net.name: {
                "id": net.vlan, "vni": 4000 + net.vlan, "vrf": f"T{net.vrf}", "mode": "irb", "gateway": True,
                "prefix": {"ipv4": net.subnet},
            }
            for net in networks()
        },
        "fabric": {
            "leafs": LEAVES, "spines": SPINES,
            "leaf": {"name": "leaf{count}", "bgp.as": "{4200000000 + count}", "module": ["bgp", "evpn", *tenant]},
            "spine": {"name": "spine{count}", "bgp.as": 4200000000, "module": ["bgp", "evpn"]},
        },
        "links": ports,
    }  # fmt: skip

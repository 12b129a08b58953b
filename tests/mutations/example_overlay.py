"""An EVPN fabric in code: five pairs of leaves with dual-homed hosts, three spines, an ASN a switch; two switches below.

Large enough for twenty mistakes of every overlay rule, small enough to be judged in a blink.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from rackwright.check import Cable, Device, Fabric, HostEnd
from rackwright.nvue.tree import merge
from tests.mutations.example import DAC, base, split
from tests.unit.check.cases import tree

LEAVES = tuple(f"fe{number:02d}" for number in range(1, 11))
SPINES = tuple(f"fs{number:02d}" for number in range(1, 4))
VLANS = {300: ("INBAND", "10.20.0"), 500: ("INBAND", "10.20.8"), 900: ("GPU", "10.20.16")}
VRFS = {"INBAND": (50001, 3001), "GPU": (50002, 3002)}
BGP = "vrf default router bgp"
BONDS = tuple(f"bond1s{sub}" for sub in range(4))
BELOW = {"fo01": ("fe01", "fe02"), "fo02": ("fe03", "fe04")}
"""Switches that hang on a pair of leaves with one bond."""


def speaker(name: str, number: int) -> dict[str, Any]:
    """Give what leaf and spine share: a loopback, EVPN over eBGP, RoCE."""
    return merge(
        base(name, number),
        tree(
            {
                "interface lo type": "loopback",
                f"interface lo ip address 10.255.1.{number}/32": {},
                "router bgp enable": "on",
                "router bgp autonomous-system": 4200001000 + number,
                "router bgp router-id": f"10.255.1.{number}",
                "evpn enable": "on",
                f"{BGP} enable": "on",
                f"{BGP} address-family ipv4-unicast enable": "on",
                f"{BGP} address-family ipv4-unicast redistribute connected enable": "on",
                f"{BGP} address-family l2vpn-evpn enable": "on",
                f"{BGP} path-selection multipath aspath-ignore": "on",
                f"{BGP} peer-group underlay remote-as": "external",
                f"{BGP} peer-group underlay address-family ipv4-unicast enable": "on",
                f"{BGP} peer-group underlay address-family l2vpn-evpn enable": "on",
                f"{BGP} peer-group underlay bfd enable": "on",
                "qos roce enable": "on",
                "qos roce mode": "lossless",
                "qos traffic-pool default-lossy memory-percent": 10,
                "qos traffic-pool roce-lossless memory-percent": 90,
            }
        ),
    )


def session(port: str) -> dict[str, Any]:
    """Run BGP over a port."""
    return {f"{BGP} neighbor {port} type": "unnumbered", f"{BGP} neighbor {port} peer-group": "underlay"}


def tunnels(number: int) -> dict[str, Any]:
    """Give a leaf its VTEP, its VLANs and its VRFs."""
    leaves: dict[str, Any] = {
        "bridge domain br_default type": "vlan-aware",
        "evpn multihoming enable": "on",
        "nve vxlan enable": "on",
        "nve vxlan source address": f"10.255.1.{number}",
        "nve vxlan arp-nd-suppress": "on",
        "nve vxlan encapsulation dscp action": "copy",
        "nve vxlan decapsulation dscp action": "preserve",
        "router vrr enable": "on",
    }
    for vlan, (vrf, stem) in VLANS.items():
        leaves[f"bridge domain br_default vlan {vlan} vni {10000 + vlan}"] = {}
        leaves[f"interface vlan{vlan} type"] = "svi"
        leaves[f"interface vlan{vlan} vlan"] = vlan
        leaves[f"interface vlan{vlan} ip vrf"] = vrf
        leaves[f"interface vlan{vlan} ip address {stem}.{number + 1}/22"] = {}
        leaves[f"interface vlan{vlan} ip vrr address {stem}.1/22"] = {}
    for position, (vrf, (vni, vlan)) in enumerate(VRFS.items()):
        leaves[f"vrf {vrf} evpn enable"] = "on"
        leaves[f"vrf {vrf} evpn vni {vni}"] = {}
        leaves[f"vrf {vrf} evpn vlan"] = vlan
        leaves[f"vrf {vrf} loopback ip address 10.255.{2 + position}.{number}/32"] = {}
        leaves[f"vrf {vrf} loopback ip address 127.0.0.1/8"] = {}
        leaves[f"vrf {vrf} router bgp enable"] = "on"
        leaves[f"vrf {vrf} router bgp address-family ipv4-unicast redistribute connected enable"] = "on"
    return leaves


def leaf(number: int, name: str) -> dict[str, Any]:
    """Give a leaf: four bonds on cage 1, two links to each spine on cages 61 to 63."""
    leaves = {**tunnels(number), **split(1, "4x", 2)}
    for sub, bond in enumerate(BONDS):
        stem = f"interface {bond}"
        segment = f"{stem} evpn multihoming segment"
        leaves[f"{stem} type"] = "bond"
        leaves[f"{stem} bond member swp1s{sub}"] = {}
        leaves[f"{stem} bond lacp-bypass"] = "on"
        leaves[f"{stem} bridge domain br_default untagged"] = 300
        leaves[f"{stem} bridge domain br_default vlan 500"] = {}
        leaves[f"{segment} enable"] = "on"
        leaves[f"{segment} local-id"] = 100 * ((number + 1) // 2) + sub
        leaves[f"{segment} mac-address"] = "44:38:39:ff:00:01"
    for cage in (61, 62, 63):
        leaves |= split(cage, "2x", 4)
        for port in (f"swp{cage}s0", f"swp{cage}s1"):
            leaves |= session(port) | {f"interface {port} evpn multihoming uplink": "on"}
    return merge(speaker(name, number), tree(leaves))


TRUNK = {"untagged": 900, "vlan 300": {}, "vlan 500": {}}


def trunk(bond: str, *members: str) -> dict[str, Any]:
    """Give a bond of a link between switches that both bridge."""
    leaves: dict[str, Any] = {f"interface {bond} type": "bond"}
    leaves |= {f"interface {bond} bond member {member}": {} for member in members}
    return leaves | {f"interface {bond} bridge domain br_default {key}": value for key, value in TRUNK.items()}


def downlink(number: int) -> dict[str, Any]:
    """Give a leaf its side of a link to a switch below."""
    segment = "interface bond2s0 evpn multihoming segment"
    return tree(
        split(2, "2x", 4)
        | trunk("bond2s0", "swp2s0")
        | {
            f"{segment} enable": "on",
            f"{segment} local-id": 100 * ((number + 1) // 2) + 50,
            f"{segment} mac-address": "44:38:39:ff:00:01",
        }
    )


def below(number: int, name: str) -> dict[str, Any]:
    """Give a switch that bridges alone: its VLANs, and one bond up."""
    leaves: dict[str, Any] = {
        "bridge domain br_default type": "vlan-aware",
        "qos roce enable": "on",
        "qos roce mode": "lossless",
        "qos traffic-pool default-lossy memory-percent": 10,
        "qos traffic-pool roce-lossless memory-percent": 90,
    }
    leaves |= {f"bridge domain br_default vlan {vlan}": {} for vlan in VLANS}
    return merge(base(name, number), tree(leaves | split(61, "2x", 4) | trunk("uplink", "swp61s0", "swp61s1")))


def spine(number: int, name: str) -> dict[str, Any]:
    """Give a spine: two links to each leaf."""
    leaves: dict[str, Any] = {}
    for cage in range(1, len(LEAVES) + 1):
        leaves |= split(cage, "2x", 4) | session(f"swp{cage}s0") | session(f"swp{cage}s1")
    return merge(speaker(name, number), tree(leaves))


def cables() -> Iterator[Cable]:
    """Give every link: splitters to the hosts, straight parts between the switches."""
    for place, name in enumerate(LEAVES):
        for sub in range(4):
            plugs = {"a_connector": "osfp", "b_connector": "qsfp112", "ways": 4, "assembly": f"{name}-1"}
            host = f"srv{place // 2 + 1}{sub + 1}"
            near, far = (name, f"swp1s{sub}"), (host, f"p{place % 2 + 1}")
            yield Cable(*near, *far, "dac-4x", "dac", speed_gbps=200, a_lanes=2, b_lanes=2, **plugs, **MEDIUM)
        for at, far_name in enumerate(SPINES):
            plugs = {"a_connector": "osfp", "b_connector": "osfp", "ways": 1, "assembly": f"{name}-{61 + at}"}
            for sub in (0, 1):
                near, far = (far_name, f"swp{place + 1}s{sub}"), (name, f"swp{61 + at}s{sub}")
                yield Cable(*near, *far, "dac-1x", "dac", speed_gbps=400, a_lanes=4, **plugs, **MEDIUM)

    for name, pair in BELOW.items():
        for sub, upper in enumerate(pair):
            plugs = {"a_connector": "osfp", "b_connector": "osfp", "ways": 1, "assembly": f"{name}-{sub}"}
            yield Cable(
                upper, "swp2s0", name, f"swp61s{sub}", "dac-1x", "dac", speed_gbps=400, a_lanes=4, **plugs, **MEDIUM
            )


MEDIUM = {key: value for key, value in DAC.items() if key != "media"}


def hosts() -> Iterator[HostEnd]:
    """Give the two ends of every host."""
    for pair in range(1, len(LEAVES) // 2 + 1):
        for sub in range(4):
            for port in ("p1", "p2"):
                name = f"srv{pair}{sub + 1}"
                yield HostEnd(
                    name, port, "b3220l", 200, 2, (100,), "qsfp112", 9000, 300, pxe=True, bond=BONDS[sub], fabric="fe"
                )


@cache
def fabric() -> Fabric:
    """Give the whole, silent under every rule."""
    trees = {name: leaf(place + 1, name) for place, name in enumerate(LEAVES)}
    trees |= {name: merge(trees[name], downlink(LEAVES.index(name) + 1)) for pair in BELOW.values() for name in pair}
    trees |= {name: below(place + 31, name) for place, name in enumerate(BELOW)}
    trees |= {name: spine(place + 21, name) for place, name in enumerate(SPINES)}
    devices = {name: Device(name, body, "sn5600") for name, body in trees.items()}
    return Fabric(devices, tuple(cables()), {(end.device, end.port): end for end in hosts()})

"""Cases of the rules about the VTEP and its EVPN sessions."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.check import Cable
from tests.unit.check.cases import Case

BGP = "vrf default router bgp"
CABLES = (Cable("leaf01", "swp61", "spine01", "swp1"),)


def vtep(address: str = "10.255.2.1", *, on_lo: str = "", announce: str = "on") -> dict[str, Any]:
    """Give a VTEP whose source is announced."""
    return {
        "nve vxlan enable": "on",
        "nve vxlan source address": address,
        f"interface lo ip address {on_lo or address + '/32'}": {},
        f"{BGP} enable": "on",
        f"{BGP} address-family ipv4-unicast redistribute connected enable": announce,
    }


def through(prefix: str, action: str = "permit") -> dict[str, Any]:
    """Send connected routes through a route map that permits one prefix list."""
    return {
        **vtep(),
        f"{BGP} address-family ipv4-unicast redistribute connected route-map": "OUT",
        "router policy route-map OUT rule 10 action permit": {},
        "router policy route-map OUT rule 10 match ip-prefix-list": "LO",
        "router policy prefix-list LO rule 10 action": action,
        f"router policy prefix-list LO rule 10 match {prefix} max-prefix-len": 32,
    }


def speaker(port: str = "swp61", *, vrf: str = "on", group: str = "on", evpn: str = "on") -> dict[str, Any]:
    """Give a switch with one EVPN session over a port."""
    return {
        "evpn enable": evpn,
        f"interface {port} type": "swp",
        f"{BGP} enable": "on",
        f"{BGP} address-family l2vpn-evpn enable": vrf,
        f"{BGP} peer-group underlay remote-as": "external",
        f"{BGP} peer-group underlay address-family l2vpn-evpn enable": group,
        f"{BGP} neighbor {port} peer-group": "underlay",
    }


def tunnelled(copy: str, preserve: str, roce: str = "on") -> dict[str, Any]:
    """Give RoCE over VXLAN."""
    return {
        "qos roce enable": roce,
        "nve vxlan enable": "on",
        "nve vxlan encapsulation dscp action": copy,
        "nve vxlan decapsulation dscp action": preserve,
    }


GROUP = "vrf.default.router.bgp.peer-group.underlay.address-family.l2vpn-evpn.enable"
FAMILY = "vrf.default.router.bgp.address-family.l2vpn-evpn.enable"
CONNECTED = "vrf.default.router.bgp.address-family.ipv4-unicast.redistribute.connected"
OUTSIDE = {
    "interface swp62 type": "swp",
    f"{BGP} peer-group edge remote-as": "external",
    f"{BGP} neighbor swp62 peer-group": "edge",
}

CASES = [
    Case("NVUE-VTEP-SOURCE", "empty", {}, (("", "error"),)),
    Case("NVUE-VTEP-SOURCE", "good", vtep()),
    Case("NVUE-VTEP-SOURCE", "good-no-vxlan", {"interface lo type": "loopback"}),
    Case("NVUE-VTEP-SOURCE", "good-through-a-route-map", through("10.255.0.0/16")),
    Case("NVUE-VTEP-SOURCE", "good-ospf-below", {**vtep(announce="off"), "vrf default router ospf enable": "on"}),
    Case("NVUE-VTEP-SOURCE", "bad-no-source", {"nve vxlan enable": "on"}, (("nve.vxlan.source.address", "fail"),)),
    Case(
        "NVUE-VTEP-SOURCE",
        "bad-not-on-lo",
        vtep(on_lo="10.255.2.9/32"),
        (("nve.vxlan.source.address", "fail"),),
    ),
    Case("NVUE-VTEP-SOURCE", "bad-no-32", vtep(on_lo="10.255.2.1/24"), (("nve.vxlan.source.address", "fail"),)),
    Case("NVUE-VTEP-SOURCE", "bad-not-announced", vtep(announce="off"), ((f"{CONNECTED}.enable", "fail"),)),
    Case(
        "NVUE-VTEP-SOURCE",
        "bad-route-map-holds-it-back",
        through("10.254.0.0/16"),
        ((f"{CONNECTED}.route-map", "fail"),),
    ),
    Case("NVUE-VTEP-REUSED", "empty-one-file", vtep(), (("", "skipped"),)),
    Case("NVUE-VTEP-REUSED", "good", {"a": vtep(), "b": vtep("10.255.2.2")}, several=True),
    Case(
        "NVUE-VTEP-REUSED",
        "bad",
        {"a": vtep(), "b": vtep()},
        (("a:nve.vxlan.source.address", "fail"), ("b:nve.vxlan.source.address", "fail")),
        several=True,
    ),
    Case(
        "NVUE-VTEP-REUSED",
        "bad-an-interface-of-another-switch",
        {"a": vtep(on_lo="10.255.2.9/32"), "b": {"interface eth0 ip address 10.255.2.1/24": {}}},
        (("a:nve.vxlan.source.address", "fail"),),
        several=True,
    ),
    Case(
        "NVUE-VTEP-REUSED",
        "bad-a-loopback-of-a-vrf-elsewhere",
        {"a": vtep(on_lo="10.255.2.9/32"), "b": {"vrf RED loopback ip address 10.255.2.1/32": {}}},
        (("a:nve.vxlan.source.address", "fail"),),
        several=True,
    ),
    Case(
        "NVUE-VTEP-REUSED",
        "bad-a-bmc",
        {"a": vtep(on_lo="10.255.2.9/32"), "b": vtep("10.255.2.2")},
        (("a:nve.vxlan.source.address", "fail"),),
        several=True,
        more={"addresses": (("gpu01:bmc", "10.255.2.1/22"),)},
    ),
    Case(
        "NVUE-VTEP-REUSED",
        "good-the-own-loopback-whoever-else-has-it",
        {"a": vtep(), "b": {"interface lo ip address 10.255.2.1/32": {}}},
        several=True,
    ),
    Case("NVUE-EVPN-FAMILY-OFF", "empty", {}, (("", "error"),)),
    Case("NVUE-EVPN-FAMILY-OFF", "good", speaker()),
    Case("NVUE-EVPN-FAMILY-OFF", "good-an-outside-neighbor-without-it", {**speaker(), **OUTSIDE}),
    Case(
        "NVUE-EVPN-FAMILY-OFF",
        "good-evpn-between-loopbacks",
        {
            **speaker(group="off"),
            "interface swp61 evpn multihoming uplink": "on",
            f"{BGP} neighbor 10.255.1.1 address-family l2vpn-evpn enable": "on",
        },
    ),
    Case("NVUE-EVPN-FAMILY-OFF", "good-no-evpn", speaker(evpn="off", vrf="off", group="off")),
    Case("NVUE-EVPN-FAMILY-OFF", "bad-vrf", speaker(vrf="off"), ((FAMILY, "fail"),)),
    Case("NVUE-EVPN-FAMILY-OFF", "bad-group", speaker(group="off"), ((GROUP, "fail"),)),
    Case(
        "NVUE-EVPN-FAMILY-OFF",
        "bad-one-uplink",
        {**speaker(), **OUTSIDE, "interface swp62 evpn multihoming uplink": "on"},
        (("vrf.default.router.bgp.peer-group.edge.address-family.l2vpn-evpn.enable", "fail"),),
    ),
    Case(
        "NVUE-EVPN-FAMILY-PEER",
        "empty-no-cables",
        {"leaf01": speaker(), "spine01": speaker("swp1")},
        (("fabric:", "skipped"),),
        several=True,
    ),
    Case(
        "NVUE-EVPN-FAMILY-PEER",
        "good-a-spine-needs-no-evpn-itself",
        {"leaf01": speaker(), "spine01": speaker("swp1", evpn="off")},
        several=True,
        cables=CABLES,
    ),
    Case(
        "NVUE-EVPN-FAMILY-PEER",
        "bad-spine",
        {"leaf01": speaker(), "spine01": speaker("swp1", evpn="off", group="off", vrf="off")},
        ((f"spine01:{FAMILY}", "fail"), (f"spine01:{GROUP}", "fail")),
        several=True,
        cables=CABLES,
    ),
    Case("NVUE-ROCE-VXLAN-DSCP", "empty", {}, (("", "error"),)),
    Case("NVUE-ROCE-VXLAN-DSCP", "good", tunnelled("copy", "preserve")),
    Case("NVUE-ROCE-VXLAN-DSCP", "good-no-roce", tunnelled("derive", "derive", roce="off")),
    Case(
        "NVUE-ROCE-VXLAN-DSCP",
        "bad",
        tunnelled("derive", "copy"),
        (("nve.vxlan.decapsulation.dscp.action", "fail"), ("nve.vxlan.encapsulation.dscp.action", "fail")),
    ),
    Case(
        "NVUE-ROCE-VXLAN-DSCP",
        "bad-not-said",
        {"qos roce enable": "on", "nve vxlan enable": "on", "nve vxlan encapsulation dscp action": "copy"},
        (("nve.vxlan.decapsulation.dscp.action", "fail"),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_evpn_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))

"""Cases of the rules about adaptive routing and MTU."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.check import Cable, HostEnd
from tests.unit.check.cases import Case

BGP = "vrf default router bgp"


def adaptive(*names: str) -> dict[str, Any]:
    """Turn adaptive routing on on interfaces."""
    return {f"interface {name} router adaptive-routing enable": "on" for name in names}


def split(mode: str = "2x", *cages: int) -> dict[str, Any]:
    """Split cages."""
    return {f"interface swp{cage} link breakout {mode}": {} for cage in cages or (61,)}


def group(*names: str) -> dict[str, Any]:
    """Give BGP neighbors of one peer group."""
    ports = {f"interface {name} type": "swp" for name in names}
    return {**ports, **{f"{BGP} neighbor {name} peer-group": "underlay" for name in names}}


def vtep(mtu: int = 9216, vni_mtu: int | None = None) -> dict[str, Any]:
    """Give a VTEP with one uplink, and a host port in a stretched VLAN."""
    leaves = {
        **group("swp61"),
        f"{BGP} peer-group underlay address-family l2vpn-evpn enable": "on",
        "nve vxlan enable": "on",
        "bridge domain br_default vlan 300 vni 10300": {},
        "interface swp1 bridge domain br_default access": 300,
        "interface swp61 link mtu": mtu,
    }
    return {**leaves, "nve vxlan mtu": vni_mtu} if vni_mtu else leaves


def ar_path(name: str) -> str:
    """Give the path that a finding about adaptive routing has."""
    return f"interface.{name}.router.adaptive-routing.enable"


LINK = (Cable("a", "swp61s0", "b", "swp1s0"),)
HOST_CABLE = (Cable("leaf01", "swp1", "gpu01", "p1"),)
HOST = {"hosts": {("gpu01", "p1"): HostEnd("gpu01", "p1", mtu_bytes=9000)}}
PORT = "interface swp61s0 link mtu"

CASES = [
    Case("NVUE-AR-PORT", "empty", {}, (("", "error"),)),
    Case("NVUE-AR-PORT", "good-400g", {**split(), **adaptive("swp61s0")}),
    Case("NVUE-AR-PORT", "good-unknown-model", adaptive("swp61"), model=None),
    Case("NVUE-AR-PORT", "bad-800g", adaptive("swp61"), ((ar_path("swp61"), "fail"),)),
    Case(
        "NVUE-AR-PORT",
        "bad-role-and-vrf",
        {
            **split("2x", 61, 62),
            **adaptive("bond1", "vlan300", "swp61s0", "swp61s1", "swp62s0", "swp62s1.100"),
            "interface bond1 bond member swp61s0": {},
            "interface swp61s1 ip vrf": "RED",
            "interface swp62s0 bridge domain br_default access": 300,
        },
        tuple((ar_path(name), "fail") for name in ("bond1", "vlan300", "swp61s0", "swp61s1", "swp62s0", "swp62s1.100")),
    ),
    Case(
        "NVUE-AR-PORT",
        "bad-asic",
        {**adaptive("swp49"), "router adaptive-routing enable": "on"},
        ((ar_path("swp49"), "fail"), ("router.adaptive-routing.enable", "fail")),
        model="sn2201",
    ),
    Case("NVUE-AR-ECMP", "empty", {}, (("", "error"),)),
    Case("NVUE-AR-ECMP", "good-all", {**group("swp1", "swp2"), **adaptive("swp1", "swp2")}),
    Case("NVUE-AR-ECMP", "good-none", group("swp1", "swp2")),
    Case(
        "NVUE-AR-ECMP",
        "bad-one-without",
        {**group("swp1", "swp2", "swp3"), **adaptive("swp1", "swp2")},
        ((ar_path("swp3"), "fail"),),
    ),
    Case(
        "NVUE-AR-ECMP",
        "bad-one-with",
        {**group("swp1", "swp2", "swp3"), **adaptive("swp1")},
        ((ar_path("swp1"), "fail"),),
    ),
    Case(
        "NVUE-AR-ECMP",
        "bad-in-another-vrf",
        {
            **adaptive("swp1"),
            **{f"interface {name} type": "swp" for name in ("swp1", "swp2", "swp3")},
            **{f"vrf RED router bgp neighbor {name} peer-group": "out" for name in ("swp1", "swp2", "swp3")},
        },
        ((ar_path("swp1"), "fail"),),
    ),
    Case("NVUE-AR-ECMP", "bad-half", {**group("swp1", "swp2"), **adaptive("swp1")}, ((ar_path("swp2"), "fail"),)),
    Case(
        "NVUE-AR-ENDS", "empty-no-cables", {"a": adaptive("swp61s0"), "b": {}}, (("fabric:", "skipped"),), several=True
    ),
    Case(
        "NVUE-AR-ENDS",
        "good",
        {"a": adaptive("swp61s0"), "b": adaptive("swp1s0")},
        several=True,
        cables=LINK,
    ),
    Case(
        "NVUE-AR-ENDS",
        "bad",
        {"a": adaptive("swp61s0"), "b": {"interface swp1s0 type": "swp"}},
        ((f"b:{ar_path('swp1s0')}", "fail"),),
        several=True,
        cables=LINK,
    ),
    Case("NVUE-MTU-ENDS", "empty-no-cables", {"a": {PORT: 1500}, "b": {}}, (("fabric:", "skipped"),), several=True),
    Case(
        "NVUE-MTU-ENDS",
        "good",
        {"a": {"interface swp61s0 type": "swp"}, "b": {"interface swp1s0 link mtu": 9216}},
        several=True,
        cables=LINK,
    ),
    Case(
        "NVUE-MTU-ENDS",
        "bad-the-smaller-end",
        {"a": {PORT: 1500}, "b": {"interface swp1s0 type": "swp"}},
        (("a:interface.swp61s0.link.mtu", "fail"),),
        several=True,
        cables=LINK,
    ),
    Case(
        "NVUE-MTU-ENDS",
        "bad-bond-below-its-host",
        {
            "leaf01": {
                "interface bond1 bond member swp1": {},
                "interface bond1 link mtu": 1500,
                "interface swp1 type": "swp",
            },
            "leaf02": {"interface swp1 type": "swp"},
        },
        (("leaf01:interface.bond1.link.mtu", "fail"),),
        several=True,
        cables=HOST_CABLE,
        more=HOST,
    ),
    Case("NVUE-MTU-VXLAN", "empty", {}, (("", "error"),)),
    Case("NVUE-MTU-VXLAN", "good", vtep(vni_mtu=9166)),
    Case("NVUE-MTU-VXLAN", "good-host", vtep(), cables=HOST_CABLE, more=HOST),
    Case("NVUE-MTU-VXLAN", "bad-vni", vtep(vni_mtu=9200), (("interface.swp61.link.mtu", "fail"),)),
    Case(
        "NVUE-MTU-VXLAN",
        "bad-host",
        vtep(9000),
        (("interface.swp61.link.mtu", "fail"),),
        cables=HOST_CABLE,
        more=HOST,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_the_way_of_a_packet_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))

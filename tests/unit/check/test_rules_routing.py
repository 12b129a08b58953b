"""Cases of the rules about BGP."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.check import Cable
from tests.unit.check.cases import Case

BGP = "vrf default router bgp"
DOT = "vrf.default.router.bgp"
ONE_FILE = (("", "skipped"),)
UNCABLED = (("fabric:", "skipped"),)


def speaker(asn: object, router_id: str, *ports: str, remote: str = "external", **more: Any) -> dict[str, Any]:
    """Give a switch that speaks BGP over ports; ``more`` is set on its peer group."""
    leaves: dict[str, Any] = {
        "router bgp autonomous-system": asn,
        "router bgp router-id": router_id,
        "router bgp enable": "on",
        f"{BGP} enable": "on",
        f"{BGP} peer-group underlay remote-as": remote,
    }
    for port in ports:
        leaves[f"interface {port} type"] = "swp"
        leaves[f"{BGP} neighbor {port} peer-group"] = "underlay"
    more = {key.replace("__", "-").replace("_", " "): value for key, value in more.items()}
    return {**leaves, **{f"{BGP} peer-group underlay {key}": value for key, value in more.items()}}


def star(spines: tuple[int, int] = (65100, 65101), leaves: tuple[int, int] = (65001, 65002), **of_leaf1: Any) -> dict:
    """Give two leaves and two spines, each leaf with a port to each spine."""
    return {
        "leaf01": {**speaker(leaves[0], "1.0.0.1", "swp61", "swp62"), **of_leaf1},
        "leaf02": {**speaker(leaves[1], "1.0.0.2", "swp61", "swp62"), **IGNORE},
        "spine01": {**speaker(spines[0], "1.0.1.1", "swp1", "swp2"), **IGNORE},
        "spine02": {**speaker(spines[1], "1.0.1.2", "swp1", "swp2"), **IGNORE},
    }


IGNORE = {f"{BGP} path-selection multipath aspath-ignore": "on"}
CABLES = tuple(
    Cable(f"leaf0{leaf}", f"swp6{spine}", f"spine0{spine}", f"swp{leaf}") for leaf in (1, 2) for spine in (1, 2)
)
PAIR = (Cable("a", "swp1", "b", "swp1"),)
HOST = {"interface swp9 ip address 10.200.1.0/31": {}}
ACCEPT = "address-family ipv4-unicast aspath allow-my-asn enable"
CLIENT = "address-family ipv4-unicast route-reflector-client"

IDENTITY = [
    Case("NVUE-BGP-INCOMPLETE", "empty", {}, (("", "error"),)),
    Case("NVUE-BGP-INCOMPLETE", "good", speaker(65001, "1.0.0.1", "swp1")),
    Case(
        "NVUE-BGP-INCOMPLETE",
        "good-router-id-in-the-vrf",
        {**speaker(65001, "none", "swp1"), f"{BGP} router-id": "1.0.0.1"},
    ),
    Case("NVUE-BGP-INCOMPLETE", "bad-router-id", speaker(65001, "none", "swp1"), (("router.bgp.router-id", "fail"),)),
    Case(
        "NVUE-BGP-INCOMPLETE",
        "bad-asn",
        speaker("none", "1.0.0.1", "swp1"),
        (("router.bgp.autonomous-system", "fail"),),
    ),
    Case(
        "NVUE-BGP-INCOMPLETE",
        "bad-remote-as-of-a-neighbor-and-of-a-group",
        {
            **speaker(65001, "1.0.0.1", "swp1"),
            f"{BGP} neighbor swp2 type": "unnumbered",
            f"{BGP} neighbor swp3 peer-group": "new",
            f"{BGP} peer-group new bfd enable": "on",
        },
        ((f"{DOT}.neighbor.swp2.remote-as", "fail"), (f"{DOT}.peer-group.new.remote-as", "fail")),
    ),
    Case("NVUE-IDENTITY-TWICE", "empty-one-file", speaker(65001, "1.0.0.1"), ONE_FILE),
    Case(
        "NVUE-IDENTITY-TWICE",
        "good",
        {"a": speaker(1, "1.0.0.1"), "b": {**speaker(1, "1.0.0.2"), "vrf RED loopback ip address 127.0.0.1/8": {}}},
        several=True,
    ),
    Case(
        "NVUE-IDENTITY-TWICE",
        "bad-router-id-and-loopbacks",
        {
            name: {
                **speaker(1, "1.0.0.1"),
                "interface lo ip address 10.255.0.1/32": {},
                "vrf RED loopback ip address 10.255.9.1/32": {},
            }
            for name in "ab"
        },
        tuple(
            (f"{name}:{path}", "fail")
            for name in "ab"
            for path in (
                "router.bgp.router-id",
                "interface.lo.ip.address.10.255.0.1/32",
                "vrf.RED.loopback.ip.address.10.255.9.1/32",
            )
        ),
        several=True,
    ),
    Case(
        "NVUE-REMOTE-AS",
        "empty-no-cables",
        {"a": speaker(1, "1.0.0.1", "swp1"), "b": speaker(1, "1.0.0.2", "swp1")},
        UNCABLED,
        several=True,
    ),
    Case(
        "NVUE-REMOTE-AS",
        "good-ibgp-between-equal-asns",
        {
            name: speaker(65000, router, "swp1", remote="internal")
            for name, router in (("a", "1.1.1.1"), ("b", "1.1.1.2"))
        },
        several=True,
        cables=PAIR,
    ),
    Case(
        "NVUE-REMOTE-AS",
        "bad-external-between-equal-asns",
        {"a": speaker(65000, "1.1.1.1", "swp1"), "b": speaker(65000, "1.1.1.2", "swp1", remote="internal")},
        ((f"a:{DOT}.peer-group.underlay.remote-as", "fail"),),
        several=True,
        cables=PAIR,
    ),
    Case(
        "NVUE-REMOTE-AS",
        "bad-number",
        {"a": speaker(65001, "1.1.1.1", "swp1", remote="65009"), "b": speaker(65002, "1.1.1.2", "swp1")},
        ((f"a:{DOT}.peer-group.underlay.remote-as", "fail"),),
        several=True,
        cables=PAIR,
    ),
    Case("NVUE-AUTO-BGP", "empty", {}, (("", "error"),)),
    Case("NVUE-AUTO-BGP", "good", {**speaker(65001, "1.0.0.1"), "vrf RED router bgp autonomous-system": "auto"}),
    Case(
        "NVUE-AUTO-BGP",
        "bad",
        {**speaker("leaf", "1.0.0.1"), "vrf RED router bgp autonomous-system": "spine"},
        (("router.bgp.autonomous-system", "fail"), ("vrf.RED.router.bgp.autonomous-system", "fail")),
    ),
]

NEIGHBORS = [
    Case("NVUE-NEIGHBOR-INTERFACE", "empty", {}, (("", "error"),)),
    Case(
        "NVUE-NEIGHBOR-INTERFACE",
        "good",
        {**speaker(65001, "1.0.0.1", "swp1"), f"{BGP} neighbor 10.0.0.1 peer-group": "underlay"},
    ),
    Case(
        "NVUE-NEIGHBOR-INTERFACE",
        "good-peerlink-that-nvue-makes",
        {f"{BGP} neighbor peerlink.4094 remote-as": "internal", "interface peerlink type": "peerlink"},
    ),
    Case(
        "NVUE-NEIGHBOR-INTERFACE",
        "bad-each-way",
        {
            **speaker(65001, "1.0.0.1", "swp1", "swp2", "swp3", "swp4"),
            f"{BGP} neighbor swp9 peer-group": "underlay",
            "interface swp1 bridge domain br_default access": 10,
            "interface bond2 bond member swp2": {},
            "interface swp3 ip vrf": "RED",
            "interface swp4 ip ipv6 enable": "off",
        },
        tuple((f"{DOT}.neighbor.swp{number}", "fail") for number in (1, 2, 3, 4, 9)),
    ),
    Case("NVUE-RR-CLIENT-EBGP", "empty", {}, (("", "error"),)),
    Case(
        "NVUE-RR-CLIENT-EBGP",
        "good",
        {**speaker(65001, "1.0.0.1", "swp1", remote="internal"), f"{BGP} peer-group underlay {CLIENT}": "on"},
    ),
    Case(
        "NVUE-RR-CLIENT-EBGP",
        "bad-group-and-neighbor",
        {
            **speaker(65001, "1.0.0.1", "swp1"),
            f"{BGP} peer-group underlay {CLIENT}": "on",
            f"{BGP} neighbor swp1 {CLIENT}": "on",
        },
        (
            (f"{DOT}.neighbor.swp1.address-family.ipv4-unicast.route-reflector-client", "fail"),
            (f"{DOT}.peer-group.underlay.address-family.ipv4-unicast.route-reflector-client", "fail"),
        ),
    ),
]

PATHS = [
    Case("NVUE-ASPATH-IGNORE", "empty-no-cables", star(), UNCABLED, several=True),
    Case("NVUE-ASPATH-IGNORE", "good", star(**IGNORE), several=True, cables=CABLES),
    Case("NVUE-ASPATH-IGNORE", "good-spines-of-one-asn", star((65100, 65100)), several=True, cables=CABLES),
    Case(
        "NVUE-ASPATH-IGNORE",
        "bad",
        star(),
        ((f"leaf01:{DOT}.path-selection.multipath.aspath-ignore", "fail"),),
        several=True,
        cables=CABLES,
    ),
    Case("NVUE-ASN-PLAN", "empty-one-file", speaker(65001, "1.0.0.1", "swp1"), ONE_FILE),
    Case("NVUE-ASN-PLAN", "good-spines-may-share", star((65100, 65100)), several=True, cables=CABLES),
    Case(
        "NVUE-ASN-PLAN",
        "good-one-asn-over-ibgp",
        {name: {**speaker(65000, "1.1.1.1", "swp1", remote="internal"), **HOST} for name in "ab"},
        several=True,
    ),
    Case(
        "NVUE-ASN-PLAN",
        "bad-leaves-share",
        {name: {**speaker(65000, "1.1.1.1", "swp1"), **HOST} for name in "ab"},
        (("a:router.bgp.autonomous-system", "fail"), ("b:router.bgp.autonomous-system", "fail")),
        several=True,
    ),
    *(
        Case(
            "NVUE-ASN-PLAN",
            f"bad-leaves-share-written-{place}",
            {"a": {**speaker(65537, "1.1.1.1", "swp1"), **HOST}, "b": {**speaker(text, "1.1.1.2", "swp1"), **HOST}},
            (("a:router.bgp.autonomous-system", "fail"), ("b:router.bgp.autonomous-system", "fail")),
            several=True,
        )
        for place, text in enumerate(("65537", "AS65537", "as 65537", "1.1", " 65537", "065537"))
    ),
    Case(
        "NVUE-ASN-PLAN",
        "bad-spines-share-and-accept-their-own",
        {
            "a": {**speaker(65100, "1.1.1.1", "swp1"), f"{BGP} peer-group underlay {ACCEPT}": "on"},
            "b": speaker(65100, "1.1.1.2", "swp1"),
        },
        ((f"a:{DOT}.peer-group.underlay.{ACCEPT.replace(' ', '.')}", "fail"),),
        several=True,
    ),
    Case("NVUE-TIMERS-ASYMMETRIC", "empty-no-cables", star(), UNCABLED, several=True),
    Case("NVUE-TIMERS-ASYMMETRIC", "good", star(), several=True, cables=CABLES),
    Case(
        "NVUE-TIMERS-ASYMMETRIC",
        "good-the-default-said-and-not-said",
        {
            "a": speaker(1, "1.1.1.1", "swp1", bfd_enable="on", bfd_min__rx__interval=300),
            "b": speaker(2, "1.1.1.2", "swp1", bfd_enable="on"),
        },
        several=True,
        cables=PAIR,
    ),
    Case(
        "NVUE-TIMERS-ASYMMETRIC",
        "bad-the-one-that-differs",
        star(**{f"{BGP} peer-group underlay bfd enable": "on", f"{BGP} neighbor swp61 timers hold": 30}),
        (
            (f"leaf01:{DOT}.neighbor.swp61.timers.hold", "fail"),
            (f"leaf01:{DOT}.peer-group.underlay.bfd.enable", "fail"),
        ),
        several=True,
        cables=CABLES,
    ),
    Case(
        "NVUE-TIMERS-ASYMMETRIC",
        "bad-pair-nobody-knows-who",
        {"a": speaker(1, "1.1.1.1", "swp1", timers_keepalive=1), "b": speaker(2, "1.1.1.2", "swp1")},
        (
            (f"a:{DOT}.peer-group.underlay.timers.keepalive", "fail"),
            (f"b:{DOT}.peer-group.underlay.timers.keepalive", "fail"),
        ),
        several=True,
        cables=PAIR,
    ),
]

CASES = [*IDENTITY, *NEIGHBORS, *PATHS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_bgp_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))

"""Cases of the rules about route policy."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.check import Device, View
from rackwright.check.policy import permits
from tests.unit.check.cases import Case, tree

BGP = "vrf default router bgp"
DOT = "vrf.default.router.bgp"
CONNECTED = "address-family ipv4-unicast redistribute connected"


def announcing(route_map: str = "", **more: Any) -> dict[str, Any]:
    """Give a switch that redistributes connected routes, through a route map or not."""
    leaves = {f"{BGP} enable": "on", f"{BGP} {CONNECTED} enable": "on", **more}
    return {**leaves, f"{BGP} {CONNECTED} route-map": route_map} if route_map else leaves


def rule(map_name: str, number: int, action: str, **match: Any) -> dict[str, Any]:
    """Give one rule of a route map."""
    base = f"router policy route-map {map_name} rule {number}"
    pairs = {f"{base} match {key.replace('_', '-')}": value for key, value in match.items()}
    return {f"{base} action {action}": {}, **pairs}


def line(list_name: str, prefix: str, action: str = "permit", **bounds: int) -> dict[str, Any]:
    """Give one line of a prefix list."""
    base = f"router policy prefix-list {list_name} rule 10"
    stated = {f"{base} match {prefix} {key}-prefix-len": value for key, value in bounds.items()}
    return {f"{base} action": action, **(stated or {f"{base} match {prefix}": {}})}


ETH0 = {"interface eth0 ip address 10.10.0.5/24": {}}
FROM = "vrf.RED.router.bgp.address-family.ipv4-unicast.route-import.from-vrf"


def importing(route_map: str = "", **more: Any) -> dict[str, Any]:
    """Give a VRF that imports another one, through a route map or not."""
    base = FROM.replace(".", " ")
    leaves = {"vrf RED router bgp enable": "on", f"{base} enable": "on", f"{base} list BLUE": {}, **more}
    return {**leaves, f"{base} route-map": route_map} if route_map else leaves


HOST = {"interface swp1s0 ip address 10.200.1.0/31": {}}
LOOPBACK = {"vrf RED loopback ip address 10.255.20.1/32": {}}

CASES = [
    Case("NVUE-POLICY-UNDEFINED", "empty", {}, (("", "error"),)),
    Case(
        "NVUE-POLICY-UNDEFINED",
        "good",
        {
            **announcing("OUT"),
            **rule("OUT", 10, "permit", ip_prefix_list="LO"),
            **line("LO", "10.0.0.0/8"),
            f"{BGP} peer-group underlay remote-as": "external",
            f"{BGP} neighbor swp1 peer-group": "underlay",
            "system control-plane acl acl-default-dos inbound": {},
            "interface swp1 acl MINE inbound": {},
            "acl MINE type": "ipv4",
        },
    ),
    Case(
        "NVUE-POLICY-UNDEFINED",
        "bad-each-kind",
        {
            **announcing("OUT"),
            **rule("IN", 10, "permit", community_list="11", ip_prefix_list="LO"),
            f"{BGP} peer-group underlay address-family ipv4-unicast policy inbound prefix-list": "LO",
            f"{BGP} neighbor swp1 peer-group": "undrelay",
            "system control-plane acl MINE inbound": {},
        },
        (
            (f"{DOT}.{CONNECTED.replace(' ', '.')}.route-map", "fail"),
            ("router.policy.route-map.IN.rule.10.match.community-list", "fail"),
            ("router.policy.route-map.IN.rule.10.match.ip-prefix-list", "fail"),
            (f"{DOT}.peer-group.underlay.address-family.ipv4-unicast.policy.inbound.prefix-list", "fail"),
            (f"{DOT}.neighbor.swp1.peer-group", "fail"),
            ("system.control-plane.acl.MINE", "fail"),
        ),
    ),
    Case("NVUE-POLICY-DEAD", "empty", {}, (("", "error"),)),
    Case(
        "NVUE-POLICY-DEAD",
        "good",
        {
            **rule("OUT", 10, "permit", interface="lo"),
            **rule("OUT", 20, "permit", ip_prefix_list="LO"),
            **line("LO", "10.0.0.0/8", max=32),
        },
    ),
    Case("NVUE-POLICY-DEAD", "good-deny-may-match-nothing", rule("OUT", 10, "deny", interface="swp99")),
    Case(
        "NVUE-POLICY-DEAD",
        "bad",
        {
            **rule("OUT", 10, "permit", interface="swp99"),
            **rule("OUT", 20, "permit", ip_prefix_list="NONE"),
            **line("NONE", "10.0.0.0/8", "deny"),
            **line("LO", "10.0.0.0/16", max=8),
        },
        (
            ("router.policy.prefix-list.LO.rule.10.match.10.0.0.0/16", "fail"),
            ("router.policy.route-map.OUT.rule.10.match.interface", "fail"),
            ("router.policy.route-map.OUT.rule.20.match.ip-prefix-list", "fail"),
        ),
    ),
    Case("NVUE-REDISTRIBUTE-LEAK", "empty", {}, (("", "error"),)),
    Case("NVUE-REDISTRIBUTE-LEAK", "good-eth0-elsewhere", {**announcing(), **ETH0, "interface eth0 ip vrf": "mgmt"}),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "good-held-back-by-a-route-map",
        {**announcing("OUT"), **ETH0, **HOST, **rule("OUT", 10, "permit", interface="lo")},
    ),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "good-fabric-links-are-no-hosts",
        {**announcing(), **HOST, f"{BGP} neighbor 10.200.1.1 remote-as": "external"},
    ),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "bad-eth0",
        {**announcing(), **ETH0},
        ((f"{DOT}.{CONNECTED.replace(' ', '.')}.enable", "fail"),),
    ),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "bad-eth0-through-a-route-map",
        {**announcing("OUT"), **ETH0, **rule("OUT", 10, "permit")},
        ((f"{DOT}.{CONNECTED.replace(' ', '.')}.route-map", "fail"),),
    ),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "bad-host-links",
        {**announcing(), **HOST},
        ((f"{DOT}.{CONNECTED.replace(' ', '.')}.enable", "fail"),),
    ),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "good-import-of-a-prefix-list",
        {**importing("IN"), **rule("IN", 10, "permit", ip_prefix_list="MGMT"), **line("MGMT", "10.10.0.0/22", max=32)},
    ),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "good-import-without-what-is-denied",
        {
            **importing("IN"),
            **rule("IN", 10, "deny", ip_prefix_list="MGMT"),
            **rule("IN", 20, "permit"),
            **line("MGMT", "10.10.0.0/22"),
        },
    ),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "good-import-by-what-is-not-evaluated",
        {**importing("IN"), **rule("IN", 10, "permit", community_list="GREEN")},
    ),
    Case("NVUE-REDISTRIBUTE-LEAK", "good-import-through-what-is-not-defined", importing("NO_SUCH")),
    Case("NVUE-REDISTRIBUTE-LEAK", "bad-import-of-all", importing(), ((f"{FROM}.route-map", "fail"),)),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "bad-import-through-an-empty-permit",
        {**importing("IN"), **rule("IN", 10, "permit")},
        ((f"{FROM}.route-map", "fail"),),
    ),
    Case(
        "NVUE-REDISTRIBUTE-LEAK",
        "bad-import-of-a-list-of-everything",
        {**importing("IN"), **rule("IN", 10, "permit", ip_prefix_list="ALL"), **line("ALL", "0.0.0.0/0", max=32)},
        ((f"{FROM}.route-map", "fail"),),
    ),
    Case("NVUE-VRF-LOOPBACK-127", "empty", {}, (("", "error"),)),
    Case("NVUE-VRF-LOOPBACK-127", "good", {**LOOPBACK, "vrf RED loopback ip address 127.0.0.1/8": {}}),
    Case("NVUE-VRF-LOOPBACK-127", "good-no-loopback", {"vrf RED table": "auto"}),
    Case("NVUE-VRF-LOOPBACK-127", "good-fixed-in-5.13", LOOPBACK, device={"nos": "5.13.0"}),
    Case("NVUE-VRF-LOOPBACK-127", "good-not-yet-in-5.9", LOOPBACK, device={"nos": "5.9.1"}),
    Case("NVUE-VRF-LOOPBACK-127", "bad", LOOPBACK, (("vrf.RED.loopback.ip.address", "fail"),)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_policy_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))


@pytest.mark.parametrize(
    ("bounds", "prefix", "through"),
    [
        ({}, "10.0.0.0/8", True),
        ({}, "10.1.0.0/16", False),
        ({"max": 16}, "10.1.0.0/16", True),
        ({"max": 16}, "10.1.1.0/24", False),
        ({"min": 24}, "10.1.1.0/24", True),
        ({"min": 24}, "10.1.0.0/16", False),
        ({"max": 32}, "11.0.0.0/8", False),
    ],
)
def test_a_prefix_list_goes_by_prefix_and_length(bounds: dict[str, int], prefix: str, through: bool) -> None:
    """Without bounds only the prefix itself fits; with bounds what lies inside, as FRR's ge and le do."""
    leaves = {**rule("OUT", 10, "permit", ip_prefix_list="LO"), **line("LO", "10.0.0.0/8", **bounds)}
    assert permits(View(Device("leaf01", tree(leaves))), "OUT", prefix, "swp1") is through


def test_an_unknown_condition_is_no_proof() -> None:
    """A match on a community may fit a connected route; nothing is claimed of it."""
    leaves = rule("OUT", 10, "deny", community_list="11")
    assert permits(View(Device("leaf01", tree(leaves))), "OUT", "10.0.0.0/8", "lo")

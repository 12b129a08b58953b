"""What a change interrupts: each class by its path, what is new or unused, and the ports that are touched."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright import diff
from rackwright.diff.classes import CLASSES, NEW
from rackwright.diff.disruption import CLEAR, Disruption, Trees, worst


def classify(path: tuple[str, ...], change: Any, before: dict[str, Any], after: dict[str, Any]) -> Disruption:
    """Ask about one change between two trees."""
    return diff.classify(path, change, Trees(before, after))


def nest(path: str, value: Any = None) -> dict[str, Any]:
    """Grow a tree with one node."""
    out: dict[str, Any] = {} if value is None else value
    for key in reversed(path.split(" ")):
        out = {key: out}
    return out


@pytest.mark.parametrize(
    ("path", "change", "kind"),
    [
        ("evpn multihoming enable", "~", "switchd-restart"),
        ("evpn multihoming startup-delay", "~", "none"),
        ("router adaptive-routing enable", "+", "switchd-restart"),
        ("interface swp1s0 router adaptive-routing enable", "-", "switchd-restart"),
        ("system global reserved vlan internal range", "~", "switchd-restart"),
        ("router bgp enable", "+", "frr-restart"),
        ("router bgp autonomous-system", "~", "frr-restart"),
        ("vrf RED router bgp autonomous-system", "~", "frr-restart"),
        ("vrf RED router bgp neighbor swp1 peer-group", "~", "session-reset"),
        ("vrf RED router bgp neighbor swp1 description", "~", "none"),
        ("vrf RED router bgp neighbor swp1 type", "-", "session-reset"),
        ("vrf RED router bgp peer-group campus remote-as", "~", "session-reset"),
        ("vrf default router bgp peer-group underlay address-family l2vpn-evpn enable", "-", "session-reset"),
        ("vrf default router bgp address-family l2vpn-evpn enable", "-", "traffic-loss"),
        ("router bgp router-id", "~", "session-reset"),
        ("evpn enable", "~", "traffic-loss"),
        ("nve vxlan enable", "~", "traffic-loss"),
        ("nve vxlan source address", "~", "traffic-loss"),
        ("bridge domain br_default vlan 300 vni 10300", "-", "traffic-loss"),
        ("interface vlan300 ip vrr address 10.0.0.1/24", "-", "traffic-loss"),
        ("interface vlan300 ip vrf", "~", "traffic-loss"),
        ("interface vlan300 ip address 10.0.0.2/24", "-", "traffic-loss"),
        ("interface lo ip address 10.255.0.1/32", "-", "traffic-loss"),
        ("interface bond1 bridge domain br_default vlan 500", "-", "traffic-loss"),
        ("service dhcp-relay RED server 10.0.0.5", "-", "traffic-loss"),
        ("system docker state", "~", "unknown"),
        ("wholly unknown", "-", "unknown"),
        ("system message pre-login", "~", "none"),
        ("service ntp mgmt server 10.0.0.5", "-", "none"),
        ("interface eth0 ip gateway 10.10.0.1", "-", "management"),
        ("vrf mgmt router static 0.0.0.0/0 address-family", "+", "management"),
        ("system control-plane acl acl-default-dos inbound", "-", "management"),
        ("system aaa user cumulus hashed-password", "~", "management"),
        ("system aaa user ops hashed-password", "+", "none"),
        ("interface swp1 link speed", "~", "port-flap"),
        ("interface swp1 link speed", "+", "none"),
        ("interface swp1 link state up", "-", "port-flap"),
        ("interface swp1 link state up", "+", "none"),
        ("interface swp1 type", "-", "port-flap"),
        ("interface swp1 description", "~", "none"),
        ("qos roce mode", "~", "traffic-loss"),
    ],
)
def test_a_change_is_classed_by_its_path(path: str, change: Any, kind: str) -> None:
    """Only what is known to be harmless is no disruption; the others come with a reason and a source."""
    found = classify(tuple(path.split(" ")), change, {}, {})
    assert found.kind == kind
    assert bool(found.reason and found.source) is (kind != "none")


def test_a_key_with_dots_is_one_key() -> None:
    """A sub-interface or an address in a path is no longer path."""
    assert classify(("interface", "swp1.100", "link", "speed"), "~", {}, {}).ports == ("swp1.100",)


def test_a_breakout_names_its_ports_and_the_neighbour_it_shuts() -> None:
    """Ports before and after, and the cage beside an eight-way split."""
    before = {"interface": {"swp1": nest("link breakout 2x"), "swp1s0": {}, "swp1s1": {}, "swp10s0": {}, "swp2": {}}}
    after = {"interface": {"swp1": nest("link breakout 8x"), **{f"swp1s{sub}": {} for sub in range(8)}, "swp2": {}}}
    found = classify(("interface", "swp1", "link", "breakout", "8x"), "+", before, after)
    assert found.kind == "port-flap"
    assert found.ports == ("swp1", *(f"swp1s{sub}" for sub in range(8)), "swp2")


def test_a_member_and_a_mode_name_what_they_take_down() -> None:
    """A member flaps alone, a new mode takes every member."""
    tree = nest("interface bond1 bond member", {"swp10": {}, "swp9": {}})
    assert classify(("interface", "bond1", "bond", "member", "swp9"), "-", tree, {}).ports == ("swp9",)
    assert classify(("interface", "bond1", "bond", "mode"), "~", tree, tree).ports == ("bond1", "swp9", "swp10")


@pytest.mark.parametrize(
    ("bound", "kind"),
    [
        ("system control-plane acl MINE inbound", "management"),
        ("interface mgmt acl MINE inbound", "management"),
        ("interface swp1 acl MINE inbound", "none"),
    ],
)  # the ACL itself is new: what binds it to a port is a change of its own
def test_an_acl_counts_where_it_is_bound(bound: str, kind: str) -> None:
    """A rule of an ACL touches management only when the ACL stands before the control plane."""
    assert classify(("acl", "MINE", "rule", "10", "action", "deny"), "+", {}, nest(bound)).kind == kind


def test_of_several_the_worst_counts() -> None:
    """A restart outweighs a flap; nothing at all is clear."""
    found = [classify(path, "~", {}, {}) for path in (("interface", "swp1", "type"), ("router", "bgp", "enable"))]
    assert worst(found).kind == "frr-restart"
    assert worst([]) is CLEAR


def test_every_class_says_why_and_who_says_so() -> None:
    """A class without a source would be a guess."""
    assert all(row.reason and row.source and set(row.only) <= set("+~-") for row in CLASSES)
    assert len({(row.pattern, change) for row in CLASSES for change in row.only}) == sum(
        len(row.only) for row in CLASSES
    )
    assert len({row.pattern for row in NEW}) == len(NEW)


SHUT = nest("interface swp1 link state down", {})
USED = nest("interface swp1 link state up", {})


@pytest.mark.parametrize(
    ("path", "before", "kind"),
    [
        ("interface bond1 bond member swp1", {}, "none"),
        ("interface bond1 bond member swp1", SHUT, "none"),
        ("interface bond1 bond member swp1", USED, "port-flap"),
        ("interface bond1 bond member swp1", nest("interface bond2 bond member swp1", {}), "port-flap"),
        ("interface bond1 bond member swp1", nest("vrf RED router bgp neighbor swp1 type", "unnumbered"), "port-flap"),
        ("interface swp1 bridge domain br_default access", SHUT, "none"),
        ("interface swp1 bridge domain br_default access", USED, "traffic-loss"),
        ("interface swp1 bridge domain br_default access", nest("interface b bond member swp1", {}), "traffic-loss"),
        ("interface swp1 router adaptive-routing enable", SHUT, "switchd-restart"),
        ("interface swp1 bridge domain br vlan 7", nest("interface swp1 bridge domain br vlan 5", {}), "none"),
        ("interface swp1 bridge domain br vlan 7", nest("interface swp1 bridge domain br stp", {}), "traffic-loss"),
        ("bridge domain br vlan 7 vni 10007", nest("bridge domain br vlan 5", {}), "none"),
        ("bridge domain br vlan 7 vni 10007", nest("bridge domain br vlan 7 vni 10008", {}), "traffic-loss"),
        ("vrf RED router bgp neighbor swp9 type", nest("vrf RED router bgp neighbor swp8 type", "unnumbered"), "none"),
        ("vrf RED router bgp neighbor swp9 bfd enable", nest("vrf RED router bgp neighbor swp9 type", "unnumbered"), "session-reset"),
        ("vrf RED evpn vni 4001", {}, "none"),
        ("vrf RED evpn vni 4001", nest("vrf RED table", "auto"), "traffic-loss"),
        ("router policy prefix-list A rule 10 action", nest("router policy prefix-list B rule 10 action", "permit"), "none"),
        ("router policy prefix-list A rule 20 action", nest("router policy prefix-list A rule 10 action", "permit"), "traffic-loss"),
        ("interface vlan7 ip vrr enable", nest("interface vlan7 ip vrr address 10.0.0.1/24", {}), "traffic-loss"),
        ("interface eth0 ip gateway 10.0.0.1", {}, "management"),
    ],
)  # fmt: skip
def test_what_is_added_to_the_new_or_the_unused_interrupts_nothing(
    path: str, before: dict[str, Any], kind: str
) -> None:
    """A port, VLAN, VRF, neighbour or list that was not there, and a port that is shut, carry nothing; one in use does."""
    assert classify(tuple(path.split(" ")), "+", before, nest(path, "on")).kind == kind


def test_a_presence_that_only_gets_content_neither_comes_nor_goes() -> None:
    """A VLAN that is given a VNI is not removed, though its empty entry gives way; what it is given is a change."""
    before, after = nest("bridge domain br vlan 300", {}), nest("bridge domain br vlan 300 vni 10300", {})
    kinds = {change.op: change.disruption.kind for change in diff.between(before, after)}
    assert kinds == {"-": "none", "+": "traffic-loss"}


def test_a_gateway_and_a_vlan_name_the_ports_that_carry_it() -> None:
    """Access, native, tagged and open ports of the VLAN are behind its gateway, and no others; a session names its port."""
    ports = {
        "swp1": nest("bridge domain br access", 300),
        "swp2": nest("bridge domain br untagged", "300"),
        "swp3": nest("bridge domain br vlan 300", {}),
        "swp4": nest("bridge domain br stp admin-edge", "on"),
        "swp5": nest("bridge domain br access", 200),
        "swp6": nest("bridge domain br vlan 200", {}),
        "vlan300": {"type": "svi", "vlan": 300},
    }
    before = {"interface": ports}
    for path in (("interface", "vlan300", "ip", "vrr", "enable"), ("bridge", "domain", "br", "vlan", "300")):
        assert classify(path, "-", before, {}).ports == ("swp1", "swp2", "swp3", "swp4")
    assert classify(("vrf", "RED", "router", "bgp", "neighbor", "swp1", "type"), "-", before, {}).ports == ("swp1",)
    assert classify(("interface", "lo", "ip", "address", "1.1.1.1/32"), "-", before, {}).ports == ()

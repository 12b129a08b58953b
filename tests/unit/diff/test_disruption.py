"""What a change interrupts: each class by its path, and the ports that a flap touches."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.diff.disruption import CLASSES, CLEAR, classify, worst


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
        ("vrf RED router bgp neighbor swp1 peer-group", "~", "none"),
        ("interface eth0 ip gateway 10.10.0.1", "-", "management"),
        ("vrf mgmt router static 0.0.0.0/0 address-family", "+", "management"),
        ("system control-plane acl acl-default-dos inbound", "-", "management"),
        ("system aaa user cumulus hashed-password", "~", "management"),
        ("system aaa user ops hashed-password", "+", "none"),
        ("interface swp1 link speed", "+", "port-flap"),
        ("interface swp1 link state up", "-", "port-flap"),
        ("interface swp1 link state up", "+", "none"),
        ("interface swp1 type", "-", "port-flap"),
        ("interface swp1 description", "~", "none"),
        ("qos roce mode", "~", "none"),
    ],
)
def test_a_change_is_classed_by_its_path(path: str, change: Any, kind: str) -> None:
    """Only what a source says to interrupt is a disruption; each comes with a reason and a source."""
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
)
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

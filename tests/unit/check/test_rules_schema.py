"""The seven mistakes that one leaf or key can be, rule by rule."""

from __future__ import annotations

import pytest

from rackwright.check import Device, Fabric, run
from rackwright.check.files import load_text
from rackwright.nvue.ranges import Overlap
from tests.unit.check.cases import Case

FAIL, ERROR, SKIPPED = "fail", "error", "skipped"
GOOD = {
    "system hostname": "leaf01",
    "interface swp1 link mtu": 9216,
    "interface swp1 link state up": {},
    "interface bond1 evpn multihoming segment mac-address": "44:38:39:ff:00:aa",
    "router bgp enable": "on",
    "system api state": "enabled",
    "vrf GPU evpn vni 5003": {},
}
SCHEMA = (
    "NVUE-KEY-FORM",
    "NVUE-NAME-LIMIT",
    "NVUE-OUT-OF-RANGE",
    "NVUE-PATH-UNKNOWN",
    "NVUE-WRONG-WORD",
    "NVUE-YAML-DAMAGE",
)
OVERLAP = Overlap(
    ("interface", "swp2", "link", "mtu"),
    ("interface", "swp1-4", "link", "mtu"),
    ("interface", "swp2", "link", "mtu"),
    9216,
    1500,
)


def bad(rule: str, name: str, path: str, value: object, at: str = "") -> Case:
    """Make a case of one wrong leaf in a good tree."""
    return Case(rule, f"bad-{name}", {**GOOD, path: value}, ((at or path.replace(" ", "."), FAIL),))


CASES = (
    *(Case(rule, "empty-tree", {}, (("", ERROR),)) for rule in (*SCHEMA, "NVUE-RANGE-OVERLAP")),
    *(Case(rule, "empty-unknown-nos", GOOD, (("", SKIPPED),), device={"nos": "4.4"}) for rule in SCHEMA),
    *(Case(rule, "good", GOOD) for rule in (*SCHEMA, "NVUE-RANGE-OVERLAP")),
    bad("NVUE-PATH-UNKNOWN", "newer-boolean", "router bgp state", "enabled"),
    bad("NVUE-PATH-UNKNOWN", "newer-address", "interface swp1 ipv4 address 10.0.0.1/31", {}, "interface.swp1.ipv4"),
    bad("NVUE-PATH-UNKNOWN", "router-bfd", "router bfd profile x", {}, "router.bfd"),
    bad("NVUE-PATH-UNKNOWN", "older-snmp", "service snmp-server enable", "on", "service.snmp-server"),
    bad("NVUE-PATH-UNKNOWN", "peer", "vrf GPU router bgp peer swp1 type", "unnumbered", "vrf.GPU.router.bgp.peer"),
    bad("NVUE-YAML-DAMAGE", "boolean", "router bgp enable", True),
    bad("NVUE-YAML-DAMAGE", "null", "router bgp enable", None),
    bad("NVUE-YAML-DAMAGE", "mac", "interface bond1 evpn multihoming segment mac-address", 34715383272),
    bad("NVUE-YAML-DAMAGE", "quoted-number", "interface swp1 link mtu", "9216"),
    bad("NVUE-WRONG-WORD", "enabled-for-on", "router bgp enable", "enabled"),
    bad("NVUE-WRONG-WORD", "on-for-enabled", "system api state", "on"),
    bad("NVUE-WRONG-WORD", "scalar-for-presence", "interface swp1 link state", "up"),
    bad("NVUE-WRONG-WORD", "on-for-enable", "interface swp1 qos pfc-watchdog state", "on"),
    bad("NVUE-OUT-OF-RANGE", "mtu", "interface swp1 link mtu", 9217),
    bad("NVUE-OUT-OF-RANGE", "vlan", "bridge domain br_default vlan 4095", {}),
    bad("NVUE-OUT-OF-RANGE", "vni", "vrf GPU evpn vni 16777216", {}),
    bad("NVUE-OUT-OF-RANGE", "startup-delay", "evpn multihoming startup-delay", 3601),
    bad("NVUE-OUT-OF-RANGE", "pool", "qos traffic-pool default-lossy memory-percent", 101),
    bad("NVUE-KEY-FORM", "interface", "interface Ethernet1/1 type", "swp", "interface.Ethernet1/1"),
    bad("NVUE-KEY-FORM", "breakout", "interface swp1 link breakout 2x400G", {}),
    bad("NVUE-KEY-FORM", "no-prefix-length", "interface swp1 ip address 10.0.0.1", {}),
    bad("NVUE-KEY-FORM", "address-leaf", "nve vxlan source address", "10.0.0.300"),
    bad("NVUE-NAME-LIMIT", "hostname-dot", "system hostname", "leaf01.example"),
    bad("NVUE-NAME-LIMIT", "vrf-name", "vrf INBAND_AND_STORAGE table", "auto", "vrf.INBAND_AND_STORAGE"),
    bad("NVUE-NAME-LIMIT", "vrf-is-interface", "vrf bond1 table", "auto", "vrf.bond1"),
    bad("NVUE-NAME-LIMIT", "description", "interface swp1 description", "x" * 256),
    bad("NVUE-NAME-LIMIT", "bgp-description", "vrf GPU router bgp neighbor swp1 description", "x" * 81),
    Case(
        "NVUE-RANGE-OVERLAP",
        "bad",
        {"interface swp2 link mtu": 1500},
        (("interface.swp2.link.mtu", FAIL),),
        device={"conflicts": (OVERLAP,)},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_schema(case: Case) -> None:
    """The rule gives exactly the findings of the table."""
    assert case.verdicts() == tuple(sorted(case.expect))


@pytest.mark.parametrize("case", [case for case in CASES if case.kind == "bad"], ids=lambda case: case.id)
def test_a_wrong_leaf_is_one_mistake(case: Case) -> None:
    """Each violation of the schema goes to exactly one of the seven rules."""
    found = {item.check for item in run(case.fabric()).findings if item.status == "fail" and item.check in SCHEMA}
    assert found <= {case.rule}


def test_a_secret_reference_is_no_mistake() -> None:
    """A rendered file keeps its secrets as references; the check looks past them."""
    tree = {"system": {"aaa": {"user": {"cumulus": {"hashed-password": {"secret": "switch_hash"}}}}}}
    report = run(Fabric({"leaf01": Device("leaf01", tree, "sn5600")}))
    assert not [item for item in report.findings if item.check in SCHEMA and item.status == "fail"]


def test_an_overlap_in_a_file_is_said_at_the_second_key() -> None:
    """The place of a contradiction is where the file says it again."""
    text = "- set:\n    interface:\n      swp1-4:\n        link:\n          mtu: 9216\n      swp2:\n        link:\n          mtu: 1500\n"
    device = load_text(text, "leaf01.yaml", "5.12.1", "sn5600")
    (item,) = (one for one in run(Fabric({"x": device})).findings if one.check == "NVUE-RANGE-OVERLAP")
    assert item.path == "interface.swp2.link.mtu"
    assert "swp1-4" in item.message
    assert str(item.location) == "leaf01.yaml:8:11"

"""Ports, breakouts, lanes and speeds, rule by rule."""

from __future__ import annotations

import pytest

from rackwright.check import Cable
from tests.unit.check.cases import Case

FAIL, ERROR, SKIPPED = "fail", "error", "skipped"
SPLIT = {"interface swp1 link breakout 2x lanes-per-port": "4"}
EIGHT = {"interface swp55 link breakout 8x lanes-per-port": "1"}
NEXT = {"interface swp56 link breakout disabled": {}}
FORCED = {"interface swp1s0 link speed": "400G", **SPLIT}
TO_EDGE = (Cable("leaf01", "swp1s0", "edge", "eth1"),)
EMPTY = "empty-tree"

RULES = (
    "NVUE-BREAKOUT-NOT-ALLOWED",
    "NVUE-FEC-AUTO",
    "NVUE-LANES-EXCEEDED",
    "NVUE-LOGICAL-PORTS",
    "NVUE-NEIGHBOUR-CAGE",
    "NVUE-PORT-ABSENT",
    "NVUE-SPEED-EXCEEDS-LANES",
    "NVUE-SPEED-FORCED",
    "NVUE-SPLIT-PARENT-USED",
    "NVUE-SUBPORT-WITHOUT-BREAKOUT",
)
WITH_MODEL = tuple(rule for rule in RULES if rule not in (RULES[1], *RULES[-2:]))

CASES = (
    *(Case(rule, EMPTY, {}, (("", ERROR),)) for rule in RULES),
    *(Case(rule, "empty-no-interface", {"system hostname": "x"}, (("", ERROR),)) for rule in RULES),
    *(Case(rule, "empty-no-model", SPLIT, (("", SKIPPED),), model=None) for rule in WITH_MODEL),
    Case(
        "NVUE-PORT-ABSENT",
        "good-every-port-of-the-model",
        {f"interface swp{number} type": "swp" for number in range(1, 66)},
    ),
    Case("NVUE-PORT-ABSENT", "bad-sn5600", {"interface swp66 type": "swp"}, (("interface.swp66", FAIL),)),
    Case(
        "NVUE-PORT-ABSENT",
        "bad-sub-port",
        {"interface swp70s1 type": "swp"},
        (("interface.swp70s1", FAIL),),
    ),
    Case("NVUE-PORT-ABSENT", "good-sn2201", {"interface swp52 type": "swp"}, model="sn2201"),
    Case(
        "NVUE-PORT-ABSENT",
        "bad-sn2201-as-nvidia-exports-it",
        {f"interface swp{number} type": "swp" for number in (52, 53, 61)},
        (("interface.swp53", FAIL), ("interface.swp61", FAIL)),
        model="sn2201",
    ),
    Case("NVUE-SUBPORT-WITHOUT-BREAKOUT", "good", {**SPLIT, "interface swp1s1 type": "swp"}),
    Case(
        "NVUE-SUBPORT-WITHOUT-BREAKOUT",
        "good-old-mode-is-another-finding",
        {"interface swp1 link breakout 2x400G": {}, "interface swp1s1 type": "swp"},
    ),
    Case(
        "NVUE-SUBPORT-WITHOUT-BREAKOUT",
        "bad-none",
        {"interface swp10s0 type": "swp", "interface swp10s1 type": "swp"},
        (("interface.swp10s0", FAIL), ("interface.swp10s1", FAIL)),
    ),
    Case(
        "NVUE-SUBPORT-WITHOUT-BREAKOUT",
        "bad-smaller",
        {**SPLIT, "interface swp1s1 type": "swp", "interface swp1s2 type": "swp"},
        (("interface.swp1s2", FAIL),),
    ),
    Case(
        "NVUE-SUBPORT-WITHOUT-BREAKOUT",
        "bad-disabled-cage-of-unknown-model",
        {"interface swp2 link breakout disabled": {}, "interface swp2s0 type": "swp"},
        (("interface.swp2s0", FAIL),),
        model=None,
    ),
    Case("NVUE-SPLIT-PARENT-USED", "good", {**SPLIT, "interface swp1 link state up": {}, "interface swp1 type": "swp"}),
    Case(
        "NVUE-SPLIT-PARENT-USED",
        "good-1x-is-no-split",
        {"interface swp1 link breakout 1x": {}, "interface swp1 ip address 10.0.0.0/31": {}},
    ),
    Case(
        "NVUE-SPLIT-PARENT-USED",
        "bad-address",
        {**SPLIT, "interface swp1 ip address 10.0.0.0/31": {}},
        (("interface.swp1.ip", FAIL),),
    ),
    Case(
        "NVUE-SPLIT-PARENT-USED",
        "bad-bond-member-and-neighbor",
        {**SPLIT, "interface bond1 bond member swp1": {}, "vrf default router bgp neighbor swp1 type": "unnumbered"},
        (
            ("interface.bond1.bond.member.swp1", FAIL),
            ("vrf.default.router.bgp.neighbor.swp1", FAIL),
        ),
    ),
    Case(
        "NVUE-BREAKOUT-NOT-ALLOWED",
        "good",
        {**SPLIT, **EIGHT, **NEXT, "interface swp2 link breakout 4x lanes-per-port": "2"},
    ),
    Case(
        "NVUE-BREAKOUT-NOT-ALLOWED",
        "good-sn2201",
        {"interface swp49 link breakout 4x lanes-per-port": "1"},
        model="sn2201",
    ),
    Case(
        "NVUE-BREAKOUT-NOT-ALLOWED",
        "bad-service-port",
        {"interface swp65 link breakout 2x": {}},
        (("interface.swp65.link.breakout.2x", FAIL),),
    ),
    Case(
        "NVUE-BREAKOUT-NOT-ALLOWED",
        "bad-even-8x",
        {"interface swp56 link breakout 8x": {}},
        (("interface.swp56.link.breakout.8x", FAIL),),
    ),
    Case(
        "NVUE-BREAKOUT-NOT-ALLOWED",
        "bad-copper-and-8x-on-sn2201",
        {"interface swp48 link breakout 4x": {}, "interface swp49 link breakout 8x": {}},
        (("interface.swp48.link.breakout.4x", FAIL), ("interface.swp49.link.breakout.8x", FAIL)),
        model="sn2201",
    ),
    Case(
        "NVUE-BREAKOUT-NOT-ALLOWED",
        "bad-two-modes",
        {"interface swp1 link breakout 2x": {}, "interface swp1 link breakout 4x": {}},
        (("interface.swp1.link.breakout.2x", FAIL),),
    ),
    Case("NVUE-NEIGHBOUR-CAGE", "good", {**EIGHT, **NEXT}),
    Case("NVUE-NEIGHBOUR-CAGE", "good-4x-needs-none", {"interface swp55 link breakout 4x": {}}),
    Case("NVUE-NEIGHBOUR-CAGE", "bad-silent", EIGHT, (("interface.swp56.link.breakout", FAIL),)),
    Case(
        "NVUE-NEIGHBOUR-CAGE",
        "bad-split",
        {**EIGHT, "interface swp56 link breakout 2x": {}},
        (("interface.swp56.link.breakout", FAIL),),
    ),
    Case("NVUE-LANES-EXCEEDED", "good", {**SPLIT, "interface swp2 link breakout 4x lanes-per-port": "1"}),
    Case(
        "NVUE-LANES-EXCEEDED",
        "bad",
        {"interface swp1 link breakout 4x lanes-per-port": "4"},
        (("interface.swp1.link.breakout.4x.lanes-per-port", FAIL),),
    ),
    Case(
        "NVUE-LANES-EXCEEDED",
        "bad-sn2201",
        {"interface swp49 link breakout 4x lanes-per-port": "2"},
        (("interface.swp49.link.breakout.4x.lanes-per-port", FAIL),),
        model="sn2201",
    ),
    Case("NVUE-SPEED-EXCEEDS-LANES", "good", {**FORCED, "interface swp65 link speed": "10G"}),
    Case("NVUE-SPEED-EXCEEDS-LANES", "good-auto", {**SPLIT, "interface swp1s0 link speed": "auto"}),
    Case(
        "NVUE-SPEED-EXCEEDS-LANES",
        "bad-400g-on-two-lanes",
        {"interface swp1 link breakout 4x": {}, "interface swp1s3 link speed": "400G"},
        (("interface.swp1s3.link.speed", FAIL),),
    ),
    Case(
        "NVUE-SPEED-EXCEEDS-LANES",
        "bad-sn2201",
        {"interface swp1 link speed": "10G", "interface swp49 link speed": "200G"},
        (("interface.swp1.link.speed", FAIL), ("interface.swp49.link.speed", FAIL)),
        model="sn2201",
    ),
    Case(
        "NVUE-LOGICAL-PORTS",
        "good-256-and-the-service-port",
        {f"interface swp{number} link breakout 4x": {} for number in range(1, 65)},
    ),
    Case(
        "NVUE-LOGICAL-PORTS",
        "bad",
        {
            **{f"interface swp{number} link breakout 4x": {} for number in range(2, 65)},
            "interface swp1 link breakout 8x": {},
        },
        (("interface", FAIL),),
    ),
    Case("NVUE-SPEED-FORCED", "good-negotiated", {**SPLIT, "interface swp1s0 link mtu": 9216}),
    Case("NVUE-SPEED-FORCED", "good-nrz-lanes", {**SPLIT, "interface swp1s0 link speed": "100G"}),
    Case("NVUE-SPEED-FORCED", "good-toward-a-foreign-device", FORCED, cables=TO_EDGE),
    Case("NVUE-SPEED-FORCED", "good-sn2201", {"interface swp49 link speed": "100G"}, model="sn2201"),
    Case("NVUE-SPEED-FORCED", "bad", FORCED, (("interface.swp1s0.link.speed", FAIL),)),
    Case(
        "NVUE-SPEED-FORCED",
        "bad-auto-negotiation-off",
        {**SPLIT, "interface swp1s1 link auto-negotiate": "off"},
        (("interface.swp1s1.link.auto-negotiate", FAIL),),
    ),
    Case("NVUE-FEC-AUTO", "good", {"interface swp1 link fec": "rs", "interface swp2 type": "swp"}),
    Case("NVUE-FEC-AUTO", "bad", {"interface swp1 link fec": "auto"}, (("interface.swp1.link.fec", FAIL),)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_physical(case: Case) -> None:
    """The rule gives exactly the findings of the table."""
    assert case.verdicts() == tuple(sorted(case.expect))

"""Bond members, rule by rule."""

from __future__ import annotations

import pytest

from tests.unit.check.cases import Case

FAIL, ERROR, SKIPPED = "fail", "error", "skipped"
SPLIT = {f"interface swp{cage} link breakout 2x lanes-per-port": "4" for cage in (1, 2)}
BOND = {"interface bond1 bond member swp1s0": {}, "interface bond1 bond member swp2s0": {}, **SPLIT}
RULES = (
    "NVUE-BOND-MEMBER-CONFIGURED",
    "NVUE-BOND-MEMBER-MISSING",
    "NVUE-BOND-MEMBER-SPEEDS",
    "NVUE-BOND-MEMBER-TWICE",
)

CASES = (
    *(Case(rule, "empty-tree", {}, (("", ERROR),)) for rule in RULES),
    *(Case(rule, "good", BOND) for rule in RULES),
    Case("NVUE-BOND-MEMBER-SPEEDS", "empty-no-model", BOND, (("", SKIPPED),), model=None),
    Case(
        "NVUE-BOND-MEMBER-MISSING",
        "bad-no-sub-port-no-port-no-interface",
        {
            **BOND,
            **{f"interface bond1 bond member {name}": {} for name in ("swp1s2", "swp99", "uplink", "bond2")},
            "interface bond2 bond member swp3": {},
        },
        tuple((f"interface.bond1.bond.member.{name}", FAIL) for name in ("bond2", "swp1s2", "swp99", "uplink")),
    ),
    Case(
        "NVUE-BOND-MEMBER-MISSING",
        "bad-no-members",
        {"interface bond7 type": "bond", "interface bond7 bond mode": "lacp"},
        (("interface.bond7.bond.member", FAIL),),
    ),
    Case(
        "NVUE-BOND-MEMBER-MISSING",
        "good-member-without-a-stanza",
        {"interface bond1 bond member swp3": {}, "interface bond1 type": "bond"},
    ),
    Case(
        "NVUE-BOND-MEMBER-TWICE",
        "bad",
        {**BOND, "interface bond2 bond member swp1s0": {}},
        (("interface.bond2.bond.member.swp1s0", FAIL),),
    ),
    Case(
        "NVUE-BOND-MEMBER-CONFIGURED",
        "good-qos-and-link",
        {**BOND, "interface swp1s0 qos pfc-watchdog state": "enable", "interface swp1s0 link state up": {}},
    ),
    Case(
        "NVUE-BOND-MEMBER-CONFIGURED",
        "bad-address-and-bridge",
        {
            **BOND,
            "interface swp1s0 ip address 10.0.0.0/31": {},
            "interface swp2s0 bridge domain br_default access": 100,
        },
        (("interface.swp1s0.ip", FAIL), ("interface.swp2s0.bridge", FAIL)),
    ),
    Case(
        "NVUE-BOND-MEMBER-SPEEDS",
        "bad-400g-and-200g",
        {**BOND, "interface swp3 link breakout 4x": {}, "interface bond1 bond member swp3s0": {}},
        (("interface.bond1.bond.member.swp3s0", FAIL),),
    ),
    Case(
        "NVUE-BOND-MEMBER-SPEEDS",
        "bad-one-is-set",
        {**BOND, "interface swp2s0 link speed": "200G"},
        (("interface.bond1.bond.member.swp2s0", FAIL),),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_bond(case: Case) -> None:
    """The rule gives exactly the findings of the table."""
    assert case.verdicts() == tuple(sorted(case.expect))

"""Cases of the rules about RoCE, ECN and the PFC watchdog."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.check import Cable, HostEnd
from tests.unit.check.cases import Case


def roce(lossy: int = 10, lossless: int = 90, mode: str = "lossless", enable: str = "on") -> dict[str, Any]:
    """Give RoCE with two pools."""
    return {
        "qos roce enable": enable,
        "qos roce mode": mode,
        "qos traffic-pool default-lossy memory-percent": lossy,
        "qos traffic-pool roce-lossless memory-percent": lossless,
    }


def ecn(least: int, most: int = 1536000) -> dict[str, Any]:
    """Give an ECN profile."""
    base = "qos congestion-control p1 traffic-class 3"
    return {f"{base} min-threshold": least, f"{base} max-threshold": most}


def watchdog(name: str) -> dict[str, Any]:
    """Set the watchdog on an interface."""
    return {f"interface {name} qos pfc-watchdog state": "enable"}


MAPPED = {"qos mapping default-global dscp 26 switch-priority": 4}
FACING = (Cable("leaf01", "swp1", "gpu01", "p1"),)
HOST = {"hosts": {("gpu01", "p1"): HostEnd("gpu01", "p1", roce=True, dscp=26, pfc_priority=3)}}
JOINED = (Cable("a", "swp1", "b", "swp1"), Cable("b", "swp2", "c", "swp1"))
APART = (Cable("a", "swp1", "gpu01", "p1"),)
SWP1 = {"interface swp1 type": "swp"}

CASES = [
    Case("NVUE-ROCE-POOLS", "empty", {}, (("", "error"),)),
    Case("NVUE-ROCE-POOLS", "good-10-90-as-nvidias-exports", roce()),
    Case("NVUE-ROCE-POOLS", "bad-sum", roce(20), (("qos.traffic-pool", "fail"),)),
    Case("NVUE-ROCE-POOLS", "bad-lossy", roce(mode="lossy"), (("qos.traffic-pool.roce-lossless", "fail"),)),
    Case("NVUE-ROCE-POOLS", "bad-off", roce(enable="off"), (("qos.traffic-pool.roce-lossless", "fail"),)),
    Case("NVUE-ROCE-PRIORITY", "empty", {}, (("", "error"),)),
    Case("NVUE-ROCE-PRIORITY", "good", roce()),
    Case("NVUE-ROCE-PRIORITY", "good-host", {**roce(), **SWP1}, cables=FACING, more=HOST),
    Case(
        "NVUE-ROCE-PRIORITY",
        "bad-host-has-another",
        {**roce(), **SWP1, **MAPPED},
        (("qos.mapping.default-global.dscp.26.switch-priority", "fail"),),
        cables=FACING,
        more=HOST,
    ),
    Case(
        "NVUE-ROCE-PRIORITY",
        "bad-mapped-out-of-pfc",
        {**roce(), **MAPPED},
        (("qos.mapping.default-global.dscp.26.switch-priority", "fail"),),
    ),
    Case(
        "NVUE-ROCE-PRIORITY",
        "bad-pfc-elsewhere",
        {**roce(), "qos pfc default-global switch-priority 4": {}},
        (("qos.pfc.default-global.switch-priority", "fail"),),
    ),
    Case("NVUE-ROCE-DIFFERS", "empty-one-file", roce(), (("", "skipped"),)),
    Case("NVUE-ROCE-DIFFERS", "good", {"a": roce(), "b": roce()}, several=True),
    Case(
        "NVUE-ROCE-DIFFERS",
        "good-a-switch-that-cannot",
        {"a": roce(), "b": roce(), "oob": {"interface swp1 type": "swp"}},
        several=True,
        models={"oob": "sn2201"},
    ),
    Case(
        "NVUE-ROCE-DIFFERS",
        "good-fabrics-that-no-cable-joins",
        {"a": roce(), "b": roce(40, 60)},
        several=True,
        cables=APART,
    ),
    Case(
        "NVUE-ROCE-DIFFERS",
        "bad-one-of-three",
        {"a": roce(), "b": roce(), "c": roce(5, 90)},
        (("c:qos.traffic-pool.default-lossy.memory-percent", "fail"),),
        several=True,
        cables=JOINED,
    ),
    Case(
        "NVUE-ROCE-DIFFERS",
        "bad-off-on-one-of-three",
        {"a": roce(), "b": roce(), "c": {**roce(), "qos roce enable": "off"}},
        (("c:qos.roce.enable", "fail"), ("c:qos.roce.mode", "fail")),
        several=True,
        cables=JOINED,
    ),
    Case("NVUE-ECN-THRESHOLD", "empty", {}, (("", "error"),)),
    Case("NVUE-ECN-THRESHOLD", "good", ecn(12288 * 12)),
    Case("NVUE-ECN-THRESHOLD", "good-another-asic", ecn(150000), model="sn2201"),
    Case(
        "NVUE-ECN-THRESHOLD",
        "bad-step",
        ecn(150000),
        (("qos.congestion-control.p1.traffic-class.3.min-threshold", "fail"),),
    ),
    Case(
        "NVUE-ECN-THRESHOLD",
        "bad-order",
        ecn(1536000),
        (("qos.congestion-control.p1.traffic-class.3.min-threshold", "fail"),),
    ),
    Case("NVUE-PFC-WATCHDOG", "empty", {}, (("", "error"),)),
    Case("NVUE-PFC-WATCHDOG", "good", {**roce(), **watchdog("swp1s0"), "interface bond1 bond member swp1s0": {}}),
    Case("NVUE-PFC-WATCHDOG", "good-profile", {**watchdog("swp1"), "interface swp1 qos pfc profile": "mine"}),
    Case(
        "NVUE-PFC-WATCHDOG",
        "bad-bond-and-svi",
        {**roce(), **watchdog("bond1"), "interface bond1 type": "bond", **watchdog("vlan300")},
        (("interface.bond1.qos.pfc-watchdog.state", "fail"), ("interface.vlan300.qos.pfc-watchdog.state", "fail")),
    ),
    Case("NVUE-PFC-WATCHDOG", "bad-no-pfc", watchdog("swp1"), (("interface.swp1.qos.pfc-watchdog.state", "fail"),)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_roce_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))

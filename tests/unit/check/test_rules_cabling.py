"""Cables against configurations, lanes, media, reach, rails and what must be unique, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rackwright.check import Cable, HostEnd
from tests.unit.check.cases import Case

FAIL, ERROR, SKIPPED = "fail", "error", "skipped"


def split(cage: int, mode: str, lanes: int) -> dict[str, Any]:
    """Split one cage and mention its sub-ports."""
    subs = {f"interface swp{cage}s{sub} type": "swp" for sub in range(int(mode[0]))}
    return {f"interface swp{cage} link breakout {mode} lanes-per-port": str(lanes), **subs}


LEAF = {**split(1, "2x", 4), **split(2, "2x", 4), **split(3, "4x", 2)}
OTHER = {**split(1, "2x", 4), **split(2, "2x", 4)}
TREES = {"leaf01": LEAF, "spine01": OTHER}
LINK = Cable(
    "spine01", "swp1s0", "leaf01", "swp1s0", "osfp-osfp", "dac", 2.0, 400, 4, 4,
    reach_m=3.0, a_connector="osfp", b_connector="osfp", assembly="c1", ways=2,
)  # fmt: skip
SECOND = replace(LINK, a_port="swp1s1", b_port="swp1s1")
HOST = Cable(
    "leaf01", "swp2s0", "gpu01", "nic1", "osfp-2xqsfp112", "dac", 1.5, 400, 4, 4,
    reach_m=3.0, a_connector="osfp", b_connector="qsfp112", assembly="c2", ways=2,
)  # fmt: skip
HOST2 = replace(HOST, a_port="swp2s1", b_device="gpu02")
CABLES = (LINK, SECOND, HOST, HOST2)
NIC = HostEnd("gpu01", "nic1", "b3140h", 400, 4, (25, 50, 100), "qsfp112", rail=1, fabric="be")
NICS = {("gpu01", "nic1"): NIC, ("gpu02", "nic1"): replace(NIC, device="gpu02")}
RAILS = {("be", 1): frozenset({"leaf01"})}
MACS = (("gpu01:bmc", "b0:7b:25:00:00:01"), ("gpu02:bmc", "b0:7b:25:00:00:02"))
FACTS = {"hosts": NICS, "rails": RAILS, "addresses": (("gpu01:bmc", "10.9.0.1"),), "macs": MACS}
CABLE_RULES = (
    "CABLE-4X-TO-OLD-SWITCH",
    "CABLE-DESCRIPTION",
    "CABLE-LANE-RATE",
    "CABLE-LINK-ENDS-DIFFER",
    "CABLE-MEDIA",
    "CABLE-MISSING",
    "CABLE-PLUG",
    "CABLE-PORT-ABSENT",
    "CABLE-PORT-IDLE",
    "CABLE-PORT-TWICE",
    "CABLE-REACH",
    "CABLE-SPLITTER",
    "NVUE-SEGMENT-TWO-HOSTS",
    "RAIL-LEAF",
    "RAIL-SPLIT",
)
ALL = (*CABLE_RULES, "MANAGEMENT-ADDRESS-TWICE", "MANAGEMENT-MAC-TWICE")


def case(rule: str, name: str, *expect: str, cables: Any = CABLES, trees: Any = None, **more: Any) -> Case:
    """Make a case over two switches and two hosts; every expectation is a fail."""
    return Case(
        rule,
        name,
        TREES if trees is None else trees,
        tuple((path, FAIL) for path in expect),
        several=True,
        cables=cables,
        models=more.pop("models", {}),
        more={**FACTS, **more},
    )


def with_leaf(**leaves: Any) -> dict[str, Any]:
    """Add leaves to leaf01; a double underscore is a space and a single one a hyphen."""
    return {**TREES, "leaf01": {**LEAF, **{key.replace("__", " ").replace("_", "-"): v for key, v in leaves.items()}}}


def swapped(position: int, **fields: Any) -> tuple[Cable, ...]:
    """Change one of the links."""
    cables = list(CABLES)
    cables[position] = replace(cables[position], **fields)
    return tuple(cables)


def segment(number: int, mac: str = "44:38:39:ff:00:01", port: str = "swp3") -> dict[str, Any]:
    """Give a switch one bond that is a segment."""
    base = "interface bond3 evpn multihoming segment"
    return {
        f"interface bond3 bond member {port}": {},
        f"{base} enable": "on",
        f"{base} local-id": number,
        f"{base} mac-address": mac,
    }


PAIRS = {name: segment(30) for name in ("leaf01", "leaf02", "leaf03", "leaf04")}
ONE_HOST = tuple(Cable(name, "swp3", "gpu01", f"nic{name[-1]}") for name in PAIRS)
TWO_HOSTS = (*ONE_HOST[:2], *(replace(cable, b_device="gpu02") for cable in ONE_HOST[2:]))
BOND_ID = "interface.bond3.evpn.multihoming.segment.local-id"

OOB = {"leaf01": split(3, "4x", 2), "oob01": {"interface swp49 type": "swp"}}
TO_OOB = Cable("leaf01", "swp3s0", "oob01", "swp49", "", "dac", 2.0, 100)
DR1 = {"leaf01": split(3, "8x", 1), "oob01": {"interface swp49 type": "swp"}}
OLD = {"oob01": "sn2201"}
ONE_LANE = {**OOB, "leaf01": split(3, "4x", 1)}

CASES = (
    *(case(rule, "good") for rule in ALL),
    *(Case(rule, "empty-no-cabling", TREES, (("fabric:", SKIPPED),), several=True, more=FACTS) for rule in CABLE_RULES),
    *(
        Case(rule, "empty-cabling-without-a-link", TREES, (("fabric:", ERROR),), several=True, cables=(), more=FACTS)
        for rule in CABLE_RULES
    ),
    Case("RAIL-LEAF", "empty-no-rails", TREES, (("fabric:", SKIPPED),), several=True, cables=CABLES),
    Case("MANAGEMENT-ADDRESS-TWICE", "empty", LEAF, (("", SKIPPED),)),
    Case("MANAGEMENT-MAC-TWICE", "empty", LEAF, (("", SKIPPED),)),
    case("CABLE-PORT-TWICE", "bad-two-cables", "leaf01:interface.swp1s0", cables=swapped(1, b_port="swp1s0")),
    case("CABLE-PORT-TWICE", "bad-two-hosts", "gpu01:nic1", cables=swapped(3, b_device="gpu01")),
    case(
        "CABLE-PORT-TWICE",
        "bad-loop",
        "leaf01:swp3s0",
        cables=(replace(LINK, a_device="leaf01", a_port="swp3s0", b_port="swp3s0"),),
    ),
    case("CABLE-PORT-ABSENT", "bad-not-split", "leaf01:interface.swp9s0", cables=swapped(0, b_port="swp9s0")),
    case("CABLE-PORT-ABSENT", "bad-too-high", "leaf01:interface.swp1s2", cables=swapped(0, b_port="swp1s2")),
    case("CABLE-PORT-ABSENT", "bad-parent", "leaf01:interface.swp1", cables=swapped(0, b_port="swp1")),
    case("CABLE-PORT-ABSENT", "bad-no-such-cage", "spine01:interface.swp77", cables=swapped(0, a_port="swp77")),
    case(
        "CABLE-PORT-ABSENT",
        "bad-disabled",
        "leaf01:interface.swp9",
        cables=swapped(0, b_port="swp9"),
        trees=with_leaf(interface__swp9__link__breakout__disabled={}),
    ),
    case("CABLE-PORT-ABSENT", "good-eth0", cables=(*CABLES, Cable("oob01", "swp1", "leaf01", "eth0"))),
    case(
        "CABLE-PORT-IDLE",
        "bad-down",
        "leaf01:interface.swp1s0.link.state.down",
        trees=with_leaf(interface__swp1s0__link__state__down={}),
    ),
    case("CABLE-PORT-IDLE", "bad-not-configured", "leaf01:interface.swp9", cables=swapped(0, b_port="swp9")),
    case("CABLE-PORT-IDLE", "good-optional", cables=swapped(0, b_port="swp9", optional=True)),
    case("CABLE-MISSING", "bad-host", "gpu02:nic1", cables=CABLES[:3]),
    case(
        "CABLE-MISSING",
        "bad-neighbor-and-uplink",
        "leaf01:interface.swp3s1.evpn.multihoming.uplink",
        "leaf01:vrf.default.router.bgp.neighbor.swp3s0",
        trees=with_leaf(
            vrf__default__router__bgp__neighbor__swp3s0__type="unnumbered",
            interface__swp3s1__evpn__multihoming__uplink="on",
        ),
    ),
    case(
        "CABLE-DESCRIPTION",
        "bad",
        "leaf01:interface.swp1s0.description",
        trees=with_leaf(interface__swp1s0__description="to gpu02 rail 1"),
    ),
    case("CABLE-DESCRIPTION", "good-far", trees=with_leaf(interface__swp1s0__description="leaf01 to spine01:swp1s0")),
    case("CABLE-DESCRIPTION", "good-text", trees=with_leaf(interface__swp1s0__description="customer edge")),
    case(
        "CABLE-LINK-ENDS-DIFFER",
        "bad-one-sets-fec",
        "leaf01:interface.swp1s1.link.fec",
        trees=with_leaf(interface__swp1s1__link__fec="rs"),
    ),
    case(
        "CABLE-LINK-ENDS-DIFFER",
        "bad-host-speed",
        "leaf01:interface.swp2s0.link.speed",
        trees=with_leaf(interface__swp2s0__link__speed="200G"),
    ),
    case(
        "CABLE-LINK-ENDS-DIFFER",
        "good-both-set-and-host-agrees",
        trees={
            "leaf01": {**LEAF, "interface swp1s1 link fec": "rs", "interface swp2s0 link speed": "400G"},
            "spine01": {**OTHER, "interface swp1s1 link fec": "rs"},
        },
    ),
    case(
        "CABLE-4X-TO-OLD-SWITCH",
        "bad",
        "leaf01:interface.swp3.link.breakout.4x.lanes-per-port",
        cables=(TO_OOB,),
        trees=OOB,
        models=OLD,
    ),
    case("CABLE-4X-TO-OLD-SWITCH", "good-one-lane", cables=(TO_OOB,), trees=ONE_LANE, models=OLD),
    case("CABLE-4X-TO-OLD-SWITCH", "good-toward-spectrum-4", cables=(TO_OOB,), trees=OOB),
    case("CABLE-LANE-RATE", "good-dr1-converts", cables=(replace(TO_OOB, media="dr1"),), trees=DR1, models=OLD),
    case("CABLE-LANE-RATE", "bad-copper", "leaf01:interface.swp3s0", cables=(TO_OOB,), trees=DR1, models=OLD),
    case(
        "CABLE-LANE-RATE",
        "bad-200g-into-an-sn2201",
        "oob01:interface.swp49",
        cables=(replace(TO_OOB, speed_gbps=200),),
        trees=OOB,
        models=OLD,
    ),
    case("CABLE-LANE-RATE", "bad-planned-lanes", "leaf01:interface.swp1s0", cables=swapped(0, b_lanes=2)),
    case(
        "CABLE-LANE-RATE",
        "bad-host-lanes",
        "leaf01:interface.swp2s0",
        hosts={**NICS, ("gpu01", "nic1"): replace(NIC, lanes=2, lane_gbps=(200,))},
        cables=swapped(2, b_lanes=None),
    ),
    case("CABLE-MEDIA", "good-dr4-to-dr1", cables=swapped(0, a_media="dr4", b_media="dr1")),
    case("CABLE-MEDIA", "bad", "spine01:interface.swp1s0", cables=swapped(0, a_media="sr4", b_media="dr4")),
    case("CABLE-PLUG", "good-older-plug", cables=swapped(2, b_connector="qsfp56")),
    case("CABLE-PLUG", "bad-switch", "leaf01:interface.swp2s0", cables=swapped(2, a_connector="qsfp-dd")),
    case("CABLE-PLUG", "bad-host", "gpu01:nic1", cables=swapped(2, b_connector="osfp")),
    case("CABLE-REACH", "bad", "leaf01:interface.swp2s0", cables=swapped(2, length_m=3.5)),
    Case(
        "CABLE-REACH",
        "empty-length-unknown",
        TREES,
        (("fabric:", SKIPPED),),
        several=True,
        cables=swapped(2, length_m=None),
        more=FACTS,
    ),
    case(
        "CABLE-SPLITTER",
        "bad-three-of-two",
        "leaf01:interface.swp2s2",
        cables=(*CABLES, replace(HOST, a_port="swp2s2", b_device="gpu03")),
    ),
    case("CABLE-SPLITTER", "good-straight-part-of-two-links", cables=swapped(0, ways=1)),
    case("CABLE-SPLITTER", "bad-two-cages", "leaf01:interface.swp3s0", cables=swapped(3, a_port="swp3s0")),
    case("CABLE-SPLITTER", "bad-lengths", "leaf01:interface.swp2s1", cables=swapped(3, length_m=2.5)),
    case("NVUE-SEGMENT-TWO-HOSTS", "good-one-host", trees=PAIRS, cables=ONE_HOST),
    case(
        "NVUE-SEGMENT-TWO-HOSTS",
        "good-a-mac-a-pair",
        trees={**PAIRS, **{name: segment(30, "44:38:39:ff:00:02") for name in ("leaf03", "leaf04")}},
        cables=TWO_HOSTS,
    ),
    case(
        "NVUE-SEGMENT-TWO-HOSTS",
        "bad-two-pairs",
        *(f"{name}:{BOND_ID}" for name in PAIRS),
        trees=PAIRS,
        cables=TWO_HOSTS,
    ),
    case(
        "NVUE-SEGMENT-TWO-HOSTS",
        "bad-one-of-three",
        f"leaf04:{BOND_ID}",
        trees=PAIRS,
        cables=(*ONE_HOST[:3], TWO_HOSTS[3]),
    ),
    case("RAIL-LEAF", "bad", "gpu02:nic1", cables=swapped(3, a_device="spine01", a_port="swp2s0")),
    case(
        "RAIL-SPLIT",
        "bad",
        "gpu02:nic1",
        cables=(HOST, replace(HOST2, a_device="spine01"), replace(HOST, b_device="gpu03", a_port="swp2s1")),
        hosts={**NICS, ("gpu03", "nic1"): replace(NIC, device="gpu03")},
    ),
    case(
        "RAIL-SPLIT",
        "bad-out-of-the-fabric",
        "gpu02:nic1",
        cables=(HOST, replace(HOST2, a_device="test-set"), replace(HOST, b_device="gpu03", a_port="swp2s1")),
        hosts={**NICS, ("gpu03", "nic1"): replace(NIC, device="gpu03")},
    ),
    case("RAIL-SPLIT", "good-over-a-spine", cables=swapped(3, a_device="spine01", a_port="swp2s0")),
    case(
        "MANAGEMENT-ADDRESS-TWICE",
        "bad-trees",
        "spine01:interface.eth0.ip.address.10.0.0.1/16",
        trees={
            "leaf01": {**LEAF, "interface eth0 ip address 10.0.0.1/24": {}},
            "spine01": {**OTHER, "interface eth0 ip address 10.0.0.1/16": {}},
        },
    ),
    case(
        "MANAGEMENT-ADDRESS-TWICE",
        "bad-bmc",
        "gpu02:bmc",
        addresses=(("leaf01:eth0", "10.0.0.1/24"), ("gpu01:bmc", "10.0.0.2/24"), ("gpu02:bmc", "10.0.0.1")),
        trees={**TREES, "leaf01": {**LEAF, "interface eth0 ip address 10.0.0.1/24": {}}},
    ),
    case(
        "MANAGEMENT-ADDRESS-TWICE",
        "good-dhcp",
        trees={name: {**leaves, "interface eth0 ip address dhcp": {}} for name, leaves in TREES.items()},
    ),
    case(
        "MANAGEMENT-MAC-TWICE",
        "bad-written-otherwise",
        "gpu02:bmc",
        macs=(("gpu01:bmc", "B0:7B:25:00:00:01"), ("gpu02:bmc", "b07b.2500.0001")),
    ),
)


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.id)
def test_cabling(one: Case) -> None:
    """The rule gives exactly the findings of the table."""
    assert one.verdicts() == tuple(sorted(one.expect))

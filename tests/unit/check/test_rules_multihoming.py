"""Cases of the rules about EVPN multihoming."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.check import Cable, HostEnd
from tests.unit.check.cases import Case

MAC = "44:38:39:ff:00:aa"
ON = {"evpn multihoming enable": "on"}


def segment(name: str = "bond1s0", local_id: int | None = 10, mac: str | None = MAC, **more: Any) -> dict[str, Any]:
    """Give a bond that is an Ethernet segment; ``more`` is set on the bond (``vlan_300={}``)."""
    base = f"interface {name}"
    leaves: dict[str, Any] = {
        f"{base} bond member swp{name[4:]}": {},
        f"{base} evpn multihoming segment enable": "on",
        f"{base} bridge domain br_default untagged": 300,
        f"{base} bridge domain br_default vlan 500": {},
    }
    if local_id is not None:
        leaves[f"{base} evpn multihoming segment local-id"] = local_id
    if mac is not None:
        leaves[f"{base} evpn multihoming segment mac-address"] = mac
    return {**leaves, **{f"{base} {key.replace('__', '-').replace('_', ' ')}": value for key, value in more.items()}}


def uplink(name: str = "swp61", *, marked: str = "on") -> dict[str, Any]:
    """Give an EVPN session over a port that may be marked."""
    bgp = "vrf default router bgp"
    return {
        f"interface {name} evpn multihoming uplink": marked,
        f"{bgp} peer-group underlay address-family l2vpn-evpn enable": "on",
        f"{bgp} neighbor {name} peer-group": "underlay",
    }


VTEP = {"nve vxlan enable": "on", "nve vxlan source address": "10.255.2.1"}
ES = "interface.bond1s0.evpn.multihoming.segment"
CABLES = (Cable("a", "swp1s0", "gpu01", "p1"), Cable("b", "swp1s0", "gpu01", "p2"))
HOSTS = {"hosts": {("gpu01", port): HostEnd("gpu01", port, bond="bond0") for port in ("p1", "p2")}}
FACING = {
    "interface spine_bond bond member swp49": {},
    "interface spine_bond bond member swp50": {},
}
TO_TWO = (Cable("a", "swp1s0", "oob", "swp49"), Cable("b", "swp2s0", "oob", "swp50"))

IDENTITY = [
    Case("NVUE-SEGMENT-IDENTITY", "empty", {}, (("", "error"),)),
    Case("NVUE-SEGMENT-IDENTITY", "good", {**segment(), **segment("bond1s1", 11)}),
    Case(
        "NVUE-SEGMENT-IDENTITY",
        "good-global-mac",
        {**segment(mac=None), "evpn multihoming segment mac-address": MAC},
    ),
    Case(
        "NVUE-SEGMENT-IDENTITY",
        "good-identifier",
        segment(local_id=None, mac=None, evpn_multihoming_segment_identifier="00:00:00:00:00:00:00:00:00:01"),
    ),
    Case("NVUE-SEGMENT-IDENTITY", "bad-no-local-id", segment(local_id=None), ((f"{ES}.local-id", "fail"),)),
    Case("NVUE-SEGMENT-IDENTITY", "bad-no-mac", segment(mac=None), ((f"{ES}.mac-address", "fail"),)),
    Case(
        "NVUE-SEGMENT-IDENTITY",
        "bad-twice",
        {**segment(), **segment("bond1s1", 10)},
        ((f"{ES}.local-id", "fail"), (f"{ES.replace('1s0', '1s1')}.local-id", "fail")),
    ),
    Case(
        "NVUE-SEGMENT-IDENTITY",
        "bad-both",
        segment(evpn_multihoming_segment_identifier="00:00:00:00:00:00:00:00:00:01"),
        ((f"{ES}.identifier", "fail"),),
    ),
    Case(
        "NVUE-SEGMENT-IDENTITY",
        "bad-identifier",
        segment(local_id=None, evpn_multihoming_segment_identifier="03:44:38:39:ff:00:aa:00:00:0a"),
        ((f"{ES}.identifier", "fail"),),
    ),
    Case(
        "NVUE-SEGMENT-IDENTITY",
        "bad-on-a-port",
        {
            "interface swp1 evpn multihoming segment enable": "on",
            "interface swp1 evpn multihoming segment local-id": 1,
            "interface swp1 evpn multihoming segment mac-address": MAC,
        },
        (("interface.swp1.evpn.multihoming.segment", "fail"),),
    ),
]

SETTINGS = [
    Case("NVUE-MULTIHOMING-SETTINGS", "empty", {}, (("", "error"),)),
    Case("NVUE-MULTIHOMING-SETTINGS", "good", {**ON, **segment()}),
    Case("NVUE-MULTIHOMING-SETTINGS", "good-without-multihoming", {"evpn dad enable": "on", "mlag enable": "on"}),
    Case("NVUE-MULTIHOMING-SETTINGS", "bad-off", segment(), (("evpn.multihoming.enable", "fail"),)),
    *(
        Case(
            "NVUE-MULTIHOMING-SETTINGS",
            f"bad-{path.split()[-1]}",
            {**ON, **segment(), path: value},
            ((path.replace(" ", "."), "fail"),),
        )
        for path, value in (
            ("nve vxlan arp-nd-suppress", "off"),
            ("evpn dad enable", "on"),
            ("evpn route-advertise default-gateway", "on"),
            ("evpn multihoming startup-delay", 0),
            ("evpn vni 10300 route-advertise default-gateway", "on"),
        )
    ),
    Case(
        "NVUE-MULTIHOMING-SETTINGS",
        "bad-mlag",
        {**ON, **segment(bond_mlag_id=1), "mlag backup 10.0.0.1": {}},
        (("interface.bond1s0.bond.mlag", "fail"), ("mlag", "fail")),
    ),
    Case(
        "NVUE-MULTIHOMING-SETTINGS",
        "bad-asymmetric",
        {
            **ON,
            "bridge domain br_default vlan 300 vni 10300": {},
            "bridge domain br_default vlan 500 vni 10500": {},
            "interface vlan300 ip vrf": "RED",
            "interface vlan500 ip vrf": "RED",
        },
        (("vrf.RED.evpn.vni", "fail"),),
    ),
]

UPLINKS = [
    Case("NVUE-MULTIHOMING-UPLINK", "empty", {}, (("", "error"),)),
    Case("NVUE-MULTIHOMING-UPLINK", "good", {**ON, **segment(), **uplink()}),
    Case("NVUE-MULTIHOMING-UPLINK", "good-no-segments", uplink(marked="off")),
    Case(
        "NVUE-MULTIHOMING-UPLINK",
        "bad-no-mark",
        {**ON, **segment(), **uplink(), **uplink("swp62", marked="off")},
        (("interface.swp62.evpn.multihoming.uplink", "fail"),),
    ),
    Case("NVUE-MULTIHOMING-UPLINK", "bad-none", {**ON, **segment()}, (("evpn.multihoming.enable", "fail"),)),
    Case(
        "NVUE-MULTIHOMING-UPLINK",
        "bad-not-routed",
        {
            **ON,
            **segment(),
            **uplink(),
            "interface swp1s0 evpn multihoming uplink": "on",
            "interface swp2 evpn multihoming uplink": "on",
            "interface swp2 bridge domain br_default access": 300,
            "interface swp3 evpn multihoming uplink": "on",
        },
        (
            ("interface.swp1s0.evpn.multihoming.uplink", "fail"),
            ("interface.swp2.evpn.multihoming.uplink", "fail"),
            ("interface.swp3.evpn.multihoming.uplink", "fail"),
        ),
    ),
]

EVERYWHERE = [
    Case("NVUE-MULTIHOMING-EVERYWHERE", "empty-one-file", {**VTEP, **ON}, (("", "skipped"),)),
    Case("NVUE-MULTIHOMING-EVERYWHERE", "good", {"a": {**VTEP, **ON}, "b": {**VTEP, **ON}}, several=True),
    Case(
        "NVUE-MULTIHOMING-EVERYWHERE", "good-a-switch-without-vxlan", {"a": {**VTEP, **ON}, "oob": FACING}, several=True
    ),
    Case(
        "NVUE-MULTIHOMING-EVERYWHERE",
        "bad",
        {"a": {**VTEP, **ON}, "b": VTEP},
        (("b:evpn.multihoming.enable", "fail"),),
        several=True,
    ),
    Case(
        "NVUE-MULTIHOMING-EVERYWHERE",
        "bad-evpn-off-below-it",
        {"a": {**VTEP, **ON, "evpn enable": "on"}, "b": {**VTEP, **ON, "evpn enable": "off"}},
        (("b:evpn.enable", "fail"),),
        several=True,
    ),
]

ONE_SIDED = [
    Case("NVUE-SEGMENT-ONE-SIDED", "empty-one-file", segment(), (("", "skipped"),)),
    Case("NVUE-SEGMENT-ONE-SIDED", "good", {"a": segment(), "b": segment()}, several=True),
    Case(
        "NVUE-SEGMENT-ONE-SIDED",
        "good-a-host-with-one-cable",
        {"a": segment(), "b": {}},
        several=True,
        cables=CABLES[:1],
        more=HOSTS,
    ),
    Case(
        "NVUE-SEGMENT-ONE-SIDED",
        "bad-local-id",
        {"a": segment(), "b": segment(local_id=11)},
        ((f"a:{ES}.local-id", "fail"), (f"b:{ES}.local-id", "fail")),
        several=True,
        cables=CABLES,
        more=HOSTS,
    ),
    Case(
        "NVUE-SEGMENT-ONE-SIDED",
        "bad-mac-unlike-the-switchs-others",
        {
            "a": {**segment(), **segment("bond1s1", 11)},
            "b": {**segment(mac="44:38:39:ff:00:ab"), **segment("bond1s1", 11), **segment("bond1s2", 12)},
            "c": segment("bond1s2", 12),
        },
        ((f"b:{ES}.mac-address", "fail"),),
        several=True,
    ),
    Case(
        "NVUE-SEGMENT-ONE-SIDED",
        "bad-bond-that-faces-two",
        {
            "a": {**segment(), **segment("bond2s0", 20)},
            "b": {**segment(), **segment("bond2s0", 20)},
            "oob": FACING,
        },
        (("oob:interface.spine_bond.bond.member", "fail"),),
        several=True,
        cables=TO_TWO,
    ),
]

MEMBERS = [
    Case("NVUE-SEGMENT-MEMBERS", "empty-one-file", segment(), (("", "skipped"),)),
    Case("NVUE-SEGMENT-MEMBERS", "good", {"a": segment(), "b": segment()}, several=True),
    Case(
        "NVUE-SEGMENT-MEMBERS",
        "bad-mode-and-mtu-of-one-of-three",
        {
            "a": segment(),
            "b": segment(),
            "c": segment(bond_mode="static", link_mtu=1500),
        },
        (
            ("c:interface.bond1s0.bond.mode", "fail"),
            ("c:interface.bond1s0.link.mtu", "fail"),
        ),
        several=True,
    ),
    Case(
        "NVUE-SEGMENT-MEMBERS",
        "bad-native-vlan-of-a-pair",
        {"a": segment(), "b": {**segment(), "interface bond1s0 bridge domain br_default untagged": 500}},
        (
            ("a:interface.bond1s0.bridge.domain.br_default.untagged", "fail"),
            ("b:interface.bond1s0.bridge.domain.br_default.untagged", "fail"),
        ),
        several=True,
    ),
    Case(
        "NVUE-SEGMENT-MEMBERS",
        "bad-tagged-vlans-of-a-pair",
        {"a": segment(), "b": {**segment(), "interface bond1s0 bridge domain br_default vlan 700": {}}},
        (
            ("a:interface.bond1s0.bridge.domain.br_default.vlan", "fail"),
            ("b:interface.bond1s0.bridge.domain.br_default.vlan", "fail"),
        ),
        several=True,
    ),
]


MLAG_BRIDGE = "interface bond1s0 bridge domain br_default"


def mlag(pair: str = "44:38:39:be:ef:aa", number: int | str = 7) -> dict[str, object]:
    """Give the bond of one host on one switch of an MLAG pair."""
    bond = "interface bond1s0"
    return {
        "mlag mac-address": pair,
        f"{bond} bond member swp1s0": {},
        f"{bond} bond mlag id": number,
        f"{MLAG_BRIDGE} untagged": 300,
        f"{MLAG_BRIDGE} vlan 500": {},
        "interface swp1s0 type": "swp",
    }


MLAG = [
    Case("NVUE-SEGMENT-MEMBERS", "good-mlag", {"a": mlag(), "b": mlag()}, several=True),
    Case(
        "NVUE-SEGMENT-MEMBERS",
        "bad-native-and-tagged-vlans-of-an-mlag-bond",
        {"a": mlag(), "b": {**mlag(), f"{MLAG_BRIDGE} untagged": 301, f"{MLAG_BRIDGE} vlan 501": {}}},
        tuple(
            (f"{leaf}:interface.bond1s0.bridge.domain.br_default.{key}", "fail")
            for leaf in "ab"
            for key in ("untagged", "vlan")
        ),
        several=True,
    ),
    Case(
        "NVUE-SEGMENT-MEMBERS",
        "bad-mtu-of-a-member-port",
        {"a": mlag(), "b": {**mlag(), "interface swp1s0 link mtu": 1500}},
        (("a:interface.bond1s0.link.mtu", "fail"), ("b:interface.swp1s0.link.mtu", "fail")),
        several=True,
    ),
    Case(
        "NVUE-SEGMENT-MEMBERS",
        "good-one-id-of-two-pairs",
        {"a": mlag(), "c": {**mlag("44:38:39:be:ef:bb"), f"{MLAG_BRIDGE} untagged": 301}},
        several=True,
    ),
    Case(
        "NVUE-SEGMENT-MEMBERS",
        "good-ids-that-the-switches-choose",
        {"a": mlag(number="auto"), "b": {**mlag(number="auto"), f"{MLAG_BRIDGE} untagged": 301}},
        several=True,
    ),
]

CASES = [*IDENTITY, *SETTINGS, *UPLINKS, *EVERYWHERE, *ONE_SIDED, *MEMBERS, *MLAG]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_multihoming_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))

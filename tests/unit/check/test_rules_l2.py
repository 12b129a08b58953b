"""Cases of the rules about VLANs, VNIs and the PXE VLAN."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.check import Cable, HostEnd
from tests.unit.check.cases import Case

EMPTY = (("", "error"),)
ALONE = (("", "skipped"),)
BRIDGE = {"bridge domain br_default vlan 300": {}, "bridge domain br_default vlan 500": {}}


def port(name: str, key: str, value: Any) -> dict[str, Any]:
    """Put one port into the bridge."""
    return {f"interface {name} bridge domain br_default {key}": value}


def vni(vlan: int, number: int) -> dict[str, Any]:
    """Map one VLAN."""
    return {f"bridge domain br_default vlan {vlan} vni {number}": {}}


def l3vni(vrf: str, number: int, vlan: int) -> dict[str, Any]:
    """Give a VRF its L3VNI."""
    return {f"vrf {vrf} evpn vni {number}": {}, f"vrf {vrf} evpn vlan": vlan}


def bond(name: str, *, bypass: str = "on", native: int | None = 300) -> dict[str, Any]:
    """Give a server bond."""
    leaves = {f"interface {name} bond member swp{name[4:]}": {}, f"interface {name} bond lacp-bypass": bypass}
    return {**leaves, **(port(name, "untagged", native) if native else {})}


def behind(pxe: int) -> dict[str, Any]:
    """Cable a host that boots from a VLAN to swp1s0."""
    return {"hosts": {("gpu01", "p1"): HostEnd("gpu01", "p1", pxe=True, native_vlan=pxe)}}


CABLE = (Cable("leaf01", "swp1s0", "gpu01", "p1"),)
LINK = (Cable("a", "swp1", "b", "swp2"),)
TRUNKED = {"interface up type": "bond", "interface up bond member swp1": {}, "interface up bond member swp2": {}}
IN_BRIDGE = "interface {} bridge domain br_default {}"

CASES = [
    Case("NVUE-VLAN-NOT-IN-BRIDGE", "empty", {}, EMPTY),
    Case("NVUE-VLAN-NOT-IN-BRIDGE", "good-access", {**BRIDGE, **port("swp1", "access", 300)}),
    Case(
        "NVUE-VLAN-NOT-IN-BRIDGE",
        "good-native-outside-the-list-as-in-nvidias-exports",
        {**BRIDGE, **port("bond1s0", "untagged", 300), **port("bond1s0", "vlan 500", {})},
    ),
    Case("NVUE-VLAN-NOT-IN-BRIDGE", "good-vlan-1-is-always-there", {**BRIDGE, **port("swp1", "untagged", 1)}),
    Case(
        "NVUE-VLAN-NOT-IN-BRIDGE",
        "bad-access",
        {**BRIDGE, **port("swp1", "access", 301)},
        (("interface.swp1.bridge.domain.br_default.access", "fail"),),
    ),
    Case(
        "NVUE-VLAN-NOT-IN-BRIDGE",
        "bad-tagged-and-untagged",
        {**BRIDGE, **port("bond1s0", "untagged", 301), **port("bond1s0", "vlan 501", {})},
        (
            ("interface.bond1s0.bridge.domain.br_default.untagged", "fail"),
            ("interface.bond1s0.bridge.domain.br_default.vlan.501", "fail"),
        ),
    ),
    Case(
        "NVUE-VLAN-NOT-IN-BRIDGE",
        "bad-svi",
        {**BRIDGE, "interface vlan301 vlan": 301, "interface vlan302 type": "svi"},
        (("interface.vlan301.vlan", "fail"), ("interface.vlan302", "fail")),
    ),
    Case(
        "NVUE-VLAN-NOT-IN-BRIDGE",
        "bad-access-and-trunk",
        {**BRIDGE, **port("swp1", "access", 300), **port("swp1", "vlan 500", {})},
        (("interface.swp1.bridge.domain.br_default.access", "fail"),),
    ),
    Case("NVUE-VLAN-ENDS", "empty-no-cables", {"a": BRIDGE, "b": BRIDGE}, (("fabric:", "skipped"),), several=True),
    Case(
        "NVUE-VLAN-ENDS",
        "good-access",
        {"a": {**BRIDGE, **port("swp1", "access", 300)}, "b": {**BRIDGE, **port("swp2", "access", 300)}},
        several=True,
        cables=LINK,
    ),
    Case(
        "NVUE-VLAN-ENDS",
        "good-listed-and-inherited",
        {
            "a": {**BRIDGE, **port("swp1", "untagged", 300), **port("swp1", "vlan 500", {})},
            "b": {**BRIDGE, **port("swp2", "untagged", 300)},
        },
        several=True,
        cables=LINK,
    ),
    Case(
        "NVUE-VLAN-ENDS",
        "good-routed-at-one-end",
        {"a": {**BRIDGE, **port("swp1", "access", 300)}, "b": {"interface swp2 type": "swp"}},
        several=True,
        cables=LINK,
    ),
    Case(
        "NVUE-VLAN-ENDS",
        "bad-access",
        {"a": {**BRIDGE, **port("swp1", "access", 300)}, "b": {**BRIDGE, **port("swp2", "access", 500)}},
        (
            ("a:interface.swp1.bridge.domain.br_default.access", "fail"),
            ("b:interface.swp2.bridge.domain.br_default.access", "fail"),
        ),
        several=True,
        cables=LINK,
    ),
    Case(
        "NVUE-VLAN-ENDS",
        "bad-tagged-vlans-of-two-bonds-told-once",
        {
            "a": {**BRIDGE, **TRUNKED, **port("up", "untagged", 300), **port("up", "vlan 500", {})},
            "b": {**BRIDGE, **TRUNKED, **port("up", "untagged", 300), **port("up", "vlan 700", {})},
        },
        (
            ("a:interface.up.bridge.domain.br_default.vlan", "fail"),
            ("b:interface.up.bridge.domain.br_default.vlan", "fail"),
        ),
        several=True,
        cables=(Cable("a", "swp1", "b", "swp1"), Cable("a", "swp2", "b", "swp2")),
    ),
    Case("NVUE-VLAN-RESERVED", "empty", {}, EMPTY),
    Case("NVUE-VLAN-RESERVED", "good", {**BRIDGE, **l3vni("RED", 5001, 3001)}),
    Case(
        "NVUE-VLAN-RESERVED",
        "good-range-moved",
        {
            "bridge domain br_default vlan 3800": {},
            "system global reserved vlan internal range": "4064-4094",
        },
    ),
    Case("NVUE-VLAN-RESERVED", "good-l3vni-pool-without-mlag", {"bridge domain br_default vlan 4001": {}}),
    Case(
        "NVUE-VLAN-RESERVED",
        "bad-both",
        {"bridge domain br_default vlan 3725": {}, **l3vni("RED", 5001, 3999)},
        (("bridge.domain.br_default.vlan.3725", "fail"), ("vrf.RED.evpn.vlan", "fail")),
    ),
    Case(
        "NVUE-VLAN-RESERVED",
        "bad-l3vni-pool-with-mlag",
        {"bridge domain br_default vlan 4001": {}, "mlag enable": "on"},
        (("bridge.domain.br_default.vlan.4001", "fail"),),
    ),
    Case("NVUE-VNI-TWICE", "empty", {}, EMPTY),
    Case("NVUE-VNI-TWICE", "good", {**vni(300, 10300), **vni(500, 10500)}),
    Case(
        "NVUE-VNI-TWICE",
        "bad-vlan-with-two",
        {**vni(300, 10300), **vni(300, 10301)},
        (
            ("bridge.domain.br_default.vlan.300.vni.10300", "fail"),
            ("bridge.domain.br_default.vlan.300.vni.10301", "fail"),
        ),
    ),
    Case(
        "NVUE-VNI-TWICE",
        "bad-vni-on-two",
        {**vni(300, 10300), **vni(500, 10300)},
        (
            ("bridge.domain.br_default.vlan.300.vni.10300", "fail"),
            ("bridge.domain.br_default.vlan.500.vni.10300", "fail"),
        ),
    ),
    Case("NVUE-VNI-MAP-DIFFERS", "empty-one-file", vni(300, 10300), ALONE),
    Case(
        "NVUE-VNI-MAP-DIFFERS",
        "good-other-vlans",
        {"a": {**vni(300, 10300), **vni(500, 10500)}, "b": vni(300, 10300)},
        several=True,
    ),
    Case(
        "NVUE-VNI-MAP-DIFFERS",
        "bad-majority",
        {"a": vni(300, 10300), "b": vni(300, 10300), "c": vni(300, 20300)},
        (("c:bridge.domain.br_default.vlan.300.vni.20300", "fail"),),
        several=True,
    ),
    Case(
        "NVUE-VNI-MAP-DIFFERS",
        "bad-pair-one-leaves-its-own-numbering",
        {
            "a": {**vni(300, 10300), **vni(500, 10500), **vni(600, 10600)},
            "b": {**vni(300, 10999), **vni(500, 10500), **vni(600, 10600)},
        },
        (("b:bridge.domain.br_default.vlan.300.vni.10999", "fail"),),
        several=True,
    ),
    Case(
        "NVUE-VNI-MAP-DIFFERS",
        "bad-pair-nobody-knows-who",
        {"a": vni(300, 10300), "b": vni(300, 4300)},
        (
            ("a:bridge.domain.br_default.vlan.300.vni.10300", "fail"),
            ("b:bridge.domain.br_default.vlan.300.vni.4300", "fail"),
        ),
        several=True,
    ),
    Case("NVUE-L3VNI-PLACE", "empty", {}, EMPTY),
    Case("NVUE-L3VNI-PLACE", "good", {**vni(300, 10300), **l3vni("RED", 5001, 3001), **l3vni("BLUE", 5002, 3002)}),
    Case(
        "NVUE-L3VNI-PLACE",
        "bad-is-an-l2vni",
        {**vni(300, 10300), **l3vni("RED", 10300, 3001)},
        (("vrf.RED.evpn.vni.10300", "fail"),),
    ),
    Case(
        "NVUE-L3VNI-PLACE",
        "bad-two-vrfs",
        {**l3vni("RED", 5001, 3001), **l3vni("BLUE", 5001, 3001)},
        (
            ("vrf.RED.evpn.vlan", "fail"),
            ("vrf.RED.evpn.vni.5001", "fail"),
            ("vrf.BLUE.evpn.vlan", "fail"),
            ("vrf.BLUE.evpn.vni.5001", "fail"),
        ),
    ),
    Case(
        "NVUE-L3VNI-PLACE",
        "bad-vlan-in-the-bridge",
        {**BRIDGE, **l3vni("RED", 5001, 300)},
        (("vrf.RED.evpn.vlan", "fail"),),
    ),
    Case(
        "NVUE-L3VNI-PLACE",
        "bad-default-vrf-and-two-of-one",
        {"vrf default evpn vni 5001": {}, "vrf RED evpn vni 5002": {}, "vrf RED evpn vni 5003": {}},
        (
            ("vrf.RED.evpn.vni.5002", "fail"),
            ("vrf.RED.evpn.vni.5003", "fail"),
            ("vrf.default.evpn.vni.5001", "fail"),
        ),
    ),
    Case("NVUE-L3VNI-DIFFERS", "empty-one-file", l3vni("RED", 5001, 3001), ALONE),
    Case(
        "NVUE-L3VNI-DIFFERS",
        "good",
        {"a": l3vni("RED", 5001, 3001), "b": l3vni("RED", 5001, 3007)},
        several=True,
    ),
    Case(
        "NVUE-L3VNI-DIFFERS",
        "bad-pair",
        {"a": l3vni("RED", 5001, 3001), "b": l3vni("RED", 5002, 3001)},
        (("a:vrf.RED.evpn.vni.5001", "fail"), ("b:vrf.RED.evpn.vni.5002", "fail")),
        several=True,
    ),
    Case("NVUE-PXE-BOND", "empty", {}, EMPTY),
    Case("NVUE-PXE-BOND", "good", {**BRIDGE, **bond("bond1s0"), **bond("bond1s1")}),
    Case(
        "NVUE-PXE-BOND",
        "good-bonds-of-another-vlan-do-not-boot",
        {**BRIDGE, **bond("bond1s0"), **bond("bond2s0", bypass="off", native=500), **bond("bond3s0", bypass="off")}
        | {"interface bond3s0 bond mode": "static"},
    ),
    Case(
        "NVUE-PXE-BOND",
        "good-most-bonds-of-the-vlan-do-not-boot",
        {**BRIDGE, **bond("bond1s0"), **bond("bond1s1", bypass="off"), **bond("bond1s2", bypass="off")},
    ),
    Case(
        "NVUE-PXE-BOND",
        "bad-bypass-off",
        {**BRIDGE, **bond("bond1s0"), **bond("bond1s1", bypass="off")},
        (("interface.bond1s1.bond.lacp-bypass", "fail"),),
    ),
    Case(
        "NVUE-PXE-BOND",
        "bad-no-native-vlan",
        {**BRIDGE, **bond("bond1s0", native=None), **port("bond1s0", "vlan 300", {})},
        (("interface.bond1s0.bridge.domain.br_default.untagged", "fail"),),
    ),
    Case(
        "NVUE-PXE-BOND",
        "bad-host-boots-from-another-vlan",
        {**BRIDGE, **bond("bond1s0")},
        (("interface.bond1s0.bridge.domain.br_default.untagged", "fail"),),
        cables=CABLE,
        more=behind(500),
    ),
    Case("NVUE-PXE-BOND", "good-host", {**BRIDGE, **bond("bond1s0")}, cables=CABLE, more=behind(300)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_vlans_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))


def test_the_message_says_who_has_which_vni() -> None:
    """A finding about a disagreement carries every opinion."""
    from rackwright import check

    case = next(one for one in CASES if one.name == "bad-majority" and one.rule == "NVUE-VNI-MAP-DIFFERS")
    found = [item for item in check.run(case.fabric()).findings if item.check == case.rule]
    assert found[0].evidence == ("a: 10300", "b: 10300", "c: 20300")
    assert found[0].message == "VLAN 300 has VNI 20300 here and 10300 elsewhere"

"""Cases of the rules about VLAN interfaces across switches."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.check.cases import Case


def svi(host: int, *, gateway: str = "10.20.0.1/22", vrf: str = "INBAND", **more: Any) -> dict[str, Any]:
    """Give one VTEP's vlan300; ``host`` is the last byte of its own address."""
    base = "interface vlan300 ip"
    leaves = {
        "bridge domain br_default vlan 300 vni 10300": {},
        "interface vlan300 vlan": 300,
        f"{base} vrf": vrf,
        f"{base} address 10.20.0.{host}/22": {},
        f"{base} vrr address {gateway}": {},
        f"vrf {vrf} evpn vni 5002": {},
        "nve vxlan enable": "on",
    }
    return {**leaves, **{f"{base} {key.replace('_', ' ')}": value for key, value in more.items()}}


PAIR = {"a": svi(2), "b": svi(3)}
CASES = [
    Case("NVUE-SVI-ADDRESS-TWICE", "empty-one-file", svi(2), (("", "skipped"),)),
    Case("NVUE-SVI-ADDRESS-TWICE", "good", PAIR, several=True),
    Case(
        "NVUE-SVI-ADDRESS-TWICE",
        "bad-same-address",
        {"a": svi(2), "b": svi(2)},
        (
            ("a:interface.vlan300.ip.address.10.20.0.2/22", "fail"),
            ("b:interface.vlan300.ip.address.10.20.0.2/22", "fail"),
        ),
        several=True,
    ),
    Case(
        "NVUE-SVI-ADDRESS-TWICE",
        "bad-is-the-gateway",
        {"a": svi(2), "b": svi(1)},
        (("b:interface.vlan300.ip.address.10.20.0.1/22", "fail"),),
        several=True,
    ),
    Case("NVUE-SVI-DIFFERS", "empty-one-file", svi(2), (("", "skipped"),)),
    Case("NVUE-SVI-DIFFERS", "good", PAIR, several=True),
    Case(
        "NVUE-SVI-DIFFERS",
        "good-a-vlan-without-vni-is-local",
        {
            "a": svi(2),
            "oob": {"interface vlan300 vlan": 300, "interface vlan300 ip address 192.168.0.2/24": {}},
        },
        several=True,
    ),
    Case(
        "NVUE-SVI-DIFFERS",
        "bad-gateway-of-one-of-three",
        {"a": svi(2), "b": svi(3), "c": svi(4, gateway="10.20.0.254/22")},
        (("c:interface.vlan300.ip.vrr.address.10.20.0.254/22", "fail"),),
        several=True,
    ),
    Case(
        "NVUE-SVI-DIFFERS",
        "bad-vrf-of-a-pair",
        {"a": svi(2), "b": svi(3, vrf="OOB")},
        (("a:interface.vlan300.ip.vrf", "fail"), ("b:interface.vlan300.ip.vrf", "fail")),
        several=True,
    ),
    Case(
        "NVUE-SVI-DIFFERS",
        "bad-fabric-id",
        {"a": svi(2), "b": {**svi(3), "system global fabric-id": 7}},
        (("a:system.global.fabric-id", "fail"), ("b:system.global.fabric-id", "fail")),
        several=True,
    ),
    Case(
        "NVUE-SVI-DIFFERS",
        "bad-prefix",
        {"a": svi(2), "b": svi(3), "c": {**svi(4), "interface vlan300 ip address": {"10.20.0.4/24": {}}}},
        (("c:interface.vlan300.ip.address.10.20.0.4/24", "fail"),),
        several=True,
    ),
    Case("NVUE-VLAN-WITHOUT-VNI", "empty-one-file", svi(2), (("", "skipped"),)),
    Case("NVUE-VLAN-WITHOUT-VNI", "good", PAIR, several=True),
    Case(
        "NVUE-VLAN-WITHOUT-VNI",
        "good-a-switch-without-vxlan",
        {"a": svi(2), "oob": {"bridge domain br_default vlan 300": {}}},
        several=True,
    ),
    Case(
        "NVUE-VLAN-WITHOUT-VNI",
        "bad",
        {"a": svi(2), "b": {"bridge domain br_default vlan 300": {}, "nve vxlan enable": "on"}},
        (("b:bridge.domain.br_default.vlan.300", "fail"),),
        several=True,
    ),
    Case(
        "NVUE-VLAN-WITHOUT-VNI",
        "bad-a-vni-that-cannot-be",
        {"a": svi(2), "b": {"bridge domain br_default vlan 300 vni 16777216": {}, "nve vxlan enable": "on"}},
        (("b:bridge.domain.br_default.vlan.300", "fail"),),
        several=True,
    ),
    Case("NVUE-SVI-GATEWAY-PLACE", "empty", {}, (("", "error"),)),
    Case("NVUE-SVI-GATEWAY-PLACE", "good", svi(2)),
    Case(
        "NVUE-SVI-GATEWAY-PLACE",
        "bad-gateway-outside",
        svi(2, gateway="10.21.0.1/22"),
        (("interface.vlan300.ip.vrr.address.10.21.0.1/22", "fail"),),
    ),
    Case(
        "NVUE-SVI-GATEWAY-PLACE",
        "bad-vrf-not-defined",
        {"interface vlan300 ip vrf": "INBND", "vrf INBAND table": "auto"},
        (("interface.vlan300.ip.vrf", "fail"),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_svis_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))

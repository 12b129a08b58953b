"""Cases of the rules about addresses: inside a VRF, between switches, along a cable."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright.check import Cable, HostEnd
from rackwright.check.spans import span_of
from tests.unit.check.cases import Case

PAIR = (Cable("a", "swp1", "b", "swp2"),)
TO_HOST = (Cable("leaf01", "swp1", "gpu01", "nic1"),)
VRF = "vrf TENANT table"


def at(port: str, *addresses: str, vrf: str = "") -> dict[str, Any]:
    """Give a port addresses."""
    leaves: dict[str, Any] = {f"interface {port} ip address {text}": {} for text in addresses}
    return leaves | ({f"interface {port} ip vrf": vrf, VRF: "auto"} if vrf else {})


def dot(port: str, text: str) -> str:
    """Name the path of an address."""
    return f"interface.{port}.ip.address.{text}"


def inside(name: str, leaves: dict[str, Any], *expect: str) -> Case:
    """Make a case of one switch's subnets."""
    return Case("NVUE-SUBNET-TWICE", name, leaves, tuple((path, "fail") for path in expect))


def between(name: str, a: dict[str, Any], b: dict[str, Any], *expect: str, **more: Any) -> Case:
    """Make a case of two switches."""
    return Case(
        more.pop("rule", "NVUE-ADDRESS-TWICE"), name, {"a": a, "b": b}, tuple((path, "fail") for path in expect),
        several=True, **more,
    )  # fmt: skip


def cabled(name: str, a: dict[str, Any], b: dict[str, Any], *expect: str) -> Case:
    """Make a case of two switches with a cable from swp1 to swp2."""
    return between(name, a, b, *expect, rule="CABLE-SUBNETS-DIFFER", cables=PAIR)


def hosted(name: str, a: dict[str, Any], theirs: tuple[str, ...] | None, *expect: str) -> Case:
    """Make a case of a switch with a cable from swp1 to a host."""
    end = HostEnd("gpu01", "nic1", addresses=theirs)
    return Case(
        "CABLE-SUBNETS-DIFFER", name, a, tuple((path, "fail") for path in expect),
        cables=TO_HOST, more={"hosts": {("gpu01", "nic1"): end}},
    )  # fmt: skip


BRIDGED = {"interface swp1 bridge domain br_default access": 300}
SVI = {"interface vlan300 type": "svi", "interface vlan300 ip address 10.3.0.2/24": {}}
BOND = {"interface bond1 bond member swp1": {}, "interface swp1 type": "swp"}
RD = "vrf {} router bgp rd"
LEAK = "vrf RED router bgp address-family ipv4-unicast route-import from-vrf list"
RELAY = "service dhcp-relay default interface"

CASES = [
    Case("NVUE-SUBNET-TWICE", "empty", {}, (("", "error"),)),
    inside("good-subnets-apart", at("swp1", "10.5.0.0/31") | at("swp2", "10.5.0.2/31")),
    inside("good-two-addresses-of-one-interface", at("swp1", "10.5.0.1/24", "10.5.0.2/24")),
    inside("good-another-vrf", at("swp1", "10.5.0.0/31") | at("swp2", "10.5.0.0/31", vrf="TENANT")),
    inside("good-borrowed-from-the-loopback", {a: {} for a in (
        "interface lo ip address 10.0.0.1/32", "interface swp1 ip address 10.0.0.1/32",
        "interface swp2 ip address 10.0.0.1/32")}),
    inside("good-link-local", at("swp1", "fe80::1/64", "169.254.1.1/30") | at("swp2", "fe80::1/64", "169.254.1.1/30")),
    inside("good-dhcp-and-what-is-no-address", at("eth0", "dhcp") | at("eth1", "dhcp") | at("swp1", "10.5.0.0/99", "x/")),
    inside("bad-same-address", at("swp1", "10.5.0.0/31") | at("swp2", "10.5.0.0/31"),
           dot("swp1", "10.5.0.0/31"), dot("swp2", "10.5.0.0/31")),
    inside("bad-two-ends-of-a-31", at("swp1", "10.5.0.0/31") | at("swp2", "10.5.0.1/31"),
           dot("swp1", "10.5.0.0/31"), dot("swp2", "10.5.0.1/31")),
    inside("bad-one-inside-another", at("vlan10", "10.5.0.1/16") | at("swp1", "10.4.0.0/31") | at("swp2", "10.5.9.0/31"),
           dot("swp2", "10.5.9.0/31"), dot("vlan10", "10.5.0.1/16")),
    inside("bad-ipv6", at("swp1", "2001:db8::1/64") | at("swp2", "2001:db8::2/80"),
           dot("swp1", "2001:db8::1/64"), dot("swp2", "2001:db8::2/80")),
    inside("bad-loopback-on-a-port", at("lo", "10.0.0.1/32") | at("swp1", "10.0.0.1/31"),
           dot("lo", "10.0.0.1/32"), dot("swp1", "10.0.0.1/31")),
    Case("NVUE-ADDRESS-TWICE", "empty-one-file", at("swp1", "10.5.0.0/31"), (("", "skipped"),)),
    between("good-ends-of-a-31", at("swp1", "10.5.0.0/31"), at("swp2", "10.5.0.1/31")),
    between("good-another-vrf", at("swp1", "10.5.0.0/31"), at("swp2", "10.5.0.0/31", vrf="TENANT")),
    between("good-gateways-that-have-a-rule-of-their-own", at("vlan10", "10.5.0.1/24"), at("vlan10", "10.5.0.1/24")),
    between("good-fabrics-that-no-cable-joins", at("swp1", "10.5.0.0/31"), at("swp1", "10.5.0.0/31"),
            cables=(Cable("a", "swp9", "x", "swp9"),)),
    between("bad-both-ends-of-a-31", at("swp1", "10.5.0.0/31"), at("swp2", "10.5.0.0/31"),
            "a:" + dot("swp1", "10.5.0.0/31"), "b:" + dot("swp2", "10.5.0.0/31")),
    between("bad-with-the-cable", at("swp1", "10.5.0.0/31"), at("swp2", "10.5.0.0/31"),
            "a:" + dot("swp1", "10.5.0.0/31"), "b:" + dot("swp2", "10.5.0.0/31"), cables=PAIR),
    between("bad-loopback-of-another", at("swp1", "10.0.0.1/31"), at("lo", "10.0.0.1/32"),
            "a:" + dot("swp1", "10.0.0.1/31"), "b:" + dot("lo", "10.0.0.1/32")),
    Case("CABLE-SUBNETS-DIFFER", "empty-no-cabling", at("swp1", "10.5.0.0/31"), (("", "skipped"),)),
    Case("CABLE-SUBNETS-DIFFER", "empty-no-link", at("swp1", "10.5.0.0/31"), (("", "error"),), cables=()),
    cabled("good-ends-of-a-31", at("swp1", "10.5.0.0/31"), at("swp2", "10.5.0.1/31")),
    cabled("good-one-of-several", at("swp1", "10.5.0.0/31", "10.6.0.1/30"), at("swp2", "10.6.0.2/30")),
    cabled("good-unnumbered", at("swp1", "10.5.0.0/31"), {"interface swp2 type": "swp"}),
    cabled("good-one-address-is-another-rules", at("swp1", "10.5.0.0/31"), at("swp2", "10.5.0.0/31")),
    cabled("bad-other-subnet", at("swp1", "10.5.0.0/31"), at("swp2", "10.5.0.3/31"),
           "a:" + dot("swp1", "10.5.0.0/31"), "b:" + dot("swp2", "10.5.0.3/31")),
    cabled("bad-other-length", at("swp1", "10.5.0.1/30"), at("swp2", "10.5.0.2/29"),
           "a:" + dot("swp1", "10.5.0.1/30"), "b:" + dot("swp2", "10.5.0.2/29")),
    hosted("good-host", at("swp1", "10.5.0.0/31"), ("10.5.0.1/31",)),
    hosted("good-host-of-which-nothing-is-known", at("swp1", "10.5.0.0/31"), None),
    hosted("good-host-behind-a-vlan", BRIDGED | SVI, ("10.3.0.9/24",)),
    hosted("good-host-behind-a-vlan-without-interface", BRIDGED, ("10.3.0.9/24",)),
    hosted("good-host-behind-a-bond", BOND | {"interface bond1 bridge domain br_default untagged": 300} | SVI,
           ("10.3.0.9/24",)),
    hosted("good-host-without-address-behind-a-vlan", BRIDGED | SVI, ()),
    hosted("bad-host-without-address", at("swp1", "10.5.0.0/31"), (), dot("swp1", "10.5.0.0/31")),
    hosted("bad-host-in-another-subnet", at("swp1", "10.5.0.0/31"), ("10.5.0.9/31",), dot("swp1", "10.5.0.0/31")),
    hosted("bad-host-has-the-address-of-the-switch", at("swp1", "10.5.0.1/31"), ("10.5.0.1/31",),
           dot("swp1", "10.5.0.1/31")),
    hosted("bad-host-on-a-port-without-address", {"interface swp1 type": "swp"}, ("10.5.0.1/31",), "interface.swp1"),
    hosted("bad-host-behind-another-vlan", BRIDGED | SVI, ("10.4.0.9/24",), dot("vlan300", "10.3.0.2/24")),
    Case("NVUE-VRF-UNDEFINED", "empty", {}, (("", "error"),)),
    Case("NVUE-VRF-UNDEFINED", "good", at("swp1", "10.5.0.0/31", vrf="TENANT") | {"interface eth0 ip vrf": "mgmt"}),
    Case("NVUE-VRF-UNDEFINED", "good-leak", {f"{LEAK} TENANT": {}, VRF: "auto", f"{LEAK} default": {}}),
    Case("NVUE-VRF-UNDEFINED", "bad-interface", {"interface swp1 ip vrf": "NOSUCH"}, (("interface.swp1.ip.vrf", "fail"),)),
    Case("NVUE-VRF-UNDEFINED", "bad-leak", {f"{LEAK} OBO": {}}, ((f"{LEAK} OBO".replace(" ", "."), "fail"),)),
    Case("NVUE-RD-TWICE", "empty", {}, (("", "error"),)),
    Case("NVUE-RD-TWICE", "good", {RD.format("A"): "10.0.0.1:1", RD.format("B"): "10.0.0.1:2"}),
    Case("NVUE-RD-TWICE", "good-made-by-the-switch", {RD.format("A"): "auto", RD.format("B"): "auto"}),
    Case("NVUE-RD-TWICE", "bad", {RD.format("A"): "10.0.0.1:1", RD.format("B"): "10.0.0.1:1"},
         (("vrf.A.router.bgp.rd", "fail"), ("vrf.B.router.bgp.rd", "fail"))),
    Case("NVUE-SERVICE-INTERFACE", "empty", {}, (("", "error"),)),
    Case("NVUE-SERVICE-INTERFACE", "good", {f"{RELAY} vlan300": {}} | SVI),
    Case("NVUE-SERVICE-INTERFACE", "good-made-for-an-l3vni", {f"{RELAY} vlan3001_l3": {}, "vrf OOB evpn vlan": 3001}),
    Case("NVUE-SERVICE-INTERFACE", "bad", {f"{RELAY} vlan301": {}} | SVI,
         (("service.dhcp-relay.default.interface.vlan301", "fail"),)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule_about_addresses_says_just_this(case: Case) -> None:
    """Each case gives exactly the findings it states."""
    assert case.verdicts() == tuple(sorted(case.expect))


def test_one_interface_of_many_cables_is_one_finding() -> None:
    """A VLAN interface in the wrong subnet is told once, with the links that it serves."""
    from rackwright import check

    bridged = {f"interface swp{port} bridge domain br_default access": 300 for port in range(1, 13)}
    ends = {(f"gpu{n}", "nic1"): HostEnd(f"gpu{n}", "nic1", addresses=(f"10.4.0.{n}/24",)) for n in range(1, 13)}
    cables = tuple(Cable("leaf01", f"swp{n}", f"gpu{n}", "nic1") for n in range(1, 13))
    one = Case("CABLE-SUBNETS-DIFFER", "bad", bridged | SVI, cables=cables, more={"hosts": ends})
    found = check.run(one.fabric(), [rule for rule in check.RULES if rule.id == one.rule]).findings
    assert [item.path for item in found] == [dot("vlan300", "10.3.0.2/24")]
    assert found[0].evidence[:1] == ("leaf01:swp1 -- gpu1:nic1",)


@pytest.mark.parametrize(
    "text", ["", "dhcp", "10.0.0", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "::1/129", "10.0.0.1/x"]
)
def test_what_is_no_address_has_no_span(text: str) -> None:
    """The schema rules speak about forms; the others leave such a leaf alone."""
    assert span_of(text) is None

"""Every check by a table of cases: what a switch says, and what must be said of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from rackwright import audit
from rackwright.audit.model import Limits
from rackwright.audit.verdict import REACHED
from rackwright.errors import NotCarried
from tests.unit.audit import healthy
from tests.unit.audit.racks import Rack, rack

INTERFACES = "nv show interface"
CABLES = ("LINK-CABLING", "LINK-STATE", "LINK-SPEED")
BFD = 'vtysh -c "show bfd peers json"'
Change = Callable[[Rack], Any]


@dataclass(frozen=True)
class Case:
    """What is changed in a healthy rack, and (subject, path, status, part of the message or remedy) that follow."""

    check: str
    name: str
    change: Change
    expect: tuple[tuple[str, str, str, str], ...]
    site: str = "xe9680-spectrum-x"

    @property
    def id(self) -> str:
        return f"{self.check}-{self.name}"


def at(switch: str, question: str, *path: str, value: Any) -> Change:
    """Return a change of one value of one answer."""

    def change(made: Rack) -> None:
        node = made.said[switch]
        for key in (question, *path)[:-1]:
            node = node[key]
        node[(question, *path)[-1]] = value

    return change


def link(switch: str, port: str, **values: Any) -> Change:
    """Return a change of the link of a port."""

    def change(made: Rack) -> None:
        made.said[switch][INTERFACES][port]["link"].update(
            {key.replace("_", "-"): value for key, value in values.items()}
        )

    return change


def without(switch: str, question: str, *path: str) -> Change:
    """Return a change that takes something away."""

    def change(made: Rack) -> None:
        node = made.said[switch]
        for key in (question, *path)[:-1]:
            node = node[key]
        del node[(question, *path)[-1]]

    return change


def both(*changes: Change) -> Change:
    """Return several changes as one."""

    def change(made: Rack) -> None:
        for one in changes:
            one(made)

    return change


def sees(switch: str, port: str, of: str) -> Change:
    """Return a change after which a port sees what another port of the switch saw."""

    def change(made: Rack) -> None:
        interfaces = made.said[switch][INTERFACES]
        interfaces[port]["lldp"], interfaces[of]["lldp"] = interfaces[of]["lldp"], interfaces[port]["lldp"]

    return change


def dark(switch: str, port: str) -> Change:
    """Return a change after which a link is down and sees nobody, at this end."""

    def change(made: Rack) -> None:
        interface = made.said[switch][INTERFACES][port]
        interface.pop("lldp", None)
        interface["link"].update({"oper-status": "down"})
        interface["link"].pop("speed", None)

    return change


def everywhere(question: str, value: Any) -> Change:
    """Return a change of one answer of every switch that was asked it."""

    def change(made: Rack) -> None:
        for said in made.said.values():
            if question in said:
                said[question] = value

    return change


PHY = "nv show interface swp1s0 link phy-detail"
POWER = ("nv show platform transceiver swp5", "channel", "channel-1", "rx-power")
BGP = "nv show vrf default router bgp neighbor"
ESI = "03:44:38:39:ff:00:01:00:00:0a"
SEGMENTS = "nv show evpn multihoming esi"
ROCE = "nv show qos roce"

CASES = (
    Case("LINK-CABLING", "crossed", sees("be01", "swp1s0", "swp1s1"),
         (("be01", "swp1s0", "fail", "swap be01 swp1s0 with swp1s1"),)),
    Case("LINK-CABLING", "no-lldp-at-all", both(*(without(name, INTERFACES, f"swp1s{sub}", "lldp")
                                                 for name in ("be01",) for sub in (0, 1))),
         (("be01", "silent", "skipped", "2 links"),)),
    Case("LINK-CABLING", "stranger", at("be01", INTERFACES, "swp1s0", "lldp", "neighbor", value={
        "who": {"chassis": {"system-name": "who"}, "port": {"name": "Ethernet7"}}}),
         (("be01", "swp1s0", "fail", "stranger, who Ethernet7"),)),
    Case("LINK-CABLING", "one-sided-between-switches", without("fe01", INTERFACES, "swp7s0", "lldp"),
         (("fe01", "swp7s0", "fail", "hears nothing of fe02 swp7s0"),)),
    Case("LINK-CABLING", "mute-between-switches",
         both(without("fe01", INTERFACES, "swp7s0", "lldp"), without("fe02", INTERFACES, "swp7s0", "lldp")),
         (("fe01", "silent", "error", "neither switch hears"),)),
    Case("LINK-STATE", "dead-cable", dark("be01", "swp1s0"), (("be01", "swp1s0", "fail", "be01-swp1"),)),
    Case("LINK-STATE", "dead-splitter", both(dark("be01", "swp1s0"), dark("be01", "swp1s1")),
         (("be01", "swp1s0", "fail", "none of the 2 ways of the cable be01-swp1"),)),
    Case("LINK-STATE", "rail-and-front-end-dark",
         both(dark("be01", "swp1s0"), dark("fe01", "swp1s0")),
         (("be01", "swp1s0", "fail", "dark too: fe01 swp1s0 to"), ("fe01", "swp1s0", "fail", "dark too: be01 swp1s0 to"))),
    Case("LINK-STATE", "shut", link("be01", "swp1s0", admin_status="down", oper_status="down"),
         (("be01", "swp1s0", "fail", "shut by configuration"),)),
    Case("LINK-STATE", "protodown", link("fe01", "swp1s0", protodown="enabled", oper_status="down"),
         (("fe01", "swp1s0", "fail", "held down by a protocol"),)),
    Case("LINK-STATE", "no-such-port", without("be01", INTERFACES, "swp1s0"),
         (("be01", "swp1s0", "fail", "its breakout is not applied"),)),
    Case("LINK-STATE", "state-not-told", without("be01", INTERFACES, "swp1s0", "link", "oper-status"),
         (("be01", "swp1s0", "error", "does not tell"),)),
    Case("LINK-SPEED", "slower", link("be01", "swp1s0", speed="200G"),
         (("be01", "swp1s0.speed", "fail", "200G, not 400G"),)),
    Case("LINK-SPEED", "not-told", without("be01", INTERFACES, "swp1s0", "link", "speed"),
         (("be01", "speed", "error", "does not tell speed of 1 link (swp1s0); make the switch tell it"),)),
    Case("LINK-SPEED", "no-speed", link("be01", "swp1s0", speed="unknown"),
         (("be01", "speed", "error", "does not tell speed of 1 link (swp1s0)"),)),
    Case("LINK-SPEED", "several-not-told-are-one-finding",
         both(*(without("be01", INTERFACES, f"swp1s{sub}", "link", "speed") for sub in (0, 1))),
         (("be01", "speed", "error", "does not tell speed of 2 links (swp1s0, swp1s1)"),)),
    Case("LINK-SPEED", "down-is-another-checks", both(link("be01", "swp1s0", oper_status="down"),
                                                      without("be01", INTERFACES, "swp1s0", "link", "speed")), ()),
    Case("LINK-SPEED", "negotiation-not-told", without("be01", INTERFACES, "swp1s0", "link", "auto-negotiate"),
         (("be01", "auto-negotiate", "error", "does not tell auto-negotiate of 1 link"),)),
    Case("LINK-SPEED", "fec-may-be-empty", without("be01", INTERFACES, "swp1s0", "link", "fec"), ()),
    Case("LINK-SPEED", "forced", link("be01", "swp1s0", auto_negotiate="off"),
         (("be01", "swp1s0.auto-negotiate", "fail", "off, not on"),)),
    Case("LINK-SPEED", "fec-differs", link("fe01", "swp7s0", fec="off"),
         (("fe01", "swp7s0.fec", "fail", "off, not rs"), ("fe02", "swp7s0.fec", "fail", "rs, not off"))),
    Case("LINK-FLAPS", "first-look", lambda _made: None, tuple(
        (name, "skipped", "skipped", "first look") for name in ("be01", "be02", "fe01", "fe02", "oob01"))),
    Case("LINK-MTU", "host-port-too-small", link("be01", "swp1s0", mtu=1500),
         (("be01", "swp1s0", "fail", "packets of 9000 are dropped"),)),
    Case("LINK-MTU", "isl-too-small-for-vxlan", link("fe01", "swp7s0", mtu=9040),
         (("fe01", "swp7s0", "fail", "packets of 9050 are dropped"),)),
    Case("LINK-MTU", "not-the-planned", link("be01", "swp1s0", mtu=9100),
         (("be01", "swp1s0", "fail", "9100, not 9216"),)),
    Case("LINK-MTU", "not-told", without("be01", INTERFACES, "swp1s0", "link", "mtu"),
         (("be01", "swp1s0", "error", "does not tell its MTU"),)),
    Case("LINK-ERRORS", "too-many", at("be01", PHY, "effective-ber", value="3E-9"),
         (("be01", "swp1s0", "fail", "3e-09 of the bits"),)),
    Case("LINK-ERRORS", "empty", at("be01", PHY, value={}),
         (("be01", "effective-ber", "error", "does not tell the error rate of 1 link (swp1s0)"),)),
    Case("LINK-ERRORS", "refused", at("be01", PHY, value=ValueError("no such command")),
         (("be01", "effective-ber", "error", "does not tell the error rate of 1 link (swp1s0)"),)),
    Case("OPTICS-PRESENT", "empty-cage", without("be01", "nv show platform transceiver", "swp1"),
         (("be01", "swp1", "fail", "swp1 is empty"),)),
    Case("OPTICS-PRESENT", "other-form", at("be01", "nv show platform transceiver", "swp1", "identifier", value="QSFP28"),
         (("be01", "swp1.identifier", "fail", "QSFP28, not OSFP"),)),
    Case("OPTICS-PRESENT", "other-medium",
         at("be01", "nv show platform transceiver", "swp1", "cable-type", value="Optical module"),
         (("be01", "swp1.cable-type", "fail", "Optical module, not copper"),)),
    Case("OPTICS-POWER", "below-alarm", at("fe01", *POWER, "power", value="0.0100 mW / -20.00 dBm"),
         (("fe01", "swp5.channel-1.rx-power", "fail", "beyond its alarm threshold"),)),
    Case("OPTICS-POWER", "below-warning", at("fe01", *POWER, "power", value="0.0708 mW / -11.50 dBm"),
         (("fe01", "swp5.channel-1.rx-power", "fail", "beyond its warning threshold"),)),
    Case("OPTICS-POWER", "no-measures", at("fe01", POWER[0], value={"identifier": "OSFP"}),
         (("fe01", "silent", "skipped", "1 cages have no measures"),)),
    Case("OPTICS-POWER", "refused", at("fe01", POWER[0], value=ValueError("Error: try again later")),
         (("fe01", "channel", "error", "does not tell the light of 1 cage(s) (swp5)"),)),
    Case("OPTICS-POWER", "an-empty-cage-is-another-checks",
         both(without("fe01", "nv show platform transceiver", "swp5"),
              at("fe01", POWER[0], value=ValueError("The requested item does not exist."))),
         (("fe01", "silent", "skipped", "1 cages have no measures"),)),
    Case("BGP-SESSIONS", "idle", at("fe01", BGP, "swp7s0", value={"state": "idle", "address-family": {}}),
         (("fe01", "default.swp7s0.state", "fail", "state is idle, not established"),)),
    Case("BGP-SESSIONS", "absent", without("fe01", BGP, "swp7s0"),
         (("fe01", "default.swp7s0.state", "fail", "state is absent"),)),
    Case("BGP-SESSIONS", "another-peer", at("fe01", BGP, "swp7s0", "remote-as", value=65001),
         (("fe01", "default.swp7s0.remote-as", "fail", "65001, not 42"),)),
    Case("BGP-SESSIONS", "one-family", without("fe01", BGP, "swp7s0", "address-family", "l2vpn-evpn"),
         (("fe01", "default.swp7s0.l2vpn-evpn", "fail", "not negotiated"),)),
    Case("BGP-SESSIONS", "unplanned", at("fe01", BGP, "swp99", value={"state": "established"}),
         (("fe01", "default.swp99", "fail", "no planned neighbour"),)),
    Case("BFD-SESSIONS", "down", at("fe01", BFD, value='[{"interface": "swp7s0", "status": "down"}]'), tuple(
        ("fe01", f"default.swp{cage}s{sub}", "fail", "down" if (cage, sub) == (7, 0) else "absent")
        for cage in (7, 8, 9, 10) for sub in (0, 1))),
    Case("BFD-SESSIONS", "no-json", at("fe01", BFD, value="% Unknown command"), (("fe01", "", "error", "no JSON"),)),
    Case("BFD-SESSIONS", "over-the-api", at("fe01", BFD, value=NotCarried("the API does not run it")),
         (("fe01", "skipped", "skipped", "BFD of 8 sessions not told: NVUE 5.12.1 shows none"),)),
    Case("ADAPTIVE-ROUTING", "off", at("be01", "nv show router adaptive-routing", "enable", value="off"),
         (("be01", "enable", "fail", "adaptive routing is off"),), "clos"),
    Case("ADAPTIVE-ROUTING", "one-port-off-is-seen-from-both-ends",
         without("be01", "running", "interface", "swp33s0", "router"),
         (("be-spine01", "swp1s0.far end", "fail", "far end is off"),
          ("be01", "swp33s0.adaptive-routing", "fail", "breaks its ECMP group")), "clos"),
    Case("ADAPTIVE-ROUTING", "at-800G", link("be01", "swp33s0", speed="800G"),
         (("be01", "swp33s0.speed", "fail", "800G, not 200G or 400G"),), "clos"),
    Case("EVPN-VNIS", "missing", without("fe01", "nv show evpn vni", "10300"),
         (("fe01", "10300", "fail", "VNI 10300 (VLAN 300) is missing"),)),
    Case("EVPN-VNIS", "no-remote", at("fe01", "nv show evpn vni", "10300", "remote-vtep", value={}),
         (("fe01", "10300.10.255.16.2", "fail", "fe02 (10.255.16.2) is no remote VTEP"),)),
    Case("EVPN-VNIS", "stranger", at("fe01", "nv show evpn vni", "10300", "remote-vtep", "10.9.9.9", value={}),
         (("fe01", "10300.10.9.9.9", "fail", "no planned VTEP"),)),
    Case("EVPN-SEGMENTS", "missing", without("fe01", SEGMENTS, ESI), (("fe01", "bond1s0", "fail", "is not there"),)),
    Case("EVPN-SEGMENTS", "alone", at("fe01", SEGMENTS, ESI, "remote-vtep", value={}),
         (("fe01", "bond1s0.remote-vtep", "fail", "none, not 10.255.16.2"),)),
    Case("EVPN-SEGMENTS", "down", at("fe01", SEGMENTS, ESI, "flags", "oper-up", value="off"),
         (("fe01", "bond1s0.oper-up", "fail", "off, not on"),)),
    Case("EVPN-SEGMENTS", "nobody-forwards", without("fe01", SEGMENTS, ESI, "flags", "designated-forward"),
         (("fe01", "bond1s0.designated forwarder", "fail", "none, not one switch"),)),
    Case("EVPN-SEGMENTS", "both-forward", at("fe02", SEGMENTS, ESI, "flags", "designated-forward", value="on"),
         (("fe01", "bond1s0.designated forwarder", "fail", "fe01, fe02, not one switch"),)),
    Case("EVPN-MAC-VRF", "other-vnis", at("fe01", "nv show evpn multihoming bgp-info esi", ESI, "inconsistent-vni-count", value=1),
         (("fe01", "bond1s0", "fail", "1 VNIs differ"),)),
    Case("EVPN-MAC-VRF", "mac-unknown-to-peer", at("fe02", "nv show evpn vni 10300 mac", value={}),
         (("fe01", "10300.02:00:00:00:00:01", "fail", "not known to fe02"),)),
    Case("EVPN-L3VNIS", "other", at("fe01", "nv show vrf INBAND evpn", "vni", value={"50009": {}}),
         (("fe01", "INBAND", "fail", "L3VNI is 50009"),)),
    Case("EVPN-L3VNIS", "down", at("fe01", "nv show vrf INBAND evpn", "state", value="down"),
         (("fe01", "INBAND", "fail", "down"),)),
    Case("ROCE", "off", at("be01", ROCE, value={"enable": "off"}), (
        ("be01", "congestion-control.congestion-mode", "fail", "not told"),
        ("be01", "congestion-control.enabled-tc", "fail", "not told"), ("be01", "enable", "fail", "off, not on"),
        ("be01", "mode", "fail", "not told"), ("be01", "pfc.pfc-priority", "fail", "not told"),
        ("be01", "pfc.rx-enabled", "fail", "not told"), ("be01", "pfc.tx-enabled", "fail", "not told"),
        ("be01", "prio-map.dscp-26", "fail", "not told"), ("be01", "prio-map.dscp-48", "fail", "not told"))),
    Case("ROCE", "no-pfc", at("be01", ROCE, "pfc", "rx-enabled", value="disabled"),
         (("be01", "pfc.rx-enabled", "fail", "disabled, not enabled"),)),
    Case("ROCE", "no-ecn", at("be01", ROCE, "congestion-control", "enabled-tc", value="0"),
         (("be01", "congestion-control.enabled-tc", "fail", "not told, not 3"),)),
    Case("ROCE", "other-pools", at("core-01", ROCE, "pool", "1", "size", value="50%"),
         (("core-01", "pool.roce-lossless", "fail", "50%, not 90%"),), "era-2-8-9-400"),
    Case("DEVICE-IDENTITY", "another-box", at("be01", "facts", "serial", value="MT0000X00000"),
         (("be01", "serial", "fail", "MT0000X00000, not"),)),
    Case("DEVICE-IDENTITY", "another-name", at("be01", "facts", "hostname", value="cumulus"),
         (("be01", "hostname", "fail", "cumulus, not be01"),)),
    Case("DEVICE-IDENTITY", "nothing-told", at("be01", "facts", value={"hostname": "be01"}),
         (("be01", "model", "error", "does not tell its model"), ("be01", "serial", "error", "does not tell its serial"))),
    Case("NOS-VERSION", "older", at("be01", "facts", "version", value="5.9.1"),
         (("be01", "version", "fail", "runs 5.9.1, not 5.12.1"),)),
    Case("NOS-VERSION", "not-told", at("be01", "facts", "version", value=""), (("be01", "", "error", "does not tell"),)),
    Case("NTP-SYNC", "not", at("be01", "nv show system date-time", "system-clock-synchronized", value="no"),
         (("be01", "clock", "fail", "not synchronized"),)),
    Case("CONFIG-DRIFT", "by-hand", at("be01", "running", "system", "hostname", value="elsewhere"),
         (("be01", "system", "fail", "1 settings below system differ"),)),
    Case("CONFIG-UNSAVED", "not-saved", at("be01", "startup", "system", "hostname", value="former"),
         (("be01", "system", "fail", "not saved"),)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_gives_its_findings_and_no_other(case):
    """What is wrong is found where it is, with what to do; nothing else is said to be wrong."""
    made = rack(case.site)
    case.change(made)
    found = [item for item in made.judged(case.check) if item.check != REACHED]
    told = {(item.subject, item.path, item.status): f"{item.message}; {item.remedy}" for item in found}
    for subject, path, status, words in case.expect:
        assert words in told.get((subject, path, status), ""), told
    wrong = {key for key in told if key[2] in {"fail", "error"}}
    assert wrong <= {case[:3] for case in case.expect}
    assert all(item.remedy and item.source for item in found if item.status == "fail")


@pytest.mark.parametrize("case", [case for case in CASES if case.check in CABLES], ids=lambda case: case.id)
def test_cables_are_judged_alike_by_the_part_that_shows_them(case, tmp_path):
    """Who holds what hundreds of switches said holds little of it, and finds the same."""
    made = rack(case.site)
    case.change(made)
    audit.write(tmp_path, made.evidence().values())
    part = audit.parts(tmp_path, made.said, audit.CABLED)
    assert {
        one for it in made.site.plan.switches for one in audit.questions(it, made.site, CABLES)
    } == audit.CABLED.keys()
    shown = [one.by_question()[INTERFACES].value for one in part.values()]
    assert all(one.keys() <= {"link", "lldp"} for value in shown for one in value.values())
    found = audit.judge(made.site.plan, part, catalog=made.site.catalog, checks=CABLES, names=made.said)
    whole = audit.judge(made.site.plan, made.evidence(), catalog=made.site.catalog, checks=CABLES, names=made.said)
    assert found == whole


def test_an_answer_of_another_form_is_judged_whole(tmp_path):
    """What a switch tells in its own way is no reason to read nothing."""
    said = {INTERFACES: {"swp1": {"link": {"oper-status": "up"}, "lldp": "off", "type": "swp"}}, "nv show evpn": {}}
    audit.write(tmp_path, [healthy.as_evidence("be01", said)])
    (found,) = audit.parts(tmp_path, ["be01", "be02"], audit.CABLED)["be01"].answers
    assert (found.question, found.value) == (INTERFACES, said[INTERFACES])


def test_a_set_correction_that_is_not_told_is_an_error():
    """A FEC that the plan sets and the switch does not tell was not looked at: neither right nor wrong."""
    made = rack()
    made = replace(made, trees=copy.deepcopy(made.trees))
    made.trees["be01"]["interface"].setdefault("swp1s0", {}).setdefault("link", {})["fec"] = "rs"
    without("be01", INTERFACES, "swp1s0", "link", "fec")(made)
    found = [(item.subject, item.path) for item in made.judged("LINK-SPEED") if item.status == "error"]
    assert found == [("be01", "fec")]


@pytest.mark.parametrize("names", [(), ("be-spine01",), ("be01", "be-spine01")], ids=str)
def test_a_right_cable_counts_at_both_ends(names):
    """What a switch is told of its cables does not hang on which others are judged."""
    found = rack("clos").judged("LINK-CABLING", names=names)
    passed = {item.subject: item.actual for item in found if item.status == "pass" and item.check != REACHED}
    links = [link for link in rack("clos").site.plan.links if "be-spine01" in {link.a.device, link.b.device}]
    assert passed["be-spine01"] == f"{len(links)} links"
    assert not [item for item in found if item.status == "skipped" and "can be told" in item.message]


@pytest.mark.parametrize(("names", "status"), [(("be01", "be02"), "skipped"), ((), "pass")], ids=["limit", "all"])
def test_switches_that_have_no_name_yet_are_no_one_stranger(names, status):
    """Each switch from the factory is called cumulus: who sees one was not shown to be elsewhere, nor to contradict others."""
    made = rack()
    for name in ("be01", "be02"):
        neighbour = {"chassis": {"system-name": "cumulus"}, "port": {"name": "swp9"}}
        at(name, INTERFACES, "eth0", "lldp", value={"neighbor": {"cumulus": neighbour}})(made)
    found = [item for item in made.judged("LINK-CABLING", names=names) if item.subject in {"be01", "be02"}]
    assert not [str(item) for item in found if item.status in {"fail", "error"}]
    nameless = [item for item in found if item.path == "nameless"]
    assert [item.subject for item in nameless] == (["be01", "be02"] if status == "skipped" else [])
    assert all("1 link (eth0 to oob01" in item.message and item.remedy for item in nameless)


def test_a_switch_without_a_name_in_the_place_of_a_server_is_a_stranger():
    """Whichever switch it is, it does not belong where the plan has a server."""
    made = rack()
    neighbour = {"chassis": {"system-name": "cumulus"}, "port": {"name": "swp9"}}
    at("be01", INTERFACES, "swp1s0", "lldp", value={"neighbor": {"cumulus": neighbour}})(made)
    found = [item for item in made.judged("LINK-CABLING") if item.status == "fail"]
    assert ["stranger, cumulus swp9" in item.message for item in found] == [True]


def test_a_dark_link_to_a_switch_that_was_not_looked_at_says_so():
    """What is dark is told in any case; that the other switch is not among those looked at is part of the remedy."""
    made = rack()
    dark("fe01", "swp7s0")(made)
    found = {
        names: next(item.remedy for item in made.judged("LINK-STATE", names=names) if item.status == "fail")
        for names in (("fe01",), ("fe01", "fe02"))
    }
    assert "fe02 was not looked at" in found["fe01",]
    assert "not looked at" not in found["fe01", "fe02"]


def test_a_switch_whose_faults_are_told_at_the_other_end_is_not_called_dark():
    """A swap is one finding at one switch; the other says where it is told, not that LLDP tells nothing."""
    made = rack("clos")
    be01 = next(switch for switch in made.site.plan.switches if switch.name == "be01")
    ends = [("be01", port) for port in ("swp33s0", "swp33s1")]
    ends += [(port.peer, port.peer_port) for port in be01.ports if ("be01", port.name) in ends]
    for name, said in made.said.items():
        for port, interface in said[INTERFACES].items():
            if (name, port) not in ends:
                interface.pop("lldp", None)
                interface["link"]["oper-status"] = "down"
    for (name, one), (_, two) in (ends[:2], ends[2:]):
        sees(name, one, two)(made)
    found = made.judged("LINK-CABLING")
    (wrong,) = [item for item in found if item.status == "fail"]
    (other,) = {name for name, _ in ends} - {wrong.subject}
    skipped = {item.subject: item.message for item in found if item.path == "skipped"}
    assert "told at their other ends" in skipped[other]


def test_every_check_has_a_case_that_fails():
    """A check that no case makes fail could be a check that never does."""
    failing = {case.check for case in CASES if any(status == "fail" for _, _, status, _ in case.expect)}
    assert set(audit.CHECKS) - failing == {REACHED, "LINK-FLAPS"}


@pytest.mark.parametrize("check", [name for name in audit.CHECKS if name != REACHED])
@pytest.mark.parametrize("empty", [{}, [], None, ""], ids=repr)
def test_an_empty_answer_never_passes(check, empty):
    """A switch that answers with nothing has shown nothing: no check may call that right."""
    made = rack("clos" if check == "ADAPTIVE-ROUTING" else "xe9680-spectrum-x")
    for said in made.said.values():
        said.update(dict.fromkeys(said, empty))
    assert not [item for item in made.judged(check) if item.check != REACHED and item.status == "pass"]


@pytest.mark.parametrize("check", [name for name in audit.CHECKS if name != REACHED])
def test_a_refused_answer_is_an_error(check):
    """When a switch refuses every question of a check, each switch that it applies to is an error, in the switch's words."""
    made = rack("clos" if check == "ADAPTIVE-ROUTING" else "xe9680-spectrum-x")
    for said in made.said.values():
        said.update(dict.fromkeys(said, ValueError("Error: try again later")))
    found = [item for item in made.judged(check) if item.check != REACHED]
    assert {item.status for item in found} == {"error"}


def test_flaps_since_the_last_look():
    """A link that went down since is told with how often; a counter that began anew is skipped; the limit is the operator's."""
    made = rack()
    before = rack().evidence()
    link("be01", "swp1s0", stats={"carrier-down-count": 4})(made)
    link("be01", "swp1s1", stats={"carrier-down-count": 0})(made)
    found = {(item.subject, item.path, item.status): item for item in made.judged("LINK-FLAPS", before=before)}
    assert "went down 3 times" in found["be01", "swp1s0", "fail"].message
    assert ("be01", "reset", "skipped") in found
    assert ("be02", "", "pass") in found
    lenient = made.judged("LINK-FLAPS", before=before, limits=Limits(flaps=3))
    assert not [item for item in lenient if item.status == "fail"]


@pytest.mark.parametrize(
    ("worked", "status"),
    [
        ({"gpu01": ("2026-11-28T07:00:01.000Z", "r1")}, "skipped"),
        ({"be01": ("2026-11-28T07:00:01.000Z", "r1")}, "skipped"),
        ({"gpu01": ("2026-11-28T06:59:59.000Z", "r1")}, "fail"),
        ({"gpu02": ("2026-11-28T07:00:01.000Z", "r1")}, "fail"),
    ],
)
def test_what_a_run_took_down_is_not_the_cables_fault(worked, status):
    """46 cables were to be cleaned since a bring-up had restarted their hosts; of others, and of what comes after the run, flaps are told."""
    made = rack()
    before = {
        name: msgspec.structs.replace(one, taken="2026-11-28T07:00:00+00:00") for name, one in rack().evidence().items()
    }
    link("be01", "swp1s0", stats={"carrier-down-count": 4})(made)
    found = made.judged("LINK-FLAPS", before=before, worked=worked)
    (told,) = [one for one in found if one.status in {"fail", "skipped"} and one.subject == "be01"]
    assert told.status == status
    assert status == "fail" or ("swp1s0" in told.message and "run r1 worked" in told.message)


def test_a_lease_that_a_run_left_is_told_though_no_configuration_shows_it():
    """A push that was cut off leaves a switch as planned that lets nobody in a day later; one that has DHCP again lives by its lease."""
    made = rack()
    (told,) = [one for one in made.judged("CONFIG-DRIFT", leases=["be01"]) if one.status == "fail"]
    assert (told.subject, told.path, "rackwright push" in told.remedy) == ("be01", "lease", True)
    at("be01", "running", "interface", "eth0", "ip", "address", "dhcp", value={})(made)
    assert "lease" not in {one.path for one in made.judged("CONFIG-DRIFT", leases=["be01"])}


def test_the_limit_of_bit_errors_is_the_operators():
    """No source sets it, so it can be set."""
    made = rack()
    at("be01", PHY, "effective-ber", value="3E-9")(made)
    assert not [item for item in made.judged("LINK-ERRORS", limits=Limits(effective_ber=1e-8)) if item.status == "fail"]

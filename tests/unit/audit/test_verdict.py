"""Judging as a whole: right racks pass, what was not seen is an error, the registry is complete and documented."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rackwright import audit
from rackwright.audit.ledger import Ledger
from rackwright.audit.model import DeviceCheck
from tests.unit.audit.racks import rack

SITES = ("xe9680-spectrum-x", "r760xa-converged", "era-2-8-9-400", "era-2-4-3-200", "xe9680-two-racks", "clos")
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", SITES)
def test_a_right_rack_has_nothing_wrong(name):
    """No check finds fault with what is as planned, and each that applies has looked at something."""
    made = rack(name)
    found = made.judged()
    assert not [str(item) for item in found if item.status in {"fail", "error"}]
    passed = {(item.check, item.subject) for item in found if item.status == "pass"}
    for switch in made.site.plan.switches:
        applying = {check.id for check in audit.CHECKS.values() if check.applies(switch, made.site)}
        quiet = applying - {check for check, subject in passed if subject == switch.name}
        untimed = set() if switch.system.ntp else {"NTP-SYNC"}
        assert quiet <= {"LINK-FLAPS", "OPTICS-POWER", "LINK-CABLING"} | untimed


def test_a_switch_is_judged_alike_by_tables_that_are_there_already():
    """Whoever judges one switch after the other with one site gets what a look at the whole rack says of each."""
    made = rack("clos")
    whole = made.judged()
    for switch in made.site.plan.switches[:3]:
        alone = made.judged(names=[switch.name], site=made.site)
        assert [one for one in alone if one.check == "LINK-MTU"] == [
            one for one in whole if one.check == "LINK-MTU" and one.subject == switch.name
        ]


def test_every_pass_says_what_it_stands_on():
    """A pass names how much was looked at and what was asked."""
    for item in rack().judged():
        if item.status == "pass":
            assert item.actual
            assert item.evidence or item.check == "DEVICE-REACHED"


def test_a_switch_that_is_not_reached_is_one_error():
    """Who does not answer is told once, with the reason, and the others are judged all the same."""
    made = rack()
    del made.said["be01"]
    made.errors["be01"] = "no route to host"
    found = [item for item in made.judged() if item.status in {"fail", "error"}]
    assert [(item.check, item.subject, item.status) for item in found] == [("DEVICE-REACHED", "be01", "error")]
    assert "no route to host" in found[0].message


def test_a_switch_without_evidence_is_an_error_though_one_check_was_asked_for():
    """A snapshot that lacks a switch does not make it right."""
    made = rack()
    del made.said["be01"]
    found = made.judged("ROCE")
    assert [item.check for item in found if item.subject == "be01"] == ["DEVICE-REACHED"]
    assert [item.status for item in found if item.subject == "be01"] == ["error"]


def test_a_limit_judges_these_switches_alone():
    """With names, nothing is said of others, and a swap is seen from one side."""
    made = rack()
    fe = made.said["fe01"]["nv show interface"]
    fe["swp7s0"]["lldp"], fe["swp7s1"]["lldp"] = fe["swp7s1"]["lldp"], fe["swp7s0"]["lldp"]
    found = made.judged(names=["fe01"])
    assert {item.subject for item in found} == {"fe01"}
    assert [item.path for item in found if item.status == "fail"] == ["swp7s0"]


def test_no_evidence_at_all_passes_nothing():
    """Every switch unasked: only errors come out."""
    made = rack()
    found = audit.judge(made.site.plan, {}, catalog=made.site.catalog)
    assert {item.status for item in found} == {"error"}
    assert len(found) == len(made.site.plan.switches)


def test_each_question_is_asked_once():
    """Checks that need the same answer share one request."""
    made = rack("clos")
    for switch in made.site.plan.switches:
        asked = audit.questions(switch, made.site)
        assert len(asked) == len(set(asked))
        assert asked.count("nv show interface") == 1


def test_a_pure_rail_is_not_asked_for_adaptive_routing():
    """Two leaves without a spine have no ECMP group: the check says nothing of them."""
    made = rack()
    switch = next(one for one in made.site.plan.switches if one.name == "be01")
    assert "nv show router adaptive-routing" not in audit.questions(switch, made.site)


def test_an_incomplete_check_is_refused():
    """A check without an id, a remedy, a source or questions does not come into the registry."""
    with pytest.raises(TypeError, match="must state id, title, remedy, source, asks"):
        type("Hollow", (DeviceCheck,), {"__doc__": "Hollow.", "judge": lambda *_: None})
    with pytest.raises(TypeError, match="is taken"):
        type("Twice", (type(audit.CHECKS["ROCE"]),), {"__doc__": "Twice.", "id": "ROCE"})


def test_a_ledger_without_an_entry_is_an_error():
    """A check that looked at nothing has not passed."""
    (found,) = Ledger(audit.CHECKS["ROCE"], "be01").findings()
    assert (found.status, found.message) == ("error", "there was nothing to look at")


def test_findings_are_stable():
    """The same evidence gives the same findings with the same ids."""
    one, two = rack(), rack()
    one.said["be01"]["facts"]["version"] = two.said["be01"]["facts"]["version"] = "5.9.1"
    assert msgspec.json.encode(one.judged()) == msgspec.json.encode(two.judged())


def test_the_page_lists_every_check():
    """docs/design/audit.md holds the registry's table: id, title, questions and source of each check."""
    page = (ROOT / "docs" / "design" / "audit.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 4]
    expected = [
        f"| `{check.id}` | {check.title} | {', '.join(f'`{question}`' for question in check.asks)} |"
        for check in audit.CHECKS.values()
    ]
    assert rows == expected

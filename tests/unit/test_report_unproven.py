"""Cables that a run did not prove: told beside the verdict, and not told where a later look or a system proved them."""

from __future__ import annotations

import pytest

from rackwright.plan.model import Plan
from rackwright.report.certificates import documents, headline, node_certificate, rack_certificate
from rackwright.report.records import record
from rackwright.report.unproven import Unproven, cables_of, number, unproven_lines
from rackwright.runs import Outcome, Report
from tests.boards import graph_of, told
from tests.plans import rails

STAGES = ("hardware", "cabling", "accept")
LOOKED = [{"check": "LINK-CABLING", "passed": 1}]
HEARD = [{"check": "HOST-CABLING", "passed": 1}]
WHY = "its MAC address is not in the table of oob01"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return rails(spines=2)


@pytest.fixture(scope="module")
def name(plan):
    return next(device.name for device in plan.devices if device.role == "server")


@pytest.fixture(scope="module")
def own(plan, name):
    """Return the rails and the management cables of the server."""
    cables = {kind: [] for kind in ("host", "management")}
    for link in cables_of(plan)[name]:
        cables[link.kind].append(f"{link.a.device} {link.a.port} to {link.b.device} {link.b.port}")
    return cables


def row(cables, why=WHY, how="ping it"):
    return {"cables": list(cables), "why": why, "how": how}


def made(plan, name, folder, stages=STAGES, **ends):
    """Return the record of one server, stage -> (state, detail)."""
    graph = graph_of([name], stages)
    outcomes = {}
    for task in graph.tasks:
        state, detail = ends.get(task.stage, ("unchanged", {"checks": LOOKED})) if task.device else ("done", {})
        outcomes[task.name] = Outcome(
            subject=task.name, state=state, cause="on order" if state == "waived" else "", detail=detail
        )
    report = Report(run="r", program="bringup", state="done", outcomes=outcomes, gates={})
    events = [event for task in graph.tasks for event in (told(0, task.name, "begins"), told(1, task.name, "done"))]
    return record(plan, graph, report, events, folder, run="r", who="me")


def left(plan, name, folder, stages=STAGES, **ends):
    return [(list(one.cables), one.why) for one in made(plan, name, folder, stages, **ends).devices[0].not_verified]


def test_a_cable_that_nobody_could_prove_is_told_beside_the_verdict(plan, name, own, tmp_path):
    """Who reads that all devices are accepted must not have to open a table of checks to learn of it."""
    cable = own["management"][0]
    got = made(plan, name, tmp_path, accept=("unchanged", {"checks": LOOKED, "unproven": [row([cable])]}))
    node = node_certificate(got, "x", got.devices[0])
    assert (node.verdict, node.not_verified) == ("accepted", (Unproven((cable,), WHY, "ping it"),))
    assert headline(got) == "1 of 1 device accepted; 1 cable not verified"
    rack = rack_certificate(got, "x", got.devices[0].rack, got.devices)
    assert (rack.not_verified, rack.devices[0].not_verified) == (1, 1)
    pages = {path: data.decode() for path, data in documents(got, signed=False)}
    head = pages[f"nodes/{name}.html"].partition("<main>")[0]
    assert "1 cable not verified" in head
    assert f"Not verified: {cable}: {WHY}; ping it" in head
    assert "cables not verified: 1" in next(
        page for path, page in pages.items() if path.startswith("racks/") and path.endswith("html")
    )
    assert list(unproven_lines({name: node.not_verified})) == [
        f"not verified: 1 cable of {name} ({cable}): {WHY}; ping it"
    ]


def test_the_later_look_at_a_management_cable_counts(plan, name, own, tmp_path):
    """A BMC that was silent when its cables were looked at, and spoke before its server was accepted, is proven; the other way round not."""
    silent = ("unchanged", {"checks": LOOKED, "unproven": [row(own["management"])]})
    assert left(plan, name, tmp_path, cabling=silent) == []
    assert left(plan, name, tmp_path, accept=silent) == [(own["management"], WHY)]
    assert left(plan, name, tmp_path, stages=("hardware", "cabling"), cabling=silent) == [(own["management"], WHY)]


def test_rails_are_proven_by_the_cabling_or_by_the_system(plan, name, own, tmp_path):
    """A BMC that tells no links leaves its rails to LLDP: where the system hears them at the acceptance nothing is left."""
    mute = ("unchanged", {"checks": LOOKED, "unproven": [row(own["host"][:2], "the BMC does not tell it")]})
    assert left(plan, name, tmp_path, cabling=mute) == [(own["host"][:2], "the BMC does not tell it")]
    assert left(plan, name, tmp_path, cabling=mute, accept=("unchanged", {"checks": HEARD})) == []
    deaf = [{"check": "HOST-CABLING", "passed": 1, "errors": 1}]
    assert left(plan, name, tmp_path, cabling=mute, accept=("unchanged", {"checks": deaf})) != []


@pytest.mark.parametrize(
    ("stages", "ends", "why"),
    [
        (STAGES, {"cabling": ("waived", {})}, "cabling was left out: on order"),
        (("hardware", "accept"), {}, "this run had no stage cabling"),
    ],
)
def test_a_cabling_that_was_left_out_proves_no_rail(plan, name, own, tmp_path, stages, ends, why):
    """The certificate named the task that was skipped, and accepted a server none of whose rails anybody had seen."""
    assert left(plan, name, tmp_path, stages, **ends) == [(sorted(own["host"]), why)]
    assert left(plan, name, tmp_path, stages, **ends, accept=("unchanged", {"checks": HEARD})) == []
    got = made(plan, name, tmp_path, stages, **ends).devices[0]
    assert (got.verdict, got.not_verified[0].how) == ("accepted", f"rackwright bringup --only cabling --limit {name}")


def test_who_was_not_looked_at_at_all_is_told_by_its_verdict(plan, name, tmp_path):
    """A failure before, a run of other stages, an acceptance by a program that told no checks: nothing is claimed of cables."""
    assert left(plan, name, tmp_path, hardware=("failed", {}), cabling=("skipped", {}), accept=("skipped", {})) == []
    assert left(plan, name, tmp_path, stages=("hardware",)) == []
    assert left(plan, name, tmp_path, stages=("hardware", "accept"), accept=("unchanged", {"passed": 3})) == []


def test_an_acceptance_and_a_cabling_that_were_left_out_prove_nothing(plan, name, own, tmp_path):
    """Both kinds of cables are named then."""
    waived = {"cabling": ("waived", {}), "accept": ("waived", {})}
    assert {cable for cables, _ in left(plan, name, tmp_path, **waived) for cable in cables} == {
        *own["host"],
        *own["management"],
    }


def test_a_certificate_without_an_acceptance_has_the_checks_of_the_looks_before(plan, name, tmp_path):
    """It was empty, as if nobody had ever looked at a server whose hardware and cables had been judged an hour before."""
    got = made(
        plan,
        name,
        tmp_path,
        hardware=("unchanged", {"checks": [{"check": "SERVER-GPUS", "passed": 1}]}),
        accept=("waived", {}),
    )
    node = node_certificate(got, "x", got.devices[0])
    assert (node.verdict, node.checked_by) == ("open", ("hardware", "cabling"))
    assert [one.check for one in node.checks] == ["SERVER-GPUS", "LINK-CABLING"]
    page = dict(documents(got, signed=False))[f"nodes/{name}.html"].decode()
    assert "No acceptance took place: these are of hardware, cabling." in page
    accepted = made(plan, name, tmp_path)
    assert node_certificate(accepted, "x", accepted.devices[0]).checked_by == ("accept",)


def test_servers_with_the_same_reason_share_a_line(plan):
    """A switch that tells no table must not print a line a server."""
    one = Unproven(
        ("oob01 swp1 to gpu01 bmc",), "cabling was left out", "rackwright bringup --only cabling --limit gpu01"
    )
    two = Unproven(
        tuple(f"oob01 swp{at} to gpu02 x{at}" for at in range(4)), one.why, one.how.replace("gpu01", "gpu02")
    )
    assert number([one, two]) == 5
    assert list(unproven_lines({"gpu01": (one,), "gpu02": (two,)})) == [
        "not verified: 5 cables of gpu01, gpu02: cabling was left out; rackwright bringup --only cabling --limit gpu01 --limit gpu02"
    ]
    all_of_them = {f"gpu{at}": (Unproven(("a b to c d",), "left out", f"see --limit gpu{at}"),) for at in range(12)}
    (line,) = unproven_lines(all_of_them)
    assert line.endswith("gpu7 and 4 more: left out; see")
    many = {f"gpu{at}": (Unproven(("a b to c d",), f"reason {at}", ""),) for at in range(12)}
    *_, last = lines = list(unproven_lines(many))
    assert (len(lines), last) == (9, "not verified: cables for 4 more reasons, see the record")

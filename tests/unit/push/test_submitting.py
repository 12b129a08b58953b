"""A whole push through the durable engine, over switches in memory."""

import pytest
from msgspec.structs import replace

from rackwright.errors import SecretUnresolved
from rackwright.push import program
from rackwright.push.changeset import make, refuse_stale
from rackwright.push.idle import Idle
from rackwright.push.impact import Interrupts
from rackwright.push.order import make_order
from rackwright.push.reading import settled
from rackwright.push.submitting import interrupted, submit
from rackwright.push.vitals import Vitals
from rackwright.runs import Outcome
from rackwright.secrets import Environment
from tests.unit.push.cases import FACTORY, LIMITS
from tests.unit.push.fleet import as_planned


def changeset_of(plan, fleet):
    readings = [settled(name, fleet.connect, fleet.clock, lambda *_: None) for name in fleet.switches]
    return make(plan.name, plan.digest, readings, fleet.intended, Interrupts(plan))


def push(plan, fleet, events=None):
    order = make_order(changeset_of(plan, fleet), fleet.intended, plan, LIMITS)
    told = events.append if events is not None else None
    return submit(order, fleet, jobs=4, on_event=told)


def states(report):
    return {name: outcome.state for name, outcome in report.outcomes.items()}


def test_an_empty_rack_becomes_what_is_planned(plan, fleet):
    """Every switch of a factory-fresh rack ends as planned, in the plan's waves, and a second push changes nothing."""
    report = push(plan, fleet)
    assert report.state == "done", report
    assert set(states(report).values()) == {"done"}
    assert as_planned(fleet) == set(fleet.switches)
    assert [gate.state for gate in report.gates.values()] == ["done"] * len(plan.waves)
    applies = sum(switch.applies for switch in fleet.switches.values())
    again = push(plan, fleet)
    assert set(states(again).values()) == {"unchanged"}
    assert sum(switch.applies for switch in fleet.switches.values()) == applies


def test_members_of_a_pair_are_never_away_together(plan, fleet):
    """While one member of a pair is being set, the other is not touched."""
    order = []
    for name, switch in fleet.switches.items():
        switch.after_apply = lambda _one, name=name: order.append(name)
    push(plan, fleet)
    assert [name for name in order if name.startswith("fe")] == ["fe01"] * 2 + ["fe02"] * 2


def test_an_unreachable_switch_fails_alone(plan, fleet):
    """A switch that cannot be reached is named and the others become as planned."""
    fleet.switches["be01"].silent = True
    found = changeset_of(plan, fleet)
    assert [unread.device for unread in found.unread] == ["be01"]
    report = push(plan, fleet)
    assert report.state == "done"
    assert as_planned(fleet) == set(fleet.switches) - {"be01"}


def test_a_dead_cable_between_finished_switches_closes_the_gate(plan, fleet):
    """A link of two finished switches that stays down is named; a fabric that is not cabled to theirs is pushed."""
    link = next(link for link in plan.links if link.kind == "isl")
    fleet.switches[link.a.device].dead.add(link.a.port)
    report = push(plan, fleet)
    assert report.state == "failed"
    assert f"the link {link.a.device} {link.a.port} - {link.b.device} {link.b.port}" in report.gates["frontend 2"].cause
    assert as_planned(fleet) == set(fleet.switches)


def test_while_one_end_is_down_the_other_is_not_asked(plan, fleet, monkeypatch):
    """Of a link that stays down a gate asks both ends at first and at last, and in between one of them."""
    asked = []
    monkeypatch.setattr(program, "_vitals", lambda contact, *_, **__: asked.append(contact.device) or Vitals())
    order = make_order(changeset_of(plan, fleet), fleet.intended, plan, LIMITS)
    link = next(pair for pair in order.neighbours if pair.kind == "link" and not pair.needs)
    done = {name: Outcome(subject=name, state="done") for name in (link.a, link.b)}
    gate = program.Push(fleet.connect, fleet.clock, ())
    assert gate._down(replace(order, neighbours=(link,)), done, frozenset(), lambda: False)
    counts = sorted(asked.count(name) for name in (link.a, link.b))
    # After 0, 5, 11, 19, 29, 39, 49, 59 and 69 seconds: the pauses grow to twice the first.
    assert counts == [2, 9]


def test_while_sessions_are_down_ports_are_not_asked(plan, fleet):
    """Between the first and the last look a gate asks for what is still missing: sessions are a tenth of what ports are."""
    order = make_order(changeset_of(plan, fleet), fleet.intended, plan, LIMITS)
    session = next(pair for pair in order.neighbours if pair.kind == "session" and not pair.needs)
    done = {name: Outcome(subject=name, state="done") for name in (session.a, session.b)}
    gate = program.Push(fleet.connect, fleet.clock, ())
    assert gate._down(replace(order, neighbours=(session,)), done, frozenset(), lambda: False)
    calls = fleet.switches[session.a].calls
    assert calls.count("show interface") == 2
    assert len([call for call in calls if "bgp" in call]) > 2


def test_a_gate_asks_in_the_session_that_was_left(plan, fleet):
    """Nobody logs in for a gate where a session with the switch was left, and the gate leaves it again."""
    order = make_order(changeset_of(plan, fleet), fleet.intended, plan, LIMITS)
    link = next(pair for pair in order.neighbours if pair.kind == "link" and not pair.needs)
    done = {name: Outcome(subject=name, state="done") for name in (link.a, link.b)}
    with Idle() as idle:
        gate = program.Push(fleet.connect, fleet.clock, (), idle=idle)
        for _ in range(2):
            gate._down(replace(order, neighbours=(link,)), done, frozenset(), lambda: False)
        # One login was for the changeset.
        assert [fleet.switches[name].moments.names.count("connect") for name in (link.a, link.b)] == [2, 2]
        session = idle.take(link.a)
        idle.leave(link.a, session)
    assert not session.open


def test_a_link_that_a_switch_holds_down_is_told_with_the_reason(plan, fleet):
    """A gate names protodown and why where a switch itself holds the port of a link down."""
    fleet.switches["fe02"].held |= held_ports(plan, "fe02")
    fleet.switches["fe02"].dead |= {link.b.port for link in plan.links if link.kind == "isl"}
    report = push(plan, fleet)
    cause = report.gates["frontend 2"].cause
    assert "the link fe02 swp13s0 - oob01 swp51 (fe02 holds swp13s0 in protodown: evpn-mh)" in cause


def test_what_hangs_on_a_switch_that_failed_closes_no_gate(plan, fleet):
    """A switch whose one neighbour above failed holds its segments down: they are not asked, and others go on."""
    fleet.switches["fe01"].version = "5.9.2"
    fleet.switches["fe02"].held |= held_ports(plan, "fe02")
    report = push(plan, fleet)
    assert {name for name, state in states(report).items() if state != "done"} == {"fe01"}
    assert {gate.state for gate in report.gates.values()} == {"done"}
    assert "--install" in report.outcomes["fe01"].remedy


def held_ports(plan, name):
    """Return the members of a switch's Ethernet segments."""
    bonds = next(switch for switch in plan.switches if switch.name == name).bonds
    return {port for bond in bonds if bond.es_id for port in bond.members}


def test_an_out_of_band_gate_closes_everything(plan, fleet):
    """Nothing is begun behind an out-of-band switch that was lost: it is the way to all others."""
    fleet.switches["oob01"].after_apply = lambda one: setattr(one, "silent", True)
    report = push(plan, fleet)
    assert {name: state for name, state in states(report).items() if name != "oob01"} == dict.fromkeys(
        ("fe01", "fe02", "be01", "be02"), "skipped"
    )


def test_a_cable_that_was_dead_before_closes_no_gate(plan, fleet):
    """A link that neither of its switches was pushed for is not asked for."""
    push(plan, fleet)
    link = next(link for link in plan.links if link.kind == "isl")
    fleet.switches[link.a.device].dead.add(link.a.port)
    fleet.switches["be01"].applied["system"]["timezone"] = "Europe/Berlin"
    fleet.switches["be01"].saved["system"]["timezone"] = "Europe/Berlin"
    report = push(plan, fleet)
    assert report.state == "done"
    assert states(report)["be01"] == "done"


def test_a_switch_that_is_lost_closes_the_gate(plan, fleet):
    """When a switch is away after its apply, its partner in the next wave is left alone."""
    fleet.switches["fe01"].after_apply = lambda one: setattr(one, "silent", True)
    report = push(plan, fleet)
    assert states(report)["fe01"] == "failed"
    assert states(report)["fe02"] == "skipped"
    assert "fe01" in report.outcomes["fe02"].cause
    assert fleet.switches["fe02"].applies == 0


def test_a_switch_that_went_back_fails_alone(plan, fleet):
    """A switch that refuses what is planned is as it was, and the waves behind it go on."""
    fleet.switches["be01"].refusal = "disk full"
    report = push(plan, fleet)
    assert states(report)["be01"] == "failed"
    assert states(report)["be02"] == "done"


def test_a_plan_that_locks_us_out_is_tried_on_one_switch_only(plan, fleet):
    """Where nobody of a wave answers after the apply, those behind are not touched: the same would lock them out as well."""
    for switch in fleet.switches.values():
        switch.dark = 10_000.0
    report = push(plan, fleet)
    first, *behind = states(report)
    assert {states(report)[first]} == {"failed"}
    assert {states(report)[name] for name in behind} == {"skipped"}
    assert sum(switch.applies for switch in fleet.switches.values()) == 1
    assert fleet.switches[first].applied == FACTORY
    gate = next(gate for gate in report.gates.values() if gate.state == "failed")
    assert f"{first} did not answer any more after the apply and went back" in gate.cause
    assert "eth0" in gate.remedy


def test_a_switch_that_dies_beside_one_that_took_it_fails_alone(plan, fleet):
    """A switch that is deaf after its apply and goes back stops nobody behind, where another of its wave took the same."""
    fleet.switches["be01"].dark = 10_000.0
    order = make_order(changeset_of(plan, fleet), fleet.intended, plan, LIMITS)
    order = replace(order, waves=(("all", ("oob01", "be01")), ("behind", ("be02",))))
    report = submit(order, fleet, jobs=4)
    assert (states(report)["oob01"], states(report)["be01"], states(report)["be02"]) == ("done", "failed", "done")


@pytest.mark.parametrize(
    "variables", [{}, {"RACKWRIGHT_SECRET_SWITCH_HASH": ""}, {"RACKWRIGHT_SECRET_SWITCH_HASH": "pass"}]
)
def test_a_missing_secret_ends_it_before_the_first_switch(plan, fleet, variables):
    """Every secret is found before anything is touched, and fits where it goes."""
    fleet.resolvers = (Environment(variables),)
    with pytest.raises(SecretUnresolved):
        push(plan, fleet)
    assert not any(switch.applies for switch in fleet.switches.values())
    assert interrupted(fleet.state) == ""


def test_no_secret_lies_in_the_state_folder(plan, fleet):
    """Nothing below .rackwright holds a secret after a push, the journal included."""
    push(plan, fleet)
    held = [path for path in fleet.state.rglob("*") if path.is_file() and b"$6$planned" in path.read_bytes()]
    assert held == []


def test_a_kept_changeset_of_a_half_finished_push_goes_on(plan, fleet):
    """A changeset is not stale because an earlier push of it was cut off."""
    kept = changeset_of(plan, fleet)
    fleet.switches["be01"].silent = True
    push(plan, fleet)
    fleet.switches["be01"].silent = False
    refuse_stale(kept, changeset_of(plan, fleet))

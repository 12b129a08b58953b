"""Beside a switch that a killed push left with an apply that waits, or a server in the middle, nothing that stands in for it is changed."""

from datetime import UTC, datetime, timedelta

import pytest

from rackwright import runs
from rackwright.errors import RunBusy
from rackwright.push.order import make_order
from rackwright.push.submitting import interrupted, resume, submit
from rackwright.push.unsettled import server, switch
from rackwright.runs.unsettled import Left
from tests.unit.push.cases import FACTORY, LIMITS
from tests.unit.push.fleet import as_planned
from tests.unit.push.test_submitting import changeset_of
from tests.unit.runs.toy import die, in_child


def only(plan, fleet, *names):
    """Return the order of a push with --limit."""
    every, fleet.switches = fleet.switches, {name: fleet.switches[name] for name in names}
    try:
        return make_order(changeset_of(plan, fleet), fleet.intended, plan, LIMITS)
    finally:
        fleet.switches = every


@pytest.fixture
def cut_off(plan, fleet):
    """Return a rack one of whose leaves waits for the confirmation of a push that was killed."""
    order, leaf = only(plan, fleet, "fe01"), fleet.switches["fe01"]
    leaf.after_apply = lambda _one: die()
    assert in_child(lambda: submit(order, fleet, jobs=4)) == "killed"
    # The child was a process of its own: what it did to the switch is done here.
    leaf.after_apply, leaf.before, leaf.deadline = None, FACTORY, fleet.clock.now() + LIMITS.confirm_s
    leaf.applied = next(iter(fleet.intended.values()))
    return fleet


def test_the_other_member_of_a_pair_is_not_pushed_while_the_first_may_go_back(plan, cut_off):
    """The killed push is named, with its switch, what that does, why it matters and the command; nothing was sent."""
    run, order = interrupted(cut_off.state), only(plan, cut_off, "fe02")
    with pytest.raises(RunBusy) as refused:
        submit(order, cut_off, jobs=4)
    assert str(refused.value) == (
        f"run {run} (push) was cut off in the step 'to breakouts' of fe01: an apply waits there to be confirmed, and goes back by itself "
        "in 600 s. Nothing was begun, since fe01 is in another wave of the fabric frontend than fe02, and two waves of a fabric are never "
        "changed at once, not by two runs either: an apply in one takes down what a switch of the other is judged by. "
        f"'rackwright push {cut_off.state.parent} --resume' goes on with it; a new run that is about fe01 too reads it first"
    )
    assert cut_off.switches["fe02"].applies == 0
    assert [one.run for one in runs.listed(cut_off.state)] == [run]


def test_once_it_has_gone_back_the_other_is_pushed(plan, cut_off):
    """No run need go on: the switch itself shows that nothing waits any more."""
    order = only(plan, cut_off, "fe02")
    cut_off.clock.sleep(LIMITS.confirm_s)
    assert submit(order, cut_off, jobs=4).state == "done"


def test_other_fabrics_and_the_switch_itself_are_not_held_up(plan, cut_off):
    """Who pushes to both takes them one after the other, and a backend has nothing to do with it."""
    cut_off.switches["fe01"].calls.clear()
    assert submit(only(plan, cut_off, "be01"), cut_off, jobs=4).state == "done"
    assert cut_off.switches["fe01"].calls == []
    cut_off.clock.sleep(LIMITS.confirm_s)
    cut_off.switches["fe01"].tick()
    assert submit(only(plan, cut_off, "fe01", "fe02"), cut_off, jobs=4).state == "done"
    assert as_planned(cut_off) >= {"fe01", "fe02", "be01"}


def test_what_was_gone_on_with_holds_up_nobody(plan, cut_off):
    """Behind a resume the other member is pushed, and its switch is not even asked."""
    leaf = cut_off.switches["fe01"]
    leaf.applied, leaf.before = FACTORY, None
    assert resume(interrupted(cut_off.state), cut_off).state == "done"
    leaf.calls.clear()
    assert submit(only(plan, cut_off, "fe02"), cut_off, jobs=4).state == "done"
    assert leaf.calls == []


def test_a_switch_that_does_not_answer_may_still_go_back(plan, cut_off):
    """Until its time is over nobody can tell; then it has gone back, if it lives."""
    cut_off.switches["fe01"].silent = True
    order = only(plan, cut_off, "fe02")
    with pytest.raises(
        RunBusy, match=r"fe01 does not answer \(no route.*\): what was applied there may go back by itself for"
    ):
        submit(order, cut_off, jobs=4)


def left(step, ago_s=0.0, **more):
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    return Left(run="r", program="push", device="fe01", step=step, at=at.isoformat(), **more)


def test_what_a_switch_in_hand_does_is_seen(fleet):
    """It is asked; by the clock only where it does not answer, and not where it may restart into an installer."""
    doing = switch(fleet)
    assert doing(left("try 2, to planned", settles_s=900)) == ""
    assert "may restart into an installation" in doing(left("install, come back"))
    fleet.switches["fe01"].silent = True
    assert doing(left("to planned")) == ""
    assert doing(left("to planned", ago_s=901, settles_s=900)) == ""
    assert "for 9" in doing(left("to planned", ago_s=1, settles_s=100))
    # The clock of an emulated rack is quick: by it the time is over.
    fleet.clock.rate = 60.0
    assert doing(left("to planned", ago_s=16, settles_s=900)) == ""


@pytest.mark.parametrize(("step", "moves"), [
    ("look", False), ("read", False), ("stack, keep", False), ("before restart ac", False),
    ("restart ac", True), ("install BIOS", True), ("drivers: restart", True), ("try 2, end", True),
])  # fmt: skip
def test_a_server_is_in_the_middle_where_something_may_have_been_sent(step, moves):
    """One that was only asked stands still; no look tells that jobs and restarts of another are over."""
    assert bool(server(left(step))) is moves

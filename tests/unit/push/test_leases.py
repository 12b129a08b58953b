"""The old DHCP lease of a switch that leaves DHCP: given back by the push, whatever cuts it off."""

import pytest

from rackwright.errors import DeviceRefused, RunError
from rackwright.push.changeset import make
from rackwright.push.impact import Interrupts
from rackwright.push.leases import held
from rackwright.push.order import make_order
from rackwright.push.reading import settled
from rackwright.push.submitting import interrupted, resume, submit
from tests.unit.push.cases import LIMITS
from tests.unit.push.fake import Killed
from tests.unit.push.fleet import as_planned


def ordered(plan, fleet, *names):
    readings = [settled(name, fleet.connect, fleet.clock, lambda *_: None) for name in names or fleet.switches]
    found = make(plan.name, plan.digest, readings, fleet.intended, Interrupts(plan), held=held(fleet.leases))
    return make_order(found, fleet.intended, plan, LIMITS)


def push(plan, fleet, *names):
    return submit(ordered(plan, fleet, *names), fleet, jobs=2)


def breaking(fleet, error):
    """Have the next switch that is to give its lease back break."""
    once = type(fleet).release

    def release(device, left=None):
        del fleet.release
        once(fleet, device, left)
        raise error

    fleet.release = release


def test_every_switch_that_left_dhcp_gives_its_lease_back_once(plan, fleet):
    """Cumulus Linux 5.12 drops the static address when the old lease ends (RN-4377862); a push that tells somebody to see to it locks him out a day later."""
    assert push(plan, fleet).state == "done"
    assert sorted(fleet.released) == sorted(fleet.switches)
    assert held(fleet.leases) == frozenset()
    push(plan, fleet)
    assert len(fleet.released) == len(fleet.switches)


def test_a_lease_is_given_back_only_by_a_switch_that_is_saved(plan, fleet):
    """What is reloaded then is what it boots with; one that went back lives by its lease."""
    fleet.switches["be01"].refusal = "no"
    saved, once = [], type(fleet).release

    def release(device, left=None):
        saved.append(fleet.switches[device].saved == fleet.switches[device].applied)
        once(fleet, device, left)

    fleet.release = release
    push(plan, fleet)
    assert sorted(fleet.released) == sorted(set(fleet.switches) - {"be01"})
    assert all(saved)


@pytest.mark.parametrize("again", ["resumed", "anew"])
def test_a_kill_before_it_was_given_back_is_made_good(plan, fleet, again):
    """Whoever comes next, the run that goes on or a new one, gives it back: the configuration alone shows no difference any more."""
    breaking(fleet, Killed("kill -9"))
    with pytest.raises(RunError):
        push(plan, fleet, "be01")
    assert held(fleet.leases) == {"be01"}
    if again == "resumed":
        run = interrupted(fleet.state)
        assert run
        report = resume(run, fleet)
    else:
        report = push(plan, fleet, "be01")
    assert report.outcomes["be01"].state == "done"
    assert fleet.released == ["be01", "be01"]
    assert held(fleet.leases) == frozenset()


def test_who_cannot_give_it_back_has_failed_with_the_remedy_by_hand(plan, fleet):
    """Exit code 0 and a line that scrolled by is how five switches were lost; the next push tries again and says so beforehand."""
    breaking(fleet, DeviceRefused("be01: sudo wants another password", device="be01"))
    outcome = push(plan, fleet, "be01").outcomes["be01"]
    assert (outcome.state, outcome.stage) == ("failed", "lease")
    assert "sudo wants another password" in outcome.cause
    assert "dhclient -r" in outcome.remedy
    assert str(fleet.leases / "be01") in outcome.remedy
    assert as_planned(fleet) == {"be01"}
    assert ordered(plan, fleet, "be01").of["be01"].work
    assert push(plan, fleet, "be01").outcomes["be01"].state == "done"
    assert not ordered(plan, fleet, "be01").of["be01"].work


def test_who_does_not_let_us_in_afterwards_holds_its_partner_back(plan, fleet):
    """The fresh login is the proof; without it nobody behind is sent the same."""
    once = type(fleet).release

    def release(device, left=None):
        once(fleet, device, left)
        fleet.switches[device].silent = device == "fe01"

    fleet.release = release
    report = push(plan, fleet, "fe01", "fe02")
    assert (report.outcomes["fe01"].state, report.outcomes["fe01"].stage) == ("failed", "lease")
    assert report.outcomes["fe02"].state == "skipped"
    assert held(fleet.leases) == {"fe01"}

"""The work on one switch: it ends as planned, or as it was, and says which; wherever it is cut off."""

import itertools

import msgspec
import pytest

from rackwright import secrets
from rackwright.errors import DeviceTimeout, LostMidCommand, Unreachable
from rackwright.push.digests import digest_of
from rackwright.push.order import anew
from rackwright.push.program import Push
from rackwright.push.reading import settled
from tests.unit.push.cases import (
    FACTORY,
    LIMITS,
    PLANNED,
    RESOLVERS,
    RESPLIT,
    changed,
    device_order,
    factory,
    order,
    read_from,
    real,
)
from tests.unit.push.fake import Clock, Journal, Killed, Moments, Switch


def push_one(switch, journal, data, *, resolvers=RESOLVERS):
    """Run the program on the one switch of an order."""
    return Push(switch.connect, switch.clock, resolvers).device(journal, data, "be01")


def ordered(switch, intended=PLANNED, **more):
    return order(device_order(read_from(switch), intended, **more)).encoded()


@pytest.fixture
def switch():
    return factory(Clock())


def test_a_factory_switch_becomes_what_is_planned(switch, tmp_path):
    """The first switch of an empty fabric finishes: splits first, each apply confirmed, all saved."""
    journal = Journal(tmp_path)
    outcome = push_one(switch, journal, ordered(switch))
    assert (outcome.state, outcome.cause) == ("done", "")
    assert switch.applied == switch.saved == real(PLANNED)
    assert switch.history == ["apply", "confirm", "apply", "confirm"]
    assert list(journal.entries) == ["look", "to breakouts", "to planned", "save"]


def test_what_was_shown_a_while_ago_is_looked_at_again(switch, tmp_path):
    """While the question stood somebody else pushed another build: what had nothing before it is not as intended any more."""
    switch.applied = switch.saved = real(PLANNED)
    one = device_order(read_from(switch))
    data, again = order(one).encoded(), anew(order(one)).encoded()
    assert push_one(switch, Journal(tmp_path), again).state == "unchanged"
    switch.applied = changed(real(PLANNED), "system", "hostname", to="be99")
    # What was read a moment ago costs no second look.
    journal = Journal(tmp_path)
    assert (push_one(switch, journal, data).state, list(journal.entries)) == ("unchanged", [])
    outcome = push_one(switch, journal, again)
    assert (outcome.state, outcome.stage) == ("failed", "look")
    assert outcome.cause == "it runs something else than when the push was shown"
    assert "touched" not in outcome.detail
    assert switch.history == []


def test_the_running_config_is_kept_before_the_first_change(switch, tmp_path):
    """The backup holds what ran, masked as the switch masks it, for its owner alone."""
    outcome = push_one(switch, Journal(tmp_path), ordered(switch))
    path = tmp_path / "backup" / "be01.yaml"
    assert outcome.detail["backup"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert "dhcp" in text
    assert "$6$" not in text


def test_no_secret_is_journalled_or_ordered(switch, tmp_path):
    """Neither the order, nor the journal, nor a file of the run holds a secret."""
    data = ordered(switch)
    journal = Journal(tmp_path)
    push_one(switch, journal, data)
    kept = [data, *journal.entries.values(), *(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())]
    assert not [text for text in kept if b"$6$" in text]


def test_nothing_to_do_touches_nothing(tmp_path):
    """A switch that is as planned is not even asked again."""
    switch = Switch(real(PLANNED), Clock())
    outcome = push_one(switch, Journal(tmp_path), ordered(switch))
    assert outcome.state == "unchanged"
    assert switch.calls == []


def test_what_runs_and_is_not_saved_is_saved(tmp_path):
    """A switch whose startup differs from what runs as planned is saved, and nothing is applied."""
    switch = Switch(real(PLANNED), Clock())
    switch.saved = FACTORY
    outcome = push_one(switch, Journal(tmp_path), ordered(switch, unsaved=True))
    assert outcome.state == "done"
    assert switch.saved == real(PLANNED)
    assert switch.history == []


# --- refused, lost, drifted ------------------------------------------------------------------------


def test_a_refused_apply_leaves_the_switch_as_before(switch, tmp_path):
    """What the switch refuses is told in its own words, with the stage, where it stands, and a support file."""
    switch.refusal = "BGP requires router-id"
    outcome = push_one(switch, Journal(tmp_path), ordered(switch))
    assert (outcome.state, outcome.stage) == ("failed", "breakouts")
    assert "BGP requires router-id" in outcome.cause
    assert "'before'" in outcome.cause
    assert outcome.remedy
    assert switch.applied == FACTORY
    assert (tmp_path / "support" / "be01.txt").read_text().count("## ") == 6


def test_a_full_disk_is_told_with_its_remedy(switch, tmp_path):
    """Whoever reads of a full disk is told to free space on the switch."""
    switch.refusal = "[Errno 28] No space left on device"
    outcome = push_one(switch, Journal(tmp_path), ordered(switch))
    assert "No space left on device" in outcome.cause
    assert "free space on the switch" in outcome.remedy


def test_another_device_is_refused(switch, tmp_path):
    """A switch with another serial than planned is not touched."""
    switch.serial = "OTHER"
    outcome = push_one(switch, Journal(tmp_path), ordered(switch))
    assert (outcome.state, outcome.stage) == ("failed", "look")
    assert "OTHER" in outcome.cause
    assert "cabling" in outcome.remedy
    assert "--install" not in outcome.remedy
    assert switch.history == []


def test_another_version_is_refused(switch, tmp_path):
    """A configuration for one NOS version is not sent to another."""
    switch.version = "5.11.0"
    outcome = push_one(switch, Journal(tmp_path), ordered(switch))
    assert "5.11.0" in outcome.cause
    assert "'rackwright push SITE --install IMAGE'" in outcome.remedy
    assert "cabling" not in outcome.remedy
    assert switch.history == []


def test_drift_since_the_order_is_refused(switch, tmp_path):
    """A switch that was changed by somebody since it was read is not touched."""
    data = ordered(switch)
    switch.applied["system"]["timezone"] = "Europe/Berlin"
    outcome = push_one(switch, Journal(tmp_path), data)
    assert (outcome.state, outcome.stage) == ("failed", "look")
    assert switch.history == []


def test_somebody_elses_apply_is_left_alone(switch, tmp_path):
    """An apply of somebody else that waits to be confirmed is neither confirmed nor refused by us."""
    data = ordered(switch)
    switch.before, switch.deadline = switch.applied, switch.clock.now() + 500
    switch.applied = changed(FACTORY, "system", "timezone", to="Europe/Berlin")
    outcome = push_one(switch, Journal(tmp_path), data)
    assert "somebody else" in outcome.cause
    assert switch.before is not None
    assert switch.history == []


def test_a_second_writers_edit_is_not_applied(switch, tmp_path):
    """When the switch's own diff shows more than ours, nothing is applied."""
    switch.foreign_edit = ("service", "ntp")
    outcome = push_one(switch, Journal(tmp_path), ordered(switch))
    assert "service ntp" in outcome.cause
    assert switch.history == []


@pytest.mark.parametrize("variables", [{}, {"RACKWRIGHT_SECRET_SWITCH_HASH": "a password"}])
def test_a_missing_secret_changes_nothing(switch, tmp_path, variables):
    """A secret that cannot be found, or fits no more, ends the work before anything is sent."""
    outcome = push_one(switch, Journal(tmp_path), ordered(switch), resolvers=(secrets.Environment(variables),))
    assert outcome.state == "failed"
    assert "switch_hash" in outcome.cause
    assert "stage" not in switch.calls


def test_a_switch_that_cannot_be_reached_fails(switch, tmp_path):
    """An unreachable switch fails with its cause, within the limit for logging in."""
    data = ordered(switch)
    switch.silent = True
    outcome = push_one(switch, Journal(tmp_path), data)
    assert (outcome.state, outcome.stage) == ("failed", "look")
    assert "no route" in outcome.cause
    assert switch.clock.now() <= LIMITS.login_s + LIMITS.poll_s


# --- up and down -----------------------------------------------------------------------------------


def running_switch(**more):
    return Switch(real(PLANNED), Clock(), cabled=("swp1s0", "swp1s1", "swp9"), **more)


def test_a_link_that_goes_down_takes_the_apply_back(tmp_path):
    """What was up and should stay up is down after the apply: it is rolled back, and the port is named."""
    switch = running_switch()
    data = ordered(switch, changed(PLANNED, "system", "timezone", to="Etc/UTC"))
    switch.after_apply = lambda one: one.dead.add("swp9")
    outcome = push_one(switch, Journal(tmp_path), data)
    assert outcome.state == "failed"
    assert "swp9" in outcome.cause
    assert "BGP session with swp9" in outcome.cause
    assert "'before'" in outcome.cause
    assert switch.history == ["apply", "rollback"]
    assert switch.applied == real(PLANNED)


def test_a_port_that_is_shut_by_plan_may_go_down(tmp_path):
    """A port that the plan shuts is no reason to go back."""
    switch = running_switch()
    shut = changed(PLANNED, "interface", "swp9", "link", "state", to={"down": {}})
    outcome = push_one(switch, Journal(tmp_path), ordered(switch, shut))
    assert outcome.state == "done"


def test_a_cage_in_use_is_split_anew(tmp_path):
    """A cage in use is cleared, split and set in three applies, each confirmed."""
    switch = running_switch()
    outcome = push_one(switch, Journal(tmp_path), ordered(switch, RESPLIT))
    assert (outcome.state, outcome.cause) == ("done", "")
    assert switch.applied == real(RESPLIT)
    assert switch.history == ["apply", "confirm"] * 3


def test_a_switch_that_is_away_for_a_while_is_waited_for(switch, tmp_path):
    """A restart that closes the way in for less than the limit is no failure."""
    switch.dark = 40.0
    assert push_one(switch, Journal(tmp_path), ordered(switch)).state == "done"


def test_a_switch_that_locks_us_out_goes_back_by_itself(switch, tmp_path):
    """When nobody can log in after an apply, the switch's timer takes it back, which is looked at and said."""
    switch.dark = 10_000.0
    outcome = push_one(switch, Journal(tmp_path), ordered(switch))
    assert outcome.state == "failed"
    assert "it went back and stands at 'before'" in outcome.cause
    assert switch.applied == FACTORY
    assert switch.history == ["apply", "timer"]


def test_a_switch_that_never_comes_back_is_said(switch, tmp_path):
    """A switch that stays away after an apply fails, with what must have happened and where to look."""
    data = ordered(switch)
    switch.after_apply = lambda one: setattr(one, "silent", True)
    outcome = push_one(switch, Journal(tmp_path), data)
    assert outcome.state == "failed"
    assert "timer of 600 s must have ended" in outcome.cause
    assert "console" in outcome.remedy


@pytest.mark.parametrize("silent", [False, True])
def test_one_that_an_earlier_life_locked_out_is_waited_for(switch, tmp_path, silent):
    """Cut off behind an apply that closes the way in, a resumed run waits for the timer; its gate hears that the switch was touched."""
    data, entries = ordered(switch), {}
    switch.dark = 10_000.0
    switch.moments = Moments(1 + moments_of("from the factory", tmp_path / "count").index("apply after"))
    with pytest.raises(Killed):
        push_one(switch, Journal(tmp_path, entries), data)
    switch.moments, switch.silent = Moments(), silent
    outcome = push_one(switch, Journal(tmp_path, entries), data)
    assert outcome.state == "failed"
    assert outcome.detail["touched"], outcome
    assert outcome.detail["deaf"]
    assert ("timer of 600 s must have ended" in outcome.cause) == silent
    # Let in again, it was tried once more, and went back again.
    assert switch.history == ["apply", "timer"] * (1 if silent else 2)
    assert switch.clock.now() > LIMITS.confirm_s


def test_stopped_before_the_first_apply(switch, tmp_path):
    """Whoever stops a push before anything was sent gets a switch that nothing was sent to."""
    journal = Journal(tmp_path)
    journal.stop()
    outcome = push_one(switch, journal, ordered(switch))
    assert outcome.state == "cancelled"
    assert switch.history == []


def test_stopped_before_confirming(switch, tmp_path):
    """Whoever stops a push gets what waits to be confirmed rolled back, at once and not by the timer."""
    journal = Journal(tmp_path)
    switch.after_apply = lambda _one: journal.stop()
    outcome = push_one(switch, journal, ordered(switch))
    assert (outcome.state, outcome.stage) == ("cancelled", "breakouts")
    assert switch.history == ["apply", "rollback"]
    assert switch.applied == FACTORY
    assert switch.before is None


# --- cut off at every moment -----------------------------------------------------------------------

CASES = {"from the factory": (FACTORY, PLANNED), "a cage split anew": (real(PLANNED), RESPLIT)}


def fresh(case):
    running, intended = CASES[case]
    switch = Switch(running, Clock(), cabled=("swp1s0", "swp1s1", "swp9"))
    return switch, ordered(switch, intended), intended


def moments_of(case, tmp_path):
    """Count the moments of an undisturbed push."""
    switch, data, _ = fresh(case)
    moments = switch.moments = Moments()
    push_one(switch, Journal(tmp_path, moments=moments), data)
    return moments.names


def legal(data):
    return msgspec.json.decode(data)["devices"][0]["changes"]


@pytest.mark.parametrize("wait_s", [0.0, 300.0, 2000.0])
@pytest.mark.parametrize("case", CASES)
def test_killed_at_every_moment_and_resumed(case, wait_s, tmp_path):
    """kill -9 at every driver call and journal write: the switch is at a legal state by its timer, and resuming converges."""
    names = moments_of(case, tmp_path / "count")
    for strike in range(1, len(names) + 1):
        switch, data, intended = fresh(case)
        moments = switch.moments = Moments(strike)
        entries = {}
        with pytest.raises(Killed):
            push_one(switch, Journal(tmp_path / str(strike), entries, moments), data)
        switch.clock.sleep(wait_s)
        switch.tick()
        if wait_s > LIMITS.confirm_s:
            changes = legal(data)
            states = {changes["before"], changes["planned"], *(step["digest"] for step in changes["steps"])}
            assert digest_of(switch.applied) in states, names[strike - 1]
            assert switch.before is None
        switch.moments = Moments()
        outcome = push_one(switch, Journal(tmp_path / str(strike), entries), data)
        assert outcome.state == "done", (names[strike - 1], outcome)
        assert switch.applied == switch.saved == real(intended), names[strike - 1]


@pytest.mark.parametrize("case", CASES)
def test_killed_at_every_moment_and_pushed_anew(case, tmp_path):
    """A plain new push after kill -9 waits until no apply waits, reads, and converges."""
    names = moments_of(case, tmp_path / "count")
    for strike in range(1, len(names) + 1):
        switch, data, intended = fresh(case)
        moments = switch.moments = Moments(strike)
        with pytest.raises(Killed):
            push_one(switch, Journal(tmp_path / str(strike), {}, moments), data)
        switch.moments = Moments()
        reading = settled("be01", switch.connect, switch.clock, lambda _name, _left: None)
        assert reading.running is not None, names[strike - 1]
        again = order(device_order(reading.running, intended, unsaved=reading.unsaved)).encoded()
        outcome = push_one(switch, Journal(tmp_path / f"{strike}b"), again)
        assert outcome.state in ("done", "unchanged"), (names[strike - 1], outcome)
        assert switch.applied == switch.saved == real(intended), names[strike - 1]


@pytest.mark.parametrize(
    ("case", "error"), list(itertools.product(CASES, (LostMidCommand, DeviceTimeout, Unreachable)))
)
def test_the_wire_breaks_at_every_moment(case, error, tmp_path):
    """One broken connection, wherever, is looked up and gone on from; nothing is applied twice that was applied once."""
    names = moments_of(case, tmp_path / "count")
    steps = 2 if case == "from the factory" else 3
    for strike, name in enumerate(names, 1):
        if name.startswith("journal"):
            continue
        switch, data, intended = fresh(case)
        switch.moments = Moments(strike, error)
        outcome = push_one(switch, Journal(tmp_path / str(strike)), data)
        if outcome.state == "done":
            assert switch.applied == switch.saved == real(intended), name
            assert switch.applies == steps, (name, switch.history)
        else:
            changes = legal(data)
            assert digest_of(switch.applied) in {changes["before"], *(step["digest"] for step in changes["steps"])}
            assert outcome.cause
            assert outcome.remedy or "cut at" in outcome.cause
            assert switch.before is None

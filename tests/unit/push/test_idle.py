"""Sessions that are left for whoever asks next, and what is still looked for in them."""

import time
from types import SimpleNamespace

import pytest

from rackwright.errors import Unreachable
from rackwright.push.contact import Contact
from rackwright.push.idle import Idle
from tests.unit.push.fake import Clock, Switch


class Session:
    """A session that is open until it is closed."""

    def __init__(self):
        self.open = True

    def close(self):
        self.open = False


def test_a_session_is_taken_once_and_by_name():
    """What was taken is the taker's; of another switch there is none."""
    with Idle() as idle:
        session = Session()
        idle.leave("be01", session)
        assert idle.take("be02") is None
        assert idle.take("be01") is session
        assert idle.take("be01") is None
        assert session.open


def test_what_nobody_takes_is_ended():
    """The session before another of the same switch, the oldest of too many, what lay too long, what is dropped, and all at the end."""
    sessions = [Session() for _ in range(6)]
    with Idle(most=2) as idle:
        for device, session in zip(("be01", "be01", "be02", "be03"), sessions, strict=False):
            idle.leave(device, session)
        assert [session.open for session in sessions] == [False, False, True, True, True, True]
        idle.drop("be02")
        assert not sessions[2].open
    assert not sessions[3].open
    idle.leave("be01", sessions[4])
    assert not sessions[4].open
    with Idle(idle_s=0.05) as brief:
        brief.leave("be01", sessions[5])
        until = time.monotonic() + 10
        while sessions[5].open and time.monotonic() < until:
            time.sleep(0.01)
        assert not sessions[5].open
        assert brief.take("be01") is None


def contact(switch, **words):
    changes = SimpleNamespace(device="be01", legal={})
    return Contact(SimpleNamespace(changes=changes), switch.connect, switch.clock, SimpleNamespace(poll_s=5), **words)


def test_a_session_that_does_not_answer_any_more_is_opened_anew():
    """A look in a session that somebody left is put again by a fresh login, once; what changes something never is."""
    switch = Switch({}, Clock())
    gone = switch.connect()
    gone.confirmation = lambda: (_ for _ in ()).throw(Unreachable("it has ended", device="be01", remedy=""))
    way = contact(switch, session=gone)
    assert not way.standing().waiting
    assert way.session is not gone
    way = contact(switch, session=switch.connect())
    way.session.confirm = gone.confirmation
    logins = switch.moments.names.count("connect")
    with pytest.raises(Unreachable):
        way.ask(lambda session: session.confirm())
    assert switch.moments.names.count("connect") == logins


def test_what_was_seen_is_looked_for_again_once_something_was_sent():
    """Two looks in one session are one while nothing is sent between them and a minute is not over; a fresh login always looks."""
    switch = Switch({}, Clock())
    way = contact(switch)

    def looks():
        way.standing()
        return switch.calls.count("running")

    assert (looks(), looks()) == (1, 1)
    way.ask(lambda session: session.save())
    assert looks() == 2
    switch.clock.sleep(61)
    assert looks() == 3
    way.close()
    assert looks() == 4


def test_the_session_of_a_reading_is_kept_only_where_nothing_waits():
    """Who waits for somebody's apply holds no session meanwhile."""
    from rackwright.push.reading import read

    switch, kept = Switch({}, Clock()), []
    assert read("be01", switch.connect, kept.append).running == {}
    assert [session.open for session in kept] == [True]
    switch.before, switch.deadline = {}, 600
    assert read("be01", switch.connect, kept.append).waiting_s
    assert len(kept) == 1

"""The work on one server whose BMC lets nobody in for a while, since all of its sessions are taken."""

from __future__ import annotations

import pytest

from rackwright.errors import DeviceRefused, LostMidCommand
from rackwright.push.bmc.contact import Contact
from tests.unit.push_bmc.cases import Bench
from tests.unit.push_bmc.fake import CPLD, Session

FULL = DeviceRefused("gpu01 refuses a login: 503 RAC0218", device="gpu01", message_id="RAC0218", status=503)


def full_from(server, name, seconds):
    """Have all sessions of a BMC be taken for a while, once something was called."""
    call, connect = Session._call, server.connect
    until = []

    def called(session, what, work):
        if what == name and not until:
            until.append(server.clock.now() + seconds)
            session.close()
            raise LostMidCommand("the connection broke", device="gpu01")
        return call(session, what, work)

    def refused(device=""):
        if until and server.clock.now() < until[0]:
            raise FULL
        return connect(device)

    server.connect = refused
    return called


@pytest.mark.parametrize("moment", ["jobs", "ac_cycle"])
def test_sessions_that_others_left_are_outlived(tmp_path, monkeypatch, moment):
    """All of a BMC are taken in the middle of the work: it waits until idle ones end, says so, and forces nothing meanwhile."""
    bench = Bench(tmp_path, (CPLD,))
    monkeypatch.setattr(Session, "_call", full_from(bench.server, moment, 1900))
    assert bench.life().state == "done"
    assert bench.right()
    assert (bench.server.power, bench.server.sessions) == ("On", 0)
    assert "ForceOff" not in bench.server.restarts()
    told = [text for text, _ in bench.journal.events if "all sessions of its BMC are taken" in text]
    assert told == ["all sessions of its BMC are taken: waiting until one ends, idle ones do, at most 35 min"]


def test_what_nobody_was_let_in_to_say_is_said_later(tmp_path, monkeypatch):
    """All sessions are taken when a host is to be shut down: it was taken for said, and the host forced off for not heeding it."""
    bench = Bench(tmp_path, (CPLD,))
    monkeypatch.setattr(Session, "_call", full_from(bench.server, "power", 1900))
    contact = Contact(bench.order.servers[0], bench.server.connect, bench.clock, bench.order.limits)
    with pytest.raises(LostMidCommand):
        contact.ask(lambda session: session.power())
    contact.say(lambda session: session.reset("GracefulShutdown"))
    assert bench.server.restarts() == ["GracefulShutdown"]


def test_a_host_that_may_be_off_is_told(tmp_path, monkeypatch):
    """Nobody is let in any more behind the shutdown: whoever pushes again would take the host for one that is meant to be off."""
    bench = Bench(tmp_path, (CPLD,))
    monkeypatch.setattr(Session, "_call", full_from(bench.server, "ac_cycle", 1e9))
    outcome = bench.life()
    assert outcome.state == "failed"
    assert outcome.cause.endswith("nor since; its host was on before, and may be off")
    assert outcome.remedy.startswith("switch the host on over its BMC, and look at its console; then ")


def test_another_try_brings_on_what_the_first_left_off(tmp_path, monkeypatch):
    """The first try got no further than the shutdown: to the second the host was found off, and was left so."""
    bench = Bench(tmp_path, (CPLD,))
    with monkeypatch.context() as full:
        full.setattr(Session, "_call", full_from(bench.server, "ac_cycle", 10_000))
        assert bench.life().state == "failed"
    assert bench.server.power == "Off"
    bench.clock.sleep(10_000)
    bench.server.jobs.clear()
    bench.entries.clear()
    assert bench.life().state == "done"
    assert bench.server.power == "On"

"""How often the tasks of a server log in to its BMC."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rackwright.bringup.job import Halted
from rackwright.bringup.work import servers
from rackwright.bringup.world import Patience
from rackwright.diff.bmc.model import BiosState
from rackwright.diff.bmc.settings import LOCKDOWN
from rackwright.errors import DeviceRefused, DriverError
from rackwright.plan.controllers import BmcSettings
from rackwright.push.bmc.changeset import ServerChanges
from rackwright.push.bmc.contact import Held
from rackwright.push.bmc.model import Way
from rackwright.push.bmc.reading import survey
from rackwright.redfish.inventory import Inventory
from tests.unit.bringup.test_work import job
from tests.unit.push import bmcs
from tests.unit.push.fake import Clock


@pytest.fixture
def logins(monkeypatch):
    """Count logins at a way, whichever password they are with."""
    found = []
    once = bmcs.Way.bmc

    def bmc(self, device, **words):
        session = once(self, device, **words)
        found.append(device)
        return session

    monkeypatch.setattr(bmcs.Way, "bmc", bmc)
    return found


def settled(tmp_path, box, work=servers.settings, *, tag="", **wanted):
    way = bmcs.Way(box, {"bmc": "of-the-site-2"})
    world = {
        "way": way, "settings": {"gpu01": BmcSettings(timezone="UTC", password="secret:bmc", **wanted)}, "authority": "",
        "machines": {"gpu01": SimpleNamespace(service_tag=tag)}, "patience": Patience(), "plan": SimpleNamespace(name="lab"),
    }  # fmt: skip
    return work(job("bmc/gpu01", folder=tmp_path, **world))


def test_settings_are_made_in_the_session_in_which_they_were_compared(tmp_path, logins):
    """A task that looks and then sets logs in once, and nothing of it stays open, whether or not there was anything to set."""
    box = bmcs.Box(password="of-the-site-2", attributes={"Time.1.Timezone": "CST6CDT"})
    assert settled(tmp_path, box).state == "done"
    assert (box.attributes["Time.1.Timezone"], len(logins), box.sessions) == ("UTC", 1, 0)
    assert settled(tmp_path, box).state == "unchanged"
    assert (len(logins), box.sessions) == (2, 0)


@pytest.mark.parametrize(("minutes", "reads"), [(0, 1), (6, 2)])
def test_how_a_bmc_is_set_is_read_once_before_it_is_set(tmp_path, monkeypatch, minutes, reads):
    """What was compared is looked at once more only when it was a while ago."""
    read, looks = bmcs.Session.read, []

    def counted(self, topics=()):
        looks.append(frozenset(topics))
        return read(self, topics)

    def later(self, *args):
        self.way.clock.time += 60 * minutes
        return once(self, *args)

    once = servers.Settle._set
    monkeypatch.setattr(bmcs.Session, "read", counted)
    monkeypatch.setattr(servers.Settle, "_set", later)
    box = bmcs.Box(password="of-the-site-2", attributes={"Time.1.Timezone": "CST6CDT"})
    assert settled(tmp_path, box).state == "done"
    assert looks.count(frozenset({"system", "settings"})) == reads


def test_nobody_is_asked_about_a_lockdown_that_the_site_does_not_want(tmp_path, logins):
    """Where lockdown is wanted the BMC is looked at and locked; where it is not nothing is set last, and nobody logs in."""
    box = bmcs.Box(password="of-the-site-2", attributes={LOCKDOWN: "Disabled", "Time.1.Timezone": "CST6CDT"})
    assert settled(tmp_path, box, servers.locked).state == "unchanged"
    assert settled(tmp_path, box, servers.locked, lockdown=False).state == "unchanged"
    assert (logins, box.attributes[LOCKDOWN]) == ([], "Disabled")
    assert settled(tmp_path, box, servers.locked, lockdown=True).state == "done"
    assert (len(logins), box.attributes[LOCKDOWN], box.attributes["Time.1.Timezone"]) == (1, "Enabled", "CST6CDT")


def nothing(*_, **__):
    bios = BiosState(profile="", known=False)
    return ServerChanges(device="gpu01", model="xe9680", tag="", bios=bios, way=Way(machine="gpu01"))


def surveyed(connect, keep, changes=nothing):
    planner = SimpleNamespace(topics=frozenset({"system"}), changes=changes)
    machine = SimpleNamespace(name="gpu01", service_tag="TAG0001")
    return survey(machine, connect, SimpleNamespace(now=lambda: 0.0), planner, lambda *_: None, keep=keep)


class Session:
    """A session that is open until it is closed."""

    jobs = staticmethod(tuple)
    read = staticmethod(dict.fromkeys)

    def __init__(self):
        self.open = True

    def close(self):
        self.open = False


def test_another_machine_is_not_as_planned_however_it_is_set(tmp_path, monkeypatch):
    """A stranger at a server's address that runs the planned firmware and is set as planned was "unchanged", and done."""
    monkeypatch.setattr("rackwright.push.bmc.reading.reading.inventory", lambda _: Inventory(service_tag="OTHER"))
    session = Session()
    found = surveyed(lambda _: session, None)
    assert (found.cause, found.passing, session.open) == (
        "service tag OTHER answers where TAG0001 is planned",
        False,
        False,
    )
    monkeypatch.setattr(servers, "marks", lambda _: Inventory(service_tag="OTHER"))
    told = settled(tmp_path, bmcs.Box(password="of-the-site-2", attributes={"Time.1.Timezone": "UTC"}), tag="TAG0001")
    assert (told.state, told.stage, told.cause) == ("failed", "read", found.cause)
    assert "nodes.csv" in told.remedy


def test_session_of_a_survey_is_kept_for_the_work_behind_it():
    """It is left open only to whoever takes it, only where the reading came to its end, and never one of the factory's password."""
    held = []
    session = Session()
    surveyed(lambda _: session, held.append)
    assert ([one.session for one in held], session.open) == ([session], True)
    surveyed(lambda _: session, None)
    assert not session.open

    class Fresh:
        fresh = frozenset({"gpu01"})

        def __call__(self, _):
            return session

    held.clear()
    session.open = True
    surveyed(Fresh(), held.append)
    assert (held, session.open) == ([], False)

    def broken(*_, **__):
        raise DriverError("it broke off", device="gpu01")

    session.open = True
    surveyed(lambda _: session, held.append, broken)
    assert (held, session.open) == ([], False)


def test_firmware_that_could_not_be_planned_leaves_no_session(tmp_path, monkeypatch):
    """What a look held is ended although no procedure came of it."""
    session = Session()

    def order(_job, held):
        held.append(Held(session, b"{}", Inventory(), 0.0))
        return Halted("silent")

    monkeypatch.setattr(servers, "_order", order)
    monkeypatch.setattr(servers, "_canary", lambda _: None)
    assert servers.firmware(job("firmware/gpu01", folder=tmp_path, way=None)).state == "failed"
    assert not session.open


@pytest.mark.parametrize(("patience_s", "taken_s", "read"), [(60, 1900, True), (0, 1900, False), (60, 1e9, False)])
def test_a_survey_with_patience_outlives_idle_sessions(patience_s, taken_s, read):
    """All sessions of a BMC are taken: it is waited for until an idle one ends, and told once; who has no patience is told at once."""
    clock, session, heard = Clock(), Session(), []

    def connect(_):
        if clock.now() < taken_s:
            raise DeviceRefused("gpu01 refuses a login: 503 RAC0218", device="gpu01", message_id="RAC0218", status=503)
        return session

    planner = SimpleNamespace(topics=frozenset({"system"}), changes=nothing)
    found = survey(
        SimpleNamespace(name="gpu01", service_tag="TAG0001"),
        connect,
        clock,
        planner,
        lambda *words: heard.append(words),
        patience_s=patience_s,
    )
    assert isinstance(found, ServerChanges) == read
    assert [what.partition(":")[0] for _, what in heard] == (
        ["all sessions of its BMC are taken, idle ones end"] if patience_s else []
    )
    assert clock.now() < 2200

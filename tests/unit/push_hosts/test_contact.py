"""The session with a host that lies between two words: how few logins there are, and that no word is given twice for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackwright.errors import DeviceTimeout, LostMidCommand, Unreachable
from rackwright.push.hosts.contact import Contact, asked
from rackwright.push.hosts.order import Limits, StageOrder
from rackwright.push.hosts.procedure import Playbooks
from rackwright.push.hosts.reading import Surveyor
from rackwright.push.hosts.restarting import Restart
from rackwright.push.idle import Sessions
from tests.unit.push.fake import Killed, Moments
from tests.unit.push_hosts.fake import MAIN, VERIFY, Bench, World
from tests.unit.push_hosts.test_survey import STACK


@pytest.mark.parametrize("twin", [False, True])
def test_a_host_is_logged_in_to_once_a_boot(tmp_path, twin):
    """Three boots are three logins, with the plays of the twin too, and no session is left open."""
    bench = Bench(tmp_path)
    bench.world.twin = twin
    assert bench.life().state == "done"
    assert (bench.world.boots, bench.world.logins) == (3, 3)
    assert bench.world.open == set()


def test_no_session_is_left_open_however_the_work_ends(tmp_path):
    """It ends with the work on the host: where that fails, and where it is killed at any moment."""
    bench = Bench(tmp_path / "count")
    bench.life()
    for strike in range(1, bench.world.moments.count + 1):
        bench = Bench(tmp_path / str(strike), World(Moments(strike)))
        with pytest.raises(Killed):
            bench.life()
        assert bench.world.open == set(), strike
    bench = Bench(tmp_path / "other", World(tag="OTHER99"))
    assert bench.life().state == "failed"
    assert (bench.world.logins, bench.world.open) == (1, set())


class Session:
    """A session in which one answer may be an error."""

    def __init__(self, error=None):
        self.error, self.given, self.open = error, 0, True

    def word(self):
        self.given += 1
        if self.error is not None:
            raise self.error
        return "done"

    def close(self):
        self.open = False


def given_in(error, *, looks):
    """Return what comes of a word where a session lies that answers with an error, and the session that was logged in to."""
    old, new, idle = Session(error), Session(), Sessions()
    idle.leave("gpu01", old)
    try:
        said = asked(lambda _device: new, idle, "gpu01", lambda session: session.word(), looks=looks)
    except type(error) as raised:
        said = raised
    assert not old.open
    return said, new.given


@pytest.mark.parametrize("error", [LostMidCommand("broken"), DeviceTimeout("slow")])
def test_a_word_that_may_have_been_heard_is_not_given_again(error):
    """What only looks is; and a word that certainly never left is, too."""
    assert given_in(error, looks=False) == (error, 0)
    assert given_in(error, looks=True) == ("done", 1)
    assert given_in(Unreachable("nothing was sent"), looks=False) == ("done", 1)


def test_a_fresh_session_is_asked_once():
    """What it answers with an error is an error, and it is ended."""
    new, idle = Session(Unreachable("gone")), Sessions()
    with pytest.raises(Unreachable):
        asked(lambda _device: new, idle, "gpu01", lambda session: session.word(), looks=True)
    assert (new.given, new.open, idle.take("gpu01")) == (1, False, None)


# --- restarts ------------------------------------------------------------------------------------


def restart(world, before="boot-1", kind="warm", folder=Path("not made")):
    contact = Contact("gpu01", world, Limits(heed_s=120, boot_s=3600, poll_s=5), Sessions())
    made = Restart(
        contact, "kernel", kind, before, fresh=True, macs=("02:00:00:00:00:01",), told=world.deeds.append,
        folder=folder,
    )  # fmt: skip
    return contact, made


def test_a_host_that_has_restarted_by_now_is_not_restarted_again():
    """Another boot than the one before it runs what a restart would bring."""
    world = World()
    _, made = restart(world, before="boot-0")
    assert made.go() is None
    assert world.deeds == []


def test_who_is_let_in_nobody_more_is_on_its_way_down_although_who_is_in_stays_in():
    """pam_nologin shuts the door at once, and a service may take longer to stop than a session lasts."""
    world = World()
    world.restarting = world.boot
    world.boot = lambda: setattr(world, "shut_from", world.clock.now())
    _, made = restart(world)

    def slept(seconds, sleep=world.clock.sleep):
        sleep(seconds)
        if world.clock.now() > 200 and world.boots == 1:
            world.restarting()
            world.shut_until = world.clock.now()

    world.clock.sleep = slept
    assert made.go() is None
    assert (world.boots, world.deeds.count("restart")) == (2, 1)


def test_a_host_that_goes_on_letting_people_in_does_not_go_down():
    """The session is not believed alone: a fresh login says the same."""
    world = World()
    world.deaf = True
    _, made = restart(world)
    assert "does not go down within 120 s" in made.go().cause
    assert world.logins == 2


def test_the_session_is_ended_before_its_adapters_and_its_power_go(tmp_path):
    """What is said behind them takes a fresh login, and so does the reset of the adapters itself."""
    for kind, logins in (("fwreset", 3), ("cold", 2)):
        world = World()
        contact, made = restart(world, kind=kind, folder=tmp_path)
        contact.facts()
        left = []
        world.moments.pass_by = lambda name, left=left, world=world: left.append((name.split()[0], len(world.open)))
        assert made.go() is None
        assert {held for what, held in left if what == "power"} <= {0}
        assert world.logins == logins
        assert len(world.open) == 1


# --- how often it is looked ----------------------------------------------------------------------


@pytest.mark.parametrize(("away_s", "most"), [(12, 4), (60, 13), (170, 25), (600, 48), (1800, 108)])
def test_a_host_that_is_long_away_is_looked_for_less_often(away_s, most):
    """The pause is a tenth of what was waited, between five and twenty seconds: no more than that is lost."""
    world = World()
    world.up_at, world.boots = away_s, 2
    contact, _ = restart(world)
    assert contact.other_boot("boot-1", 3600) == "boot-2"
    assert away_s <= world.clock.now() <= away_s + max(5, min(20, away_s / 10))
    assert world.looks <= most


# --- a look ahead --------------------------------------------------------------------------------


@pytest.mark.parametrize("twin", [False, True])
def test_a_look_ahead_is_one_login_and_leaves_its_session_to_the_work_on_that_host_alone(twin):
    """Facts and plays share it; where nothing comes after, since the host is another one or nobody asked for it, it is ended."""

    def survey(world, idle):
        world.twin = twin
        surveyor = Surveyor(
            world, Playbooks(MAIN, VERIFY), {"gpu01": STACK}, {"gpu01": {"rackwright": {}}}, gather_s=0, idle=idle
        )
        return surveyor.survey("gpu01")

    world, idle = World(), Sessions()
    survey(world, idle)
    assert (world.logins, len(world.open)) == (1, 1)
    idle.drop("gpu01")
    assert world.open == set()
    world = World()
    survey(world, None)
    assert (world.logins, world.open) == (1, set())
    world = World(tag="OTHER99")
    survey(world, Sessions())
    assert (world.logins, world.open) == (1, set())


def test_stages_without_a_restart_are_one_login(tmp_path):
    """Nothing ends the session between them."""
    stages = (StageOrder(steps=("base",)), StageOrder(steps=("runtime",)), StageOrder(steps=("verify",)))
    bench = Bench(tmp_path, stages=stages)
    assert bench.life().state == "done"
    assert bench.world.logins == 1

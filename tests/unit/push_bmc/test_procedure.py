"""The work on one server over a BMC in memory: its order, its restarts, what it does not do twice, and how it ends."""

from __future__ import annotations

import math

import msgspec
import pytest

from rackwright.errors import AuthRefused, DeviceRefused, LostMidCommand, RunError, Unreachable
from rackwright.push.bmc.activation import Activation
from rackwright.push.bmc.contact import Contact, Held, packed
from rackwright.push.bmc.ending import Finish
from rackwright.push.bmc.procedure import Procedure
from rackwright.redfish.inventory import Psu
from tests.unit.push.fake import Killed, Moments
from tests.unit.push_bmc.cases import ALL, Bench
from tests.unit.push_bmc.fake import BIOS, CPLD, IDRAC, NIC, inventory_of


def test_everything_in_one_push(tmp_path):
    """The iDRAC first, all that shares a restart in one, the power cycle last; each image written once, the session closed."""
    bench = Bench(tmp_path)
    outcome = bench.life()
    assert (outcome.state, outcome.cause) == ("done", "")
    assert bench.right()
    assert bench.server.flashed() == {IDRAC: 1, BIOS: 1, NIC: 1, CPLD: 1}
    kinds = [kind for kind, _ in bench.server.deeds]
    assert kinds.index("bmc-restart") < kinds.index("bios")
    assert bench.server.restarts() == ["GracefulRestart", "GracefulShutdown", ""]
    assert (bench.server.power, bench.server.sessions) == ("On", 0)
    assert (tmp_path / "run" / "profile" / "gpu01.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "run" / "inventory" / "gpu01.json").is_file()
    assert all(part["right"] for part in outcome.detail["components"].values())


def test_a_server_without_steps_is_left_alone(tmp_path):
    """Nothing is asked of a BMC whose server is as intended."""
    bench = Bench(tmp_path, ())
    assert bench.life().state == "unchanged"
    assert bench.server.moments.count == 0


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda server: setattr(server, "tag", "OTHER99"), "identity: service tag OTHER99"),
        (lambda server: setattr(server, "lockdown", True), "lockdown: "),
        (lambda server: server.psus.append(Psu(fqdd="PSU.Slot.3", health="Critical")), "power supplies: PSU.Slot.3"),
        (
            lambda server: server.add("FirmwareUpdate", "Firmware Update: NIC", NIC, "9", now=False),
            "jobs: the queue holds",
        ),
        (lambda server: server.versions.update({BIOS: "9.9.9"}), "state: bios (BIOS.Setup.1-1) is at 9.9.9"),
        (
            lambda server: server.attributes.update(SysProfile="Custom"),
            "state: the BIOS attribute SysProfile is 'Custom'",
        ),
        (lambda server: setattr(server, "ready_at", 1e9), "the lifecycle controller does not become ready"),
    ],
)
def test_pre_checks_stop_before_anything_is_sent(tmp_path, spoil, name):
    """Each check is named, nothing is changed, nothing restarted."""
    bench = Bench(tmp_path)
    spoil(bench.server)
    outcome = bench.life()
    assert (outcome.state, outcome.stage) == ("failed", "look")
    assert outcome.cause.startswith(name)
    assert outcome.remedy
    assert bench.server.deeds == []
    assert bench.server.sessions == 0


def test_an_image_that_is_not_the_one_named_is_not_sent(tmp_path):
    """A file with another SHA-256 than the site's stops the server before its first change."""
    bench = Bench(tmp_path)
    (tmp_path / "bios.exe").write_text("something else")
    outcome = bench.life()
    assert outcome.cause.startswith("images: the image bios.exe has the SHA-256")
    assert bench.server.deeds == []


def test_a_host_that_is_not_drained_is_left_alone(tmp_path):
    """The operator's program is asked with the server's name, and its no stops the server."""
    program = tmp_path / "drained"
    program.write_text('#!/bin/sh\necho "jobs run on $1" >&2\nexit 3\n')
    program.chmod(0o700)
    bench = Bench(tmp_path, drained_by=str(program))
    outcome = bench.life()
    assert "drained: " in outcome.cause
    assert "jobs run on gpu01" in outcome.cause
    assert bench.server.deeds == []


def test_a_program_says_in_its_own_letters_that_a_host_is_not_drained(tmp_path):
    """What it prints is no UTF-8: that is its answer, and no fault of ours."""
    program = tmp_path / "drained"
    program.write_bytes(b"#!/bin/sh\necho 'noch besch\xe4ftigt'\nexit 1\n")
    program.chmod(0o755)
    outcome = Bench(tmp_path, drained_by=str(program)).life()
    assert "says no (exit code 1: noch besch\ufffdftigt)" in outcome.cause


def test_a_host_that_does_not_heed_is_forced(tmp_path):
    """After the deadline of a graceful restart it is forced, and the jobs run."""
    bench = Bench(tmp_path, (BIOS, "settings"))
    bench.server.deaf = True
    assert bench.life().state == "done"
    assert bench.right()
    assert bench.server.restarts() == ["ForceRestart"]


class Until(dict):
    """Refusals of a word that are over at a time of the clock."""

    def __init__(self, clock, word, error, end):
        super().__init__({word: error})
        self.clock, self.end = clock, end

    def __contains__(self, word):
        return super().__contains__(word) and self.clock.now() < self.end


@pytest.mark.parametrize(
    "error",
    [AuthRefused("it does not let us in", device="gpu01"), Unreachable("connection refused", device="gpu01")],
)
def test_a_restart_that_nobody_heard_of_is_said_again_and_not_forced(tmp_path, error):
    """A BMC that lets nobody in for a while was told nothing: the system is not to blame, and is not cut off."""
    bench = Bench(tmp_path)
    bench.server.refusals = Until(bench.clock, "reset GracefulRestart", error, bench.clock.now() + 1500)
    assert bench.life().state == "done"
    assert bench.right()
    assert bench.server.restarts() == ["GracefulRestart", "GracefulShutdown", ""]


def test_a_login_that_is_refused_is_told(tmp_path):
    """A password that was changed meanwhile ends the server with the BMC's word, and nothing is forced on its host."""
    bench = Bench(tmp_path)
    bench.server.refusals["reset GracefulRestart"] = AuthRefused(
        "the BMC refuses root", device="gpu01", remedy="see it"
    )
    outcome = bench.life()
    assert (outcome.state, outcome.remedy) == ("failed", "see it")
    assert outcome.cause.startswith("the BMC refuses root; as intended: idrac")
    assert "ForceRestart" not in bench.server.restarts()


def test_a_system_on_its_way_up_is_not_asked_yet(tmp_path):
    """A graceful restart waits for an operating system that starts, which would not hear of it; one that starts for ever is forced."""
    bench = Bench(tmp_path, (BIOS,))
    bench.server.starts_until = bench.server.clock.now() + 90
    assert bench.life().state == "done"
    assert bench.server.restarts() == ["GracefulRestart"]
    (tmp_path / "stuck").mkdir()
    stuck = Bench(tmp_path / "stuck", (BIOS,))
    stuck.server.starts_until = stuck.server.clock.now() + 86400
    assert stuck.life().state == "done"
    assert stuck.server.restarts()[-1] == "ForceRestart"


def test_a_host_that_was_off_is_off_again(tmp_path):
    """What waits runs when a host that was off is switched on; afterwards it is off as before."""
    bench = Bench(tmp_path, (BIOS,))
    bench.server.power = "Off"
    assert bench.life().state == "done"
    assert bench.right()
    assert bench.server.power == "Off"


@pytest.mark.parametrize("told", [True, False])
def test_power_supplies_that_cannot_be_looked_at_are_not_taken_for_well(tmp_path, told):
    """The BMC refuses to tell of them; one that has nothing to tell of them is no reason."""
    bench = Bench(tmp_path, (BIOS,))
    look, why = bench.server.inventory, "/redfish/v1/Chassis/1/Power: gpu01 refuses GET: 500"
    bench.server.inventory = lambda: msgspec.structs.replace(look(), psus=(), untold=(why,) if told else ())
    outcome = bench.life()
    assert ("power supplies: they cannot be looked at: /redfish" in outcome.cause) == told
    assert bench.server.restarts() == ([] if told else ["GracefulRestart"])


def test_what_does_not_cycle_its_power_by_itself_gets_a_cycle(tmp_path):
    """The restart for its job was taken for the AC cycle, which was never asked for, by no push."""
    bench = Bench(tmp_path, (CPLD,), self_cycling=("cpld",))
    assert bench.life().state == "done"
    assert bench.right()
    assert bench.server.restarts() == ["GracefulRestart", "GracefulShutdown", ""]
    assert bench.server.flashed() == {CPLD: 1}


def test_a_second_restart_meets_nothing_that_came_up_since_the_first(tmp_path):
    """A power supply failed while the job ran; what is written waits, and the power is not cut."""
    bench = Bench(tmp_path, (CPLD,), self_cycling=("cpld",))
    begun = bench.server._start

    def failing():
        begun()
        bench.server.psus = [Psu(fqdd="PSU.Slot.1", health="Critical")]

    bench.server._start = failing
    outcome = bench.life()
    assert "power supplies: PSU.Slot.1 is not well" in outcome.cause
    assert bench.server.restarts() == ["GracefulRestart"]


@pytest.mark.parametrize("seconds", [30, 200])
def test_what_the_bmc_writes_by_itself_is_not_torn_by_a_power_cycle(tmp_path, seconds):
    """An image that lies there and is about to be written was taken for one that waits for the power cycle, which cut its writing off."""
    bench = Bench(tmp_path, (CPLD,), cpld_at="now")
    bench.server.by_itself[CPLD] = seconds
    outcome = bench.life()
    assert ("torn", CPLD) not in bench.server.deeds
    assert (outcome.state, outcome.cause) == ("done", "")
    assert bench.server.flashed() == {CPLD: 1}


def test_a_failed_job_is_no_success_and_is_not_repeated(tmp_path):
    """The component, the BMC's words and where all stands are told; the host is on, nothing waits."""
    bench = Bench(tmp_path, (BIOS, NIC))
    bench.server.fails[NIC] = "RED097"
    outcome = bench.life()
    assert (outcome.state, outcome.stage) == ("failed", "restart 1")
    assert "nic (NIC.Slot.3-1) is at 22.00.6, not at 23.10.4" in outcome.cause
    assert "RED097" in outcome.cause
    assert "as intended: bios 2.7.4" in outcome.cause
    assert outcome.remedy.startswith("the image is for another model")
    assert bench.server.flashed() == {BIOS: 1}
    assert bench.server.power == "On"


def test_a_job_that_ends_well_and_changes_nothing_is_no_success(tmp_path):
    """What is verified is the inventory: a version that stays as it was is told as staged, with the power cycle."""
    bench = Bench(tmp_path, (NIC,))
    bench.server.unchanged.add(NIC)
    outcome = bench.life()
    assert outcome.state == "failed"
    assert "SUP0545" in outcome.cause
    assert "power cycle" in outcome.remedy


class Forgetful(dict):
    """What is written and waits for a power cycle, and is not there behind it."""

    def __setitem__(self, _, __):
        """Keep nothing."""


def test_what_a_power_cycle_did_not_bring_is_not_told_to_want_one(tmp_path):
    """The power was cut a minute ago; another cycle, as the remedy said, changes nothing and takes the host down again."""
    bench = Bench(tmp_path, (CPLD,), self_cycling=("cpld",))
    bench.server.waits_for_power = Forgetful()
    bench.server.unchanged.add(CPLD)
    outcome = bench.life()
    assert bench.server.restarts()[-2:] == ["GracefulShutdown", ""]
    assert outcome.state == "failed"
    assert "power cycle" not in outcome.remedy
    assert "Lifecycle log" in outcome.remedy


def test_a_refusal_takes_back_what_waits(tmp_path):
    """When an image is refused, what was staged for the same restart leaves the queue: nobody flashes it by surprise."""
    bench = Bench(tmp_path, (BIOS, NIC))
    add = bench.server.add

    def added(*args, **more):
        bench.server.refusals["push_image"] = DeviceRefused("RED097 wrong model", device="gpu01", message_id="RED097")
        return add(*args, **more)

    bench.server.add = added
    outcome = bench.life()
    assert (outcome.state, outcome.stage) == ("failed", "stage nic")
    assert "taken out of the queue" in outcome.cause
    assert bench.server.jobs == {}
    assert bench.server.deeds == []


def test_a_stuck_job_ends(tmp_path):
    """A job that stays Scheduled through a forced restart is told with its id, within a limit."""
    bench = Bench(tmp_path, (BIOS,))
    bench.server.stuck.add(BIOS)
    outcome = bench.life()
    assert outcome.state == "failed"
    assert "still waiting after a forced restart: JID_1001" in outcome.cause
    assert bench.server.power == "On"
    assert bench.server.jobs == {}


def test_nothing_to_do_is_right(tmp_path):
    """SUP029 means that it is installed already; the inventory has the last word."""
    bench = Bench(tmp_path, (BIOS,))
    bench.server.refusals["push_image"] = DeviceRefused("nothing to do", device="gpu01", message_id="SUP029")
    outcome = bench.life()
    assert outcome.state == "failed"
    assert "bios (BIOS.Setup.1-1) is at 2.5.4" in outcome.cause
    assert bench.server.flashed() == {}


def test_a_step_that_was_left_does_no_more(tmp_path):
    """The thread of a step that nobody waits for wakes up: it asks for nothing, and opens no session that nobody would end."""
    bench = Bench(tmp_path, (CPLD,))
    contact = Contact(
        bench.order.servers[0], bench.server.connect, bench.clock, bench.order.limits, inventory_of=inventory_of
    )
    contact.jobs()
    sleep = bench.clock.sleep
    bench.clock.sleep = lambda seconds: (sleep(seconds), contact.leave())
    with pytest.raises(RunError, match="was left in the middle"):
        contact.wait(300, lambda: contact.power() == "Off")
    asked = bench.server.moments.count
    with pytest.raises(RunError, match="was left in the middle"):
        contact.say(lambda session: session.reset("ForceOff"))
    assert (bench.server.moments.count, bench.server.sessions) == (asked, 0)


def moments_of(tmp_path, what=ALL):
    counted = Moments()
    bench = Bench(tmp_path, what)
    assert bench.life(counted).state == "done"
    return counted.names


def test_a_lost_answer_anywhere_flashes_nothing_twice(tmp_path):
    """The connection broken before or after any command and any question: the push gets over it, each image is written once."""
    names = moments_of(tmp_path)
    for number, name in enumerate(names, 1):
        if name.startswith("journal"):
            continue
        bench = Bench(tmp_path)
        outcome = bench.life(Moments(number, LostMidCommand))
        assert outcome.state == "done", (name, outcome)
        assert bench.right(), name
        assert set(bench.server.flashed().values()) == {1}, (name, bench.server.deeds)
        assert bench.server.power == "On"
        assert bench.server.sessions == 0, name


def test_killed_anywhere_and_gone_on_with(tmp_path):
    """kill -9 at every driver call and journal write, then resumed: it converges, and each image is written once."""
    names = moments_of(tmp_path)
    assert len(names) > 100
    for number, name in enumerate(names, 1):
        bench = Bench(tmp_path)
        with pytest.raises(Killed):
            bench.life(Moments(number))
        # What a killed process asked for goes on without it.
        bench.clock.sleep(5)
        outcome = bench.life(Moments())
        assert outcome.state == "done", (name, outcome)
        assert bench.right(), name
        assert set(bench.server.flashed().values()) == {1}, (name, bench.server.deeds)
        assert len(bench.server.restarts()) <= 3, (name, bench.server.restarts())
        assert bench.server.power == "On"


def test_a_resumed_restart_meets_nothing_that_came_up_since_the_kill(tmp_path):
    """It was looked before the kill that the power supplies are well; hours later the host is restarted on one."""
    names = moments_of(tmp_path)
    number = names.index("journal before restart 1 after") + 1
    bench = Bench(tmp_path)
    with pytest.raises(Killed):
        bench.life(Moments(number))
    bench.clock.sleep(7200)
    bench.server.psus = [Psu(fqdd="PSU.Slot.1", health="Critical")]
    outcome = bench.life(Moments())
    assert "power supplies: PSU.Slot.1 is not well" in outcome.cause
    assert bench.server.restarts() == []


@pytest.mark.parametrize("moment", ["journal look after", "journal before restart 1 after", "journal restart 1 after"])
def test_a_resumed_push_asks_again_whether_the_host_is_drained(tmp_path, moment):
    """It was drained when the push began; by now jobs run there again, and are taken down with it."""
    program, said = tmp_path / "drained", tmp_path / "busy"
    program.write_text(f'#!/bin/sh\n[ ! -e {said} ] || {{ echo "jobs run on $1" >&2; exit 3; }}\n')
    program.chmod(0o700)
    names = moments_of(tmp_path)
    bench = Bench(tmp_path, drained_by=str(program))
    with pytest.raises(Killed):
        bench.life(Moments(names.index(moment) + 1))
    before = bench.server.restarts()
    said.touch()
    bench.clock.sleep(7200)
    outcome = bench.life(Moments())
    assert "drained: " in outcome.cause
    assert "jobs run on gpu01" in outcome.cause
    assert bench.server.restarts() == before
    said.unlink()


def test_what_lasts_is_looked_at_less_often(tmp_path):
    """A wait looks at once, after 20 s, then as long apart as it has lasted, a minute at most; and never beyond its end."""
    bench = Bench(tmp_path, (BIOS,))
    contact = Contact(bench.order.servers[0], bench.server.connect, bench.clock, bench.order.limits)
    begun, looks = contact.clock.now(), []
    assert not contact.wait(300, lambda: looks.append(contact.clock.now() - begun))
    assert looks == [0, 20, 40, 80, 140, 200, 260, 300]


def test_a_host_that_was_asked_to_restart_is_left_alone_for_a_minute(tmp_path, monkeypatch):
    """Until it is asked what lasts is looked at by the usual pauses, from then on a minute apart; what ended is not looked at once more."""
    bench, pauses, looks = Bench(tmp_path, (BIOS,)), [], []
    jobs, pause, go = Contact.jobs, Contact.pause, Activation.go

    def counted(self):
        looks.append(bench.clock.now())
        return jobs(self)

    def paused(self, since, most_s=math.inf):
        before = bench.clock.now()
        pause(self, since, most_s)
        pauses.append(bench.clock.now() - before)

    def gone(self):
        pauses.clear()
        halt = go(self)
        assert self.asked
        assert not any(job.open for job in self.seen)
        assert {job.id for job in self.seen} == set(self.jobs)
        ended.append((list(pauses), len(looks)))
        return halt

    ended = []
    monkeypatch.setattr(Contact, "jobs", counted)
    monkeypatch.setattr(Contact, "pause", paused)
    monkeypatch.setattr(Activation, "go", gone)
    assert bench.life().state == "done"
    [(waited, seen)] = ended
    assert waited
    assert set(waited) == {60}
    assert len(looks) == seen


def test_what_was_just_verified_is_not_looked_at_once_more(tmp_path, monkeypatch):
    """One look before an image is sent, one that verifies it; the end goes by that, unless the work stopped."""
    looks, look = [], Contact.look
    monkeypatch.setattr(Contact, "look", lambda self: looks.append(look(self)) or looks[-1])
    bench = Bench(tmp_path, (BIOS,))
    outcome = bench.life()
    assert (outcome.state, len(looks)) == ("done", 2)
    assert outcome.detail["components"][BIOS]["right"]
    assert outcome.detail["power"] == "On"
    looks.clear()
    (tmp_path / "bad").mkdir()
    bad = Bench(tmp_path / "bad", (BIOS,))
    bad.server.fails[BIOS] = "PR21"
    assert bad.life().state == "failed"
    assert len(looks) > 2


def test_what_comes_into_force_with_the_last_moment_is_right(tmp_path, monkeypatch):
    """The time is over, and the look that would name what is wrong finds nothing: done, and not 'jobs are still open'."""
    monkeypatch.setattr(Procedure, "_shown", lambda *_: False)
    bench = Bench(tmp_path)
    outcome = bench.life()
    assert (outcome.state, outcome.cause) == ("done", "")
    assert bench.right()


@pytest.mark.parametrize(("spoilt", "state"), [(False, "done"), (True, "failed")])
def test_what_did_not_come_into_force_is_no_last_look(tmp_path, monkeypatch, spoilt, state):
    """Only what was seen to be as intended stands for the look at the end; after anything else there is another."""
    ends, go = [], Finish.go
    monkeypatch.setattr(Finish, "go", lambda self: ends.append(self.seen) or go(self))
    bench = Bench(tmp_path, (NIC,))
    bench.server.unchanged |= {NIC} if spoilt else set()
    assert bench.life().state == state
    assert [seen is None for seen in ends] == [spoilt]


def test_what_an_order_was_made_of_serves_only_for_a_while_and_in_its_session(tmp_path):
    """A reading of five minutes ago, or of another session, is not the first look: somebody may have been there since."""
    bench = Bench(tmp_path, (BIOS,))
    session = bench.server.connect()
    resources = session.read({"system"})
    held = Held(session, packed(resources), inventory_of(resources), bench.clock.now())

    def told(later_s=0.0, *, other=False):
        contact = Contact(
            bench.order.servers[0], bench.server.connect, bench.clock, bench.order.limits, held=held,
            inventory_of=inventory_of,
        )  # fmt: skip
        if other:
            contact.session = bench.server.connect()
        bench.clock.sleep(later_s)
        return contact.everything() is held

    assert told()
    assert not told(other=True)
    assert not told(301)

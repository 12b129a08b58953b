"""The work on one host in memory: its order, its restarts, what it does not do twice, and how it ends."""

from __future__ import annotations

import pytest

from rackwright.drivers.hosts.model import HostResult
from rackwright.errors import DeviceRefused, LostMidCommand
from rackwright.push.hosts.order import StageOrder
from tests.unit.push.fake import Killed, Moments
from tests.unit.push_hosts.fake import STAGES, Bench, World


def restarts(world):
    return [deed for deed in world.deeds if deed.split()[0] not in ("play", "prove")]


def test_a_bare_host_is_brought_to_the_end(tmp_path):
    """Stage by stage, a restart where one is due and of the kind that it asks for, and each stage is proven."""
    bench = Bench(tmp_path)
    outcome = bench.life()
    assert (outcome.state, outcome.cause) == ("done", "")
    assert bench.right()
    assert bench.world.deeds == [
        "play base kernel", "restart", "prove base kernel",
        "play ofed config", "power GracefulShutdown", "power On", "prove ofed config",
        "play runtime verify", "prove runtime verify",
    ]  # fmt: skip
    assert outcome.detail["restarts"] == ["warm", "cold"]
    assert outcome.detail["changed"] == ["base", "kernel", "ofed", "config", "runtime", "verify"]


def test_a_host_whose_power_is_cut_is_marked_until_it_is_on(tmp_path):
    """Killed in between, a push to BMCs or a bring-up sees by the mark that the host is not meant to be off."""
    mark = tmp_path / "run" / "dark" / "gpu01"
    bench = Bench(tmp_path, World(Moments(blow=Killed)))
    bench.life()
    assert not mark.exists()
    strike = 1 + bench.world.moments.names.index("power On before")
    bench = Bench(tmp_path, World(Moments(strike)))
    with pytest.raises(Killed):
        bench.life()
    assert mark.exists()
    bench.world.moments = Moments()
    assert bench.life().state == "done"
    assert not mark.exists()


@pytest.mark.parametrize(
    ("moment", "error"),
    [
        ("power GracefulShutdown before", LostMidCommand),
        ("power GracefulShutdown after", LostMidCommand),
        ("power On before", LostMidCommand),
        ("power On before", DeviceRefused),
        ("power On after", LostMidCommand),
    ],
)
def test_a_host_does_not_stay_dark_since_a_word_to_its_bmc_broke_off(tmp_path, moment, error):
    """The connection broke while the host was told to come on, and it stayed off, with nothing said of that."""
    bench = Bench(tmp_path, World())
    bench.life()
    strike = 1 + bench.world.moments.names.index(moment)
    bench = Bench(tmp_path / "again", World(Moments(strike, blow=error)))
    assert bench.life().state == "done"
    assert bench.world.deeds.count("power On") == 1
    assert not (tmp_path / "again" / "run" / "dark" / "gpu01").exists()


def test_a_host_that_may_be_off_is_told_as_that(tmp_path):
    """It said that a connection broke, and of a host that could not be reached since not that its power had been cut."""

    class Broken(Moments):
        def pass_by(self, name):
            if name == "power On before":
                raise LostMidCommand("it broke off", device="gpu01")
            super().pass_by(name)

    world = World(Broken())
    world.state = tmp_path
    outcome = Bench(tmp_path / "runs" / "1", world).life()
    assert (outcome.state, world.power) == ("failed", "Off")
    assert "its power was being cut, and it may be off" in outcome.cause
    assert "--only bmc" in outcome.remedy


def test_a_second_push_changes_nothing_and_restarts_nothing(tmp_path):
    """A host that is as intended is played and proven, and told as unchanged."""
    bench = Bench(tmp_path)
    bench.life()
    bench.world.deeds.clear()
    again = Bench(tmp_path / "again", bench.world)
    assert again.life().state == "unchanged"
    assert restarts(bench.world) == []


def test_what_changes_without_a_note_restarts_nothing(tmp_path):
    """Only what a role noted restarts the operating system: a step that may need a restart and did not note one asks for none."""
    world = World()
    world.installed = {"kernel": 0, "ofed": 0, "config": 0}
    bench = Bench(tmp_path, world)
    assert bench.life().state == "done"
    assert restarts(world) == []


def test_a_restart_that_an_earlier_push_left_is_made_up(tmp_path):
    """A note of this boot, and parameters that are not in force, bring the restart though nothing is changed now."""
    world = World()
    world.installed = {"base": 1, "kernel": 1}
    world.note = 1
    assert Bench(tmp_path, world).life().state == "done"
    assert restarts(world)[0] == "restart"
    world = World()
    world.installed = {"base": 0, "kernel": 0, "ofed": 0, "config": 1}
    assert Bench(tmp_path / "cold", world).life().detail["restarts"] == ["cold"]


def test_a_power_cycle_that_an_earlier_push_left_takes_the_place_of_a_restart(tmp_path):
    """Parameters that an earlier push set stay dead, since this one changes only what takes a warm restart."""
    world = World()
    world.installed = {"base": 0, "kernel": 0, "config": 1}
    outcome = Bench(tmp_path, world).life()
    assert (outcome.state, outcome.detail["restarts"]) == ("done", ["cold"])


def test_another_machine_is_not_touched(tmp_path):
    """A host with another service tag gets nothing but a look."""
    bench = Bench(tmp_path, World(tag="OTHER99"))
    outcome = bench.life()
    assert (outcome.state, outcome.stage) == ("failed", "look")
    assert "OTHER99" in outcome.cause
    assert "nodes.csv" in outcome.remedy
    assert bench.world.deeds == []


def test_a_failed_role_ends_the_host_with_role_task_and_remedy(tmp_path):
    """What comes behind it is not begun, and what failed is told in the module's words with what to do."""
    world = World()
    text = "no available installation candidate for doca-ofed=2.10.0"
    world.fails["ofed"] = HostResult(host="gpu01", state="failed", role="ofed", task="Install", message=text)
    outcome = Bench(tmp_path, world).life()
    assert (outcome.state, outcome.stage, outcome.cause) == ("failed", "ofed", f"Install: {text}")
    assert "mirror" in outcome.remedy
    assert outcome.detail["done"] == ["base", "kernel"]
    assert world.deeds[-1] == "play ofed config"


@pytest.mark.parametrize(
    ("happens", "words", "remedy"),
    [
        (lambda world: setattr(world, "dead", True), "it died in the role config at 'Do', after ofed", "console"),
        (lambda world: world.boot(), "it restarted by itself in the role config", "why it restarted"),
        (lambda world: setattr(world, "up_at", world.clock.now() + 30), "it was cut off in the role config", "the way to it"),
    ],
)  # fmt: skip
def test_a_host_that_is_lost_in_the_middle_is_told_by_what_became_of_it(tmp_path, happens, words, remedy):
    """It died, restarted or was cut off: role, task and remedy; another push goes on and comes to the end."""
    world = World()
    world.during["config"] = happens
    outcome = Bench(tmp_path, world).life()
    assert (outcome.state, outcome.stage) == ("failed", "config")
    assert words in outcome.cause
    assert remedy in outcome.remedy
    world.dead = False
    again = Bench(tmp_path / "again", world)
    assert again.life().state == "done"
    assert again.right()


def test_a_host_that_restarted_so_quickly_that_no_task_failed_is_told(tmp_path):
    """The play ended well, and yet another boot runs than before it: that is a failure with a cause, and nothing is restarted for it."""
    world = World()
    world.during["kernel"] = lambda one: setattr(one, "boots", one.boots + 1)
    outcome = Bench(tmp_path, world).life()
    assert (outcome.state, outcome.stage) == ("failed", "kernel")
    assert outcome.cause == "it restarted by itself during base, kernel, quickly enough that no task failed"
    assert "why it restarted" in outcome.remedy
    assert restarts(world) == []
    again = Bench(tmp_path / "again", world)
    assert again.life().state == "done"
    assert again.right()


def test_a_host_of_which_nothing_was_told_is_said_to_be_lost_in_the_first_role(tmp_path):
    """A play that ended before any event of a host leaves a question mark where its role should stand."""
    world = World()
    world.fails["base"] = HostResult(host="gpu01", state="lost")
    outcome = Bench(tmp_path, world).life()
    assert (outcome.state, outcome.stage) == ("failed", "base")
    assert outcome.cause == "it was cut off in the role base, or behind it: nothing was told of it, and answers again"


def test_a_host_that_does_not_go_down_or_come_back_is_told(tmp_path):
    """A restart that is not heeded ends in words; so does a host that stays away, or has no BMC to cycle its power."""
    world = World()
    world.deaf = True
    outcome = Bench(tmp_path, world).life()
    assert "does not go down" in outcome.cause
    assert outcome.stage == "kernel"
    world = World()
    world.during["kernel"] = lambda one: setattr(one, "boot", lambda: setattr(one, "dead", True))
    outcome = Bench(tmp_path / "away", world).life()
    assert "does not come back within 10 min" in outcome.cause
    assert "console" in outcome.remedy


def test_adapters_alone_are_reset_where_that_is_enough(tmp_path):
    """A stage whose step asks for a reset of the adapters leaves the host running."""
    stages = (StageOrder(steps=("flash",), reboot="fwreset", asking={"flash": "fwreset"}),)
    world = World()
    assert Bench(tmp_path, world, stages=stages).life().state == "done"
    assert restarts(world) == ["reset of adapters"]


def test_the_restart_of_a_stage_is_the_strongest_that_is_asked_for(tmp_path):
    """A reset of adapters beside a warm restart takes a power cycle: a warm restart does not reset adapters."""
    stage = StageOrder(steps=("a", "b"), reboot="cold", asking={"a": "fwreset", "b": "warm"})
    assert stage.restart(["a"], noted=False) == "fwreset"
    assert stage.restart(["a", "b"], noted=True) == "cold"
    assert stage.restart(["b"], noted=False) == "none"
    assert stage.restart([], noted=True) == "warm"


@pytest.mark.parametrize(
    "moment", ["journal look after", "journal stage 1: restart due after", "journal stage 2: restart due after"]
)
def test_a_resumed_push_asks_again_whether_the_host_is_drained(tmp_path, moment):
    """It was drained when the push began; by now jobs run there again, and are taken down with it."""
    program, said = tmp_path / "drained", tmp_path / "busy"
    program.write_text(f'#!/bin/sh\n[ ! -e {said} ] || {{ echo "jobs run on $1" >&2; exit 3; }}\n')
    program.chmod(0o700)
    whole = Bench(tmp_path / "whole", drained_by=str(program))
    whole.life()
    bench = Bench(tmp_path, drained_by=str(program))
    bench.world.moments = Moments(whole.world.moments.names.index(moment) + 1)
    with pytest.raises(Killed):
        bench.life()
    bench.world.moments = Moments()
    before = restarts(bench.world)
    said.touch()
    outcome = bench.life()
    assert outcome.cause.startswith("drained: ")
    assert "jobs run on gpu01" in outcome.cause
    assert restarts(bench.world) == before


def test_a_host_that_is_not_drained_is_not_restarted(tmp_path):
    """The operator's program says no: nothing is played."""
    bench = Bench(tmp_path, drained_by="/bin/false")
    assert bench.life().cause.startswith("drained: /bin/false says no")
    assert bench.world.deeds == []


def test_a_push_that_is_stopped_ends_between_stages(tmp_path):
    """What was begun is brought to its end, what comes behind it is not begun."""
    world = World()
    bench = Bench(tmp_path, world)
    world.during["kernel"] = lambda _world: bench.journal.stop()
    outcome = bench.life()
    assert (outcome.state, outcome.stage) == ("cancelled", "ofed")
    assert world.live("kernel")
    assert "ofed" not in world.installed


def test_killed_at_any_moment_and_resumed_it_comes_to_the_end_with_no_restart_too_many(tmp_path):
    """Whatever moment strikes, the next life ends as intended, and no boot is restarted twice."""
    bench = Bench(tmp_path / "count")
    bench.life()
    total = bench.world.moments.count
    assert total > 30
    for strike in range(1, total + 1):
        bench = Bench(tmp_path / str(strike), World(Moments(strike)))
        with pytest.raises(Killed):
            bench.life()
        outcome = bench.life()
        assert (outcome.state, outcome.cause) == ("done", ""), (strike, bench.world.deeds)
        assert bench.right(), strike
        assert bench.world.boots == 3, (strike, bench.world.deeds)


def test_the_stages_of_the_test_are_those_of_a_host():
    """The fake's stages ask for each kind of restart but the adapters' alone."""
    assert {stage.reboot for stage in STAGES} == {"none", "warm", "cold"}

"""What a run that was cut off left in hand is looked at before something is begun beside it."""

import json

import pytest

from rackwright import runs
from rackwright.errors import RunBusy
from rackwright.runs.folder import RunFolder
from tests.unit.runs import toytasks
from tests.unit.runs.toy import Toy, order

ONE, OTHER, THIRD = (order(("one", [name])) for name in ("fe01", "fe02", "be01"))
APART = {"stands in for what is meant here": ("fe01",)}


class Look:
    """Says of what is in hand what it does, and knows who was asked for."""

    def __init__(self, doing="it goes back by itself") -> None:
        self.doing = doing
        self.asked = []

    def __call__(self, left):
        self.asked.append((left.run, left.device, left.step, left.settles_s))
        return self.doing


@pytest.fixture
def killed(site, process):
    """Return the run of a process that was killed in the first step of fe01."""
    gate = site / "gate"
    first = process("run", order=ONE.decode(), wait=str(gate), lease_s=3600)
    first.until((site / "gate.reached").exists)
    first.kill()
    return runs.latest(site / "s", "toy").run


def test_nothing_begins_beside_what_still_moves(site, killed):
    """The look is asked once, before the run is there; one that is not beside it, and the device itself, begin unasked."""
    toy, look = Toy(site / "world"), Look()
    with runs.opened(site / "s", programs=[toy], unsettled=look) as engine:
        with pytest.raises(RunBusy) as refused:
            engine.run("toy", OTHER, apart=APART)
        assert str(refused.value) == (
            f"run {killed} (toy) was cut off in the step 'read' of fe01: it goes back by itself. Nothing was begun, since fe01 stands in "
            "for what is meant here. A new run that is about fe01 too reads it first"
        )
        assert look.asked == [(killed, "fe01", "read", 0.0)]
        assert toy.started == []
        assert engine.run("toy", THIRD, apart={"": ("be02",)}).state == "done"
        look.doing = ""
        assert engine.run("toy", OTHER, apart=APART).state == "done"
        assert len(look.asked) == 2
        assert engine.run("toy", ONE).state == "done"
        # A later run has brought it to a good end.
        assert engine.run("toy", OTHER, apart=APART).state == "done"
        assert len(look.asked) == 2


def test_nothing_goes_on_beside_what_still_moves(site, process, killed):
    """A resume and a worker hold back as well, until it has settled."""
    second = process("run", order=OTHER.decode(), apart=["fe01"], wait=str(site / "two"), lease_s=3600)
    second.until((site / "two.reached").exists)
    second.kill()
    run, look = runs.latest(site / "s", "toy").run, Look()
    with runs.opened(site / "s", programs=[Toy(site / "world")], unsettled=look) as engine:
        with pytest.raises(RunBusy, match=f"run {killed} .* was cut off in the step 'read' of fe01"):
            engine.resume(run)
        assert not engine._wants_help(RunFolder.found(site / "s", run))
        # What is in hand of a run itself is its own.
        assert engine._wants_help(RunFolder.found(site / "s", killed))
        look.doing = ""
        assert engine._wants_help(RunFolder.found(site / "s", run))
        assert engine.resume(run).state == "done"


def test_what_is_told_of_a_step_outlives_a_resume(site, killed):
    """A device that was to settle within a time does so counted from the first life's word, though the step was begun again."""
    events = RunFolder.found(site / "s", killed).events()
    events.tell("note", "applying", "fe01", settles_s=900.0)
    events.tell("note", "something else", "fe02", settles_s=1.0)
    events.tell("step", "read", "fe01", state="begun")
    events.close()
    look = Look()
    with runs.opened(site / "s", programs=[Toy(site / "world")], unsettled=look) as engine, pytest.raises(RunBusy):
        engine.run("toy", OTHER, apart=APART)
    assert look.asked == [(killed, "fe01", "read", 900.0)]


def test_the_other_rack_is_not_looked_at(site, killed):
    """A switch of the emulated rack is not the real one of the same name."""
    record = RunFolder.found(site / "s", killed).path / "run.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"twin": True}))
    look = Look()
    with runs.opened(site / "s", programs=[Toy(site / "world")], unsettled=look, twin=False) as engine:
        assert engine.run("toy", OTHER, apart=APART).state == "done"
    assert look.asked == []


def test_a_task_stands_for_its_device(site, process):
    """In a graph it is the device of the task that is in hand, and a task that ended is not."""
    tasks = [{"name": f"switch/{name}", "stage": "frontend", "device": name} for name in ("fe03", "fe01")]
    graph = json.dumps({"tasks": tasks, "limits": {}})
    first = process("run", order=graph, wait=str(site / "gate"), jobs=1, lease_s=3600, script=toytasks.__file__)
    first.until((site / "gate.reached").exists)
    first.kill()
    look = Look("")
    with runs.opened(site / "s", programs=[Toy(site / "world")], unsettled=look) as engine:
        assert engine.run("toy", OTHER, apart={"": ("fe01", "fe03")}).state == "done"
    assert [(device, step) for _, device, step, _ in look.asked] == [("fe03", "apply")]

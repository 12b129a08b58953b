"""A run of a graph from its order to its report: who goes when, what an operator may tell it, and who is told."""

import contextlib
import threading

import pytest

from rackwright import runs
from rackwright.drivers.clock import ScaledClock
from rackwright.errors import RunBusy, RunError
from rackwright.secrets import Secret
from tests.unit.runs import toytasks
from tests.unit.runs.toy import Toy, lines
from tests.unit.runs.toy import order as waves
from tests.unit.runs.toytasks import SMALL, Tasks, chain, counted, most_at_once, order, states


def tell(site, kind, task="", **fields) -> None:
    """Tell the newest run what is wanted."""
    status = runs.latest(site / "s", "tasks")
    runs.tell(site / "s", status.run, runs.Command(kind=kind, task=task, who="ann", **fields))


def on(event_state, subject, act):
    """Return who is told of events and acts once, when a task comes to a state."""
    done = []

    def told(event):
        if (event.kind, event.text, event.subject) == ("task", event_state, subject) and not done:
            done.append(event)
            act()

    return told


def test_run_does_each_task_once_when_what_it_hangs_on_ended(site):
    """A run that leaves out a task, or begins one too early, is none."""
    tasks = Tasks(site / "world")
    with runs.opened(site / "s", programs=[tasks]) as engine:
        report = engine.run("tasks", SMALL, jobs=8)
        assert engine.resume(report.run) == report
    assert report.state == "done"
    assert set(states(report).values()) == {"done"}
    assert set(counted(site / "world/log").values()) == {1}
    log = lines(site / "world/log")
    assert len(log) == 7
    assert log.index("gate") == 2
    assert tasks.seen["os/a1"] == {"bmc/a1": "done", "gate": "done"}
    # The limit of the graph goes before `jobs`.
    assert most_at_once(lines(site / "world/spans")) == 2
    assert runs.latest(site / "s", "tasks").tasks == 7
    assert runs.graph(site / "s", report.run).limits == {"jobs": 2}


def test_failed_device_stops_its_own_way_and_nobody_elses(site):
    """One bad server never stops the rack; the gate hears of it and says so by itself."""
    given = chain(gate="accept", fails={"os/a2": 9})
    with runs.opened(site / "s", programs=[Tasks(site / "world")]) as engine:
        report = engine.run("tasks", given)
    assert states(report) == {
        **{f"{stage}/{device}": "done" for stage in ("bmc", "os", "accept") for device in ("a1", "a2", "a3")},
        "os/a2": "failed",
        "accept/a2": "skipped",
        "gate": "done",
    }
    assert report.outcomes["accept/a2"].cause == "os/a2 ended failed: os/a2 does not answer"
    assert (report.outcomes["os/a2"].stage, report.outcomes["os/a2"].remedy) == ("apply", "look at its cable")
    assert report.state == "failed"


@pytest.mark.parametrize(("clock", "rate"), [(None, 0), (ScaledClock(600), 600)])
def test_how_long_it_took_is_told_by_the_wall_and_by_the_twins_clock_beside(site, clock, rate):
    """A program read 111 s where the screen said 0.2 s: `took_s` was the emulated rack's."""
    told = []
    slow = Tasks(site / "world", hook=lambda _task, _step: threading.Event().wait(0.05))
    with runs.opened(site / "s", programs=[slow], clock=clock) as engine:
        engine.run("tasks", SMALL, on_event=told.append)
    found = [event.fields for event in told if "took_s" in event.fields]
    assert {event.kind for event in told if "took_s" in event.fields} == {"task", "step"}
    assert all(0.05 <= fields["took_s"] < 5 for fields in found)
    assert [fields.get("clock_s", 0) for fields in found] == pytest.approx(
        [rate * fields["took_s"] for fields in found], abs=1
    )


def test_what_a_task_waits_for_is_told_anew_when_it_is_another_limit(site):
    """With one of two slots of a rack in use it was still said to wait for the rack, and it was the only control-plane node at a time."""
    given = order(
        ("os/m1", {"takes": {"power r1": 1, "role k8s": 1}}),
        ("os/g1", {"takes": {"power r1": 1}}),
        ("os/m2", {"takes": {"power r1": 1, "role k8s": 1}}),
        limits={"power r1": 2, "role k8s": 1},
    )
    told, released = [], threading.Event()

    def heard(event):
        if (event.subject, event.text) == ("os/m2", "waiting"):
            told.append(event.fields["waits_for"])
            if told[-1] == ["limit role k8s"]:
                released.set()

    def hook(task, step):
        assert task != "os/m1" or step != "apply" or released.wait(20)

    with runs.opened(site / "s", programs=[Tasks(site / "world", hook=hook)]) as engine:
        assert engine.run("tasks", given, on_event=heard).state == "done"
    assert told == [["limit power r1"], ["limit role k8s"]]


def test_events_tell_when_each_task_waited_began_and_ended(site):
    """A live view draws from nothing else."""
    told = []
    given = chain(devices=("a1", "a2"), fails={"bmc/a1": 9}, limits={"jobs": 1})
    with runs.opened(site / "s", programs=[Tasks(site / "world")]) as engine:
        engine.run("tasks", given, on_event=told.append)
    of = {}
    for event in told:
        if event.kind == "task":
            of.setdefault(event.subject, []).append((event.text, event.fields))
    assert [text for text, _ in of["bmc/a1"]] == ["begins", "failed"]
    assert of["bmc/a1"][1][1]["cause"] == "bmc/a1 does not answer"
    assert of["bmc/a1"][1][1]["remedy"] == "look at its cable"
    assert of["bmc/a1"][1][1]["took_s"] >= 0
    assert [text for text, _ in of["bmc/a2"]] == ["waiting", "begins", "done"]
    assert of["bmc/a2"][0][1] == {"stage": "bmc", "device": "a2", "waits_for": ["limit jobs"]}
    # The gate saw a failure and refused: what hangs on it was never begun.
    assert of["os/a2"] == [("skipped", {"stage": "os", "device": "a2", "cause": "gate ended failed: not all are well"})]
    assert told[-1].kind == "run"


def test_question_holds_a_run_until_somebody_answers(site):
    """A gate that an operator keeps must be asked, seen in the status, and answered from another process."""
    given = order(("oob/a", {}), ("gate", {"after": ["oob/a"], "question": "cables?"}), ("os/a", {"after": ["gate"]}))
    seen = []

    def answer():
        seen.append(runs.latest(site / "s", "tasks"))
        with pytest.raises(RunError, match="os/a asks nothing: gate does"):
            tell(site, "approve", "os/a")
        tell(site, "approve", "gate", reason="by eye")

    with runs.opened(site / "s", programs=[Tasks(site / "world")]) as engine:
        report = engine.run("tasks", given, on_event=on("begins", "gate", answer))
    assert (seen[0].asks, seen[0].ended, seen[0].state) == (("gate",), {"done": 1}, "running")
    assert report.outcomes["gate"].cause == "ann approved: by eye"
    assert lines(site / "world/log") == ["oob/a", "os/a"]
    assert any(
        event.kind == "command" and event.fields["who"] == "ann" for event in runs.events(site / "s", report.run)
    )


def test_failed_task_is_tried_again_in_a_living_run(site):
    """Who reseated the cable says so, and the server catches up with the others; the work is told which try it is."""
    told = threading.Event()
    tries = []

    class Told(Tasks):
        def task(self, context, order, task, before):
            tries.append((task.name, context.number))
            return super().task(context, order, task, before)

    def hold(task, step):
        if (task, step) == ("bmc/a1", "look"):
            told.wait(20)

    def again():
        tell(site, "retry", "bmc/a2")
        told.set()

    given = chain(devices=("a1", "a2"), gate="", fails={"bmc/a2": 1})
    with runs.opened(site / "s", programs=[Told(site / "world", hook=hold)]) as engine:
        report = engine.run("tasks", given, on_event=on("failed", "bmc/a2", again))
    assert report.state == "done"
    assert {number for name, number in tries if name == "bmc/a2"} == {1, 2}
    assert {number for name, number in tries if name != "bmc/a2"} == {1}
    assert counted(site / "world/begun")["bmc/a2 apply"] == 2
    assert set(counted(site / "world/log").values()) == {1}


def test_task_that_is_skipped_while_it_runs_ends_between_its_steps(site):
    """An operator lets a server be that hangs; the reason stands in the record."""

    def hold(task, step):
        if (task, step) == ("bmc/a1", "look"):
            tell(site, "skip", "a1", reason="broken fan")

    with runs.opened(site / "s", programs=[Tasks(site / "world", hook=hold)]) as engine:
        report = engine.run("tasks", chain(devices=("a1", "a2")))
        with pytest.raises(RunError, match="gives a reason"):
            tell(site, "skip", "a1")
        with pytest.raises(RunError, match="no task, device or stage 'a9'"):
            tell(site, "retry", "a9")
    assert states(report) == {
        **dict.fromkeys(("bmc/a1", "os/a1", "accept/a1"), "waived"),
        **dict.fromkeys(("bmc/a2", "os/a2", "accept/a2", "gate"), "done"),
    }
    assert report.state == "done"
    assert report.outcomes["bmc/a1"].detail["reason"] == "broken fan"
    assert report.outcomes["bmc/a1"].detail["was"] == "cancelled"
    assert "bmc/a1" not in lines(site / "world/log")


def test_cancel_of_a_device_ends_its_way_and_of_the_run_ends_all(site):
    """The two ways to stop differ in whom they stop."""
    with runs.opened(site / "s", programs=[Tasks(site / "world")]) as engine:
        one = engine.run(
            "tasks",
            chain(devices=("a1", "a2"), gate=""),
            on_event=on("begins", "bmc/a1", lambda: tell(site, "cancel", "a1")),
        )
        assert states(one)["accept/a1"] in {"cancelled", "skipped"}
        assert (states(one)["accept/a2"], one.state) == ("done", "failed")
        release = threading.Event()

        def all_of_it():
            tell(site, "cancel")
            release.set()

        tasks = Tasks(site / "world", hook=lambda task, step: release.wait(20) if task.endswith("b1") else None)
        with contextlib.ExitStack() as stack:
            engine._programs["tasks"] = tasks
            stack.callback(release.set)
            every = engine.run(
                "tasks", chain(devices=("b1", "b2", "b3"), gate="os"), on_event=on("begins", "bmc/b1", all_of_it)
            )
    assert every.state == "cancelled"
    assert states(every)["accept/b3"] in {"cancelled", "skipped"}
    assert not [line for line in lines(site / "world/log") if line.startswith("accept/b")]


def test_pause_begins_nothing_until_go(site):
    """Who pauses wants quiet, and sees in the status that it is."""
    seen = []

    def later():
        seen.append((runs.latest(site / "s", "tasks").paused, "os/a1" in lines(site / "world/log")))
        tell(site, "go")

    def watch(event):
        if event.kind == "command" and event.text == "pause":
            threading.Timer(0.15, later).start()

    def pause(task, step):
        if (task, step) == ("gate", "look"):
            tell(site, "pause")

    with runs.opened(site / "s", programs=[Tasks(site / "world", hook=pause)]) as engine:
        assert engine.run("tasks", chain(devices=("a1",)), on_event=watch).state == "done"
    assert seen == [(True, False)]


def test_tag_is_taken_only_by_who_reaches_it(site, process):
    """A BMC network has one machine in it; a task that lands elsewhere fails."""
    given = order(("bmc/a", {"reach": "row-3"}), ("os/a", {"after": ["bmc/a"]}))
    with runs.opened(site / "s", programs=[Tasks(site / "world")], tags=["row-4", "row-3"]) as engine:
        assert engine.run("tasks", given).state == "done"


def test_outcome_that_cannot_be_kept_ends_its_task_and_no_other(site):
    """A secret in a detail is a bug of one task: it must neither be written nor stop a rack."""

    class Leaks(Tasks):
        def task(self, context, order, task, before):
            if task.name == "bmc/a1":
                return runs.Outcome(subject=task.name, state="done", detail={"x": Secret("hidden-word")})
            return runs.Outcome(subject="somebody", state="done", detail={"place": (1, 2), "password": "x"})

    with runs.opened(site / "s", programs=[Leaks(site / "world")]) as engine:
        report = engine.run("tasks", chain(devices=("a1", "a2"), gate=""))
    assert report.outcomes["bmc/a1"].cause.startswith("TypeError: a Secret is never written down")
    assert states(report)["accept/a1"] == "skipped"
    assert report.outcomes["accept/a2"] == runs.Outcome(
        subject="accept/a2", state="done", detail={"place": [1, 2], "password": "***"}
    )
    kept = b"".join(path.read_bytes() for path in (site / "s").rglob("*") if path.is_file())
    assert b"hidden-word" not in kept


def test_half_a_command_costs_itself_only(site):
    """A power cut in the middle of a line must neither stop a run nor hide what is commanded afterwards."""
    cut = []

    def twice():
        tell(site, "approve", "gate", reason="the password=abcdef is none")
        (path,) = (site / "s/runs").rglob("commands.jsonl")
        cut.append(path.read_bytes())
        path.write_bytes(cut[0][:-9])
        tell(site, "approve", "gate", reason="again")

    given = order(("gate", {"question": "sure?"}), ("os/a", {"after": ["gate"]}))
    with runs.opened(site / "s", programs=[Tasks(site / "world")]) as engine:
        report = engine.run("tasks", given, on_event=on("begins", "gate", twice))
    assert report.state == "done"
    assert b"abcdef" not in cut[0]


def test_graph_and_waves_live_side_by_side(site):
    """A site that pushes waves today brings up racks tomorrow, in one state."""
    tasks, toy = Tasks(site / "world"), Toy(site / "world")
    with runs.opened(site / "s", programs=[tasks, toy]) as engine:
        pushed = engine.run("toy", waves(("one", ["c1"])))
        assert engine.run("tasks", SMALL).state == "done"
        with pytest.raises(RunError, match="stands in its order"):
            engine.run("tasks", SMALL, limit=["a1"])
        with pytest.raises(RunError, match="nothing to run"):
            engine.run("tasks", order())
    with pytest.raises(RunError, match="goes in waves"):
        runs.graph(site / "s", pushed.run)
    with pytest.raises(RunError, match="goes in waves"):
        runs.tell(site / "s", pushed.run, runs.Command(kind="pause"))


def test_device_of_a_living_graph_is_refused_to_others(site, process):
    """A push beside a bring-up would configure a switch under it."""
    gate = site / "gate"
    other = process("run", script=toytasks.__file__, wait=str(gate))
    other.until((site / "gate.reached").exists)
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        with pytest.raises(RunBusy, match=rf"works on a1 and is held by pid {other.popen.pid}"):
            engine.run("toy", waves(("one", ["a1"])))
        assert engine.run("toy", waves(("one", ["c1"]))).state == "done"
    gate.touch()
    assert other.said() == "done"


def test_tag_that_nobody_serves_is_named_with_the_command_that_serves_it(site, monkeypatch):
    """A run that waits for a worker which nobody started looks as if it worked, for ever."""
    from rackwright.runs import tasks

    monkeypatch.setattr(tasks, "_PATIENCE_S", 0.1)
    given = order(
        ("oob/a", {}), ("bmc/a", {"reach": "row 3"}), ("bmc/b", {"reach": "row 3"}), ("bmc/c", {"reach": "here"})
    )
    said = []

    def heard(event):
        if "nobody serves" in event.text:
            said.append(event.text)
            raise _LeftError

    with (
        runs.opened(site / "s", programs=[Tasks(site / "world")], tags=["here"]) as engine,
        pytest.raises(_LeftError),
    ):
        engine.run("tasks", given, on_event=heard)
    who = "waits for a worker of tag row 3, and nobody serves it (bmc/a, bmc/b)"
    assert said == [f"{who}: start 'rackwright worker {site} --tag 'row 3'' (with --twin, if the run has it)"]


class _LeftError(Exception):
    """Whoever watched has seen enough."""

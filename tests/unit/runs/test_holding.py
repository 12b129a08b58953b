"""Who may work on a run: one process at a time, the next one when that is dead, nobody with another program."""

import os
import signal
import threading
import time

import msgspec
import pytest
import sqlalchemy as sa

from rackwright import runs
from rackwright.errors import RunBusy, RunChanged, RunError
from rackwright.runs.folder import RunFolder
from rackwright.runs.journal import Journal
from rackwright.runs.leases import Lease, create_table, is_alive, others, workers
from tests.unit.runs.toy import SMALL, STEPS, Toy, lines, order

TELLS = order(("one", ["a1", "a2"], "a1"), ("two", ["b1"]), tells=True)
ALL = sorted(f"{device} {step}" for device in ("a1", "a2", "b1") for step in STEPS)


def held_up(site, process, **plan):
    """Start another process and stop it in its first step; return it and its run."""
    gate = str(site / "gate")
    other = process("run", wait=gate, **plan)
    other.until((site / "gate.reached").exists)
    return other, runs.latest(site / "s", "toy").run


def test_second_process_is_told_who_holds_the_run_and_enqueues_nothing(site, process):
    """Two processes on one run would configure each switch twice at the same time."""
    other, run = held_up(site, process)
    toy = Toy(site / "world")
    status = runs.latest(site / "s", "toy")
    assert (status.state, status.holder.split(" since ")[0]) == (
        "running",
        f"pid {other.popen.pid} on {os.uname().nodename}",
    )
    with runs.opened(site / "s", programs=[toy]) as engine:
        with pytest.raises(
            RunBusy,
            match=f"run {run} is held by pid {other.popen.pid} on .* since 20.*: wait for it, or press Ctrl-C there",
        ):
            engine.resume(run)
        with pytest.raises(
            RunBusy,
            match=rf"run {run} works on a2 .* press Ctrl-C there \(pid {other.popen.pid} on .*\), then give this command again$",
        ):
            engine.run("toy", SMALL, limit=["a2"])
        # Another device is nobody's: it may be worked on beside.
        assert engine.run("toy", order(("x", ["c1"]))).state == "done"
    (site / "gate").touch()
    assert other.said() == "done"
    assert sorted(lines(site / "world/log")) == sorted([*ALL, *(f"c1 {step}" for step in STEPS)])
    assert len(lines(site / "world/begun")) == len(ALL) + len(STEPS)
    assert toy.started == ["c1"]


def test_killed_process_is_found_dead_at_once_and_its_run_goes_on(site, process):
    """An operator who resumes after a crash must not wait for a lease to run out."""
    other, run = held_up(site, process, lease_s=3600)
    other.kill()
    assert runs.latest(site / "s", "toy").state == "interrupted"
    told = []
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        report = engine.resume(run, on_event=told.append)
        assert engine.resume(run) == report
    assert (report.state, sorted(lines(site / "world/log"))) == ("done", ALL)
    assert any(f"goes on after pid {other.popen.pid}" in event.text for event in told)
    assert runs.latest(site / "s", "toy").report == report


@pytest.mark.parametrize("twin", [True, False])
def test_run_of_the_emulated_rack_never_goes_on_at_the_real_one(site, process, twin):
    """The journal of one rack says nothing of the other, where nobody was shown anything nor agreed to it: not by a resume, not by a worker."""
    other, run = held_up(site, process)
    other.kill()
    record = site / "s" / "runs" / run / "run.json"
    record.write_text(record.read_text().replace('"twin": null', f'"twin": {str(twin).lower()}'))
    toy = Toy(site / "world")
    with runs.opened(site / "s", programs=[toy], twin=not twin) as engine:
        with pytest.raises(RunError, match=f"run {run} was begun on the {'emulated' if twin else 'real'} rack") as told:
            engine.resume(run)
        # Where a run has changed a new one is begun in its place, under the same --yes: here it would be one at the other rack.
        assert told.type is RunError
        assert not engine._wants_help(RunFolder.found(site / "s", run))
    assert toy.started == []
    with runs.opened(site / "s", programs=[toy], twin=twin) as engine:
        assert engine._wants_help(RunFolder.found(site / "s", run))
        assert engine.resume(run).state == "done"
    with runs.opened(site / "s", programs=[toy], twin=twin) as engine:
        begun = engine.run("toy", SMALL).run
    assert RunFolder.found(site / "s", begun).record().twin is twin


def test_run_of_another_version_is_not_gone_on_with(site, process):
    """Steps of one program and the journal of another do not fit together."""
    other, run = held_up(site, process)
    other.kill()
    with (
        runs.opened(site / "s", programs=[Toy(site / "world", version="2")]) as engine,
        pytest.raises(RunChanged, match=r"begun by toy 1 .* this is 2 .* start a new run, it reads first"),
    ):
        engine.resume(run)
    with runs.opened(site / "s", programs=[]) as engine, pytest.raises(RunError, match="no program is called 'toy'"):
        engine.resume(run)


def test_source_that_changed_without_a_new_version_is_found_out(site, process):
    """A forgotten version must not let a journal answer questions that nobody asked then."""

    class Before(Toy):
        def device(self, context, order, device):
            context.step("read", lambda: 1)
            context.step("wait", lambda: leaves(site) or left.wait(30))
            raise AssertionError

    class After(Toy):
        def device(self, context, order, device):
            context.step("look", lambda: 1)
            raise AssertionError

    left = threading.Event()
    with runs.opened(site / "s", programs=[Before(site / "world")]) as engine, pytest.raises(KeyboardInterrupt):
        engine.run("toy", order(("one", ["a1"])))
    left.set()
    run = runs.latest(site / "s", "toy").run
    with (
        runs.opened(site / "s", programs=[After(site / "world")]) as engine,
        pytest.raises(RunChanged, match="a1 is at 'look', and its journal at 'read'"),
    ):
        engine.resume(run)


def test_a_run_that_others_just_ended_ends_nobody_who_helps(site, monkeypatch):
    """Its queues are taken away while a worker sets how often it looks into them: that worker would die of it."""
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        report = engine.run("toy", SMALL)
        monkeypatch.setattr(engine._journal.client._sys_db, "get_queue", lambda *_, **__: None)
        engine._journal.slow_down(report.run)


def soon(true) -> None:
    """Wait until something is so, for half a minute."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


def leaves(site) -> None:
    """Press Ctrl-C twice, the second time when the first was understood."""
    os.kill(os.getpid(), signal.SIGINT)
    soon(lambda: any("stopping: " in path.read_text() for path in (site / "s/runs").rglob("events.jsonl")))
    os.kill(os.getpid(), signal.SIGINT)


def test_first_interrupt_cancels_between_steps_and_reports_when_they_ended(site):
    """Who presses Ctrl-C gets every switch in a known state, and is told which."""
    pressed = []

    def press(event):
        if event.subject == "a1" and event.text == "read" and event.fields["state"] == "done" and not pressed:
            pressed.append(event)
            release.set()
            raise KeyboardInterrupt

    def hold(device, step):
        if (device, step) == ("a1", "stage"):
            release.wait(20)
            soon(lambda: any(path.name == "cancel" for path in (site / "s/runs").rglob("*")))

    release = threading.Event()
    with runs.opened(site / "s", programs=[Toy(site / "world", hook=hold)]) as engine:
        report = engine.run("toy", SMALL, on_event=press)
    assert report.state == "cancelled"
    assert {device: outcome.state for device, outcome in report.outcomes.items()} == dict.fromkeys(
        ("a1", "a2", "b1"), "cancelled"
    )
    # The step that ran when the key was pressed ended, the next one was not begun.
    assert report.outcomes["a1"].stage == "apply"
    assert lines(site / "world/log") == ["a1 read", "a1 stage"]
    assert report.gates == {}


def test_second_interrupt_leaves_and_the_run_can_be_resumed(site):
    """Who has no time to wait for a switch leaves; nothing is lost by it."""
    left = threading.Event()

    def hold(device, step):
        if (device, step) == ("a1", "apply") and not left.is_set():
            leaves(site)
            left.wait(30)

    with runs.opened(site / "s", programs=[Toy(site / "world", hook=hold)]) as engine, pytest.raises(KeyboardInterrupt):
        engine.run("toy", SMALL)
    status = runs.latest(site / "s", "toy")
    assert (status.state, status.cancelling) == ("interrupted", True)
    left.set()
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        report = engine.resume(status.run)
    # The wish to stop outlives the process that was asked.
    assert report.state == "cancelled"


def test_cancel_is_asked_from_another_process_and_reported_after_the_step(site, process):
    """DBOS says cancelled while the step still runs; an operator would pull the cable then."""
    other, run = held_up(site, process)
    runs.cancel(site / "s", run)
    status = runs.latest(site / "s", "toy")
    assert (status.state, status.cancelling, status.report) == ("running", True, None)
    (site / "gate").touch()
    assert other.said() == "cancelled"
    assert lines(site / "world/log") == ["a1 read"]
    assert runs.latest(site / "s", "toy").state == "cancelled"


def test_cancelled_run_that_is_killed_says_the_same_after_a_resume(site):
    """A yes that is not journalled sends a resumed device down another way than the one it took."""
    asked = []

    class Tidies(Toy):
        def device(self, context, order, device):
            context.step("read", lambda: 1)
            if not context.cancelled():
                context.step("apply", lambda: runs.cancel(site / "s", context.run_id))
            asked.append(context.cancelled())
            context.step("tidy", lambda: 1)
            context.step("stuck", lambda: left.is_set() or leaves(site) or left.wait(30))
            return runs.Outcome(subject=device, state="cancelled")

    left = threading.Event()
    with runs.opened(site / "s", programs=[Tidies(site / "world")]) as engine, pytest.raises(KeyboardInterrupt):
        engine.run("toy", order(("one", ["a1"])))
    left.set()
    with runs.opened(site / "s", programs=[Tidies(site / "world")]) as engine:
        assert engine.resume(runs.latest(site / "s", "toy").run).state == "cancelled"
    assert asked == [True, True]


def test_older_run_is_not_resumed_after_a_later_one_worked_on_its_devices(site, process):
    """Its journal speaks of switches that have changed since."""
    other, run = held_up(site, process)
    other.kill()
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        later = engine.run("toy", order(("x", ["b1"]))).run
        with pytest.raises(RunChanged, match=f"run {later} has worked on b1 since {run}"):
            engine.resume(run)


def test_order_that_was_changed_on_the_disk_is_refused(site, process):
    """A run is over the bytes that were looked at, not over those that lie there now."""
    other, run = held_up(site, process)
    other.kill()
    (kept,) = (site / "s/runs" / run).glob("order-*")
    kept.write_bytes(kept.read_bytes() + b" ")
    with (
        runs.opened(site / "s", programs=[Toy(site / "world")]) as engine,
        pytest.raises(RunError, match="is not what"),
    ):
        engine.resume(run)


# --- leases -------------------------------------------------------------------------------------


def elsewhere(site, other):
    """Have a process be one of another machine, which tells no more than its lease."""
    journal = Journal(site / "s", None)
    try:
        with journal.engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE rackwright_worker SET host = 'laptop' WHERE pid = :pid"), {"pid": other.popen.pid}
            )
    finally:
        journal.close()


def test_process_that_is_stopped_holds_its_devices(site, process):
    """A shell's Ctrl-Z is no death: what goes on beside it would meet it at the device when it wakes."""
    other = process("run", wait=str(site / "gate"), lease_s=0.6)
    other.until((site / "gate.reached").exists)
    os.kill(other.popen.pid, signal.SIGSTOP)
    run = runs.latest(site / "s", "toy").run
    soon(lambda: "silent" in runs.latest(site / "s", "toy").holder)
    said = f"is held by pid {other.popen.pid} on .* since .*, which has been silent for more than .*'kill -CONT {other.popen.pid}' lets it go on"
    toy = Toy(site / "world")
    with runs.opened(site / "s", programs=[toy], lease_s=0.6) as engine:
        for begin in (lambda: engine.resume(run), lambda: engine.run("toy", SMALL, limit=["b1"])):
            with pytest.raises(RunBusy, match=said):
                begin()
        assert not engine._wants_help(RunFolder.found(site / "s", run))
    (site / "gate").touch()
    os.kill(other.popen.pid, signal.SIGCONT)
    assert other.said() == "done"
    assert (toy.started, sorted(lines(site / "world/log"))) == ([], ALL)


def test_process_elsewhere_that_was_overtaken_sends_nothing_more(site, process):
    """Its lease had run out when a new run began over its devices: it finds that out when it wakes, in the step that it has in hand."""
    other = process("run", wait=str(site / "gate"), lease_s=0.6, order=TELLS.decode())
    other.until((site / "gate.reached").exists)
    elsewhere(site, other)
    os.kill(other.popen.pid, signal.SIGSTOP)
    toy = Toy(site / "world")
    with runs.opened(site / "s", programs=[toy], lease_s=30) as engine:
        # Another device is nobody's: for that nobody is stopped.
        assert patiently(lambda: engine.run("toy", order(("x", ["c1"])))).state == "done"
        assert [one.host for one in workers(engine._journal.engine)].count("laptop") == 1
        assert patiently(lambda: engine.run("toy", SMALL, limit=["a1"])).state == "done"
    before = lines(site / "world/log")
    (site / "gate").touch()
    os.kill(other.popen.pid, signal.SIGCONT)
    out, err = other.popen.communicate(timeout=60)
    assert (out, other.popen.returncode) == ("", 1)
    assert "RunBusy: this process fell silent and another one took the run over" in err
    assert lines(site / "world/log") == before


def test_lease_of_another_machine_that_was_renewed_is_not_taken(site):
    """It woke between the look and the taking: it goes on, and whoever looked is told."""
    journal = Journal(site / "s", None)
    try:
        create_table(journal.engine)
        mine = Lease(journal.engine, site / "s", executor="", seconds=3600)
        other = Lease(journal.engine, site / "s", executor="", seconds=3600)
        (known,) = others(journal.engine, site / "s", mine.executor).values()
        far = msgspec.structs.replace(known, host="laptop", left_s=-1.0)
        assert not mine.take(far)
        assert other.held()
        mine.take(known)
        assert mine.take(far)
        other.close()
        mine.close()
    finally:
        journal.close()


def test_worker_that_slept_past_its_lease_stops_before_its_next_step(site, process):
    """A laptop that wakes up must not go on with what another machine has taken over meanwhile."""
    gate = str(site / "gate")
    other = process("run", wait=gate, lease_s=0.6)
    other.until((site / "gate.reached").exists)
    elsewhere(site, other)
    os.kill(other.popen.pid, signal.SIGSTOP)
    run = runs.latest(site / "s", "toy").run
    (site / "gate").touch()

    def wake(device, step):
        if (device, step) == ("a1", "stage") and other.popen.poll() is None:
            os.kill(other.popen.pid, signal.SIGCONT)
            other.popen.wait(timeout=60)

    with runs.opened(site / "s", programs=[Toy(site / "world", hook=wake)], lease_s=30) as engine:
        report = patiently(lambda: engine.resume(run))
    assert report.state == "done"
    out, err = other.popen.communicate(timeout=60)
    assert (out, other.popen.returncode) == ("", 1)
    assert "RunBusy: this process fell silent and another one took the run over" in err
    # It had one step in hand; that one it may end, and the survivor looked first.
    assert sorted(lines(site / "world/log")) == ALL


def patiently(work):
    """Do `work` again until no other process holds its run."""
    while True:
        try:
            return work()
        except RunBusy:
            threading.Event().wait(0.02)


def test_worker_goes_on_by_itself_with_the_run_of_a_dead_one(site, process):
    """Where workers serve a fabric nobody stands by to resume."""
    other, run = held_up(site, process)
    worker = process("work", lease_s=1.5)
    other.kill()
    worker.until(lambda: runs.latest(site / "s", "toy").state == "done")
    worker.popen.terminate()
    assert worker.said() == ""
    assert sorted(lines(site / "world/log")) == ALL
    assert runs.latest(site / "s", "toy").run == run


def test_executor_name_is_held_by_one_process(site, process):
    """DBOS re-enqueues, at launch, all that runs under its own name: two of one name do everything twice."""
    journal = Journal(site / "s", None)
    try:
        create_table(journal.engine)
        lease = Lease(journal.engine, site / "s", executor="rack-1", seconds=10)
        with pytest.raises(RunBusy, match="works as 'rack-1'"):
            Lease(journal.engine, site / "s", executor="rack-1", seconds=10)
        lease.close()
        Lease(journal.engine, site / "s", executor="rack-1", seconds=10).close()
        assert workers(journal.engine) == []
    finally:
        journal.close()


def test_lease_that_was_taken_is_never_renewed(site):
    """Only one of two processes may believe that the work is its own."""
    journal = Journal(site / "s", None)
    try:
        create_table(journal.engine)
        mine = Lease(journal.engine, site / "s", executor="", seconds=3600)
        other = Lease(journal.engine, site / "s", executor="", seconds=3600)
        (known,) = others(journal.engine, site / "s", mine.executor).values()
        assert known.executor == other.executor
        assert is_alive(known, site / "s")
        mine.take(known)
        assert (mine.held(), other.renew(), other.held()) == (True, False, False)
        other.close()
        mine.close()
    finally:
        journal.close()

"""A graph outlives whoever works on it: kills at every moment, workers beside each other, limits over all of them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading

import pytest

from rackwright import runs
from rackwright.errors import RunBusy, RunChanged
from tests.unit.runs import toytasks
from tests.unit.runs.toy import lines
from tests.unit.runs.toytasks import Tasks, chain, counted, most_at_once, order, states

DEVICES = tuple(f"d{number}" for number in range(6))
PLAN = {"script": toytasks.__file__, "lease_s": 2.0}


def wide(**wish) -> bytes:
    """Return an order in which pairs, watts and jobs all bind."""
    given = json.loads(chain(devices=DEVICES, gate="accept", limits={"jobs": 4, "watts": 2, **pairs()}))
    for task in given["tasks"]:
        if task["device"]:
            task["takes"] = {f"pair{int(task['device'][1]) // 2}": 1}
        if task["stage"] == "os":
            task["takes"]["watts"] = 1
    return json.dumps({**given, **wish}).encode()


def pairs() -> dict[str, int]:
    return {f"pair{number}": 1 for number in range(3)}


def kept_limits(site) -> None:
    """Fail when more was worked on at once than any limit has."""
    spans = lines(site / "world/spans")
    assert most_at_once(spans, lambda task: task != "gate") <= 4
    assert most_at_once(spans, lambda task: task.startswith("os/")) <= 2
    for pair in range(3):
        both = {f"d{2 * pair}", f"d{2 * pair + 1}"}
        assert most_at_once(spans, lambda task, both=both: task.partition("/")[2] in both) <= 1


def done_once(site) -> None:
    """Fail when an effect is missing or was made twice."""
    log = counted(site / "world/log")
    assert (len(log), set(log.values())) == (len(DEVICES) * 3 + 1, {1})


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["step", "write"])
def test_killed_anywhere_a_graph_goes_on_and_repeats_no_journalled_step(tmp_path, kind):
    """What is flashed twice may be dead; what is forgotten is not accepted."""
    done = subprocess.run(
        [sys.executable, "-W", "error", toytasks.__file__, str(tmp_path), str(tmp_path), "sweep", kind],
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    wanted = ["accept", "bmc/a1", "bmc/a2", "os/a1", "os/a2"]
    assert [
        row
        for row in rows
        if not row["second"].endswith("-> done") or sorted(row["log"]) != wanted or row["repeated"] or row["pair"] > 1
    ] == []
    assert {row["first"] for row in rows[:-1]} == {"killed"}
    assert len(rows) == 16 if kind == "step" else len(rows) > 25


def two_workers(site, process, **plan) -> None:
    """Let two processes share a run while its limits bind; both have a part in it."""
    gate = site / "gate"
    first = process("run", order=wide().decode(), wait=str(gate), which="bmc/", threads=2, **PLAN, **plan)
    worker = process("work", wait=str(gate), which="bmc/", threads=2, **PLAN, **plan)
    first.until(lambda: len(lines(site / "world/spans")) == 3)
    assert len({line.split()[1] for line in lines(site / "world/spans")}) == 2
    gate.touch()
    assert first.said() == "done"
    worker.popen.terminate()
    assert worker.said() == ""
    kept_limits(site)
    done_once(site)
    assert len(lines(site / "world/begun")) == len(DEVICES) * 3 + 1


def takes_over(site, process, **plan) -> None:
    """Kill the process that began a run, with tasks in hand; the worker goes on with all of it."""
    gate = site / "gate"
    first = process("run", order=wide().decode(), wait=str(gate), which="bmc/", threads=2, **PLAN, **plan)
    worker = process("work", wait=str(gate), which="bmc/", threads=2, **PLAN, **plan)
    first.until(lambda: len(lines(site / "world/spans")) == 3)
    first.kill()
    gate.touch()
    database = plan.get("database")
    worker.until(lambda: runs.latest(site / "s", "tasks", database=database).state == "done")
    worker.popen.terminate()
    assert worker.said() == ""
    kept_limits(site)
    done_once(site)


def test_limits_hold_over_two_workers(site, process):
    """`jobs`, watts and pairs are promises about the rack, not about one process."""
    two_workers(site, process)


def test_worker_takes_over_from_the_process_that_began_the_run(site, process):
    """A laptop that dies must not strand a rack that a machine in the row works on."""
    takes_over(site, process)


def test_tagged_task_waits_for_the_worker_that_reaches_it(site, process):
    """A task that needs the BMC network must not be tried, and fail, from where there is none."""
    given = order(("oob/a", {}), ("bmc/a", {"after": ["oob/a"], "reach": "row-3"}), ("os/a", {"after": ["bmc/a"]}))
    first = process("run", order=given.decode(), **PLAN)
    first.until(lambda: any(event.text == "done" for event in events(site)))
    worker = process("work", tags=["row-3"], **PLAN)
    assert first.said() == "done"
    worker.popen.terminate()
    assert worker.said() == ""
    by = {event.subject: event.fields["by"] for event in events(site) if event.text == "begins"}
    assert by["bmc/a"].split("-")[-2] == str(worker.popen.pid)


def events(site) -> list:
    status = runs.latest(site / "s", "tasks")
    return [] if status is None else [event for event in runs.events(site / "s", status.run) if event.kind == "task"]


def test_resumed_graph_does_what_was_commanded_before_the_kill(site, process):
    """What an operator said is on the disk: a kill must neither forget it nor obey it twice."""
    given = chain(devices=("a1", "a2"), gate="")
    other = process("run", order=given.decode(), wait=str(site / "gate"), which="bmc/", **PLAN)
    other.until((site / "gate.reached").exists)
    run = runs.latest(site / "s", "tasks").run
    runs.tell(site / "s", run, runs.Command(kind="skip", task="os/a1", reason="no disk", who="ann"))
    other.until(lambda: any(event.kind == "command" for event in runs.events(site / "s", run)))
    runs.tell(site / "s", run, runs.Command(kind="cancel", task="a2", who="ann"))
    other.kill()
    (site / "gate").touch()
    with runs.opened(site / "s", programs=[Tasks(site / "world")]) as engine:
        report = engine.resume(run)
    # What is behind may be told by the command, or by the task before it that was cancelled: whichever is seen first.
    unbegun = {"cancelled", "skipped"}
    ended = states(report)
    assert {ended.pop("os/a2"), ended.pop("accept/a2")} <= unbegun
    assert ended == {
        "bmc/a1": "done",
        "os/a1": "waived",
        "accept/a1": "done",
        "bmc/a2": "cancelled",
        "gate": "failed",
    }


def test_second_graph_waits_for_the_first_though_it_is_about_other_devices(site, process):
    """Watts of a rack and pairs are counted by each run for itself: two at once would take twice as much."""
    one, two = (order((f"os/{name}", {"takes": {"watts": 1}}), limits={"watts": 1}) for name in ("a1", "a2"))
    other = process("run", order=one.decode(), wait=str(site / "gate"), **{**PLAN, "lease_s": 60})
    other.until((site / "gate.reached").exists)
    run = runs.latest(site / "s", "tasks").run
    with runs.opened(site / "s", programs=[Tasks(site / "world")]) as engine:
        with pytest.raises(RunBusy, match=f"run {run} is held by pid {other.popen.pid} .* the limits of both"):
            engine.run("tasks", two)
        (site / "gate").touch()
        assert other.said() == "done"
        assert engine.run("tasks", two).state == "done"


def test_worker_leaves_an_interrupted_run_alone_that_a_later_one_overtook(site, process):
    """Its journal speaks of devices that have changed since: a worker that goes on with it undoes the later one."""
    other = process("run", order=chain(devices=("a1",)).decode(), wait=str(site / "gate"), **PLAN)
    other.until((site / "gate.reached").exists)
    other.kill()
    old = runs.latest(site / "s", "tasks").run
    with runs.opened(site / "s", programs=[Tasks(site / "world")]) as engine:
        later = engine.run("tasks", chain(devices=("a1",)))
        worked = len(lines(site / "world/spans"))
        ended = threading.Event()
        threading.Timer(0.2, ended.set).start()
        engine.work(ended)
    assert later.state == "done"
    assert len(lines(site / "world/spans")) == worked
    assert {status.run: status.state for status in runs.listed(site / "s")}[old] == "interrupted"


def test_worker_that_knows_another_site_takes_no_task_and_fails_none(site, process):
    """Whoever edits the site while a bring-up goes and starts a worker then must not fail every server that it takes."""

    class Other(Tasks):
        def graph(self, order):
            raise RunChanged("the site has changed")

    other = process("run", order=chain(devices=("a1",)).decode(), wait=str(site / "gate"), **{**PLAN, "lease_s": 60})
    other.until((site / "gate.reached").exists)
    ended, left = threading.Event(), []
    with runs.opened(site / "s", programs=[Other(site / "world")], lease_s=0.3) as engine:
        engine.work(ended, on_left=lambda run, why: (left.append((run, str(why))), ended.set()))
    assert left == [(runs.latest(site / "s", "tasks").run, "the site has changed")]
    (site / "gate").touch()
    assert other.said() == "done"


def test_worker_goes_on_to_the_next_run_when_one_cannot_be_gone_on_with(site, process):
    """A worker serves a row for weeks: one run of a program that was changed must not end it."""

    class Changed(Tasks):
        def task(self, context, order, task, before):
            context.step("another", lambda: 1)
            return runs.Outcome(subject=task.name, state="done")

    other = process("run", order=chain(devices=("a1",)).decode(), wait=str(site / "gate"), **PLAN)
    other.until((site / "gate.reached").exists)
    other.kill()
    ended = threading.Event()
    with runs.opened(site / "s", programs=[Changed(site / "world")], lease_s=0.3) as engine:
        threading.Timer(1.5, ended.set).start()
        engine.work(ended)
    assert [status.state for status in runs.listed(site / "s")] == ["interrupted"]


@pytest.mark.slow
def test_processes_killed_at_random_leave_a_run_that_ends_well(site, process):
    """Power cuts and lids come when they come, also while another process takes over."""
    chance = random.Random(6)
    plan = {**PLAN, "takes_s": 0.02, "threads": 2}
    alive = [process("run", order=wide().decode(), **plan), process("work", **plan)]
    alive[0].until(lambda: len(lines(site / "world/spans")) >= 2)
    for _ in range(6):
        pause = chance.uniform(0.05, 0.6)
        chosen = alive.pop(chance.randrange(len(alive)))
        with_patience(chosen, pause)
        chosen.kill()
        alive.append(process("work", **plan))
    alive[-1].until(lambda: runs.latest(site / "s", "tasks").state == "done")
    kept_limits(site)
    done_once(site)


def with_patience(one, seconds) -> None:
    """Wait a moment, unless the process has ended."""
    try:
        one.popen.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return

"""A run from its order to its report: waves, canaries, gates, limits, failures, and who is told."""

import contextlib
import errno
import json
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rackwright import runs
from rackwright.errors import RunError, Unreachable
from rackwright.runs.folder import RunFolder
from rackwright.runs.model import Outcome
from tests.unit.runs.toy import SMALL, STEPS, Toy, lines, order


def states(report) -> dict:
    return {device: outcome.state for device, outcome in report.outcomes.items()}


def test_run_does_every_step_once_in_order_of_waves(site):
    """A run that leaves out a device, repeats a step or begins a wave before the former one ended is none."""
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        report = engine.run("toy", SMALL, jobs=4)
    assert report.state == "done"
    assert states(report) == {"a1": "done", "a2": "done", "b1": "done"}
    assert list(report.gates) == ["one", "two"]
    assert lines(site / "world/log") == [f"{device} {step}" for device in ("a1", "a2", "b1") for step in STEPS]


def test_canary_goes_first_and_alone_wherever_it_stands(site):
    """A canary that others fly beside warns of nothing."""
    toy = Toy(site / "world")
    with runs.opened(site / "s", programs=[toy]) as engine:
        engine.run("toy", order(("one", ["a1", "a2", "a3"], "a3")), jobs=4)
    assert toy.started[0] == "a3"
    assert lines(site / "world/log")[:4] == [f"a3 {step}" for step in STEPS]


def test_failed_canary_ends_its_wave_skipped(site):
    """After the canary fell, nobody else may be worked on."""
    toy = Toy(site / "world")
    with runs.opened(site / "s", programs=[toy]) as engine:
        report = engine.run("toy", order(("one", ["a1", "a2"], "a1"), ("two", ["b1"]), fails={"a1": "apply"}))
    assert toy.started == ["a1"]
    assert states(report) == {"a1": "failed", "a2": "skipped", "b1": "skipped"}
    assert "canary a1 ended failed: a1 does not answer" in report.outcomes["a2"].cause
    assert report.outcomes["a1"] == Outcome(
        subject="a1", state="failed", stage="apply", cause="a1 does not answer", remedy="look at its cable"
    )


def test_one_failing_device_stops_none_of_its_wave(site):
    """A dead switch must not keep the living ones from their configuration."""
    devices = [f"a{number}" for number in range(6)]
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        report = engine.run("toy", order(("one", devices), fails={"a2": "read"}), jobs=2)
    assert states(report) == {device: "failed" if device == "a2" else "done" for device in devices}
    assert report.state == "failed"


def test_refusing_gate_skips_all_later_waves_with_its_reason(site):
    """What a gate refused must not be begun, and the report must say why."""
    toy = Toy(site / "world")
    waves = order(("one", ["a1"]), ("two", ["b1"]), ("three", ["c1"]), refuses=["one"])
    with runs.opened(site / "s", programs=[toy]) as engine:
        report = engine.run("toy", waves)
    assert toy.started == ["a1"]
    assert states(report) == {"a1": "done", "b1": "skipped", "c1": "skipped"}
    assert report.outcomes["c1"].cause == "the gate after wave one refused: a session is down"
    assert list(report.gates) == ["one"]


def test_refusing_gate_skips_only_what_is_after_it(site):
    """A wave that names the gates it needs is begun behind another that refused; what needs a skipped wave is not."""
    toy = Toy(site / "world")
    plan = json.loads(order(("one", ["a1"]), ("two", ["b1"]), ("three", ["c1"]), ("four", ["d1"]), refuses=["one"]))
    for wave, after in zip(plan["waves"], ([], ["one"], [], ["two"]), strict=True):
        wave["after"] = after
    with runs.opened(site / "s", programs=[toy]) as engine:
        report = engine.run("toy", json.dumps(plan).encode())
    assert states(report) == {"a1": "done", "b1": "skipped", "c1": "done", "d1": "skipped"}
    assert report.state == "failed"
    assert report.outcomes["d1"].cause == "the gate after wave one refused: a session is down"
    assert list(report.gates) == ["one", "three"]


def test_no_more_than_jobs_run_at_once(site):
    """The limit is what keeps a fabric from being changed all at once."""
    together = threading.Barrier(3, timeout=20)

    def meet(_device, step):
        if step == "read" and not together.broken:
            together.wait()

    devices = [f"a{number}" for number in range(6)]
    # Six devices, each of which calls twice in `read`: three must be there at once, or the barrier breaks.
    toy = Toy(site / "world", hook=meet)
    with runs.opened(site / "s", programs=[toy]) as engine:
        report = engine.run("toy", order(("one", devices)), jobs=3)
    assert (toy.most, report.state) == (3, "done")


def test_limit_names_the_only_devices_and_refuses_strangers(site):
    """A limit that lets others through, or that is silent about a misspelt name, changes the wrong switch."""
    toy = Toy(site / "world")
    with runs.opened(site / "s", programs=[toy]) as engine:
        report = engine.run("toy", SMALL, limit=["a2"])
        assert states(report) == {"a2": "done"}
        with pytest.raises(RunError, match="no device a9"):
            engine.run("toy", SMALL, limit=["a9"])
        with pytest.raises(RunError, match="nothing to run"):
            engine.run("toy", order())
        with pytest.raises(RunError, match="at least 1"):
            engine.run("toy", SMALL, jobs=0)
        with pytest.raises(RunError, match="two waves"):
            engine.run("toy", order(("one", ["a1"]), ("two", ["a1"])))
        with pytest.raises(RunError, match="no program is called"):
            engine.run("other", SMALL)
    assert toy.started == ["a2"]


@pytest.mark.parametrize("inside", [True, False])
def test_bug_in_a_program_ends_one_device_and_tells_where(site, inside):
    """A crash of our own code must neither stop the fleet nor vanish."""

    def crash():
        raise ZeroDivisionError("by hand")

    class Crashes(Toy):
        def device(self, context, order, device):
            if device == "a2":
                context.step("breaks", crash) if inside else crash()
            return super().device(context, order, device)

    told = []
    with runs.opened(site / "s", programs=[Crashes(site / "world")]) as engine:
        report = engine.run("toy", SMALL, on_event=told.append)
    assert report.outcomes["a2"].cause == "ZeroDivisionError: by hand"
    assert report.outcomes["a2"].remedy.startswith("this is a fault of Rackwright: report it")
    (fault,) = [event for event in told if event.kind == "fault"]
    assert fault.subject == "a2"
    assert "in crash" in fault.fields["traceback"]
    assert states(report)["a1"] == "done"


def test_a_file_that_is_gone_is_no_bug_of_ours(site):
    """Whoever took an image away during a run is asked to report a fault of Rackwright."""

    class Reads(Toy):
        def device(self, context, order, device):
            context.step("reads", (site / "gone").read_text)
            return super().device(context, order, device)

    with runs.opened(site / "s", programs=[Reads(site / "world")]) as engine:
        report = engine.run("toy", SMALL)
    assert "FileNotFoundError" in report.outcomes["a1"].cause
    assert report.outcomes["a1"].remedy == ""


@pytest.mark.parametrize("inside", [True, False])
def test_a_disk_of_ours_that_is_full_says_nothing_of_a_device(site, inside):
    """Within a step or between two: it was journalled as how the step, or the device, ended, and no resume came past it."""
    full = [True]

    def write():
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")

    class Writes(Toy):
        def device(self, context, order, device):
            context.step("first", lambda: self.do(device, "first", {}))
            context.step("second", lambda: write() if inside else None)
            if not inside:
                write()
            return Outcome(subject=device, state="done")

    with (
        runs.opened(site / "s", programs=[Writes(site / "world")]) as engine,
        pytest.raises(RunError, match="No space"),
    ):
        engine.run("toy", order(("one", ["a1"])))
    full.clear()
    found = runs.latest(site / "s", "toy")
    with runs.opened(site / "s", programs=[Writes(site / "world")]) as engine:
        assert engine.resume(found.run).state == "done"
    assert lines(site / "world/log") == ["a1 first"]


def test_step_raises_the_same_class_that_its_work_raised(site):
    """A program that catches Unreachable must catch it after a resume too."""
    caught = []

    class Catches(Toy):
        def device(self, context, order, device):
            try:
                context.step("read", lambda: self.do(device, "read", {"fails": {device: "read"}}))
            except Unreachable as error:
                caught.append((str(error), error.device, error.remedy))
            return Outcome(subject=device, state="unchanged")

    with runs.opened(site / "s", programs=[Catches(site / "world")]) as engine:
        report = engine.run("toy", order(("one", ["a1"])), limit=["a1"])
    assert caught == [("a1 does not answer", "a1", "look at its cable")]
    assert report.gates["one"].state == "done"
    assert report.state == "done"


def test_value_of_a_step_is_what_the_journal_holds(site):
    """A program that sees a tuple now and a list after a resume takes two ways."""
    seen = []

    class Values(Toy):
        def device(self, context, order, device):
            seen.append(context.step("v", lambda: {"pair": (1, 2), "password": "x", "ref": {"secret": "switch"}}))
            seen.append(context.step("none", lambda: None))
            return Outcome(subject=device, state="done")

    with runs.opened(site / "s", programs=[Values(site / "world")]) as engine:
        engine.run("toy", order(("one", ["a1"])))
    assert seen == [{"pair": [1, 2], "password": "***", "ref": {"secret": "switch"}}, None]


def test_events_are_told_in_the_callers_thread_and_kept_as_lines(site):
    """A live view draws from one thread; who comes later reads the same lines."""
    told = []
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        report = engine.run("toy", SMALL, on_event=lambda event: told.append((threading.current_thread().name, event)))
    assert {name for name, _ in told} == {"MainThread"}
    assert list(runs.events(site / "s", report.run)) == [event for _, event in told]
    assert [(event.subject, event.text) for _, event in told if event.fields.get("state") == "done"] == [
        *((device, step) for device in ("a1", "a2") for step in STEPS),
        ("one", "gate one: look"),
        *(("b1", step) for step in STEPS),
        ("two", "gate two: look"),
    ]


def test_state_is_for_its_owner_alone_and_not_for_git(site):
    """A journal that others may read, or that is committed, gives away how a fabric is built."""
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        engine.run("toy", SMALL)
        modes = {
            path.relative_to(site / "s").as_posix(): stat.S_IMODE(path.stat().st_mode)
            for path in (site / "s", *(site / "s").rglob("*"))
            if path.name != ".gitignore"
        }
    assert {name for name, mode in modes.items() if mode & 0o077} == set()
    assert "journal.sqlite-wal" in modes
    assert (site / "s/.gitignore").read_text() == "*\n"


def open_files() -> int:
    """Count the open files of this process, where the system tells."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_nothing_is_printed_and_no_thread_or_file_is_left(site, capfd):
    """DBOS talks, and keeps threads and connections; a command's stdout is data."""
    before, files = {*threading.enumerate()}, open_files()
    for _ in range(2):
        with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
            engine.run("toy", SMALL)
            engine.run("toy", order(("x", ["c1"])))
    assert {thread for thread in threading.enumerate() if thread.name != "rackwright-step"} <= before
    assert open_files() <= files
    assert capfd.readouterr() == ("", "")


def test_one_engine_a_process(site):
    """DBOS is one a process; a second engine would take the first one's place without a word."""
    with (
        runs.opened(site / "s", programs=[]),
        pytest.raises(RunError, match="open already"),
        runs.opened(site / "t", programs=[]),
    ):
        pass
    with runs.opened(site / "t", programs=[]):
        pass


def test_sleep_waits_on_the_runs_clock(site):
    """A minute of an emulated rack is a moment of ours; who sleeps on the wall's clock stops the tests."""

    class Fast:
        rate = 1_500.0

        def now(self):
            return 0.0

        def sleep(self, seconds):
            slept.append(seconds)
            threading.Event().wait(seconds / self.rate)

    class Sleeps(Toy):
        def device(self, context, order, device):
            context.sleep(300)
            return Outcome(subject=device, state="done")

    slept: list[float] = []
    with runs.opened(site / "s", programs=[Sleeps(site / "world")], clock=Fast()) as engine:
        engine.run("toy", order(("one", ["a1"])))
    assert 0 < slept[0] <= 300


def test_listing_a_site_without_runs_touches_nothing(site):
    """Asking for the status must not make a journal."""
    assert runs.listed(site / "s") == []
    assert runs.latest(site / "s", "toy") is None
    assert not (site / "s").exists()
    with pytest.raises(RunError, match="no run"):
        runs.cancel(site / "s", "../../etc")


def test_ids_sort_by_time_even_within_one_second(site):
    """Which run was the last decides which may be resumed."""
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        made = [engine.run("toy", order(("x", ["c1"]))).run for _ in range(3)]
    assert made == sorted(made)
    assert [status.run for status in runs.listed(site / "s")] == made[::-1]


def test_half_a_line_of_events_costs_that_line_only(site):
    """A power cut in the middle of a line must not hide what is told afterwards."""
    with runs.opened(site / "s", programs=[Toy(site / "world")]) as engine:
        run = engine.run("toy", order(("x", ["c1"]))).run
    path = site / "s/runs" / run / "events.jsonl"
    whole = list(runs.events(site / "s", run))
    path.write_bytes(path.read_bytes()[:-9])
    with contextlib.closing(RunFolder(path.parent).events()) as events:
        events.tell("note", "after")
    assert [event.text for event in runs.events(site / "s", run)] == [*(event.text for event in whole[:-1]), "after"]


def test_the_door_is_light():
    """Half a second of DBOS for a verb that runs nothing is half a second too much."""
    words = "import sys, rackwright.runs, rackwright.runs.model; print({'dbos', 'sqlalchemy'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout
    assert said == "set()\n"

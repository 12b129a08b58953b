"""The board of a run: what it told, folded."""

import msgspec
import pytest

from rackwright.findings import finding
from rackwright.report.board import Board
from rackwright.report.bringups import ended_lines
from rackwright.report.estimates import Estimate, Estimator, about, earlier_seconds
from rackwright.report.happenings import detail, sentence
from rackwright.report.news import Seen, about_device, news, whole
from rackwright.report.places import RackPlace, Stand, places
from rackwright.report.screens import progress, remaining, screen, text_of
from rackwright.runs import Graph, Outcome, Report, Task
from tests.boards import STAGES, graph_of, now, racks_of, said, told
from tests.plans import rails

SERVERS = ["gpu01", "gpu02", "gpu03", "gpu04"]


@pytest.fixture
def graph():
    return graph_of(SERVERS)


@pytest.fixture
def board(graph):
    return Board(graph, racks_of(SERVERS, each=2), run="20261127-035111-abc", site="demo")


def hear(board, *events):
    for event in events:
        board.hear(event)


def test_nothing_is_known_before_anything_is_told(board):
    """Every device waits for its first stage, and every task is counted as not begun."""
    assert {view.state for view in board.devices().values()} == {"pending"}
    assert {view.stage for view in board.devices().values()} == {"bmc"}
    assert board.counts["bmc"]["pending"] == 5
    assert board.state == "waiting"


def test_a_device_shows_the_task_that_says_most(board):
    """A failure counts more than what is at work, that more than what waits, and what is done the least."""
    hear(board, told(1, "bmc/gpu01", "begins"), said(2, "step", "read identity", "bmc/gpu01", state="begun"))
    assert (board.device("gpu01").state, board.device("gpu01").text) == ("running", "read identity")
    hear(board, told(3, "bmc/gpu01", "done"), told(4, "hardware/gpu01", "begins"))
    assert (board.device("gpu01").state, board.device("gpu01").stage) == ("running", "hardware")
    hear(board, told(5, "hardware/gpu01", "failed", cause="7 of 8 GPUs", remedy="reseat it"))
    hear(board, told(6, "firmware/gpu01", "skipped", cause="hardware/gpu01 failed"))
    view = board.device("gpu01")
    assert (view.state, view.stage, view.text) == ("failed", "hardware", "7 of 8 GPUs")
    assert board.task("hardware/gpu01").remedy == "reseat it"
    assert board.task("hardware/gpu01").took_s == 1


def test_a_device_whose_tasks_ended_well_stands_at_its_last_stage(board):
    """Nothing is left of it but the end."""
    hear(board, *(told(at, f"{stage}/gpu01", "unchanged") for at, stage in enumerate(STAGES)))
    assert (board.device("gpu01").state, board.device("gpu01").stage) == ("unchanged", "accept")


def test_a_retried_task_forgets_how_it_failed(board):
    """What is pending again has no cause, and the counts move with it."""
    hear(board, told(1, "bmc/gpu01", "begins"), told(2, "bmc/gpu01", "failed", cause="no"))
    hear(board, told(3, "bmc/gpu01", "waiting"), told(4, "bmc/gpu01", "begins"))
    assert board.device("gpu01").state == "running"
    assert board.task("bmc/gpu01").cause == ""
    assert board.counts["bmc"]["failed"] == 0


def test_a_task_names_what_it_waits_for(board):
    """From the graph, or what the run said itself: a limit that was full."""
    hear(board, told(1, "bmc/gpu01", "begins"), told(2, "bmc/gpu01", "done"))
    assert board.task("hardware/gpu01").waits_for == ("bmc/gate",)
    hear(board, told(3, "hardware/gpu01", "waiting", waits_for=["watts r1", "images"]))
    assert board.device("gpu01").text == "waits for watts r1 and 1 more"
    assert board.task("hardware/gpu01").waits_for == ("watts r1", "images")


def test_a_gate_says_how_much_hangs_on_it():
    """What it waits for, one of them by name, and how many tasks it holds back; an open one is none any more."""
    board = Board(graph_of(SERVERS, question="cables checked?"))
    hear(board, *(told(at, f"bmc/{name}", "done") for at, name in enumerate(SERVERS[:3])))
    (gate,) = board.gates()
    assert (gate.waits_for, gate.first, gate.holds, gate.state) == (1, "bmc/gpu04", 4, "pending")
    hear(board, told(5, "bmc/gpu04", "done"), told(6, "bmc/gate", "begins"))
    assert [gate.state for gate in board.gates()] == ["asks"]
    hear(board, told(7, "bmc/gate", "done"))
    assert board.gates() == []


def test_findings_come_with_events_once_each(board):
    """A finding that is told twice is one, what is none is left out, and a device knows its own."""
    one = msgspec.to_builtins(finding("machine.gpus", "gpu01", "GPU 3 is missing", remedy="reseat it"))
    hear(board, said(1, "note", "1 finding", "hardware/gpu01", findings=[one, one, {"no": "finding"}]))
    hear(board, said(2, "note", "again", "hardware/gpu01", findings=[one]))
    assert [found.message for found in board.findings] == ["GPU 3 is missing"]
    assert len(board.findings_of("gpu01")) == 1
    assert board.findings_of("gpu0") == []


def test_what_a_former_try_found_is_taken_back(board):
    """A task that is tried again looks anew: what it found is gone, on a page that shows it as well, unless another task found it too."""
    one, both = (
        msgspec.to_builtins(finding(check, "gpu01", "wrong", remedy="x")) for check in ("machine.gpus", "machine.nics")
    )
    hear(board, told(1, "bmc/gpu01", "begins"), said(2, "note", "2 findings", "bmc/gpu01", findings=[one, both]))
    hear(board, said(3, "note", "1 finding", "hardware/gpu01", findings=[both]), told(4, "bmc/gpu01", "failed"))
    estimate = Estimator(board.graph).estimate(board, now(4))
    _, seen = whole(board, estimate)
    hear(board, told(5, "bmc/gpu01", "waiting"))
    assert news(board, estimate, seen)[0]["anew"] is False
    hear(board, told(6, "bmc/gpu01", "begins"))
    page, seen = news(board, estimate, seen)
    assert (page["anew"], [found["check"] for found in page["findings"]]) == (True, ["machine.nics"])
    assert [found.check for found in board.findings_of("gpu01")] == ["machine.nics"]
    hear(board, said(7, "note", "1 finding", "bmc/gpu01", findings=[one]))
    page, _ = news(board, estimate, seen)
    assert (page["anew"], [found["check"] for found in page["findings"]]) == (False, ["machine.gpus"])


def test_only_what_is_new_is_told_again(board):
    """A page that has seen something gets the devices, lines and findings since then."""
    hear(board, told(1, "bmc/gpu01", "begins"))
    everything, seen = whole(board, Estimator(board.graph).estimate(board, now(1)))
    assert list(everything["devices"]) == SERVERS
    assert [rack["name"] for rack in everything["racks"]] == ["r1", "r2"]
    hear(board, told(2, "bmc/gpu03", "begins"), said(3, "note", "hello", "bmc/gpu03"))
    told_now, seen = news(board, Estimator(board.graph).estimate(board, now(3)), seen)
    assert list(told_now["devices"]) == ["gpu03"]
    assert [line[2] for line in told_now["log"]] == ["running", "hello"]
    nothing, again = news(board, Estimator(board.graph).estimate(board, now(3)), seen)
    assert (nothing["devices"], nothing["log"], nothing["findings"]) == ({}, [], [])
    assert again == seen
    assert seen != Seen()


def test_a_log_that_ran_over_tells_what_it_still_has(board):
    """A page that slept gets the lines that are left, not the same ones twice."""
    hear(board, *(said(at, "note", f"line {at}", "bmc/gpu01") for at in range(1200)))
    found, _ = news(board, Estimator(board.graph).estimate(board, now(1200)), Seen(noted=10))
    assert len(found["log"]) == 500
    assert found["log"][-1][2] == "line 1199"


def test_one_device_is_told_whole(board):
    """Its tasks, findings and the last lines about it, also those that name the device and no task."""
    hear(board, told(1, "bmc/gpu01", "begins"), said(2, "note", "hello", "gpu01"), said(2, "note", "no", "bmc/gpu02"))
    found = about_device(board, "gpu01")
    assert [task["name"] for task in found["tasks"]] == [f"{stage}/gpu01" for stage in STAGES]
    assert [line[2] for line in found["log"]] == ["running", "hello"]


def test_events_of_tasks_that_are_none_do_no_harm(board):
    """A recorded file may hold what a later version tells."""
    hear(board, told(1, "bmc/nobody", "begins"), said(2, "strange", "word"), told(3, "bmc/gpu01", "sings"))
    assert board.device("gpu01").state == "pending"


def test_a_paused_run_says_so(board):
    """Until it goes on."""
    hear(board, said(1, "run", "begins"), said(2, "command", "pause", who="me"))
    assert board.state == "paused"
    hear(board, said(3, "command", "go"))
    assert board.state == "running"
    hear(board, said(4, "run", "failed"))
    assert board.state == "failed"


def test_what_a_device_says_steers_no_terminal(board):
    """Escapes in a step, a cause or a note are spaces on the screen and in the log."""
    bad = "\x1b]0;owned\x07\x1b[2Jred\nline"
    hear(board, told(1, "bmc/gpu01", "begins"), said(1, "step", bad, "bmc/gpu01"), said(2, "note", bad, "bmc/gpu01"))
    events = [
        told(3, "bmc/gpu01", "failed", cause=bad, remedy=bad),
        said(4, "fault", bad),
        said(4, "note", bad, "gpu02"),
    ]
    hear(board, *events)
    lines = [
        text_of(line)
        for line in screen(board, Estimator(board.graph).estimate(board, now(5)), width=80, height=30, now=now(5))
    ]
    every = [*lines, *(sentence(board, event) for event in events), *(detail(event) for event in events)]
    every += [line.text for line in board.log]
    assert any("red" in line for line in lines)
    assert all(line.isprintable() for line in every)


# --- where devices stand ---------------------------------------------------------------------------


def test_devices_in_no_rack_are_shown_all_the_same(graph):
    """They stand in a last rack without a name; racks without a device of the run are left out."""
    board = Board(graph, [RackPlace("r1", 48, (Stand("gpu01", 1, 6),)), RackPlace("r2", 48, (Stand("other"),))])
    assert [rack.name for rack in board.racks] == ["r1", ""]
    assert [stand.device for stand in board.racks[1].stands] == SERVERS[1:]


def test_places_come_from_the_plan_from_top_to_bottom():
    """Every device that was asked for stands somewhere, once."""
    plan = rails(spines=2)
    names = [device.name for device in plan.devices if device.role != "pdu"]
    found = places(plan, names)
    assert sorted(stand.device for rack in found for stand in rack.stands) == sorted(names)
    for rack in found:
        assert [one.unit for one in rack.stands] == sorted((one.unit for one in rack.stands), reverse=True)


# --- how long it still takes -----------------------------------------------------------------------


def test_an_estimate_is_the_longest_way_where_nothing_is_limited(graph):
    """One task of each stage after the other: four stages are left, each as long as it was measured earlier."""
    earlier = dict.fromkeys(STAGES, 10.0)
    board = Board(graph)
    assert Estimator(msgspec.structs.replace(graph, limits={}), earlier).estimate(board, now(0)).seconds == 50
    for at, name in enumerate(SERVERS):
        hear(board, told(at, f"bmc/{name}", "begins"), told(at + 10, f"bmc/{name}", "done"))
    hear(board, told(14, "bmc/gate", "done"))
    assert Estimator(msgspec.structs.replace(graph, limits={}), earlier).estimate(board, now(14)).seconds == 40


def test_an_estimate_respects_the_limits():
    """Eight tasks of 10 s two at a time take 40 s, though each hangs on nothing."""
    tasks = tuple(Task(name=f"bmc/{n}", stage="bmc", device=str(n)) for n in range(8))
    board = Board(Graph(tasks=tasks, limits={"jobs": 2}))
    assert Estimator(board.graph, {"bmc": 10.0}).estimate(board, now(0)).seconds == 40


def test_what_this_run_measured_counts_more_than_what_earlier_ones_did(graph):
    """And what is at work is counted by what is left of it."""
    board = Board(graph)
    hear(board, told(0, "bmc/gpu01", "begins"), told(4, "bmc/gpu01", "done"), told(4, "bmc/gpu02", "begins"))
    found = Estimator(msgspec.structs.replace(graph, limits={}), {"bmc": 100.0}).estimate(board, now(7))
    assert found.seconds == 4
    assert set(found.unmeasured) == set(STAGES) - {"bmc"}


def test_earlier_runs_say_how_long_real_work_takes():
    """What was as planned already took no time and says nothing; the newest run that knows a stage counts."""
    boards = [Board(graph_of(SERVERS)) for _ in range(2)]
    hear(boards[0], told(0, "bmc/gpu01", "begins"), told(9, "bmc/gpu01", "done"))
    hear(boards[0], told(0, "hardware/gpu01", "begins"), told(1, "hardware/gpu01", "unchanged"))
    for stage, took in (("bmc", 70), ("hardware", 80)):
        hear(boards[1], told(0, f"{stage}/gpu01", "begins"), told(took, f"{stage}/gpu01", "done"))
    assert earlier_seconds(boards) == {"bmc": 9, "hardware": 80}


def test_an_unknown_time_is_called_unknown(graph):
    """Nothing measured is no zero, and a question is named."""
    board = Board(graph_of(SERVERS, question="cables checked?"))
    found = Estimator(board.graph).estimate(board, now(0))
    assert remaining(found) == "time to go not known yet: 5 of 5 stages not measured, an operator is asked"


@pytest.mark.parametrize(("seconds", "unmeasured", "stages", "asks", "said"), [
    (0.04, 4, 9, False, "time to go not known yet: 4 of 9 stages not measured"),
    (59, 1, 9, False, "time to go not known yet: 1 of 9 stages not measured"),
    (2040, 2, 9, False, "at least 34 min to go (2 of 9 stages not measured)"),
    (2040, 5, 9, False, "time to go not known yet: 5 of 9 stages not measured"),
    (0, 0, 1, True, "time to go not known yet: an operator is asked"),
    (2040, 0, 9, True, "at least 34 min to go (an operator is asked)"),
    (2040, 0, 9, False, "about 34 min to go"),
    (0.3, 0, 1, False, "about to end"),
])  # fmt: skip
def test_a_lower_bound_that_says_nothing_is_not_told(seconds, unmeasured, stages, asks, said):
    """With 40 of 72 tasks left it said "about 0.0 s to go", since four stages had not been measured."""
    assert remaining(Estimate(seconds, STAGES[:unmeasured], asks, stages)) == said


def test_only_stages_with_work_left_are_counted(graph):
    """A stage that is through is neither left nor unmeasured, and a gate is no work."""
    board = Board(graph)
    for name in SERVERS:
        hear(board, told(0, f"bmc/{name}", "begins"), told(4, f"bmc/{name}", "done"))
    found = Estimator(graph).estimate(board, now(4))
    assert (len(found.unmeasured), found.stages) == (len(STAGES) - 1, len(STAGES) - 1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (40, "40 s"), (720, "12 min"), (12000, "3 h 20 min"), (187200, "2 d 4 h"), (0, "0 s")],
)
def test_times_are_told_as_a_person_says_them(seconds, text):
    """Two parts at the most."""
    assert about(seconds) == text


# --- on a terminal ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("servers", "width", "height"), [(4, 80, 24), (4, 40, 12), (200, 80, 24), (200, 120, 10), (4, 20, 5)]
)
def test_the_screen_fits_its_terminal(servers, width, height):
    """No line is wider, and there are no more lines than there is room for."""
    names = [f"gpu{n:03}" for n in range(servers)]
    board = Board(graph_of(names), racks_of(names))
    hear(board, *(told(at, f"bmc/{name}", "failed", cause="no answer " * 20) for at, name in enumerate(names)))
    lines = screen(board, Estimator(board.graph).estimate(board, now(9)), width=width, height=height, now=now(9))
    assert len(lines) <= max(height, 8)
    assert all(len(text_of(line)) <= width for line in lines)


def test_the_screen_needs_no_colour(board):
    """Each state has a sign of its own: what failed, what is at work and what waits is read without colour."""
    hear(board, told(1, "bmc/gpu01", "failed", cause="no answer"), told(2, "bmc/gpu02", "begins"))
    hear(board, told(3, "bmc/gpu03", "done"))
    lines = [
        text_of(line)
        for line in screen(board, Estimator(board.graph).estimate(board, now(9)), width=80, height=30, now=now(9))
    ]
    rows = {line.split()[0]: line.split()[1:6] for line in lines if line.startswith("  gpu")}
    assert rows == {
        "gpu01": ["!", ".", ".", ".", "."], "gpu02": [">", ".", ".", ".", "."],
        "gpu03": ["+", ".", ".", ".", "."], "gpu04": [".", ".", ".", ".", "."],
    }  # fmt: skip
    assert "! gpu01 at bmc: no answer" in lines
    assert any(line.startswith(": bmc/gate waits for bmc/gpu02 and 1 more; 4 tasks behind it") for line in lines)


def test_the_screen_tells_what_the_run_was_told(board):
    """An operator's word, and that Ctrl-C was heard, stand there while it goes on; nothing of it stays at the end."""
    hear(board, said(1, "command", "skip", "gpu01", who="ann"), said(2, "run", "stopping: running steps end first"))
    lines = [
        text_of(line)
        for line in screen(board, Estimator(board.graph).estimate(board, now(9)), width=80, height=30, now=now(9))
    ]
    assert any(line.endswith("gpu01 command skip") for line in lines)
    assert any(line.endswith("run stopping: running steps end first") for line in lines)
    hear(board, said(3, "run", "cancelled"))
    lines = [
        text_of(line)
        for line in screen(board, Estimator(board.graph).estimate(board, now(9)), width=80, height=30, now=now(9))
    ]
    assert not any("stopping" in line for line in lines)


def test_the_screen_tells_what_goes_on_beside_the_run(board):
    """Leases that are handed over, or given no more, decide whether a rack boots; a note of a task stands at its device."""
    hear(
        board,
        said(1, "note", "handed over: mgmt01 answers for DHCP", "serve"),
        said(2, "note", "applying", "bmc/gpu01"),
    )
    shown = [notice.text for notice in board.notices]
    assert shown == ["handed over: mgmt01 answers for DHCP"]


def test_the_screen_says_what_to_do_where_there_is_room_for_it(board, graph):
    """Who stands in the aisle reads why a device failed, and looks elsewhere for what to do; or a rack of remedies hides the causes."""
    remedy = "step 1 of 2: " + "pull the plug out of swp1s0 " * 3 + "\nstep 2 of 2: put it into swp2s0"
    hear(board, *(told(at, f"bmc/{name}", "failed", cause="wrong", remedy=remedy) for at, name in enumerate(SERVERS)))
    lines = [
        text_of(line)
        for line in screen(board, Estimator(graph).estimate(board, now(20)), width=60, height=60, now=now(20))
    ]
    assert sum("step 2 of 2: put it into swp2s0" in line for line in lines) == 4
    assert max(map(len, lines)) <= 60
    names = [f"gpu{number:02d}" for number in range(1, 6)]
    many = graph_of(names)
    full = Board(many, racks_of(names, each=2))
    hear(full, *(told(at, f"bmc/{name}", "failed", cause="wrong", remedy=remedy) for at, name in enumerate(names)))
    told_of = "\n".join(
        text_of(line)
        for line in screen(full, Estimator(many).estimate(full, now(20)), width=60, height=60, now=now(20))
    )
    assert "step 1" not in told_of
    assert told_of.count("! gpu") == 5


def test_many_devices_are_summed_by_rack():
    """Where not every device has a line, every rack has one, with how many are through each stage."""
    names = [f"gpu{n:03}" for n in range(64)]
    board = Board(graph_of(names), racks_of(names))
    hear(board, *(told(1, f"bmc/{name}", "done") for name in names[:9]))
    lines = [
        text_of(line)
        for line in screen(board, Estimator(board.graph).estimate(board, now(9)), width=80, height=24, now=now(9))
    ]
    row = {line.split()[0]: line.split()[1] for line in lines if line.startswith("r")}
    assert (row["r1"], row["r2"], row["r3"]) == ("+", "1/8.", "0/8.")


def drawn(board, width, height=30):
    estimate = Estimator(board.graph).estimate(board, now(9))
    return [text_of(line) for line in screen(board, estimate, width=width, height=height, now=now(9))]


def test_a_narrow_screen_names_the_stages_that_it_leaves_out():
    """Columns that vanish without a sign read as stages that the run does not have; those that all are through go first."""
    board = Board(graph_of(SERVERS), racks_of(SERVERS), run="20261127-035111-abc", site="demo")
    (heading,) = [line for line in drawn(board, 80) if "OS" in line]
    assert heading.split() == ["BM", "HW", "FW", "OS", "AC"]
    narrow = drawn(board, 30)
    assert narrow[narrow.index("  ... 1 more: AC") + 1].split() == ["BM", "HW", "FW", "OS"]
    hear(board, *(told(at, task.name, "done") for at, task in enumerate(board.graph.tasks) if task.stage == "bmc"))
    narrow = drawn(board, 30)
    assert narrow[narrow.index("  ... 1 more: BM") + 1].split() == ["HW", "FW", "OS", "AC"]


def test_a_narrow_screen_breaks_its_headline():
    """How long a run still takes must not be cut off."""
    board = Board(graph_of(SERVERS), racks_of(SERVERS), run="20261127-035111-abc", site="demo")
    hear(board, told(1, "bmc/gpu01", "begins"))
    wide, narrow = drawn(board, 200), drawn(board, 40, 24)
    assert " ".join(" ".join(narrow).split()).startswith(" ".join(wide[0].split()))
    assert max(map(len, narrow)) <= 40


def test_what_was_cancelled_was_not_done(board):
    """A run that was stopped half way is not told as one that is through; the end of the run counts by the same rule."""
    names = [task.name for task in board.graph.tasks]
    hear(board, *(told(at, name, "done" if at < 9 else "cancelled") for at, name in enumerate(names)))
    assert progress(board) == "9 of 21 tasks, 12 cancelled"
    hear(board, said(99, "run", "cancelled"))
    assert progress(board) == "9 done, 12 cancelled of 21 tasks"
    outcomes = {name: Outcome(subject=name, state=board.mark(name)) for name in names}
    report = Report(run="r", program="bringup", state="cancelled", outcomes=outcomes, gates={})
    assert list(ended_lines(report, board.graph))[-1] == progress(board)


def test_the_summary_and_the_page_tell_every_remedy(board):
    """In order, each once, and none that the cause has told."""
    failed = Outcome(subject="", state="failed", cause="no; swap c", remedy="step 1\nstep 2\nstep 1\nswap c")
    report = Report(run="r", program="bringup", state="failed", outcomes={"bmc/gpu01": failed}, gates={})
    assert list(ended_lines(report, board.graph)) == [
        "bmc/gpu01 failed: no; swap c",
        "  remedy: step 1",
        "  remedy: step 2",
        "1 failed of 21 tasks",
    ]
    hear(board, told(1, "bmc/gpu01", "failed", cause=failed.cause, remedy=failed.remedy))
    page, _ = whole(board, Estimator(board.graph).estimate(board, now(1)))
    assert page["devices"]["gpu01"]["remedies"] == ["step 1", "step 2"]
    assert page["devices"]["gpu02"]["remedies"] == []
    assert about_device(board, "gpu01")["tasks"][0]["remedies"] == ["step 1", "step 2"]


def test_progress_is_counted_in_tasks(board):
    """Ended ones of all, and what is at work or wrong."""
    hear(
        board, told(1, "bmc/gpu01", "failed", cause="no"), told(2, "bmc/gpu02", "begins"), told(3, "bmc/gpu03", "done")
    )
    assert progress(board) == "2 of 21 tasks, 1 at work, 1 failed"

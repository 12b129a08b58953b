"""The one place where an operator is asked before a device changes."""

import pytest
from click import UsageError
from click.testing import CliRunner

from rackwright.bringup.stages import STAGES
from rackwright.cli import consenting
from rackwright.cli.answer import DIFFERENCE, ERROR, Answer, verb
from rackwright.cli.consenting import Shown, agreed, gone_on, refuse_narrower
from rackwright.cli.talk import Talk
from rackwright.cli.verbs.bringup import _consent
from rackwright.errors import RunBusy, RunChanged
from rackwright.runs import Event
from rackwright.runs.folder import RunFolder
from rackwright.runs.model import Graph, Task, Wave

SHOWN = Shown("push this?", ("one line",), {"one": 1})
BARRED = Shown("push this?", ("one line",), {"one": 1}, barred="give --flag", because=("this link",))


@pytest.fixture
def terminal(monkeypatch):
    """Return what sets whether somebody sits there, and what he says."""

    def sits(there, says=False):
        monkeypatch.setattr(consenting.sys.stdin, "isatty", lambda: there, raising=False)
        monkeypatch.setattr(consenting.click, "confirm", lambda *_, **__: says)

    return sits


@pytest.mark.parametrize(
    ("there", "says", "yes", "shown", "code"),
    [
        (False, True, False, SHOWN, DIFFERENCE),
        (False, True, False, Shown("?", (), 0, unread=True), ERROR),
        (False, True, False, BARRED, DIFFERENCE),
        (False, False, True, SHOWN, None),
        (False, False, True, BARRED, ERROR),
        (True, True, False, SHOWN, None),
        (True, False, False, SHOWN, DIFFERENCE),
        (True, True, False, BARRED, ERROR),
        (True, True, True, BARRED, ERROR),
    ],
)
def test_without_consent_nothing_goes_on(terminal, there, says, yes, shown, code):
    """Only ``--yes`` or a yes at a terminal goes on, and never past what bars it."""
    terminal(there, says)
    answer = agreed(Talk(), shown, yes=yes)
    assert (answer.code if answer else None) == code
    assert answer is None or answer.data == shown.value


@pytest.mark.parametrize(
    ("stages", "blinks", "says"),
    [
        ({"fabric", "hardware", "accept"}, True, None),
        ({"cabling"}, False, None),
        ({"cabling"}, True, "this interrupts links;"),
        ({"oob", "fabric"}, False, "this interrupts links;"),
        ({"bmc", "handover"}, True, "this restarts BMCs;"),
        ({"os", "hardware"}, True, "this restarts hosts;"),
        (set(STAGES), True, "this restarts hosts, interrupts links, restarts BMCs;"),
    ],
)
def test_a_bringup_needs_leave_for_what_its_stages_interrupt_and_for_no_more(terminal, stages, blinks, says):
    """Who only looks is told that hosts restart, and gives a leave that nobody needs; the next time it is given without reading."""
    terminal(False)
    graph = Graph(tasks=tuple(Task(name=f"{stage}/a", stage=stage, device="a") for stage in stages))
    answer = _consent(Talk(), graph, lambda: ([], {}), blinks=blinks, yes=True, allow=False)
    assert (answer is None) is (says is None)
    assert answer is None or says in answer.last[-1]
    assert _consent(Talk(), graph, lambda: ([], {}), blinks=blinks, yes=True, allow=True) is None


def test_a_closed_stdin_is_no_terminal(monkeypatch):
    """Whoever runs a verb with stdin closed is asked nothing, and nothing goes on without ``--yes``."""
    monkeypatch.setattr(consenting.sys, "stdin", None)
    assert agreed(Talk(), SHOWN, yes=False).code == DIFFERENCE
    assert agreed(Talk(), SHOWN, yes=True) is None


@pytest.mark.parametrize(
    ("there", "yes", "shown"), [(False, False, SHOWN), (False, True, BARRED), (True, False, BARRED)]
)
def test_what_would_be_done_is_shown_where_it_ends(terminal, capsys, there, yes, shown):
    """Whoever is refused sees the whole of what would have been done, and behind it, where it is read, what to do."""
    terminal(there)
    answer = agreed(Talk(), shown, yes=yes)
    assert list(answer.lines) == ["one line"]
    assert capsys.readouterr().err == ""
    said = "\n".join(answer.last)
    assert "nothing was pushed" in said
    assert ("--yes" in said) != ("--flag" in said)
    assert ("this link" in said) == ("--flag" in said)


@pytest.mark.parametrize(("quiet", "grave", "seen"), [(False, False, True), (True, False, False), (True, True, True)])
def test_what_loses_a_disk_is_said_to_who_wants_quiet(terminal, capsys, quiet, grave, seen):
    """With ``--yes`` what is done is told on the way, and the gravest even with ``--quiet``."""
    terminal(there=False)
    assert agreed(Talk(quiet=quiet), Shown("?", ("gpu01: wiped",), 0, grave=grave), yes=True) is None
    assert ("gpu01: wiped" in capsys.readouterr().err) == seen


def test_who_is_asked_has_seen_it_all(terminal, capsys):
    """The lines stand above the question, quiet or not."""
    terminal(there=True, says=True)
    assert agreed(Talk(quiet=True), SHOWN, yes=False) is None
    assert "one line" in capsys.readouterr().err


def test_a_run_goes_on_whole_or_not_at_all(tmp_path):
    """A device that --limit leaves out would fail and end the run: that is refused; one that the plan has no more fails alone."""
    folder = RunFolder.made(
        tmp_path, b"order", program="push", version="1", engine="1", jobs=1, waves=(Wave("w 1", ("be01", "be02")),)
    )
    with pytest.raises(UsageError, match=f"run {folder.run} goes on as it was begun, and --limit leaves out be02"):
        refuse_narrower(tmp_path, folder.run, ["be01", "be02"], {"be01"})
    refuse_narrower(tmp_path, folder.run, ["be01", "be02"], {"be01", "be02"})
    refuse_narrower(tmp_path, folder.run, ["be01"], {"be01"})
    refuse_narrower(tmp_path, "", ["be01", "be02"], {"be01"})


def test_a_run_that_was_cut_off_is_gone_on_with(capsys):
    """The run that is named is resumed, and what it reports comes back; that it goes on is said with its first event, once."""

    def resume(run, heard):
        assert capsys.readouterr().err == ""
        for text in ("goes on after pid 7", "done"):
            heard(Event(at="", kind="run", text=text))
        return run + " resumed"

    assert gone_on(Talk(), "push", "run-7", resume) == "run-7 resumed"
    assert capsys.readouterr().err == "going on with run run-7\nrun goes on after pid 7\nrun done\n"


def test_of_a_run_that_is_refused_nobody_says_that_it_goes_on(capsys):
    """Another process has it in hand: what is said is that alone."""

    def held(run, _heard):
        raise RunBusy(f"run {run} is held")

    with pytest.raises(RunBusy):
        gone_on(Talk(), "push", "run-7", held)
    assert capsys.readouterr().err == ""


def test_where_only_a_new_run_can_go_on_that_is_said(capsys):
    """What was cut off is none that goes on, or the program has changed since: None means a new run."""
    assert gone_on(Talk(), "push", "", lambda run, heard: run) is None
    assert "the push was cut off before its own run began: this is a new one" in capsys.readouterr().err

    def changed(run, _heard):
        raise RunChanged(f"{run} was begun by another version")

    assert gone_on(Talk(), "push", "run-7", changed) is None
    assert capsys.readouterr().err == "run-7 was begun by another version; reading first\n"


def test_what_is_wrong_stands_behind_the_data():
    """Eight hundred lines of a changeset would scroll a refusal away that was said before them."""
    made = verb("try")(lambda _talk: Answer(ERROR, None, ["line"] * 3, last=("error: nothing was pushed",)))
    result = CliRunner().invoke(made, [], standalone_mode=False)
    assert result.output.splitlines() == ["line"] * 3 + ["error: nothing was pushed"]

"""What a run looks like while it goes: lines, a screen, or JSON."""

import io
import json
import os
import pty
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from rich.console import Console

from rackwright.cli.answer import Answer, verb
from rackwright.cli.boarding import watching
from rackwright.cli.talk import Talk
from rackwright.report.happenings import answered_by
from tests.boards import graph_of, racks_of, said, told

SERVERS = ["gpu01", "gpu02"]
EVENTS = (
    said(0, "run", "begins"),
    told(1, "bmc/gpu01", "begins"),
    said(2, "step", "read identity", "bmc/gpu01", state="begun"),
    told(3, "bmc/gpu01", "done"),
    told(4, "bmc/gpu02", "begins"),
    told(5, "bmc/gpu02", "failed", cause="no answer", remedy="look at its cable"),
    said(6, "command", "skip", "bmc/gpu02", who="ann", reason="no spare"),
    said(7, "note", "hello", "bmc/gpu01"),
    said(8, "run", "failed"),
)


def shown(talk, **options):
    with watching(talk, graph_of(SERVERS), racks=racks_of(SERVERS), **options) as heard:
        for event in EVENTS:
            heard(event)


def test_a_log_gets_a_line_for_everything_that_ended(capsys):
    """What failed says why and what to do; beginnings and steps are for whoever asks for more."""
    shown(Talk())
    out, err = capsys.readouterr()
    assert out == ""
    assert [line[9:] for line in err.splitlines()] == [
        "run begins",
        "+ bmc/gpu01 done in 2.0 s",
        "! bmc/gpu02 failed in 1.0 s: no answer; look at its cable",
        "command bmc/gpu02 skip by ann: no spare",
        "bmc/gpu01: hello",
        "run failed",
    ]


def test_more_is_said_to_whoever_asks(capsys):
    """With --verbose steps too; with --quiet nothing."""
    shown(Talk(verbose=True))
    assert "bmc/gpu01: read identity begun" in capsys.readouterr().err
    shown(Talk(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_json_is_an_event_a_line_and_the_answer_the_last(capsys):
    """Every line of stdout is a value of its own, and nothing is said on stderr."""

    @verb("try")
    def command(talk):
        shown(talk)
        return Answer(data={"state": "failed"}, streamed=True)

    command.main(["--json"], standalone_mode=False)
    out, err = capsys.readouterr()
    values = [json.loads(line) for line in out.splitlines()]
    assert [value.get("kind") for value in values] == [event.kind for event in EVENTS] + [None]
    assert values[-1] == {"state": "failed"}
    assert err == ""


def test_a_question_names_the_command_that_answers_it(capsys):
    """Whoever reads the log knows what to type."""
    with watching(Talk(), graph_of(SERVERS, question="cables checked?")) as heard:
        heard(told(1, "bmc/gate", "begins"))
    wanted = "bmc/gate asks: cables checked? (rackwright bringup --approve bmc/gate, or --refuse bmc/gate)"
    assert wanted in capsys.readouterr().err
    assert answered_by("firmware/ask") == "rackwright bringup --approve firmware, or --refuse firmware"


def test_each_remedy_of_a_failure_has_a_line(capsys):
    """Who does the first of two steps at a cycle of cables and knows of no second makes another fault of it."""
    with watching(Talk(), graph_of(SERVERS)) as heard:
        heard(told(1, "bmc/gpu01", "begins"))
        heard(told(2, "bmc/gpu01", "failed", cause="3 cables; swap c", remedy="step 1\nstep 2\x1b[2J\nstep 1\nswap c"))
    assert [line[9:] for line in capsys.readouterr().err.splitlines()] == [
        "! bmc/gpu01 failed in 1.0 s: 3 cables; swap c",
        "  remedy: step 1",
        "  remedy: step 2 [2J",
    ]


def test_what_was_told_before_is_not_said_again(capsys):
    """Who goes on with a run sees how it stands, and hears only what is new."""
    with watching(Talk(), graph_of(SERVERS)) as heard:
        heard.past(EVENTS[:4])
        heard(EVENTS[5])
    assert capsys.readouterr().err.count("\n") == 1
    assert heard.board.mark("bmc/gpu01") == "done"


PROGRAM = """
    import sys
    sys.path.insert(0, {root!r})
    from rackwright.cli.boarding import watching
    from rackwright.cli.talk import Talk
    from tests.boards import graph_of, racks_of
    from tests.unit.cli.test_cli_boarding import EVENTS, SERVERS
    with watching(Talk(), graph_of(SERVERS), racks=racks_of(SERVERS), run="20261127-035111-abc") as heard:
        for event in EVENTS:
            heard(event)
        {end}
"""


def terminal(end="pass", **environment):
    """Return what a terminal of 80 columns shows at the end, without its colours."""
    root = str(Path(__file__).resolve().parents[3])
    text = textwrap.dedent(PROGRAM.format(root=root, end=end))
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "30", **environment}
    with subprocess.Popen([sys.executable, "-c", text], stdin=slave, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        found = io.BytesIO()
        try:
            while chunk := os.read(master, 65536):
                found.write(chunk)
        except OSError:
            pass  # the other end is closed
        process.wait()
    os.close(master)
    return found.getvalue().decode(), process.returncode


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize("end", ["pass", "raise KeyboardInterrupt", "print('a word in between', file=sys.stderr)"])
def test_a_terminal_is_given_back(end):
    """However it ends, the last state is left there and the cursor is visible again."""
    text, _ = terminal(end)
    assert "gpu02" in plain(text)
    assert "! gpu02 at bmc: no answer" in plain(text)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0


def test_a_terminal_without_colour_gets_none():
    """NO_COLOR is heeded; the signs stay."""
    text, code = terminal(NO_COLOR="1")
    assert code == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)
    assert "! gpu02 at bmc: no answer" in plain(text)


def test_a_terminal_that_can_do_nothing_gets_lines():
    """One line an event, as in a log."""
    text, _ = terminal(TERM="dumb")
    assert "\x1b" not in text
    assert "+ bmc/gpu01 done in 2.0 s" in text


@pytest.mark.parametrize(("widths", "cleared"), [((80, 80, 120), 0), ((80, 60, 60, 40), 2)])
def test_a_terminal_that_becomes_narrower_is_drawn_anew(widths, cleared):
    """It breaks the lines that stand there into more than are gone back over: three stale ones stayed above the screen."""
    watch = watching(Talk(), graph_of(SERVERS), racks=racks_of(SERVERS))
    out = io.StringIO()
    for width in widths:
        watch._drawn(Console(file=out, force_terminal=True, width=width, height=30, legacy_windows=False))
    assert out.getvalue() == "\x1b[2J\x1b[H" * cleared

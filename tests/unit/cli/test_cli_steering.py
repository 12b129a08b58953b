"""What an operator tells a living bring-up, and what its status says."""

import importlib

import click
import pytest

from rackwright.cli import steering
from rackwright.cli.bringing import stages_of
from rackwright.report.board import Board
from rackwright.runs import Command, Graph, Task
from tests.boards import graph_of, told

ASKED = Graph(
    tasks=(
        Task(name="bmc/gpu01", stage="bmc", device="gpu01"),
        Task(name="firmware/ask", stage="firmware", question="may firmware begin?"),
    ),
    limits={},
)


@pytest.mark.parametrize(("option", "word"), [("--gate", "nosuch"), ("--only", "bmc,nosuch")])
def test_a_stage_that_is_none_is_told_at_the_option_that_named_it(option, word):
    """Who reads "--only" after typing --gate looks for the mistake in the wrong place."""
    with pytest.raises(click.BadParameter, match="no stage is called 'nosuch'") as caught:
        stages_of([word], option)
    assert caught.value.param_hint == option


@pytest.mark.parametrize("words", [[""], [" , "], ["bmc", ""]])
def test_an_empty_list_of_stages_is_not_all_of_them(words):
    """`--only "$STAGE"` with an unset variable would bring everything up."""
    with pytest.raises(click.BadParameter, match="is empty; the stages are oob"):
        stages_of(words)


@pytest.mark.parametrize("words", [
    ("bringup", "--only", ""), ("bringup", "--restarts", "0"), ("bringup", "--drained-by", ""), ("push", "--drained-by", ""),
    ("bringup", "--image-sha256", ""), ("push", "--image-sha256", ""), ("serve", "--image-sha256", ""),
])  # fmt: skip
def test_a_guard_that_is_named_and_empty_is_no_guard_and_refused(rackwright, site, words):
    """No restart at all is no limit of ours, nobody to ask and no digest are none either: whoever names them means them."""
    done = rackwright(words[0], site, *words[1:])
    assert done.exit_code == 2
    assert words[1] in done.stderr


@pytest.mark.parametrize("words", [("bringup",), ("push", "--only", "bmc"), ("push", "--only", "host")])
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("./none.sh", "./none.sh does not exist ("), ("./plain.sh", "'chmod +x ./plain.sh' allows it"),
        ("./folder", "is a folder"), ("no-such-program-of-ours", "is no program in PATH: name one by its path"),
    ],
)  # fmt: skip
def test_a_program_that_nobody_can_start_is_told_before_anything_begins(
    rackwright, site, tmp_path, monkeypatch, words, program, said
):
    """Host by host it would be heard of at their restarts, an hour later."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.sh").write_text("#!/bin/sh\n")
    (tmp_path / "folder").mkdir()
    done = rackwright(*words[:1], site, *words[1:], "--yes", "--drained-by", program)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "nothing was begun" in done.stderr
    assert not (site / ".rackwright").exists()


@pytest.mark.parametrize("word", ["bringup", "push"])
def test_a_program_is_kept_by_its_whole_path(tmp_path, monkeypatch, word):
    """Who resumes the run, or helps with it, stands in another folder; one from PATH stays a name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drained.sh").write_text("#!/bin/sh\n")
    (tmp_path / "drained.sh").chmod(0o755)
    command = importlib.import_module(f"rackwright.cli.verbs.{word}").command

    def kept(program):
        return command.make_context(word, [".", "--drained-by", program]).params["drained_by"]

    assert kept("./drained.sh") == str(tmp_path / "drained.sh")
    assert kept("true") == "true"


@pytest.mark.parametrize(("word", "name"), [("bringup", "webhook"), ("bringup", "database"), ("worker", "database")])
def test_an_address_with_a_secret_in_it_need_not_stand_in_the_list_of_processes(monkeypatch, word, name):
    """Chat services put a token into the address, databases a password: everybody on the machine reads a command line."""
    monkeypatch.setenv(f"RACKWRIGHT_{name.upper()}", "https://x/token")
    command = importlib.import_module(f"rackwright.cli.verbs.{word}").command
    assert command.make_context(word, ["."], resilient_parsing=True).params[name] == "https://x/token"


def test_an_answer_that_nobody_asked_for_names_what_is_asked():
    """An operator knows stages, not the names of our tasks."""
    answers = steering.commands_of({"approve": ("firmware",), "refuse": ("os",)}, "")
    assert steering._unasked(answers[:1], ASKED) == ""
    assert steering._unasked([Command(kind="skip", task="os/ask", reason="r", who="w")], ASKED) == ""
    said = steering._unasked(answers, ASKED)
    assert said.startswith("this run asks nobody before os: it asks before firmware; 'bringup --gate os'")
    said = steering._unasked(answers, graph_of(["gpu01"]))
    assert said.startswith("this run asks nobody before firmware: it asks nothing at all")
    assert "/ask" not in said


def test_every_wrong_name_is_told_before_the_run_is_told_anything():
    """Of three names with two typos, the one that was right was obeyed, and only the first typo was heard of."""
    words = {"skip": ("gpu01", "gpu0l"), "retry": ("hardwear",), "pause": True}
    said = list(steering._wrong(steering.commands_of(words, "no time"), ASKED))
    assert ["'gpu0l'" in said[1], "'hardwear'" in said[0], len(said)] == [True, True, 2]


@pytest.mark.parametrize(
    ("was", "kind", "said"),
    [
        ("done", "refuse", "firmware was let begin (ann approved), so nothing is refused any more: --pause"),
        ("failed", "approve", "firmware was not let begin (ann approved): --retry firmware/ask asks again"),
        ("done", "approve", ""),
        ("failed", "refuse", ""),
        ("begins", "refuse", ""),
        (None, "refuse", ""),
    ],
)
def test_an_answer_that_comes_too_late_is_not_taken_as_if_it_held(was, kind, said):
    """Who is told that the gate heard his no believes that no server is flashed."""
    board = Board(ASKED)
    if was:
        board.hear(told(1, "firmware/ask", was, cause="ann approved"))
    assert steering._late(
        [Command(kind=kind, task="firmware/ask"), Command(kind="skip", task="bmc")], board
    ).startswith(said)
    again = [Command(kind="retry", task="firmware/ask"), Command(kind=kind, task="firmware/ask")]
    assert steering._late(again, board) == ""


def test_status_names_the_command_that_answers_and_every_remedy():
    """Who is asked must not search the manual, and who is told one of two steps does half."""
    board = Board(ASKED)
    board.hear(told(1, "bmc/gpu01", "begins"))
    assert steering._open(board) == ["bmc/gpu01 running"]
    board.hear(told(2, "bmc/gpu01", "failed", cause="no", remedy="step 1\nstep 2"))
    board.hear(told(3, "firmware/ask", "begins"))
    assert steering._open(board) == [
        "bmc/gpu01 failed: no",
        "  remedy: step 1",
        "  remedy: step 2",
        "firmware/ask asks: may firmware begin? (rackwright bringup --approve firmware, or --refuse firmware)",
    ]

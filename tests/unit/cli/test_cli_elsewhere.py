"""A bring-up whose journal is in another database, or that waits for a worker: what its status and its steering say."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from rackwright import runs
from rackwright.cli import bringing, main, steering
from rackwright.cli.brought import End
from rackwright.cli.talk import Talk
from rackwright.errors import RunBusy
from tests.unit.runs.toytasks import Tasks, order


class Named(Tasks):
    """Tasks that are a bring-up by their name."""

    name = "bringup"


@pytest.fixture
def elsewhere(tmp_path):
    """Return the state of a site whose bring-up waits for a worker, and has its journal in a PostgreSQL that nobody gave."""
    (tmp_path / "world").mkdir()
    state = tmp_path / ".rackwright"

    def leave(event):
        if event.text == "waiting":
            raise KeyError

    with runs.opened(state, programs=[Named(tmp_path / "world")]) as engine, pytest.raises(KeyError):
        engine.run("bringup", order(("bmc/a1", {"reach": "row3"}), ("bmc/a2", {"reach": "row3"})), on_event=leave)
    kept = next(state.glob("runs/*/run.json"))
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"database": "postgresql://me@db/rack"}))
    (state / "journal.sqlite").unlink()
    return state


def test_status_names_the_database_that_knows_and_the_command_that_serves_a_tag(elsewhere):
    """ "interrupted" sends an operator to --resume, and two processes then drive the same devices."""
    said = "\n".join(steering.status(elsewhere, None).lines)
    assert "interrupted" not in said
    assert "not ended" in said
    assert "'rackwright bringup --status' with --database postgresql://me@db/rack tells" in said
    served = f"rackwright worker {elsewhere.parent} --database postgresql://me@db/rack --tag row3"
    assert f"bmc/a1 and 1 more waits for a worker of tag row3: '{served}' serves it" in said


def test_run_elsewhere_is_told_what_an_operator_wants_and_not_gone_on_with(elsewhere, capsys):
    """What is wanted lies in the folder, which all workers see: who must stop a rack need not find the password first."""
    steering.told(Talk(), elsewhere, steering.commands_of({"pause": True}, ""), None)
    said = capsys.readouterr().err
    assert ": pause" in said
    assert "whether anybody works on it stands in postgresql://me@db/rack" in said
    assert "nobody works on it" not in said
    with pytest.raises(RunBusy, match="give --database postgresql://me@db/rack"):
        runs.refuse_other_database(elsewhere)


def test_bringup_without_the_database_of_what_lives_is_refused(elsewhere):
    """A new one would be the beginning of two."""
    end = End(Talk(), SimpleNamespace(way=SimpleNamespace(state=elsewhere)))
    for ask in (end.cut_off, end.tell_of_cut_off):
        with pytest.raises(RunBusy, match="give --database postgresql://me@db/rack"):
            ask()


@pytest.mark.parametrize(
    "words",
    [("bringup", "--yes", "--only", "oob"), ("bringup", "--resume"), ("bringup", "--status"), ("bringup", "--pause")],
)
def test_a_database_that_does_not_answer_is_no_bug_of_ours(elsewhere, monkeypatch, words):
    """A wrong address is the operator's to mend: "this is a bug" sends him to us, with his password before him."""
    world = SimpleNamespace(machines={}, folder=elsewhere.parent, way=SimpleNamespace(state=elsewhere, twin=False))
    monkeypatch.setattr(bringing, "opened_world", lambda *_: world)
    (elsewhere.parent / "site.yaml").write_text("")
    for run in elsewhere.glob("runs/*/run.json"):
        run.write_text(json.dumps(json.loads(run.read_text()) | {"database": "postgresql://me@/rack?host=%2Fnowhere"}))
    address = {"RACKWRIGHT_DATABASE": "postgresql://me:pass-word@/rack?host=/nowhere"}
    done = CliRunner(env=address).invoke(main, [words[0], str(elsewhere.parent), *words[1:]])
    assert done.exit_code == 1, done.output
    assert "the journal cannot be kept (OperationalError: " in done.stderr
    assert done.stderr.rstrip().endswith("see to postgresql://me@/rack?host=%2Fnowhere")
    assert "bug" not in done.stderr
    assert "pass-word" not in done.output

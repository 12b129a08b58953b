"""What `bringup` says of a run that was cut off, before it begins or goes on."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click import UsageError
from click.testing import CliRunner

from rackwright import runs
from rackwright.cli import bringing, main
from rackwright.cli.beside import served
from rackwright.cli.brought import End
from rackwright.errors import ServeError
from rackwright.runs import Graph, Task


class Heard:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def test_where_nothing_was_cut_off_nothing_begins(tmp_path, monkeypatch):
    """`--resume --yes` after the end of a bring-up must not begin another: a yes to what goes on is none to a rack."""
    monkeypatch.setattr(
        bringing, "opened_world", lambda *_: SimpleNamespace(machines={}, way=SimpleNamespace(state=tmp_path))
    )
    monkeypatch.setattr(bringing, "graph_for", lambda *_: pytest.fail("a bring-up is begun"))
    (tmp_path / "site.yaml").write_text("")
    found = CliRunner().invoke(main, ["bringup", str(tmp_path), "--resume", "--yes", "--allow-disruption", "--json"])
    assert found.exit_code == 0, found.stderr
    assert (found.exit_code, json.loads(found.stdout)) == (0, {"run": "", "state": "", "tasks": {}})
    assert "no bring-up was cut off: there is nothing to go on with" in found.stderr


@pytest.mark.parametrize(("cut_off", "asked", "refused"), [("r1", True, True), ("r1", False, False), ("", True, False)])
def test_what_was_cut_off_goes_on_whole_or_not_at_all(cut_off, asked, refused):
    """`--resume --only oob` would go on with everything: it is refused."""
    end = End(Heard(), None)
    if refused:
        with pytest.raises(UsageError, match="run r1 goes on as it was begun: leave --only"):
            end.refuse_narrower(cut_off, asked=asked)
    else:
        end.refuse_narrower(cut_off, asked=asked)


@pytest.mark.parametrize(("cut_off", "new", "refused"), [
    ("r1", ["bmc/gpu01", "bmc/gpu02"], True), ("r1", ["bmc/gpu01"], False), ("", ["bmc/gpu01", "bmc/gpu02"], False),
])  # fmt: skip
def test_a_new_run_in_the_place_of_one_that_cannot_go_on_does_no_more(monkeypatch, cut_off, new, refused):
    """A run of one server was cut off and the site has changed: `--resume --yes` must not bring all servers up instead."""
    graphs = [Graph(tasks=tuple(Task(name=name, stage="bmc") for name in names)) for names in (["bmc/gpu01"], new)]
    monkeypatch.setattr(runs, "graph", lambda *_: graphs[0])
    end = End(Heard(), SimpleNamespace(way=SimpleNamespace(state=None)))
    if refused:
        with pytest.raises(UsageError, match="would also do bmc/gpu02, which it did not: begin it without --resume"):
            end.refuse_wider(cut_off, graphs[1])
    else:
        end.refuse_wider(cut_off, graphs[1])


def test_a_new_run_tells_of_one_that_could_go_on(monkeypatch):
    """Who begins anew beside a run that was cut off is told of it; without one nothing is said."""
    heard = Heard()
    monkeypatch.setattr(End, "cut_off", lambda _: "r1")
    End(heard, None).tell_of_cut_off()
    monkeypatch.setattr(End, "cut_off", lambda _: "")
    End(heard, None).tell_of_cut_off()
    assert heard.lines == ["run r1 was cut off and could go on with --resume; this is a new one"]


def test_words_of_serve_that_cannot_be_told_apart_are_told(tmp_path):
    """A quote that is left open is a mistake of the command line, and nothing is begun."""
    with (
        pytest.raises(
            ServeError, match=r"--serve cannot be told apart \(no closing quotation\): see the quotes in '--http"
        ),
        served(Heard(), tmp_path, "'--http 127.0.0.1:0", tmp_path),
    ):
        pytest.fail("nothing is served")

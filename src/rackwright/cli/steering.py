"""What an operator tells a living bring-up, and where one is."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rackwright.cli.answer import ERROR, FINE, Answer
from rackwright.cli.talk import Talk
from rackwright.errors import RunError

if TYPE_CHECKING:
    from rackwright.report.board import Board
    from rackwright.runs import Command, Graph, Status
    from rackwright.runs.folder import RunFolder
    from rackwright.runs.model import CommandKind

__all__ = ["commands_of", "status", "told"]

_ENDED = frozenset({"done", "failed", "cancelled"})
_ANSWERS = frozenset({"approve", "refuse"})
_SHUT = frozenset({"failed", "cancelled", "skipped"})
"""States of a question behind which nothing goes on."""


def commands_of(words: dict[str, Any], reason: str) -> list[Command]:
    """Return the commands that the options mean: ``pause`` and ``go`` for the run, the others for what they name."""
    from rackwright.runs import Command

    who, found = getpass.getuser(), []
    whole: Sequence[CommandKind] = ("pause", "go", "cancel")
    named: Sequence[CommandKind] = ("retry", "skip", "approve", "refuse")
    found += [Command(kind=kind, reason=reason, who=who) for kind in whole if words.get(kind)]
    for kind in named:
        found += [Command(kind=kind, task=_task(kind, name), reason=reason, who=who) for name in words.get(kind) or ()]
    if any(one.kind == "skip" for one in found) and not reason:
        raise click.UsageError("--skip needs a --reason: it stands in the record")
    return found


def _task(kind: str, name: str) -> str:
    """Return the task that is meant: an operator names the stage that a gate is before."""
    return name if kind not in {"approve", "refuse"} or "/" in name else f"{name}/ask"


def told(talk: Talk, state: Path, commands: Sequence[Command], database: str | None) -> Answer:
    """Hand commands to the newest bring-up of a site."""
    from rackwright import runs
    from rackwright.bringup.submitting import living

    found = living(state, database)
    if found is None or found.state in _ENDED:
        ended = f"run {found.run} has ended {found.state}" if found else "nothing was begun"
        talk.error(f"error: no bring-up is under way: {ended}; 'rackwright bringup' begins one, and does what is left")
        return Answer(ERROR, {"run": found.run if found else None})
    graph = runs.graph(state, found.run)
    if wrong := list(_wrong(commands, graph)):
        for line in wrong:
            talk.error(f"error: {line}")
        talk.error("the run was told nothing")
        return Answer(ERROR, {"run": found.run})
    refused = _unasked(commands, graph)
    if not refused and any(one.kind in _ANSWERS for one in commands):
        refused = _late(commands, _board(state, found.run))
    if refused:
        talk.error(f"error: {refused}")
        return Answer(ERROR, {"run": found.run})
    for command in commands:
        runs.tell(state, found.run, command)
        what = f" {command.task}" if command.task else ""
        talk.say(f"told run {found.run}: {command.kind}{what}")
    if found.state == "interrupted":
        talk.say("nobody works on it: 'rackwright bringup --resume' goes on, and heeds it")
    if found.state == "elsewhere":
        talk.say(f"whether anybody works on it stands in {found.database}: {_look(found)}")
    return Answer(data={"run": found.run, "told": commands})


def _wrong(commands: Sequence[Command], graph: Graph) -> Iterator[str]:
    """Say of each command that means nothing in a run what is wrong with it; who answers a question is judged by :func:`_unasked`."""
    from rackwright.runs.commands import refuse_wrong

    for one in (one for one in commands if one.kind not in _ANSWERS):
        try:
            refuse_wrong(graph, one)
        except RunError as error:
            yield str(error)


def _unasked(commands: Sequence[Command], graph: Graph) -> str:
    """Say that a run asks no such question, and which it asks; empty: all answers have their question."""
    asks = [task.name for task in graph.tasks if task.question]
    strange = [one for one in commands if one.kind in _ANSWERS and one.task not in asks]
    if not strange:
        return ""
    name = strange[0].task.removesuffix("/ask")
    known = ", ".join(one.removesuffix("/ask") for one in asks)
    does = f"it asks before {known}" if known else "it asks nothing at all"
    return f"this run asks nobody before {name}: {does}; 'bringup --gate {name}' asks, when a run is begun with it"


def _late(commands: Sequence[Command], board: Board) -> str:
    """Say that a question was answered before, otherwise than now: such an answer changes nothing any more; empty: none was."""
    anew = {one.task for one in commands if one.kind == "retry"}
    for one in (one for one in commands if one.kind in _ANSWERS and one.task not in anew):
        view = board.task(one.task)
        name = one.task.removesuffix("/ask")
        if view.state in {"done", "waived"} and one.kind == "refuse":
            return f"{name} was let begin ({view.cause}), so nothing is refused any more: --pause begins nothing further, --cancel ends the run"
        if view.state in _SHUT and one.kind == "approve":
            return f"{name} was not let begin ({view.cause}): --retry {one.task} asks again, then --approve {name}"
    return ""


def _board(state: Path, run: str) -> Board:
    from rackwright import runs
    from rackwright.report.board import Board

    board = Board(runs.graph(state, run), run=run)
    for event in runs.events(state, run):
        board.hear(event)
    return board


def status(state: Path, database: str | None) -> Answer:
    """Tell where the newest bring-up of a site is, from what it told so far."""
    from rackwright.bringup.held import held_back
    from rackwright.bringup.submitting import living
    from rackwright.report.screens import progress
    from rackwright.runs.folder import RunFolder

    found = living(state, database)
    if found is None:
        return Answer(data=None, lines=["no bring-up was begun"])
    board = _board(state, found.run)
    left = list(_left(state, found.run))
    # What was told a moment ago, or while nobody works on it, holds as well.
    paused = found.state not in _ENDED and any(one.words == ("--pause",) for one in held_back(state, found.run))
    return Answer(
        FINE,
        {**_value(found), "paused": paused, "left": left},
        [
            _line(found, paused=paused), progress(board), *_waiting(board, RunFolder.found(state, found.run)), *_open(board),
            *(f"run {run} was cut off before it: {_record_of(state, run)}" for run in left),
        ],
    )  # fmt: skip


def _left(state: Path, newest: str) -> Iterator[str]:
    """Yield the earlier bring-ups that told no end, and of which no record is kept."""
    from rackwright.bringup.program import NAME
    from rackwright.runs.folder import runs_of
    from rackwright.runs.whereabouts import told_end

    for folder in (one for one in runs_of(state) if one.run < newest):
        kept = (folder.path / "record" / "record.json").exists()
        if not kept and folder.record().program == NAME and told_end(folder) is None:
            yield folder.run


def _record_of(state: Path, run: str) -> str:
    return f"'{shlex.join(['rackwright', 'report', str(state.parent), '--run', run])}' keeps its record"


def _look(found: Status) -> str:
    """Return how to ask the database that knows."""
    asks = f"--database {found.database}" if "://" in found.database else "no --database"
    return f"'rackwright bringup --status' with {asks} tells"


def _line(found: Status, *, paused: bool) -> str:
    rests = ", paused (nothing further is begun until --go)" if paused else ""
    if found.state == "elsewhere":
        return f"run {found.run}: not ended{rests}, begun {found.begun}; who works on it stands in {found.database}: {_look(found)}"
    holder = f", {found.holder}" if found.holder else ""
    return f"run {found.run}: {found.state}{rests}, begun {found.begun}{holder}"


def _value(found: Status) -> dict[str, Any]:
    return {
        "run": found.run, "state": found.state, "begun": found.begun, "holder": found.holder, "ended": found.ended,
        "devices": found.devices,
    }  # fmt: skip


def _waiting(board: Any, folder: RunFolder) -> Iterator[str]:
    """Say which tags are waited for, and which command serves each."""
    from rackwright.runs.whereabouts import serves

    tags: dict[str, list[str]] = {}
    for name, task in board.tasks.items():
        view = board.task(name)
        if view.state == "waiting" and task.reach and f"worker {task.reach}" in view.waits_for:
            tags.setdefault(task.reach, []).append(name)
    for tag, names in tags.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"{names[0]}{more} waits for a worker of tag {tag}: '{serves(folder, tag)}' serves it (with --twin, if the run has it)"


def _open(board: Any) -> list[str]:
    """Say of each task that failed why and what to do, of each gate what it asks and who answers, and what is at work."""
    from rackwright.report.happenings import answered_by
    from rackwright.report.words import remedies

    lines: list[str] = []
    for name in board.tasks:
        view = board.task(name)
        if view.state == "failed":
            lines.append(f"{name} failed: {view.cause}")
            lines += (f"  remedy: {one}" for one in remedies(view.remedy, view.cause))
        elif view.state == "asks":
            lines.append(f"{name} asks: {board.tasks[name].question} ({answered_by(name)})")
        elif view.state == "running":
            lines.append(f"{name} running{f': {view.step}' if view.step else ''}")
    return lines

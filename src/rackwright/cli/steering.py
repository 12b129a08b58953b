"""What an operator tells a living bring-up, and where one is."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rackwright.cli.answer import ERROR, FINE, Answer
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.runs import Command, Status
    from rackwright.runs.model import CommandKind

__all__ = ["commands_of", "status", "told"]

_ENDED = frozenset({"done", "failed", "cancelled"})


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
    for command in commands:
        runs.tell(state, found.run, command)
        what = f" {command.task}" if command.task else ""
        talk.say(f"told run {found.run}: {command.kind}{what}")
    if found.state == "interrupted":
        talk.say("nobody works on it: 'rackwright bringup --resume' goes on, and heeds it")
    return Answer(data={"run": found.run, "told": commands})


def status(state: Path, database: str | None) -> Answer:
    """Tell where the newest bring-up of a site is, from what it told so far."""
    from rackwright import runs
    from rackwright.bringup.submitting import living
    from rackwright.report.board import Board
    from rackwright.report.screens import progress

    found = living(state, database)
    if found is None:
        return Answer(data=None, lines=["no bring-up was begun"])
    board = Board(runs.graph(state, found.run), run=found.run)
    for event in runs.events(state, found.run):
        board.hear(event)
    return Answer(FINE, _value(found), [_line(found), progress(board), *_open(board)])


def _line(found: Status) -> str:
    holder = f", {found.holder}" if found.holder else ""
    return f"run {found.run}: {found.state}, begun {found.begun}{holder}"


def _value(found: Status) -> dict[str, Any]:
    return {
        "run": found.run, "state": found.state, "begun": found.begun, "holder": found.holder, "ended": found.ended,
        "devices": found.devices,
    }  # fmt: skip


def _open(board: Any) -> list[str]:
    """Say of each task that failed why, and of each gate what it waits for."""
    lines = []
    for name in board.tasks:
        view = board.task(name)
        if view.state == "failed":
            lines.append(f"{name} failed: {view.cause}" + (f"; {view.remedy}" if view.remedy else ""))
        elif view.state in {"asks", "running"}:
            lines.append(f"{name} {view.state}{f': {view.step}' if view.step else ''}")
    return lines

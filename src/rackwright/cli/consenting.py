"""Where the operator is asked. What changes a device is shown and agreed to here, or was when it was begun and is gone on with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rackwright.cli.answer import DIFFERENCE, ERROR, Answer
from rackwright.cli.watching import going_on, watch
from rackwright.errors import RunBusy, RunChanged

if TYPE_CHECKING:
    from rackwright.cli.talk import Talk
    from rackwright.runs import Event, Report, Status

__all__ = ["Shown", "about", "agreed", "gone_on", "left_behind", "nothing_cut_off", "refuse_narrower"]


@dataclass(frozen=True)
class Shown:
    """What is put before the operator."""

    question: str
    lines: Sequence[str]
    value: Any
    """The same for ``--json``."""
    done: str = "pushed"
    """What it was not when it ends here."""
    barred: str = ""
    """Why it may not be done as it was asked for, with the remedy; empty: it may."""
    because: Iterable[str] = ()
    """What exactly it is that bars it."""
    unread: bool = False
    """Some device could not be asked: more is wrong than that there is a difference."""
    grave: bool = False
    """It is said even to somebody who wants quiet."""


def agreed(talk: Talk, shown: Shown, *, yes: bool) -> Answer | None:
    """Show what would be done and ask, unless ``yes`` was said before; return what ends it here, or None when it may go on."""
    # Whoever closed stdin has no terminal either: Python has none then.
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        last: tuple[str, ...] = (f"nothing was {shown.done}: look at it and run it again with --yes, or on a terminal",)
        return Answer(ERROR if shown.unread else DIFFERENCE, shown.value, shown.lines, last=last)
    if shown.barred:
        last = (*shown.because, f"error: nothing was {shown.done}: {shown.barred}")
        return Answer(ERROR, shown.value, shown.lines, last=last)
    for line in shown.lines:
        (talk.say if yes and not shown.grave else talk.error)(line)
    if not yes and not click.confirm(shown.question, err=True):
        return Answer(DIFFERENCE, shown.value)
    return None


def refuse_narrower(state: Path, run: str, known: Collection[str], meant: Collection[str]) -> None:
    """Raise a usage error where ``--limit`` leaves out a device of the run that is to go on: it would fail there, and the run be over."""
    lost = [name for name in about(state, run) if name in known and name not in meant]
    if lost:
        raise click.UsageError(
            f"run {run} goes on as it was begun, and --limit leaves out {lost[0]}: leave --limit out, or begin anew without --resume"
        )


def about(state: Path, run: str) -> tuple[str, ...]:
    """Return the devices of the run that was cut off, empty where none was: a new one in its place is about nobody else."""
    from rackwright.runs.folder import RunFolder

    return RunFolder.found(state, run).record().devices if run else ()


def nothing_cut_off(talk: Talk, what: str, latest: Status | None) -> None:
    """Say that there is nothing to go on with, whatever was asked and agreed to for what goes on.

    Raises :class:`~rackwright.errors.RunBusy` where the ``latest`` run is being worked on.
    """
    if latest is not None and latest.holder:
        raise RunBusy(
            f"run {latest.run} was not cut off: it is held by {latest.holder}; wait for it, or press Ctrl-C there"
        )
    ended = f" (run {latest.run} ended {latest.state})" if latest and latest.report else ""
    talk.say(f"no {what} was cut off{ended}: there is nothing to go on with; without --resume a new one begins")


def left_behind(run: Status, by: str, devices: Sequence[str]) -> RunChanged:
    """Return what says that a run cannot go on, and which devices are as it left them."""
    from rackwright.report.words import some

    return RunChanged(
        f"run {run.run} was cut off and cannot go on, since run {by} has worked on its devices; {some(devices)}: as it left "
        f"{'it' if len(devices) == 1 else 'them'}. Nothing was begun: a new push without --resume reads first"
    )


def gone_on(talk: Talk, what: str, run: str, resume: Callable[[str, Callable[[Event], None]], Report]) -> Report | None:
    """Go on with the run that was cut off, empty where that is none that can; None when only a new one can.

    ``resume`` is given the run and what hears its events.
    """
    if not run:
        talk.say(f"the {what} was cut off before its own run began: this is a new one, it reads first")
        return None
    try:
        return resume(run, going_on(talk, run, watch(talk)))
    except RunChanged as error:
        talk.say(f"{error}; reading first")
        return None

"""Durable runs: the only door to the engine that outlives a killed process (design.md, decision 9).

A run is one :class:`~rackwright.runs.model.Program` over one *order*, the bytes that say what is to be done.
Its path is short::

    with runs.opened(state_dir, programs=[push], clock=clock) as engine:      # SITE/.rackwright
        report = engine.run("push", order, jobs=8, on_event=show)             # -> Report, or
        report = engine.resume("20261126-210145-kdp", on_event=show)          # goes on with a killed run

    runs.listed(state_dir)  runs.latest(state_dir, "push")                    # -> Status; reads only, no engine
    runs.cancel(state_dir, run)                                               # from any process: end between steps
    runs.events(state_dir, run)                                               # the run's lines so far

    runs.graph(state_dir, run)  runs.tell(state_dir, run, Command(kind="skip", task="gpu01", reason="..."))

A :class:`~rackwright.runs.model.GraphProgram` goes in tasks instead of waves: each begins as soon as what it hangs on has
ended and its limits have room, over all workers together; what an operator tells it is heard between two of them.

Inside: the *fleet* workflow takes wave after wave; each device is a workflow of its own, in a queue of its
own that lets ``jobs`` of them run; after each wave one gate says whether the next may begin. Every step of a
device is journalled when it ended, and only then. So after ``kill -9`` a resumed run repeats no journalled
step, and does the one again that was begun: **the work of a step looks at the device first**.

What a program can rely on:

- ``context.step(name, work)`` gives back what the journal holds: the JSON of the value, secrets masked; the
  same now and after a resume. An exception of ``work`` is journalled too, by type and message, and raised
  again as the same class of :mod:`rackwright.errors` (``device`` and ``remedy`` kept), else as ``RunError``.
- Names of steps, and their order, depend on nothing but the order and what earlier steps returned; and on
  ``context.cancelled()``, which the engine journals when it says yes.
- What ``device`` raises ends that device as ``failed`` (stage: its last step), never its neighbours.
- ``gate`` gets the outcomes of its wave's devices. When it does not say ``done``, the devices of later waves
  (of those that name it in ``after``, where a wave has that) end ``skipped`` with its cause. A canary that fails ends the rest of its wave ``skipped``; the gate is asked.
- Steps run in a thread of their own, ``jobs`` at once; ``on_event`` is called in the caller's thread.
- Texts and values are masked before they touch a file: the secrets given as ``hide``, keys that look
  secret, password hashes and private keys. A :class:`rackwright.secrets.Secret` is refused.

Who may do what: a process holds a run while it attends to it; a second one gets
:class:`~rackwright.errors.RunBusy` with host, pid and since when, also for a new run over a device that a
living run works on, beside one that a run which was cut off left moving, or while a run that has not ended has its journal in another database. A run begun under another ``Program.version`` is not gone on with:
:class:`~rackwright.errors.RunChanged`. One that works on the twin is none of a process that does not, nor the other way round. Ctrl-C asks once for a cancel and waits; a second one leaves, and the
run can be resumed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright.runs.model import (
    Command,
    Context,
    Event,
    Graph,
    GraphProgram,
    Outcome,
    Program,
    Report,
    Status,
    Task,
    Wave,
)

if TYPE_CHECKING:
    from rackwright.drivers.clock import Clock
    from rackwright.runs.engine import Engine
    from rackwright.runs.unsettled import Left
    from rackwright.secrets import Secret

__all__ = [
    "Command",
    "Context",
    "Event",
    "Graph",
    "GraphProgram",
    "Outcome",
    "Program",
    "Report",
    "Status",
    "Task",
    "Wave",
    "cancel",
    "cut_off",
    "events",
    "graph",
    "latest",
    "left_over",
    "listed",
    "note",
    "opened",
    "overtaken",
    "refuse_other_database",
    "tell",
    "worked",
]


def opened(
    state_dir: Path,
    *,
    programs: Sequence[Program | GraphProgram],
    clock: Clock | None = None,
    database: str | None = None,
    hide: Iterable[Secret] = (),
    executor: str = "",
    lease_s: float = 15.0,
    threads: int = 64,
    tags: Iterable[str] = (),
    twin: bool | None = None,
    unsettled: Callable[[Left], str] | None = None,
) -> Engine:
    """Return an engine to be used in a ``with``: one a process at a time, over ``SITE/.rackwright``.

    ``database`` is a ``postgresql://`` address where one machine is outgrown; the folder is then shared by
    the workers. ``hide`` are the secrets that the programs hold. ``executor`` names this process among the
    workers (default: host, pid and chance). ``lease_s`` is how long a silent worker of another machine keeps its work. A run's
    ``jobs`` count over all workers; ``threads`` is the most that one of them takes. Tasks with a ``reach``
    are taken by a process that has it among its ``tags``. ``twin``: the programs work on the emulated rack of the site and
    not on the real one; a run that was begun on one of them never goes on at the other. ``unsettled`` looks at a device that a run which was
    cut off left in hand, and says what it still does by itself (empty: it has settled): nothing begins or goes on beside one that moves. Without
    it nobody looks.
    """
    # Only who runs something pays for the engine: importing it costs half a second.
    from rackwright.runs.engine import Engine

    return Engine(
        state_dir,
        programs=programs,
        clock=clock,
        database=database,
        hide=tuple(hide),
        executor=executor,
        lease_s=lease_s,
        threads=threads,
        tags=frozenset(tags),
        twin=twin,
        unsettled=unsettled,
    )


def listed(state_dir: Path, *, database: str | None = None) -> list[Status]:
    """Return every run of a site, newest first, while another process works and after it died."""
    from rackwright.runs.reading import found

    return list(found(state_dir, database=database))


def latest(state_dir: Path, program: str, *, database: str | None = None) -> Status | None:
    """Return the newest run of a program, or None."""
    from rackwright.runs.reading import found

    with contextlib.closing(found(state_dir, program, database=database)) as newest_first:
        return next(newest_first, None)


def cut_off(state_dir: Path, program: str, *, database: str | None = None) -> Status | None:
    """Return the newest run of a program that can go on, or None: nobody works on it, and no later run has worked on its devices."""
    from rackwright.runs.reading import cut_off as found

    return found(state_dir, program, database=database) if state_dir.is_dir() else None


def overtaken(state_dir: Path, program: str, *, database: str | None = None) -> tuple[Status, str] | None:
    """Return the newest run of a program and a later run, where the first was cut off and the later has worked on one of its devices."""
    from rackwright.runs.reading import overtaken as found

    return found(state_dir, program, database=database) if state_dir.is_dir() else None


def left_over(
    state_dir: Path, program: str, *, database: str | None = None
) -> tuple[Status, str, tuple[str, ...]] | None:
    """Return the newest run of a program that was cut off and cannot go on, the later run on one of its devices, and those on which none has worked; or None."""
    from rackwright.runs.reading import left_over as found

    return found(state_dir, program, database=database) if state_dir.is_dir() else None


def refuse_other_database(state_dir: Path, *, database: str | None = None) -> None:
    """Refuse to look into a database when a run that has not ended has its journal in another one.

    Raises :class:`~rackwright.errors.RunBusy`, which names that database. The engine does so too, before it begins anything.
    """
    from rackwright.runs.whereabouts import insist

    if state_dir.is_dir():
        insist(state_dir, database)


def cancel(state_dir: Path, run: str) -> None:
    """Ask a run to end between its steps; whoever attends to it reports when it did.

    Raises :class:`~rackwright.errors.RunError` when there is no such run.
    """
    from rackwright.runs.folder import RunFolder

    RunFolder.found(state_dir, run).ask_to_stop()


def events(state_dir: Path, run: str) -> Iterator[Event]:
    """Yield what the run told so far, oldest first."""
    from rackwright.runs.folder import RunFolder

    yield from RunFolder.found(state_dir, run).events().fresh()


def note(state_dir: Path, run: str, text: str, *, subject: str = "") -> None:
    """Add a line to what a run told, from any process: what went on beside it, and decides nothing.

    Raises :class:`~rackwright.errors.RunError` when there is no such run, or the line cannot be written.
    """
    from rackwright.runs.folder import RunFolder

    with contextlib.closing(RunFolder.found(state_dir, run).events()) as events:
        events.tell("note", text, subject)


def tell(state_dir: Path, run: str, command: Command) -> None:
    """Tell a run of a graph what an operator wants, from any process; it is on the disk when this returns.

    Raises :class:`~rackwright.errors.RunError` when there is no such run, no such task, or nobody gave a reason to ``skip``.
    """
    from rackwright.runs.commands import told

    told(state_dir, run, command)


def worked(state_dir: Path, since: str, *, twin: bool) -> Mapping[str, tuple[str, str]]:
    """Return device -> when a run last worked on it, and which, of what was done after ``since`` (ISO 8601; empty: ever) at one of the racks."""
    from rackwright.runs.since import worked as found

    return found(state_dir, since, twin=twin)


def graph(state_dir: Path, run: str) -> Graph:
    """Return what a run of a graph does.

    Raises :class:`~rackwright.errors.RunError` when there is no such run, or it goes in waves.
    """
    from rackwright.runs.commands import graph_of

    return graph_of(state_dir, run)

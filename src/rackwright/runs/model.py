"""What a durable run is made of, without the engine: a program, its waves or its graph, the work on one device.

A program is code with a name and a version set by hand; a run is one program over one order (the bytes of
a changeset, kept in the run's folder by digest). All that a journal keeps are the JSON values that steps
return: no secret may be among them.

A :class:`Program` goes in waves, a :class:`GraphProgram` in tasks of which each names what it hangs on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

__all__ = [
    "GOOD",
    "JOBS",
    "STOPPED",
    "Apart",
    "Command",
    "CommandKind",
    "Context",
    "EndState",
    "Event",
    "Graph",
    "GraphProgram",
    "Json",
    "Outcome",
    "Program",
    "Report",
    "RunState",
    "State",
    "Status",
    "Task",
    "Wave",
]

Json: TypeAlias = Any
"""A value that JSON holds."""

Apart: TypeAlias = dict[str, tuple[str, ...]] | tuple[str, ...]
"""Why -> the devices that nobody may work on meanwhile; the reason goes on behind a device and "which". Names alone: no reason was kept."""

State = Literal["done", "unchanged", "waived", "failed", "skipped", "cancelled"]
"""How the work on one device, or a task, ended.

``waived``: an operator skipped it with a reason. ``skipped``: what it hangs on did not end well.
"""

GOOD: Final[frozenset[State]] = frozenset({"done", "unchanged", "waived"})
"""The states of what needs nothing more: whatever hangs on it goes on."""

JOBS: Final = "jobs"
"""The limit of which each task takes one, unless it says otherwise; the engine sets it from ``jobs``."""

STOPPED: Final = "the operator asked to stop before it began"
"""Cause of what was cancelled without having been begun."""

CommandKind = Literal["pause", "go", "cancel", "skip", "retry", "approve", "refuse"]
"""What an operator may tell a living run."""

EndState = Literal["done", "failed", "cancelled"]
"""How a run ended: ``failed`` when a device or a gate did, or something was skipped."""

RunState = Literal["waiting", "running", "interrupted", "elsewhere", "done", "failed", "cancelled"]
"""Where a run is; nobody works on an ``interrupted`` one, it can be resumed."""


class Wave(msgspec.Struct, frozen=True):
    """Devices that may be worked on at the same time, and what must be finished before."""

    name: str
    devices: tuple[str, ...]
    canary: str = ""
    """The one device of this wave that goes first and alone; empty: none."""
    after: tuple[str, ...] | None = None
    """Earlier waves without whose gate this one is not begun; None: all of them."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is done to one device, in one stage of a run."""

    name: str
    """Unique in its run: ``firmware/gpu01``."""
    stage: str
    """One of the design's stage words."""
    device: str = ""
    """What is worked on: no living run works on the same; empty: a gate."""
    after: tuple[str, ...] = ()
    """Tasks that must have ended good before; when one did not, this one ends ``skipped`` and names the first that failed."""
    settled: tuple[str, ...] = ()
    """Tasks that must have ended before, however: a gate over a stage hangs on its devices without falling with one."""
    takes: dict[str, int] = {}
    """Limit -> how much of it is taken while the task is worked on; one of ``jobs`` where that is not named."""
    reach: str = ""
    """Only a worker with this tag takes it; empty: any."""
    question: str = ""
    """A manual gate: nothing is done, it waits until an operator approves or refuses. A gate takes no limit."""


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """What a run does: tasks in the order in which they are begun where nothing else decides, and the limits."""

    tasks: tuple[Task, ...]
    limits: dict[str, int] = {}
    """Limit -> the most that may be taken of it at once, over all workers."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator told a living run; :func:`rackwright.runs.tell` hands it over.

    ``pause`` begins no further task and ``go`` ends that. ``cancel`` ends the tasks that are named, or the whole
    run, between steps. ``skip`` ends what was not begun as ``waived`` with ``reason``, in its turn. ``retry`` makes what ended failed pending
    again, with what was skipped because of it or went on without it; what was waived by its own name only. ``approve`` and ``refuse`` answer a task's question.
    """

    kind: CommandKind
    task: str = ""
    """The name of a task, a device or a stage (all its tasks); empty where the whole run is meant."""
    reason: str = ""
    who: str = ""
    at: str = ""
    """The wall's time, UTC, ISO 8601; empty: now."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the work on one device, or a gate, ended."""

    subject: str
    state: State
    stage: str = ""
    """The step at which it ended, for a failure."""
    cause: str = ""
    """What the device or the check said."""
    remedy: str = ""
    detail: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of what a run told.

    ``kind``: ``run``, ``wave``, ``gate``, ``device``, ``task``, ``command``, ``step``, ``note`` or ``fault``. The ``text`` of a ``task``
    is its state: ``waiting`` (for a limit, a worker, or again after a retry), ``begins`` (to be worked on; of a question: to be asked), or how it
    ended; ``fields``: ``stage``, ``device``, ``waits_for`` (tasks, ``limit NAME``, ``worker TAG``, ``operator``), ``question``, ``took_s`` (by the
    wall; ``clock_s``: by the twin's clock, where it has another), ``step`` (at which it failed), ``cause``, ``remedy``, ``by`` (the process).
    """

    at: str
    """The wall's time, UTC, ISO 8601."""
    kind: str
    text: str
    subject: str = ""
    """The device, the wave, or the task."""
    fields: dict[str, Any] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: read back from the journal, the same whoever asks."""

    run: str
    program: str
    state: EndState
    outcomes: dict[str, Outcome]
    """By device, in the order of the waves; of a graph: by task, in its order."""
    gates: dict[str, Outcome]
    """By wave, those that were asked; of a graph: none, its gates are tasks."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run is, as anybody may ask."""

    run: str
    program: str
    version: str
    state: RunState
    begun: str
    """The wall's time, UTC, ISO 8601."""
    devices: int
    ended: dict[str, int] = {}
    """How many devices, or tasks of a graph, ended in which state."""
    tasks: int = 0
    """How many tasks there are; 0: it goes in waves."""
    asks: tuple[str, ...] = ()
    """The tasks that wait for an operator's answer."""
    paused: bool = False
    """No further task is begun until somebody says ``go``."""
    holder: str = ""
    """Who attends to it: ``pid 4711 on host since …``."""
    cancelling: bool = False
    database: str = ""
    """What holds its journal, where that is not the database that was looked into: what is said here is what the run told."""
    report: Report | None = None
    """For a run that ended."""


class Context(Protocol):
    """What the work on one device is given; it must be deterministic but for what happens inside steps."""

    run_id: str
    folder: Path
    """The run's folder: artifacts (backups, support bundles) go here, mode 0600."""
    number: int
    """Which try of its task it is: 1, and one more after each retry of an operator."""

    def step(self, name: str, work: Callable[[], Json]) -> Json:
        """Do ``work`` once and journal its value; when resumed, a journalled step gives its value without being done.

        A step that was begun and not journalled is done again: its work looks at the device first.
        """

    def sleep(self, seconds: float) -> None:
        """Wait, durably, on the run's clock."""

    def event(self, text: str, **fields: Json) -> None:
        """Tell whoever is watching. Whoever has lost the run meanwhile stops here: what is told before something is sent is its fence."""

    def cancelled(self) -> bool:
        """Say whether the operator asked to stop; asked between steps."""


@runtime_checkable
class Program(Protocol):
    """Code that a run executes."""

    name: str
    version: str
    """Set by hand; a run begun under another version is not resumed, a new one that reads first is started."""

    def waves(self, order: bytes) -> Sequence[Wave]:
        """Read the order and say what is done when."""

    def device(self, context: Context, order: bytes, device: str) -> Outcome:
        """Work on one device, in steps."""

    def gate(self, context: Context, order: bytes, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:
        """Say whether the next wave may begin; ``state`` ``done`` opens it."""


@runtime_checkable
class GraphProgram(Protocol):
    """Code that a run executes task by task, each as soon as what it hangs on has ended."""

    name: str
    version: str
    """Set by hand; a run begun under another version is not resumed, a new one that reads first is started."""

    def graph(self, order: bytes) -> Graph:
        """Read the order and say what is done, what hangs on what, and what is limited; pure."""

    def task(self, context: Context, order: bytes, task: Task, before: Mapping[str, Outcome]) -> Outcome:
        """Work on one task, in steps; ``before`` holds the outcomes of what it hangs on.

        A task without a device is a gate: its outcome says whether what hangs on it goes on.
        """

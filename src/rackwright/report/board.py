"""The board of a run: its graph and what it told so far, folded into what a person wants to see.

Pure: no clock and no file. ``hear`` takes one event in constant time; everything else is asked. Whoever draws (a
terminal, a page) asks :meth:`Board.changed` what is new. It works from a recorded ``events.jsonl`` as from a living run::

    board = Board(graph, places(plan, devices))
    for event in runs.events(state_dir, run):
        board.hear(event)

Findings reach it in events: ``context.event("3 findings", findings=[...])``, each a :class:`~rackwright.findings.Finding`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from rackwright.findings import Finding
from rackwright.report.marks import ENDED, WORST_FIRST, Mark
from rackwright.report.places import NOWHERE, RackPlace, Stand
from rackwright.runs.model import GOOD, Event, Graph, Task

__all__ = ["Board", "DeviceView", "Gate", "LogLine", "TaskView", "printable", "seconds_of"]

_LOG: Final = 500
_NOTICES: Final = 2
_LOG_OF_DEVICE: Final = 60
_MOST_FINDINGS: Final = 2000


class TaskView(msgspec.Struct, frozen=True):
    """One task as it stands."""

    name: str
    stage: str
    device: str
    state: Mark
    since: str = ""
    """When it came into this state; UTC, ISO 8601."""
    took_s: float | None = None
    """Wall time from its beginning to its end."""
    step: str = ""
    """What was done last."""
    waits_for: tuple[str, ...] = ()
    cause: str = ""
    remedy: str = ""
    """What to do: a remedy a line."""


class DeviceView(msgspec.Struct, frozen=True):
    """One device as it stands: the task that says most about it, and how each of its tasks is."""

    name: str
    rack: str
    state: Mark
    stage: str
    """Stage of the task that says most."""
    text: str
    """Its last step, why it failed, or what it waits for."""
    tasks: tuple[tuple[str, Mark], ...]
    """(stage, state), in the order of the graph."""
    remedy: str = ""
    """What to do about it, a remedy a line."""


class Gate(msgspec.Struct, frozen=True):
    """A task without a device, that has not ended or did not end well: what it waits for and what it holds back."""

    name: str
    state: Mark
    question: str
    waits_for: int
    """How many tasks have to end before it."""
    first: str
    """One of them."""
    holds: int
    """How many tasks hang on it."""
    cause: str = ""


class LogLine(msgspec.Struct, frozen=True):
    """One line of what was told."""

    at: str
    subject: str
    text: str


class _Told:
    """What is known of one task."""

    __slots__ = ("begun", "cause", "remedy", "since", "state", "step", "took_s", "waits_for")

    def __init__(self) -> None:
        self.state: Mark = "pending"
        self.since = self.step = self.cause = self.remedy = ""
        self.begun = 0.0
        self.took_s: float | None = None
        self.waits_for: tuple[str, ...] = ()


class Board:
    """What is known of a run by what it told."""

    def __init__(self, graph: Graph, racks: Iterable[RackPlace] = (), *, run: str = "", site: str = "") -> None:
        """Begin with nothing told; devices that are in no rack of ``racks`` are put into one without a name."""
        self.graph = graph
        self.run, self.site = run, site
        self.tasks: Mapping[str, Task] = {task.name: task for task in graph.tasks}
        self.stages: tuple[str, ...] = tuple(dict.fromkeys(task.stage for task in graph.tasks))
        self.of_device: Mapping[str, tuple[Task, ...]] = _by_device(graph)
        self.racks = _with_rest(racks, self.of_device)
        self.rack_of = {stand.device: rack.name for rack in self.racks for stand in rack.stands}
        self.state: Mark = "waiting"
        """How the run itself is: ``waiting``, ``running``, ``paused``, or how it ended."""
        self.begun = self.at = ""
        """When the first and the last event were told."""
        self.forgotten = 0
        """How often findings were taken back, since a task that told them is done again."""
        self.log: deque[LogLine] = deque(maxlen=_LOG)
        self.notices: deque[LogLine] = deque(maxlen=_NOTICES)
        """The last lines about the run itself: what an operator told it, that it stops, a fault."""
        self.counts: Mapping[str, Counter[Mark]] = {stage: Counter() for stage in self.stages}
        """How many tasks of each stage are in each state."""
        self.heard = 0
        """How many events were heard: a number that only grows."""
        self.noted = 0
        """How many lines the log ever had."""
        self.measured: dict[str, tuple[int, float]] = {}
        """Stage -> how many tasks ended after being worked on, and how long they took together, in s of wall time."""
        self.worked: dict[str, tuple[int, float]] = {}
        """The same of those that changed something: what an earlier run says of one that has everything to do."""
        self._told = {name: _Told() for name in self.tasks}
        self._logs: dict[str, deque[LogLine]] = {}
        self._moved: dict[str, int] = {}
        self._findings: dict[str, Finding] = {}
        self._tellers: dict[str, set[str]] = {}
        self._found_by: dict[str, set[str]] = {}
        self._gates: list[Gate] = []
        self._gates_at = -1
        for task in graph.tasks:
            self.counts[task.stage]["pending"] += 1

    # --- telling ---------------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Take one event."""
        event = _printable(event)
        self.heard += 1
        self.begun, self.at = self.begun or event.at, event.at
        if event.kind == "task" and event.subject in self._told:
            self._hear_task(event)
        elif event.kind == "step":
            self._hear_step(event)
        else:
            self._hear_rest(event)
        told = event.fields.get("findings")
        for raw in told if isinstance(told, list) else ():
            self._find(raw, event.subject)
        device = self._device(event)
        if device:
            self._moved[device] = self.heard

    def _hear_task(self, event: Event) -> None:
        told, task = self._told[event.subject], self.tasks[event.subject]
        state = _STATES.get(event.text, told.state)
        if task.question and state == "running":
            state = "asks"
        self.counts[task.stage][told.state] -= 1
        self.counts[task.stage][state] += 1
        told.state, told.since = state, event.at
        told.cause = printable(str(event.fields.get("cause") or ""))
        told.remedy = "\n".join(map(printable, str(event.fields.get("remedy") or "").splitlines()))
        told.waits_for = _names(event.fields.get("waits_for"))
        if self.state == "waiting":
            self.state = "running"
        if state in {"running", "asks"}:
            told.begun, told.took_s, told.step = seconds_of(event.at), None, ""
            self._forget(task.name)
        elif state in ENDED:
            self._hear_end(task, told, event)
        if state not in {"pending", "waiting"}:
            self._note(event, f"{state}{': ' + told.cause if told.cause else ''}")

    def _hear_end(self, task: Task, told: _Told, event: Event) -> None:
        if not told.begun:
            return
        told.took_s = max(0.0, seconds_of(event.at) - told.begun)
        if told.state in GOOD and not task.question:
            for sums in (self.measured, self.worked) if told.state == "done" else (self.measured,):
                number, total = sums.get(task.stage, (0, 0.0))
                sums[task.stage] = (number + 1, total + told.took_s)

    def _hear_step(self, event: Event) -> None:
        told = self._told.get(event.subject)
        if told is not None:
            told.step = printable(str(event.fields.get("step") or event.text))

    def _hear_rest(self, event: Event) -> None:
        if event.kind == "run":
            self.state = _STATES.get(event.text, self.state)
        if event.kind == "command" and event.text in {"pause", "go"} and self.state not in ENDED:
            self.state = "paused" if event.text == "pause" else "running"
        text = event.text if event.kind in {"note", "task"} else f"{event.kind} {event.text}"
        self._note(event, text)
        # A note of nobody's task was told by what goes on beside the run: nowhere else is it seen.
        beside = event.kind == "note" and event.subject and event.subject not in self.tasks and not self._device(event)
        if beside or event.kind in {"run", "command", "fault"}:
            self.notices.append(LogLine(event.at, event.subject, text))

    def _find(self, raw: Any, teller: str) -> None:
        try:
            found = msgspec.convert(raw, Finding)
        except msgspec.ValidationError:
            return
        if found.id in self._findings or len(self._findings) < _MOST_FINDINGS:
            self._findings.setdefault(found.id, found)
            self._tellers.setdefault(found.id, set()).add(teller)
            self._found_by.setdefault(teller, set()).add(found.id)

    def _forget(self, task: str) -> None:
        """Take back what a former try of a task found, unless another one found it too: this try looks for it anew."""
        for one in self._found_by.pop(task, ()):
            self._tellers[one].discard(task)
            if not self._tellers[one]:
                del self._findings[one], self._tellers[one]
                self.forgotten += 1

    def _note(self, event: Event, text: str) -> None:
        line = LogLine(event.at, event.subject, text)
        self.log.append(line)
        self.noted += 1
        device = self._device(event)
        if device:
            self._logs.setdefault(device, deque(maxlen=_LOG_OF_DEVICE)).append(line)

    def _device(self, event: Event) -> str:
        """Return the device that an event is about: its task's, or the one that it names; empty: none."""
        task = self.tasks.get(event.subject)
        return task.device if task else event.subject if event.subject in self.of_device else ""

    # --- asking ----------------------------------------------------------------------------------

    @property
    def findings(self) -> list[Finding]:
        """Return what was found and not taken back, in the order in which it was told."""
        return list(self._findings.values())

    def changed(self, since: int) -> list[str]:
        """Return the devices about which something was told after the event of number ``since``."""
        return [name for name, at in self._moved.items() if at > since]

    def mark(self, task: str) -> Mark:
        """Return the state of a task."""
        return self._told[task].state

    def begun_at(self, task: str) -> float:
        """Return when a task was begun, in seconds since 1970; 0: it was not."""
        return self._told[task].begun

    def task(self, name: str) -> TaskView:
        """Return one task as it stands."""
        told, task = self._told[name], self.tasks[name]
        waits = (
            () if told.state in ENDED or told.state == "running" else told.waits_for or tuple(self.open_before(name))
        )
        return TaskView(
            name,
            task.stage,
            task.device,
            told.state,
            told.since,
            told.took_s,
            told.step,
            waits,
            told.cause,
            told.remedy,
        )

    def open_before(self, name: str) -> list[str]:
        """Return the tasks that have to end before this one and have not."""
        task = self.tasks[name]
        return [one for one in (*task.after, *task.settled) if one in self._told and self.mark(one) not in ENDED]

    def device(self, name: str) -> DeviceView:
        """Return one device as it stands."""
        tasks = self.of_device[name]
        marks = tuple((task.stage, self.mark(task.name)) for task in tasks)
        said = min(tasks, key=lambda task: WORST_FIRST[self.mark(task.name)])
        told = self._told[said.name]
        if told.state in GOOD:
            said = tasks[-1]
        text = _waits(told.waits_for) if told.state == "waiting" else told.cause or told.step
        return DeviceView(name, self.rack_of[name], told.state, said.stage, text, marks, told.remedy)

    def devices(self) -> dict[str, DeviceView]:
        """Return every device, in the order of the graph."""
        return {name: self.device(name) for name in self.of_device}

    def log_of(self, device: str) -> list[LogLine]:
        """Return the last lines about one device."""
        return list(self._logs.get(device, ()))

    def findings_of(self, device: str) -> list[Finding]:
        """Return the findings about one device."""
        return [one for one in self.findings if one.subject == device or one.subject.startswith(f"{device}:")]

    def gates(self) -> list[Gate]:
        """Return the gates that are not open: what each waits for, and how much hangs on it."""
        if self._gates_at != self.heard:
            self._gates, self._gates_at = self._gates_now(), self.heard
        return self._gates

    def _gates_now(self) -> list[Gate]:
        holds: Counter[str] = Counter()
        for task in self.graph.tasks:
            if self.mark(task.name) not in ENDED:
                holds.update(task.after)
        found = []
        for task in self.graph.tasks:
            told = self._told[task.name]
            if task.device or told.state in GOOD:
                continue
            before = self.open_before(task.name)
            first = before[0] if before else ""
            found.append(Gate(task.name, told.state, task.question, len(before), first, holds[task.name], told.cause))
        return found

    def totals(self) -> Counter[Mark]:
        """Count the devices by state."""
        return Counter(self.device(name).state for name in self.of_device)


_STATES: Final[Mapping[str, Mark]] = {
    "waiting": "waiting", "pending": "pending", "begins": "running", "running": "running", "resumes": "running",
    "resumed": "running", "paused": "paused",
    "done": "done", "unchanged": "unchanged", "waived": "waived", "failed": "failed", "skipped": "skipped",
    "cancelled": "cancelled",
}  # fmt: skip
"""Text of an event -> the state that it tells."""


def seconds_of(at: str) -> float:
    """Return a time of an event in seconds since 1970; 0 for what is no time."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return 0.0


def _waits(names: tuple[str, ...]) -> str:
    """Say what a task waits for that is ready but for a limit."""
    if not names:
        return ""
    return f"waits for {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def printable(text: str) -> str:
    """Return a text without control characters: what a device says must not steer a terminal."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def _printable(event: Event) -> Event:
    if event.text.isprintable() and event.subject.isprintable():
        return event
    return msgspec.structs.replace(event, text=printable(event.text), subject=printable(event.subject))


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (printable(value),) if value else ()
    return tuple(printable(str(name)) for name in value) if isinstance(value, list | tuple) else ()


def _by_device(graph: Graph) -> dict[str, tuple[Task, ...]]:
    found: dict[str, list[Task]] = {}
    for task in graph.tasks:
        if task.device:
            found.setdefault(task.device, []).append(task)
    return {name: tuple(tasks) for name, tasks in found.items()}


def _with_rest(racks: Iterable[RackPlace], devices: Iterable[str]) -> tuple[RackPlace, ...]:
    """Return the racks with the devices of this run only, and a last one for those that stand in none."""
    meant = frozenset(devices)
    kept = [RackPlace(one.name, one.height_u, tuple(s for s in one.stands if s.device in meant)) for one in racks]
    placed = {stand.device for rack in kept for stand in rack.stands}
    rest = tuple(Stand(name) for name in devices if name not in placed)
    return (*(rack for rack in kept if rack.stands), *([RackPlace(NOWHERE, 0, rest)] if rest else []))

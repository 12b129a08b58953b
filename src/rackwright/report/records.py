"""The record of a run: per device who, when, what was sent, what changed, the evidence and the outcome.

Made from what the run left: its graph, its report, its events and the files in its folder. It is made once, written
as JSON with the digest of every file that it names, and signed (:mod:`rackwright.cli.signing`).

What a program puts into ``Outcome.detail`` and the record understands (all optional; anything else is kept as it is)::

    sent      name of a file in the run's folder, or several: what was sent (an order, a changeset, a play)
    changes   list of what changed, as texts or values; without it, what the files that were sent say
    evidence  names of files in the run's folder: what was read to judge the outcome
    findings  list of rackwright.findings.Finding as JSON: what the judge said, of passes at least their number:
    passed    how many checks passed without a finding of their own
    unproven  list of rackwright.report.unproven.Unproven as JSON: cables that were looked at and not proven
    checks    list of rackwright.report.records.CheckSum as JSON: every check that was made, those that passed too
    versions  mapping component -> version that was found at the end; ``not known`` for one that was not told
    restarts  list of restarts, or how many

``backup``, ``support``, ``profile`` and ``inventory`` (paths of files) count as evidence. Files that a task left by the
rule of the folder are found without being named: ``orders/TASK-DIGEST.json``, ``orders/installs/TASK-DIGEST.json``,
``evidence/STAGE/DEVICE.json``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from rackwright import __version__
from rackwright.findings import Finding
from rackwright.plan.model import Device, Link, Plan
from rackwright.report.earlier import EarlierRun, earlier_runs
from rackwright.report.sent import changes_in
from rackwright.report.unproven import Unproven, cables_of, unproven
from rackwright.report.words import remedies
from rackwright.runs.model import GOOD, Event, Graph, Outcome, Report, Task
from rackwright.runs.redaction import Redactor

__all__ = ["ACCEPTANCE", "CheckSum", "DeviceRecord", "FileDigest", "Record", "TaskRecord", "Verdict", "gaps", "record"]

T = TypeVar("T")

Verdict = Literal["accepted", "done", "failed", "open"]
"""``accepted``: its acceptance passed; ``done``: every task ended well, and none of them was an acceptance; ``open``: something
was not done (skipped, cancelled, its acceptance waived, or the run has not ended)."""

ACCEPTANCE: Final = "accept"
"""The stage whose end accepts a device."""

_OWN: Final = ("events.jsonl", "commands.jsonl", "run.json")
_FILED: Final = ("backup", "support", "profile", "inventory")
_UNDERSTOOD: Final = frozenset(
    {
        "sent",
        "changes",
        "evidence",
        "findings",
        "passed",
        "checks",
        "unproven",
        "versions",
        "restarts",
        "because",
        *_FILED,
    }
)


class FileDigest(msgspec.Struct, frozen=True):
    """A file of the run's folder, by its digest."""

    name: str
    sha256: str
    size: int


class CheckSum(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many findings of each kind one check had on one device."""

    check: str
    passed: int = 0
    failed: int = 0
    notes: int = 0
    """What is not as planned, or was not told, and stops nobody."""
    errors: int = 0
    """What could not be judged, since the device did not tell it."""
    skipped: int = 0
    why: tuple[str, ...] = ()
    """Why parts of it were skipped, the first reasons."""


class TaskRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done to a device in one stage."""

    task: str
    stage: str
    state: str
    begun: str = ""
    ended: str = ""
    sent: tuple[FileDigest, ...] = ()
    changes: tuple[Any, ...] = ()
    """What was to change; it did if ``state`` is ``done``."""
    evidence: tuple[FileDigest, ...] = ()
    findings: tuple[Finding, ...] = ()
    passed: int = 0
    """Checks that passed and have no finding above."""
    checks: tuple[CheckSum, ...] = ()
    """Every check that was made, by name; empty where the task did not tell them."""
    unproven: tuple[Unproven, ...] = ()
    """Cables that it looked at and did not prove; what another task proved is told by the device."""
    versions: Mapping[str, Any] = {}
    restarts: int = 0
    failed_at: str = ""
    """The step at which it failed."""
    cause: str = ""
    remedy: str = ""
    told: tuple[Mapping[str, Any], ...] = ()
    """What operators commanded of it: who, when, what, why."""
    detail: Mapping[str, Any] = {}


class DeviceRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device: what it is, and everything that was done to it."""

    device: str
    role: str = ""
    model: str = ""
    serial: str = ""
    rack: str = ""
    unit: int = 0
    verdict: Verdict
    reason: str = ""
    """Why it is not accepted."""
    remedy: str = ""
    """What to do about that, a remedy a line."""
    waived: tuple[str, ...] = ()
    """Tasks that an operator skipped."""
    not_verified: tuple[Unproven, ...] = ()
    """Cables that the run did not prove, of which no fault was seen either."""
    tasks: tuple[TaskRecord, ...]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A run, whole."""

    schema: Literal[1] = 1
    site: str
    run: str
    program: str
    state: str
    """How the run ended; ``open`` for one that has not."""
    who: str
    """Who began the run."""
    begun: str
    ended: str
    intent: str
    """Digest of the intent that the plan was made from."""
    release: str
    rackwright: str = __version__
    """Version of Rackwright that wrote the record."""
    commands: tuple[Mapping[str, Any], ...] = ()
    """What operators told the run: who, when, what, why."""
    gates: tuple[TaskRecord, ...] = ()
    devices: tuple[DeviceRecord, ...] = ()
    earlier: tuple[EarlierRun, ...] = ()
    """The runs of the site before this one, newest first: what they changed is not in this record."""
    earlier_left: int = 0
    """How many of them are older still and not named."""
    absent: Mapping[str, tuple[str, ...]] = {}
    """Rack -> its switches and servers that this run left out."""
    files: tuple[FileDigest, ...] = ()
    """The run's own files: its order, its graph, its events."""


def record(
    plan: Plan, graph: Graph, report: Report | None, events: Iterable[Event], folder: Path, *, run: str, who: str,
    program: str = "bringup",
) -> Record:  # fmt: skip
    """Return the record of a run; ``folder`` is the run's, ``report`` None for a run that has not ended."""
    told = _Told(events)
    maker = _Maker(told, report, _Files(folder))
    known = {device.name: device for device in plan.devices}
    places = {place.device: (place.rack, place.unit) for place in plan.placements}
    cables = cables_of(plan)
    lines: dict[str, list[Task]] = {}
    for task in graph.tasks:
        lines.setdefault(task.device, []).append(task)
    gates = tuple(maker.task(task) for task in lines.pop("", ()))
    devices = tuple(
        _device(name, known.get(name), places.get(name, ("", 0)), tuple(map(maker.task, tasks)), cables.get(name, ()))
        for name, tasks in lines.items()
    )
    earlier = earlier_runs(folder, lines)
    made = Record(
        site=plan.name,
        run=run,
        program=program,
        state=report.state if report else "open",
        who=who,
        begun=told.begun,
        ended=told.ended if report else "",
        intent=plan.digest,
        release=plan.release,
        commands=tuple(told.commands),
        gates=gates,
        devices=devices,
        earlier=earlier.runs,
        earlier_left=earlier.left,
        absent=_absent(plan, lines),
        files=tuple(maker.files.own()),
    )
    # A net below the nets: what is signed and handed on may hold nothing that looks secret.
    return msgspec.convert(Redactor().value(made), Record)


def _absent(plan: Plan, meant: Container[str]) -> dict[str, tuple[str, ...]]:
    """Return by rack the switches and servers of a plan that are not among those that a run is about."""
    brought_up = {device.name for device in plan.devices if device.role == "server"}
    brought_up |= {switch.name for switch in plan.switches}
    found: dict[str, tuple[str, ...]] = {}
    for place in plan.placements:
        if place.device in brought_up and place.device not in meant:
            found[place.rack] = (*found.get(place.rack, ()), place.device)
    return found


def _device(
    name: str, device: Device | None, place: tuple[str, int], tasks: tuple[TaskRecord, ...], cables: Sequence[Link]
) -> DeviceRecord:  # fmt: skip
    verdict, reason = _verdict(tasks)
    return DeviceRecord(
        device=name,
        role=device.role if device else "",
        model=device.model if device else "",
        serial=device.serial if device else "",
        rack=place[0],
        unit=place[1],
        verdict=verdict,
        reason=reason,
        remedy="\n".join(remedies("\n".join(task.remedy for task in tasks if task.state == "failed"))),
        waived=tuple(task.task for task in tasks if task.state == "waived"),
        not_verified=unproven(name, cables, tasks),
        tasks=tasks,
    )


def _verdict(tasks: Iterable[TaskRecord]) -> tuple[Verdict, str]:
    """Judge a device by its tasks; a failure says more than what was skipped because of it."""
    every = list(tasks)
    failed = next((one for one in every if one.state == "failed"), None)
    undone = next((one for one in every if one.state not in GOOD), None)
    if failed is not None:
        return "failed", _why(failed)
    if undone is not None:
        return "open", _why(undone)
    passed = [one for one in every if one.stage == ACCEPTANCE]
    waived = next((one for one in passed if one.state == "waived"), None)
    if waived is not None:
        return "open", f"its acceptance was waived{': ' + waived.cause if waived.cause else ''}"
    return ("accepted", "") if passed else ("done", "")


def _why(task: TaskRecord) -> str:
    return f"{task.stage} {task.state}{': ' + task.cause if task.cause else ''}"


def gaps(made: Record) -> tuple[str, ...]:
    """Return what a complete record would say and this one does not: one line each.

    A task that ended has an end, one that was worked on a beginning, one that failed or was left out a cause, and a device that was
    accepted or judged something to stand on.
    """
    return tuple(gap for device in made.devices for task in device.tasks for gap in _gaps(task))


def _gaps(task: TaskRecord) -> Iterator[str]:
    if task.state == "open":
        yield f"{task.task} has not ended"
        return
    if not task.ended:
        yield f"{task.task} ended {task.state}, and when is not known"
    if task.state in {"done", "unchanged", "failed"} and not task.begun:
        yield f"{task.task} ended {task.state}, and when it was begun is not known"
    if task.state in {"failed", "skipped", "waived"} and not task.cause:
        yield f"{task.task} ended {task.state}, and why is not known"
    if task.stage == ACCEPTANCE and task.state in {"done", "unchanged"} and not task.evidence and not task.passed:
        yield f"{task.task} ended {task.state} without any evidence"


class _Told:
    """What the events of a run say of its tasks."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.begun = self.ended = ""
        self.state: dict[str, Event] = {}
        self.first: dict[str, str] = {}
        self.commands: list[dict[str, Any]] = []
        self.findings: dict[str, list[Any]] = {}
        for event in events:
            self.begun, self.ended = self.begun or event.at, event.at
            self._hear(event)

    def _hear(self, event: Event) -> None:
        if event.kind == "task":
            self.state[event.subject] = event
            if event.text == "begins":
                self.first.setdefault(event.subject, event.at)
                # What a former try found, this one looks for anew.
                self.findings.pop(event.subject, None)
        elif event.kind == "command":
            said = {key: str(event.fields.get(key) or "") for key in ("who", "reason")}
            at = event.fields.get("at") or event.at
            self.commands.append({"at": at, "what": event.text, "task": event.subject, **said})
        if isinstance(found := event.fields.get("findings"), list):
            self.findings.setdefault(event.subject, []).extend(found)


class _Files:
    """The files of a run's folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        names = [path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        self.names = sorted(path.relative_to(self.folder).as_posix() for path in names)
        # A name below the folder is looked up here: to resolve its path costs twenty times as much, and a run has ten thousand.
        self._below = {path.relative_to(self.folder).as_posix() for path in names if not path.is_symlink()}
        self._by_task: dict[str, list[str]] = {}
        for name in self.names:
            if name.startswith("orders/"):
                self._by_task.setdefault(name.removeprefix("orders/").rpartition("-")[0], []).append(name)
        self._known: dict[str, FileDigest] = {}

    def own(self) -> Iterator[FileDigest]:
        """Yield the run's own files."""
        for name in self.names:
            if "/" not in name and (name in _OWN or name.startswith(("order-", "graph-"))):
                yield self._digest(name)

    def orders(self, task: str) -> list[str]:
        """Return the orders that a task kept."""
        return self._by_task.get(task, [])

    def found(self, value: Any) -> Iterator[FileDigest]:
        """Yield the files that a value names, by a path below the folder; what is none is left out."""
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and text and len(text) < 4096 and "\n" not in text:
                if text in self._below:
                    yield self._digest(text)
                    continue
                path = self.folder / text
                if path.is_file() and path.resolve().is_relative_to(self.folder):
                    yield self._digest(path.resolve().relative_to(self.folder).as_posix())

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return (self.folder / name).read_bytes()

    def _digest(self, name: str) -> FileDigest:
        if name not in self._known:
            data = self.read(name)
            self._known[name] = FileDigest(name, hashlib.sha256(data).hexdigest(), len(data))
        return self._known[name]


class _Maker:
    """Makes the record of one task after the other."""

    def __init__(self, told: _Told, report: Report | None, files: _Files) -> None:
        self._told = told
        self._outcomes: Mapping[str, Outcome] = report.outcomes if report else {}
        self.files = files

    def task(self, task: Task) -> TaskRecord:
        """Return what was done in one task."""
        outcome, event = self._outcomes.get(task.name), self._told.state.get(task.name)
        detail = outcome.detail if outcome else {}
        sent = tuple(
            self.files.found(
                [
                    *self.files.orders(f"installs/{task.name}"),
                    *_texts(detail.get("sent")),
                    *self.files.orders(task.name),
                ]
            )
        )
        named = [*_texts(detail.get("evidence")), f"evidence/{task.stage}/{task.device}.json"]
        evidence = tuple(self.files.found([*named, *(detail.get(key, "") for key in _FILED)]))
        fields: Mapping[str, Any] = event.fields if event else {}
        ended = event.at if event and event.text not in {"begins", "waiting"} else ""
        return TaskRecord(
            task=task.name,
            stage=task.stage,
            state=outcome.state if outcome else "open" if not ended or event is None else event.text,
            begun=self._told.first.get(task.name, ""),
            ended=ended,
            sent=_once(sent),
            changes=self._changes(task, detail, sent),
            evidence=_once(evidence),
            findings=_all_of(Finding, detail.get("findings", self._told.findings.get(task.name, ()))),
            passed=_number(detail.get("passed")),
            checks=_all_of(CheckSum, detail.get("checks")),
            unproven=_all_of(Unproven, detail.get("unproven")),
            versions=detail["versions"] if isinstance(detail.get("versions"), dict) else {},
            restarts=_number(detail.get("restarts")),
            failed_at=outcome.stage if outcome else "",
            cause=outcome.cause if outcome else str(fields.get("cause") or ""),
            remedy=outcome.remedy if outcome else str(fields.get("remedy") or ""),
            told=tuple(one for one in self._told.commands if one["task"] in {task.name, task.device} - {""}),
            detail={key: value for key, value in detail.items() if key not in _UNDERSTOOD},
        )

    def _changes(self, task: Task, detail: Mapping[str, Any], sent: Iterable[FileDigest]) -> tuple[Any, ...]:
        if isinstance(detail.get("changes"), list):
            return tuple(detail["changes"])
        return tuple(line for file in sent for line in changes_in(self.files.read(file.name), task.device))


def _texts(value: Any) -> list[str]:
    every = value if isinstance(value, list | tuple) else [value]
    return [one for one in every if isinstance(one, str)]


def _once(files: tuple[FileDigest, ...]) -> tuple[FileDigest, ...]:
    return tuple({file.name: file for file in files}.values())


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int) else len(value) if isinstance(value, list) else 0


def _all_of(kind: type[T], values: Any) -> tuple[T, ...]:
    """Return those of a list that are of a kind; nothing of what is no list, such as how many there were."""
    found = []
    for value in values if isinstance(values, list) else ():
        try:
            found.append(msgspec.convert(value, kind))
        except msgspec.ValidationError:
            continue
    return tuple(found)

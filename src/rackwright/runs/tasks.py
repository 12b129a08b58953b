"""What a run of a graph does: tasks as soon as what they hang on has ended, until all have, and one report.

The fleet goes in rounds. In each it enqueues what begins, waits until something ended or was commanded, and journals what it
heard, as one step. Everything else is derived from these steps by :class:`~rackwright.runs.schedule.Schedule`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from rackwright.drivers.clock import stopwatch
from rackwright.runs.commands import Stops, since
from rackwright.runs.fleet import ended, outcome_of
from rackwright.runs.folder import RunFolder
from rackwright.runs.journal import FLEET, TASK, Journal, Queues
from rackwright.runs.model import STOPPED, GraphProgram, Json, Outcome, Task
from rackwright.runs.schedule import Heard, Schedule, Start
from rackwright.runs.whereabouts import serves
from rackwright.runs.work import OWN, Attendance, Pace, Work

__all__ = ["identity", "replayed", "workflows"]

_ROUND: Final = "round"

_GATHER_S: Final = 0.02

_PATIENCE_S: Final = 10.0
"""How long a task may lie in the queue of a tag before it is said that nobody serves it."""


def identity(run: str, task: str, number: int) -> str:
    """Return the identity of one try of a task in the journal."""
    return f"{run}/{task}" if number == 1 else f"{run}/{task}#{number}"


def replayed(journal: Journal, folder: RunFolder) -> Schedule:
    """Return where a run of a graph is, by the rounds that its journal holds."""
    schedule = Schedule(folder.graph())
    for kept in journal.values(folder.run, OWN + _ROUND):
        schedule.begin()
        schedule.hears(msgspec.convert(kept["value"], Heard))
    schedule.begin()
    return schedule


def workflows(attendance: Attendance, program: GraphProgram) -> dict[str, Callable[..., Json]]:
    """Return the two workflows of a run, by the names under which the journal knows them."""
    order, graph = attendance.folder.order(), attendance.folder.graph()
    tasks = {task.name: task for task in graph.tasks}
    stops = Stops(attendance.folder, graph)

    def fleet(run: str) -> Json:
        return attendance.body(lambda: _Fleet(attendance, program.name, Schedule(graph), run).goes(), run)

    def task(run: str, name: str, number: int, offset: int, before: list[Json]) -> Json:
        given = tasks[name]
        one = identity(run, name, number)
        hangs_on = {outcome.subject: outcome for outcome in msgspec.convert(before, list[Outcome])}

        def body() -> Json:
            work = Work(attendance, one, name, stops=lambda: stops.asked(name, offset), number=number)
            return _task(attendance, work, given, lambda: program.task(work, order, given, hangs_on))

        return attendance.body(body, one)

    return {FLEET: fleet, TASK: task}


def _task(attendance: Attendance, work: Work, task: Task, done: Callable[[], Outcome]) -> Json:
    took = stopwatch(attendance.clock)
    work.told("task", "begins", stage=task.stage, device=task.device, by=attendance.lease.executor)
    if work.cancelled():
        outcome = Outcome(subject=task.name, state="cancelled", cause=STOPPED)
    else:
        outcome = ended(attendance, work, task.name, lambda: _kept(attendance, task, done()))
    return {"outcome": msgspec.to_builtins(outcome), "took": took()}


def _kept(attendance: Attendance, task: Task, outcome: Outcome) -> Outcome:
    """Return an outcome as the journal will hold it; one that it cannot hold ends this task and no other."""
    kept = msgspec.convert(attendance.redactor.value(outcome), Outcome)
    return msgspec.structs.replace(kept, subject=task.name)


def _tell(work: Work, task: Task, outcome: Outcome, **fields: Json) -> None:
    """Tell how a task ended; what there is nothing to say about is left out."""
    said = {"cause": outcome.cause, "remedy": outcome.remedy, "step": outcome.stage}
    said = {name: text for name, text in said.items() if text}
    work.told("task", outcome.state, subject=task.name, stage=task.stage, device=task.device, **said, **fields)


class _Unserved:
    """Tells, once, which tag is waited for that nobody serves: such a run waits for ever, and looks as if it worked."""

    def __init__(self, attendance: Attendance) -> None:
        self._attendance = attendance
        self._since: dict[str, float] = {}
        self._told: set[str] = set()
        self._next_look = 0.0

    def look(self, starts: Iterable[Start]) -> None:
        """Look, seldom, whether tasks lie in a tag's queue while none of its tasks is in hand."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _PATIENCE_S / 4
        run = self._attendance.folder.run
        of_tag: dict[str, dict[str, str]] = {}
        for start in (start for start in starts if start.task.reach):
            of_tag.setdefault(start.task.reach, {})[identity(run, start.task.name, start.number)] = start.task.name
        queued = self._attendance.journal.queued([one for ones in of_tag.values() for one in ones]) if of_tag else set()
        unserved = {tag: ones for tag, ones in of_tag.items() if queued >= ones.keys()}
        self._since = {tag: self._since.get(tag, now) for tag in unserved}
        self._told &= unserved.keys()
        for tag in unserved.keys() - self._told:
            if now - self._since[tag] >= _PATIENCE_S:
                self._told.add(tag)
                self._tell(tag, list(unserved[tag].values()))

    def _tell(self, tag: str, names: list[str]) -> None:
        folder = self._attendance.folder
        self._attendance.events.tell(
            "run",
            f"waits for a worker of tag {tag}, and nobody serves it ({', '.join(names[:3])}"
            f"{f' and {len(names) - 3} more' if len(names) > 3 else ''}): start '{serves(folder, tag)}' (with --twin, if the run has it)",
        )


class _Fleet:
    """One run of a graph, round after round."""

    def __init__(self, attendance: Attendance, program: str, schedule: Schedule, run: str) -> None:
        self._attendance = attendance
        self._program = program
        self._schedule = schedule
        self._run = run
        self._work = Work(attendance, run, "")
        self._enqueued: set[str] = set()
        self._waiting: dict[str, str] = {}
        """What was told to wait -> for which limit; empty: for something else."""
        self._took: dict[str, dict[str, float]] = {}
        self._next_look = 0.0
        self._unserved = _Unserved(attendance)

    def goes(self) -> Json:
        """Go round after round until all tasks ended, and return the report."""
        schedule = self._schedule
        while True:
            begun, held = schedule.begin()
            self._tell(held)
            for start in (start for start in begun if start.task.reach):
                self._tell_waiting(start.task, [f"worker {start.task.reach}"])
            if schedule.over:
                break
            heard = msgspec.convert(self._work.unseen(_ROUND, lambda: self._attendance.asked(self._round)), Heard)
            schedule.hears(heard)
            self._tell_heard(heard)
        report = schedule.report(self._run, self._program)
        self._work.told("run", report.state)
        return msgspec.to_builtins(report)

    def _tell(self, held: dict[str, str]) -> None:
        """Tell what ended without work, what is asked, and what a limit holds back."""
        schedule = self._schedule
        for outcome in schedule.ended_by_itself():
            self._waiting.pop(outcome.subject, None)
            _tell(self._work, schedule.task(outcome.subject), outcome)
        for task in schedule.pending_again():
            self._waiting.pop(task.name, None)
            self._tell_waiting(task, schedule.waits_for(task))
        for name, limit in held.items():
            # What it waited for first may have room by now, and another limit none.
            if self._waiting.get(name) != limit:
                self._waiting[name] = limit
                self._tell_waiting(schedule.task(name), [f"limit {limit}"])
        for name, task in schedule.asking.items():
            if name not in self._waiting:
                self._waiting[name] = ""
                # To be asked is all the work there is.
                self._tell_waiting(task, ["operator"], "begins", question=task.question)

    def _tell_waiting(self, task: Task, waits_for: list[str], text: str = "waiting", **fields: Json) -> None:
        self._work.told(
            "task", text, subject=task.name, stage=task.stage, device=task.device, waits_for=waits_for, **fields
        )

    def _tell_heard(self, heard: Heard) -> None:
        """Tell what was worked on and ended, only now: who answers such an event with a command is understood."""
        for outcome in heard.ended:
            if self._schedule.outcomes.get(outcome.subject) == outcome:
                took = self._took.pop(outcome.subject, {})
                _tell(self._work, self._schedule.task(outcome.subject), outcome, **took)
        for command in heard.commands:
            self._work.told(
                "command", command.kind, subject=command.task, reason=command.reason, who=command.who, at=command.at
            )

    def _round(self) -> Json:
        """Enqueue what begins, wait until something is heard, and return it."""
        self._enqueue(self._schedule.running.values())
        pace = Pace(self._attendance.device_ended)
        while True:
            self._attendance.check()
            heard = self._heard()
            if heard is not None:
                return msgspec.to_builtins(heard)
            self._unserved.look(self._schedule.running.values())
            pace.wait()
            if self._attendance.device_ended.is_set() or self._attendance.hints():
                # Who ended may just be journalled, and others end with it: one round for all of them.
                time.sleep(_GATHER_S)

    def _enqueue(self, starts: Iterable[Start]) -> None:
        """Put into the queues what is not there yet; after a resume that is looked up by the journal."""
        queues = Queues(self._run)
        new = {identity(self._run, start.task.name, start.number): start for start in starts}
        new = {one: start for one, start in new.items() if one not in self._enqueued}
        rows = [
            (
                queues.reach(start.task.reach),
                one,
                (self._run, start.task.name, start.number, start.offset, list(start.before)),
            )
            for one, start in new.items()
        ]
        self._attendance.journal.enqueue_all(TASK, rows)
        self._enqueued.update(new)

    def _heard(self) -> Heard | None:
        schedule, attendance = self._schedule, self._attendance
        running = {identity(self._run, name, start.number): name for name, start in schedule.running.items()}
        look = attendance.hints() & running.keys()
        if time.monotonic() >= self._next_look:
            # Other workers end tasks too, and nobody tells us.
            look = set(running)
            self._next_look = time.monotonic() + attendance.seldom_s
        found = attendance.journal.ended(sorted(look)) if look else {}
        attendance.forget_hints(found)
        outcomes = tuple(self._ended(found[one], name) for one, name in running.items() if one in found)
        told = list(since(attendance.folder.path, schedule.offset))
        stop = not schedule.stopped and attendance.folder.asked_to_stop()
        if not (outcomes or told or stop):
            return None
        return Heard(
            ended=outcomes, commands=tuple(command for command, _ in told), offset=told[-1][1] if told else 0, stop=stop
        )

    def _ended(self, status: Any, name: str) -> Outcome:
        """Return how a task ended, and remember how long it took, to tell it."""
        value = outcome_of(status, name)
        if status.status == "SUCCESS":
            self._took[name] = value.get("took", {})
            value = value["outcome"]
        return msgspec.convert(value, Outcome)

"""What a run does, wave after wave: devices side by side, one gate after each wave, one report at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from rackwright.errors import RackwrightError
from rackwright.runs.journal import DEVICE, FLEET, Queues
from rackwright.runs.model import GOOD, STOPPED, EndState, Json, Outcome, Program, Report, Wave
from rackwright.runs.work import BUG, Attendance, Pace, Work, failure, unwritable

__all__ = ["ended", "identity", "outcome_of", "workflows"]


def identity(run: str, device: str) -> str:
    """Return the identity of a device's workflow in the journal."""
    return f"{run}/{device}"


def workflows(attendance: Attendance, program: Program) -> dict[str, Callable[..., Json]]:
    """Return the two workflows of a run, by the names under which the journal knows them."""
    order = attendance.folder.order()

    def fleet(run: str) -> Json:
        return attendance.body(lambda: _Fleet(attendance, program, order, run).goes(), run)

    def device(run: str, name: str) -> Json:
        return attendance.body(lambda: _device(attendance, program, order, identity(run, name)))

    return {FLEET: fleet, DEVICE: device}


def _device(attendance: Attendance, program: Program, order: bytes, workflow: str) -> Json:
    device = workflow.partition("/")[2]
    work = Work(attendance, workflow, device)
    work.told("device", "begins")
    if work.cancelled():
        outcome = Outcome(subject=device, state="cancelled", cause=STOPPED)
    else:
        work.unseen("begins", lambda: True)
        outcome = ended(attendance, work, device, lambda: program.device(work, order, device))
    work.told("device", outcome.state, stage=outcome.stage, cause=outcome.cause)
    return msgspec.to_builtins(outcome)


def ended(attendance: Attendance, work: Work, subject: str, done: Callable[[], Outcome]) -> Outcome:
    """Return how the work on one subject ended; what it raises ends it, and nothing else, unless it is our own disk."""
    try:
        outcome = done()
    except Exception as error:
        if unwritable(error):
            # Nothing about the subject: this process leaves, and a resumed run goes on here.
            raise
        if isinstance(error, RackwrightError):
            remedy = getattr(error, "remedy", "")
            return Outcome(subject=subject, state="failed", stage=work.stage, cause=str(error), remedy=remedy)
        # A bug in the work on one device must not stop the others.
        kept = failure(error, attendance.redactor)
        attendance.events.tell("fault", kept["message"], subject, **kept)
        return Outcome(
            subject=subject, state="failed", stage=work.stage, cause=f"{kept['type']}: {kept['message']}", remedy=BUG
        )
    if outcome.state == "failed" and not outcome.stage:
        return msgspec.structs.replace(outcome, stage=work.stage)
    return outcome


class _Fleet:
    """One run: its waves in order, but for those behind a gate that refused, until the operator asks to stop."""

    def __init__(self, attendance: Attendance, program: Program, order: bytes, run: str) -> None:
        self._attendance = attendance
        self._program = program
        self._order = order
        self._run = run
        self._work = Work(attendance, run, "")
        self._outcomes: dict[str, Outcome] = {}
        self._gates: dict[str, Outcome] = {}

    def goes(self) -> Json:
        """Take the waves one after the other and return the report."""
        record = self._attendance.folder.record()
        refused: dict[str, Outcome] = {}
        for wave in record.waves:
            shut = [gate for name, gate in refused.items() if wave.after is None or name in wave.after]
            if shut:
                self._end(wave.devices, "skipped", f"the gate after wave {shut[0].subject} refused: {shut[0].cause}")
                refused[wave.name] = shut[0]
            elif self._work.cancelled():
                self._end(wave.devices, "cancelled", STOPPED)
            elif (gate := self._wave(wave)) is not None:
                refused[wave.name] = gate
        states = {outcome.state for outcome in (*self._outcomes.values(), *self._gates.values())}
        state: EndState = "cancelled" if "cancelled" in states else "done" if states <= GOOD else "failed"
        self._work.subject = ""
        self._work.told("run", state)
        report = Report(run=self._run, program=record.program, state=state, outcomes=self._outcomes, gates=self._gates)
        return msgspec.to_builtins(report)

    def _wave(self, wave: Wave) -> Outcome | None:
        """Do one wave and ask its gate; return the gate's outcome when it refuses."""
        # Journalled: a resumed run must wait for what this wave began, even when it is cancelled by then.
        self._work.unseen(f"{wave.name}: begins", lambda: True)
        self._work.subject = wave.name
        self._work.told("wave", "begins", devices=list(wave.devices))
        rest = wave.devices
        if wave.canary and len(rest) > 1:
            rest = tuple(device for device in rest if device != wave.canary)
            self._done(f"{wave.name}: canary {wave.canary}", (wave.canary,))
            canary = self._outcomes[wave.canary]
            if canary.state not in GOOD:
                state = "cancelled" if canary.state == "cancelled" else "skipped"
                self._end(rest, state, f"the canary {wave.canary} ended {canary.state}: {canary.cause}")
                rest = ()
        if rest:
            self._done(f"{wave.name}: devices", rest)
        if self._work.cancelled():
            return None
        outcomes = {device: self._outcomes[device] for device in wave.devices}
        self._work.prefix = f"gate {wave.name}: "
        gate = ended(
            self._attendance, self._work, wave.name, lambda: self._program.gate(self._work, self._order, wave, outcomes)
        )
        self._work.prefix = ""
        self._gates[wave.name] = gate
        self._work.told("gate", gate.state, cause=gate.cause)
        return None if gate.state == "done" else gate

    def _end(self, devices: Sequence[str], state: Any, cause: str) -> None:
        for device in devices:
            self._outcomes[device] = Outcome(subject=device, state=state, cause=cause)
            self._work.told("device", state, subject=device, cause=cause)

    def _done(self, name: str, devices: Sequence[str]) -> None:
        """Let devices be worked on side by side; one step, so that a resumed run asks anew how they are."""
        ended = self._work.unseen(name, lambda: self._side_by_side(devices))
        for device in devices:
            self._outcomes[device] = msgspec.convert(ended[device], Outcome)

    def _side_by_side(self, devices: Sequence[str]) -> Json:
        """Enqueue what is not there yet, wait, and return the devices' outcomes in their order."""
        return self._attendance.asked(lambda: dict(self._each(devices)))

    def _each(self, devices: Sequence[str]) -> Iterator[tuple[str, Json]]:
        journal, attendance = self._attendance.journal, self._attendance
        waiting = {identity(self._run, device): device for device in devices}
        for workflow, device in waiting.items():
            attendance.check()
            journal.enqueue(DEVICE, Queues(self._run).device, workflow, self._run, device)
        ended: dict[str, Json] = {}
        pace = Pace(attendance.device_ended)
        while len(ended) < len(waiting):
            attendance.check()
            left = [workflow for workflow in waiting if workflow not in ended]
            for workflow, status in journal.ended(left).items():
                ended[workflow] = outcome_of(status, waiting[workflow])
            if len(ended) < len(waiting):
                pace.wait()
        for workflow, device in waiting.items():
            yield device, ended[workflow]


def outcome_of(status: Any, device: str) -> Json:
    """Return a device's outcome from the journal; what DBOS itself ended is a failure."""
    if status.status == "SUCCESS":
        return status.output
    cause = str(status.error or f"the journal says {status.status}")
    return msgspec.to_builtins(Outcome(subject=device, state="failed", cause=cause, remedy=BUG))

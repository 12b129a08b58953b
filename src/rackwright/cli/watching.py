"""What verbs that run something share: saying what a run tells, and how each device of it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rackwright.cli.answer import ERROR, FINE, Answer
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.push.changeset import Unread
    from rackwright.runs import Event, Outcome, Report

__all__ = ["ended", "going_on", "watch", "with_unread"]

_INTERRUPTED: Final = 130


def watch(talk: Talk) -> Callable[[Event], None]:
    """Return what says the events of a run."""

    def heard(event: Event) -> None:
        subject = f"{event.subject}: " if event.subject else ""
        if event.kind in ("wave", "gate", "run", "fault"):
            talk.say(f"{subject}{event.kind} {event.text}")
        elif event.kind == "note" or (event.kind == "device" and event.text != "begins"):
            talk.say(f"{subject}{event.text}")
        else:
            talk.detail(f"{subject}{event.text}")

    return heard


def going_on(talk: Talk, run: str, heard: Callable[[Event], None]) -> Callable[[Event], None]:
    """Return what hears the events of a run that is resumed, and says before the first one that it goes on: a run that is refused tells none."""
    said = False

    def first(event: Event) -> None:
        nonlocal said
        if not said:
            said = True
            talk.say(f"going on with run {run}")
        heard(event)

    return first


def _code(outcomes: Sequence[Outcome], *, refused: bool) -> int:
    """Return the exit code of a run; ``refused``: a gate did not open."""
    states = {outcome.state for outcome in outcomes}
    if states & {"failed", "skipped"} or refused:
        return ERROR
    return _INTERRUPTED if "cancelled" in states else FINE


def ended(talk: Talk, report: Report | None, outcomes: Sequence[Outcome], *, behind: str) -> Answer:
    """Tell how every device ended; ``behind`` says of a gate that did not open what was not begun."""
    from rackwright.report.pushes import outcome_lines, outcome_value, pushed

    gates = [gate for gate in report.gates.values() if gate.state != "done"] if report else []
    for gate in gates:
        talk.error(f"{gate.subject}: what {behind} was not begun: {gate.cause}; {gate.remedy}")
    lines = [*outcome_lines(outcomes), pushed(outcomes)]
    code = _code(outcomes, refused=bool(gates))
    return Answer(code, outcome_value(report, outcomes), lines, done=f"the push itself is over: {lines[-1]}")


def with_unread(outcomes: Mapping[str, Outcome], unread: Iterable[Unread]) -> list[Outcome]:
    """Return the outcomes and those of devices that could not be read: each failed alone."""
    from rackwright.runs import Outcome

    failed = {
        one.device: Outcome(subject=one.device, state="failed", stage="read", cause=one.cause, remedy=one.remedy)
        for one in unread
    }
    return list({**outcomes, **failed}.values())

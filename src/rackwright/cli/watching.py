"""What verbs that run something share: saying what a run tells, and the exit code of how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from rackwright.cli.answer import ERROR, FINE
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.runs import Event, Outcome

__all__ = ["code_of", "watch"]

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


def code_of(outcomes: Sequence[Outcome], *, refused: bool) -> int:
    """Return the exit code of a run; ``refused``: a gate did not open."""
    states = {outcome.state for outcome in outcomes}
    if states & {"failed", "skipped"} or refused:
        return ERROR
    return _INTERRUPTED if "cancelled" in states else FINE

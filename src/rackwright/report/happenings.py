"""What a run tells, as sentences: one line an event, for a log that a person reads afterwards."""

from __future__ import annotations

from rackwright.report.board import Board, printable
from rackwright.report.estimates import about
from rackwright.report.marks import SIGNS
from rackwright.report.words import remedies
from rackwright.runs.model import Event

__all__ = ["answered_by", "detail", "sentence"]


def sentence(board: Board, event: Event) -> str:
    """Return what is said of an event in any case; empty: nothing. The board has heard it already."""
    if event.kind == "task" and event.subject in board.tasks:
        said = f"\n{'':9}".join(map(printable, _of_task(board, event).split("\n")))
    else:
        said = printable(_of_run(event))
    return f"{event.at[11:19]} {said}" if said else ""


def _of_run(event: Event) -> str:
    if event.kind in {"run", "fault", "command", "wave", "gate"}:
        about_what = f"{event.subject} " if event.subject else ""
        return f"{event.kind} {about_what}{event.text}{_with(event)}"
    return f"{event.subject}: {event.text}" if event.kind == "note" else ""


def detail(event: Event) -> str:
    """Return what is said of an event to whoever asked for more."""
    subject = f"{event.subject}: " if event.subject else ""
    state = event.fields.get("state", "")
    return printable(f"{event.at[11:19]} {subject}{event.text}{f' {state}' if state else ''}")


def answered_by(task: str) -> str:
    """Return the commands that answer a question; a gate before a stage is named by the stage."""
    name = task.removesuffix("/ask")
    return f"rackwright bringup --approve {name}, or --refuse {name}"


def _of_task(board: Board, event: Event) -> str:
    if board.mark(event.subject) in {"pending", "waiting", "running"}:
        return ""
    view = board.task(event.subject)
    sign = SIGNS[view.state]
    if view.state == "asks":
        question = board.tasks[view.name].question
        return f"{sign} {view.name} asks: {question} ({answered_by(view.name)})"
    if view.state == "skipped":
        # Why the first of them failed was told in its own line; those behind it name it.
        return f"{sign} {view.name} skipped{_why(view.cause.partition(': ')[0], '')}"
    took = f" in {about(view.took_s)}" if view.took_s is not None and view.state in {"done", "failed"} else ""
    return f"{sign} {view.name} {view.state}{took}{_why(view.cause, view.remedy)}"


def _why(cause: str, remedy: str) -> str:
    """Return cause and remedy, most causes end in it already; of several, each has a line."""
    if not cause:
        return ""
    todo = remedies(remedy, cause)
    return f": {cause}; {todo[0]}" if len(todo) == 1 else "\n  remedy: ".join([f": {cause}", *todo])


def _with(event: Event) -> str:
    """Return who, and why, where an event names them."""
    who, reason = event.fields.get("who"), event.fields.get("reason") or event.fields.get("cause")
    return (f" by {who}" if who else "") + (f": {reason}" if reason else "")

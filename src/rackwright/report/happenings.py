"""What a run tells, as sentences: one line an event, for a log that a person reads afterwards."""

from __future__ import annotations

from rackwright.report.board import Board, printable
from rackwright.report.estimates import about
from rackwright.report.marks import SIGNS
from rackwright.runs.model import Event

__all__ = ["detail", "sentence"]


def sentence(board: Board, event: Event) -> str:
    """Return what is said of an event in any case; empty: nothing. The board has heard it already."""
    said = _of_task(board, event) if event.kind == "task" and event.subject in board.tasks else _of_run(event)
    return f"{event.at[11:19]} {printable(said)}" if said else ""


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


def _of_task(board: Board, event: Event) -> str:
    if board.mark(event.subject) in {"pending", "waiting", "running"}:
        return ""
    view = board.task(event.subject)
    sign = SIGNS[view.state]
    if view.state == "asks":
        question = board.tasks[view.name].question
        return f"{sign} {view.name} asks: {question} (rackwright bringup --approve {view.name}, or --refuse)"
    if view.state == "skipped":
        # Why the first of them failed was told in its own line; those behind it name it.
        return f"{sign} {view.name} skipped{_why(view.cause.partition(': ')[0], '')}"
    took = f" in {about(view.took_s)}" if view.took_s is not None and view.state in {"done", "failed"} else ""
    return f"{sign} {view.name} {view.state}{took}{_why(view.cause, view.remedy)}"


def _why(cause: str, remedy: str) -> str:
    """Return cause and remedy; most causes end in the remedy already."""
    if not cause:
        return ""
    return f": {cause}" + (f"; {remedy}" if remedy and remedy not in cause else "")


def _with(event: Event) -> str:
    """Return who, and why, where an event names them."""
    who, reason = event.fields.get("who"), event.fields.get("reason") or event.fields.get("cause")
    return (f" by {who}" if who else "") + (f": {reason}" if reason else "")

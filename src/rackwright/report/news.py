"""The board as JSON for a page: all of it once, then what is new since; and one device, with its log and findings."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec

from rackwright.findings import Finding
from rackwright.report.board import Board, DeviceView, LogLine, TaskView
from rackwright.report.estimates import Estimate
from rackwright.report.marks import ENDED, SIGNS, letters
from rackwright.report.screens import progress, remaining
from rackwright.report.words import remedies
from rackwright.runs.model import GOOD

__all__ = ["Seen", "about_device", "news", "whole"]


class Seen(msgspec.Struct, frozen=True):
    """What a page has been told: so many events, log lines and findings, and how many of these were taken back."""

    heard: int = 0
    noted: int = 0
    findings: int = 0
    forgotten: int = 0


def whole(board: Board, estimate: Estimate) -> tuple[dict[str, Any], Seen]:
    """Return everything that a page needs to begin, and what it has seen then."""
    found, seen = _told(board, estimate, board.of_device, Seen())
    found |= {
        "signs": SIGNS,
        "racks": [
            {
                "name": rack.name or "in no rack",
                "height": rack.height_u,
                "stands": [
                    {"name": one.device, "unit": one.unit, "height": one.height_u, "about": one.model or one.role}
                    for one in rack.stands
                ],
            }
            for rack in board.racks
        ],
    }
    return found, seen


def news(board: Board, estimate: Estimate, seen: Seen) -> tuple[dict[str, Any], Seen]:
    """Return what is new since ``seen``, and what has been seen then."""
    return _told(board, estimate, board.changed(seen.heard), seen)


def _told(board: Board, estimate: Estimate, devices: Iterable[str], seen: Seen) -> tuple[dict[str, Any], Seen]:
    lines = min(board.noted - seen.noted, len(board.log))
    findings, anew = board.findings, board.forgotten != seen.forgotten
    found = {
        "run": board.run,
        "site": board.site,
        "state": board.state,
        "begun": board.begun,
        "at": board.at,
        "left": "" if board.state in ENDED else remaining(estimate),
        "progress": progress(board),
        "stages": [
            {
                "name": stage,
                "letters": letters(stage),
                "total": counts.total(),
                "good": sum(counts[mark] for mark in GOOD),
                "failed": counts["failed"],
                "running": counts["running"],
            }
            for stage, counts in board.counts.items()
        ],
        "gates": [msgspec.to_builtins(gate) for gate in board.gates()],
        "devices": {name: _device(board, board.device(name)) for name in devices},
        "log": [_line(line) for line in islice(board.log, len(board.log) - lines, None)],
        # Some that the page has are none any more: it gets all of them anew.
        "anew": anew,
        "findings": [_finding(one) for one in findings[0 if anew else seen.findings :]],
    }
    return found, Seen(board.heard, board.noted, len(findings), board.forgotten)


def _device(board: Board, view: DeviceView) -> dict[str, Any]:
    at = board.stages.index(view.stage)
    signs = "".join(SIGNS[mark] for _, mark in view.tasks)
    return {
        "state": view.state,
        "stage": at,
        "letters": letters(view.stage),
        "text": view.text,
        "remedies": remedies(view.remedy, view.text) if view.state == "failed" else [],
        "signs": signs,
    }


def _line(line: LogLine) -> list[str]:
    return [line.at[11:19], line.subject, line.text]


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "status": one.status,
        "severity": one.severity,
        "check": one.check,
        "message": one.message,
        "remedy": one.remedy,
        "expected": one.expected,
        "actual": one.actual,
    }


def _task(view: TaskView) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(view)
    return found | {"remedies": remedies(view.remedy, view.cause)}


def about_device(board: Board, name: str) -> dict[str, Any]:
    """Return everything that is known of one device of the run."""
    view = board.device(name)
    return {
        "name": name,
        "rack": view.rack,
        "state": view.state,
        "tasks": [_task(board.task(task.name)) for task in board.of_device[name]],
        "findings": [_finding(one) for one in board.findings_of(name)],
        "log": [_line(line) for line in board.log_of(name)],
    }

"""A bring-up in words: what would be done, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rackwright.report.words import columns, count, remedies, tally
from rackwright.runs.model import Graph, Report

__all__ = ["ended_lines", "ended_value", "graph_lines", "graph_value"]

_SHOWN = 6


def graph_lines(graph: Graph) -> Iterator[str]:
    """Print the stages with their devices, gates and questions, then the limits."""
    stages = dict.fromkeys(task.stage for task in graph.tasks)
    rows = [(stage, *_counted(graph, stage)) for stage in stages]
    yield from columns(("stage", "devices", "which", "gates"), rows, indent="")
    for name, most in graph.limits.items():
        yield f"at most {most} at once: {name}"
    devices = {task.device for task in graph.tasks if task.device}
    yield f"{count(len(devices), 'device')}, {count(len(graph.tasks), 'task')}; what is as planned is left alone"


def _counted(graph: Graph, stage: str) -> tuple[object, ...]:
    own = [task for task in graph.tasks if task.stage == stage]
    devices = [task.device for task in own if task.device]
    gates = [f"asks: {task.question}" if task.question else task.name for task in own if not task.device]
    return len(devices), _some(devices), ", ".join(gates)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def graph_value(graph: Graph) -> dict[str, Any]:
    """Return the same as a value."""
    return {
        "tasks": [
            {"name": task.name, "stage": task.stage, "device": task.device, "after": task.after, "takes": task.takes}
            for task in graph.tasks
        ],
        "limits": graph.limits,
    }  # fmt: skip


def ended_lines(report: Report, graph: Graph) -> Iterator[str]:
    """Print what did not end well with its remedies, then how many tasks, gates too, ended how."""
    for name, outcome in report.outcomes.items():
        if outcome.state == "failed":
            yield f"{name} failed{f' at {outcome.stage}' if outcome.stage else ''}: {outcome.cause}"
            yield from (f"  remedy: {one}" for one in remedies(outcome.remedy, outcome.cause))
        elif outcome.state == "waived":
            yield f"{name} waived: {outcome.cause}"
    left = [name for name, one in report.outcomes.items() if one.state in {"skipped", "cancelled"}]
    if left:
        yield f"not done: {_some(left)}"
    yield tally((one.state for one in report.outcomes.values()), len(graph.tasks))


def ended_value(report: Report) -> dict[str, Any]:
    """Return the same as a value."""
    return {
        "run": report.run,
        "state": report.state,
        "tasks": {
            name: {"state": one.state, "cause": one.cause, "remedy": one.remedy}
            for name, one in report.outcomes.items()
        },
    }  # fmt: skip

"""Words that every format shares: JSON, tables, counts, problems as a compiler prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from rackwright.findings import Finding, sort_key

__all__ = [
    "columns",
    "count",
    "json_line",
    "json_text",
    "problem_line",
    "problem_lines",
    "problem_values",
    "remedies",
    "some",
    "tally",
    "totals",
]


def json_text(value: Any) -> str:
    """Print any value of ours as JSON, indented, without a last newline."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def json_line(value: Any) -> str:
    """Print any value of ours as JSON on one line."""
    return msgspec.json.encode(value).decode()


def count(number: int, noun: str, plural: str = "") -> str:
    """Print ``1 switch``, ``2 switches``."""
    many = plural or (f"{noun}es" if noun.endswith(("ch", "s", "x")) else f"{noun}s")
    return f"{number} {noun if number == 1 else many}"


def some(names: Sequence[str], most: int = 8) -> str:
    """Print names up to a number, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def remedies(text: str, said: str = "") -> list[str]:
    """Return what to do, a remedy each line of ``text``: in order, each once, and none that ``said`` has told already."""
    return [line for line in dict.fromkeys(text.splitlines()) if line.strip() and line not in said]


def tally(states: Iterable[str], total: int) -> str:
    """Count tasks that have ended by how they did: ``43 done, 43 cancelled of 86 tasks``."""
    numbers = Counter(states)
    parts = [f"{numbers[state]} {state}" for state in _ENDS if numbers[state]]
    return f"{', '.join(parts) or 'none'} of {count(total, 'task')}"


_ENDS = ("done", "unchanged", "waived", "failed", "skipped", "cancelled")


def columns(head: Sequence[str], rows: Iterable[Sequence[object]], indent: str = "  ") -> list[str]:
    """Print a table: text to the left, numbers to the right, two spaces between; nothing without rows."""
    body = [
        ["" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows
    ]
    if not body:
        return []
    right = [all(_numeric(row[at]) for row in body) for at in range(len(head))]
    widths = [max(len(line[at]) for line in [list(head), *body]) for at in range(len(head))]
    return [
        indent
        + "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [list(head), *body]
    ]


def _numeric(cell: str) -> bool:
    return not cell or cell.replace(".", "", 1).replace("-", "", 1).isdigit()


def problem_lines(problems: Iterable[Finding]) -> list[str]:
    """Print problems by place, one a line: ``site.yaml:4:9: warning: what is wrong; what to do``."""
    return [problem_line(problem) for problem in sorted(problems, key=sort_key)]


def problem_line(problem: Finding) -> str:
    """Print one problem."""
    place = str(problem.location) if problem.location else f"{problem.subject}: {problem.path}".rstrip(": ")
    remedy = f"; {problem.remedy}" if problem.remedy else ""
    return f"{place}: {problem.severity}: {problem.message}{remedy}"


def problem_values(problems: Iterable[Finding]) -> list[Finding]:
    """Return problems in the order in which they are printed, for JSON."""
    return sorted(problems, key=sort_key)


def totals(problems: Iterable[Finding]) -> str:
    """Count by severity: ``2 errors, 1 warning``; ``no problems`` when there are none."""
    by: Counter[str] = Counter(problem.severity for problem in problems)
    parts = [
        count(by[severity], word) for severity, word in (("error", "error"), ("warning", "warning")) if by[severity]
    ]
    if by["info"]:
        parts.append(count(by["info"], "note"))
    return ", ".join(parts) or "no problems"

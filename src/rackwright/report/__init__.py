"""Report: words and formats. Values in, text out; each format is written once and nothing is decided here."""

from __future__ import annotations

from rackwright.report.words import (
    columns,
    count,
    json_line,
    json_text,
    problem_line,
    problem_lines,
    problem_values,
    some,
    totals,
)

__all__ = [
    "columns",
    "count",
    "json_line",
    "json_text",
    "problem_line",
    "problem_lines",
    "problem_values",
    "some",
    "totals",
]

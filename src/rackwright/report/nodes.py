"""Changes of nodes.csv as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rackwright.intent.node_edits import CellChange, Conflict, Edited

__all__ = ["change_lines", "conflict_lines", "edit_value"]


def change_lines(changes: Sequence[CellChange], sources: Mapping[tuple[str, str], str] | None = None) -> Iterator[str]:
    """Print each cell that gets a value, as a difference; with ``sources`` where the value was seen."""
    for one in changes:
        sign = "~" if one.old and one.new else "+" if one.new else "-"
        arrow = f"{one.old} -> {one.new}" if one.old and one.new else one.new or one.old
        seen = (sources or {}).get((one.name, one.column), "")
        yield f"{sign} {one.name} {one.column}: {arrow}" + (f"  ({seen})" if seen else "")


def conflict_lines(conflicts: Sequence[Conflict], file: str) -> Iterator[str]:
    """Print what was found and not written, since the file says otherwise."""
    for one in conflicts:
        if one.owner:
            yield f"{file}:{one.line}: {one.name} {one.column} shows {one.wanted}, which {one.owner} has: find out which is right"
        else:
            yield (
                f"{file}:{one.line}: {one.name} {one.column} is {one.there}, and {one.wanted} was found: see the cabling, "
                "or empty the cell, or 'rackwright replace'"
            )


def edit_value(edited: Edited) -> dict[str, Any]:
    """Return changes and conflicts for JSON."""
    return {
        "changes": [{"name": one.name, "column": one.column, "old": one.old, "new": one.new} for one in edited.changes],
        "conflicts": [
            {"name": one.name, "column": one.column, "wanted": one.wanted, "there": one.there, "owner": one.owner,
             "line": one.line}
            for one in edited.conflicts
        ],
    }  # fmt: skip

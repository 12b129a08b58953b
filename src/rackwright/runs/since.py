"""On which devices runs have worked since a time: what was seen of their links meanwhile may be our own doing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from rackwright.runs.folder import RunFolder, runs_of

__all__ = ["worked"]

_LEFT_ALONE: Final = frozenset({"unchanged", "skipped"})
"""Ends of a device to which nothing was done."""


def worked(state_dir: Path, since: str, *, twin: bool) -> Mapping[str, tuple[str, str]]:
    """Return device -> when a run last worked on it, and which, for all that was done after ``since`` (ISO 8601; empty: ever).

    A run of tasks has worked on all of its devices until it ended: it blinks, and restarts hosts, while it looks at others.
    """
    found: dict[str, tuple[str, str]] = {}
    begin = datetime.fromisoformat(since).timestamp() if since else 0.0
    for folder in runs_of(state_dir):
        told = folder.path / "events.jsonl"
        if not told.exists() or told.stat().st_mtime < begin or folder.record().is_of_other_rack(twin):
            continue
        for device, at in _of(folder):
            if datetime.fromisoformat(at).timestamp() >= begin:
                found[device] = max(found.get(device, ("", "")), (at, folder.run))
    return found


def _of(folder: RunFolder) -> Iterator[tuple[str, str]]:
    record, last = folder.record(), ""
    ends: dict[str, tuple[str, str]] = {}
    for event in folder.events().fresh():
        # What somebody noted beside the run is none of its work.
        if event.kind != "note" or event.subject:
            last = event.at
        ends[event.subject] = (event.at, event.text if event.kind == "device" else "")
    for device in record.devices:
        if record.graph and last:
            yield device, last
        elif device in ends and ends[device][1] not in _LEFT_ALONE:
            yield device, ends[device][0]

"""What a run that was cut off has left in hand: a device may go on by itself there, though nobody works on it any more.

It is told by the run's events alone. They are written at once, so a killed process has told of every step that it began;
one that ended and could not say so any more is taken for one in hand, which whoever asks the device finds out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

from rackwright.errors import RunError
from rackwright.runs.folder import Record, RunFolder, runs_of
from rackwright.runs.journal import Journal
from rackwright.runs.model import GOOD, Event
from rackwright.runs.whereabouts import told_end

__all__ = ["Left", "left_in_hand"]

_BEGINS: Final = frozenset({"begins", "waiting"})
"""Texts of events that tell no end of a device or a task."""
_WELL: Final = GOOD - {"waived"}


class Left(msgspec.Struct, frozen=True):
    """A step that was begun on a device, and told no end."""

    run: str
    program: str
    device: str
    step: str
    at: str
    """The wall's time of the last word about it, UTC, ISO 8601."""
    settles_s: float = 0.0
    """Within so many seconds of the run's clock after :attr:`at` the device stands still by itself; 0: nothing said so."""


def left_in_hand(
    state_dir: Path, journal: Journal, devices: Collection[str], *, but: str = "", twin: bool | None = None
) -> list[Left]:
    """Return what runs that have not ended left in hand of ``devices``, and no later run has brought to a good end.

    ``but`` is a run that is left out; so are those of the other rack, real or emulated. Who lives is not asked here.
    """
    wanted = frozenset(devices)
    known = [
        (folder, record)
        for folder, record in _records(state_dir)
        if folder.run != but and not record.is_of_other_rack(twin) and not wanted.isdisjoint(record.devices)
    ]
    over = journal.done([folder.run for folder, _ in known]) if known else set()
    found = []
    for place, (folder, record) in enumerate(known):
        if folder.run not in over and told_end(folder) is None:
            mine = [one for one in _in_hand(folder, record) if one.device in wanted]
            found += [one for one in mine if not any(_brought(*later, one.device) for later in known[:place])]
    return found


def _records(state_dir: Path) -> Iterator[tuple[RunFolder, Record]]:
    for folder in runs_of(state_dir):
        # The remedy for one that cannot be read is a new run, which must not fail of the same.
        with contextlib.suppress(RunError):
            yield folder, folder.record()


def _in_hand(folder: RunFolder, record: Record) -> Iterator[Left]:
    """Yield the steps that were begun and told no end, by the device."""
    devices = _subjects(folder, record)
    steps: dict[str, Left] = {}
    for event in folder.events().fresh():
        device = devices.get(event.subject)
        if device is None:
            continue
        held = steps.get(event.subject)
        if event.kind == "step" and event.fields.get("state") == "begun":
            # Begun again after a resume: what an earlier life did in it may last.
            lasts = held.settles_s if held and held.step == event.text else 0.0
            steps[event.subject] = Left(folder.run, record.program, device, event.text, event.at, lasts)
        elif event.kind == "note" and held is not None:
            lasts = event.fields.get("settles_s", held.settles_s)
            steps[event.subject] = msgspec.structs.replace(held, at=event.at, settles_s=lasts)
        elif event.kind == "step" or _is_end(event):
            steps.pop(event.subject, None)
    yield from steps.values()


def _brought(folder: RunFolder, record: Record, device: str) -> bool:
    """Tell whether a run has brought a device to a good end, in all that it did to it."""
    if device not in record.devices:
        return False
    devices = _subjects(folder, record)
    ends = [event.text for event in folder.events().fresh() if devices.get(event.subject) == device and _is_end(event)]
    return bool(ends) and _WELL.issuperset(ends)


def _subjects(folder: RunFolder, record: Record) -> dict[str, str]:
    """Return the device that each subject of events is, or is a task of."""
    if record.graph:
        return {task.name: task.device for task in folder.graph().tasks if task.device}
    return {device: device for device in record.devices}


def _is_end(event: Event) -> bool:
    return event.kind in {"device", "task"} and event.text not in _BEGINS

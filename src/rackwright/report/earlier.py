"""The runs of a site before one: what a device went through before is in their records, and not in the one of the last."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from rackwright.errors import RunError
from rackwright.runs.folder import Record, RunFolder, runs_of

__all__ = ["Before", "EarlierRun", "Work", "earlier_runs"]

_MOST: Final = 20
"""Runs that are named; a certificate of each of a thousand devices names them."""
_RECORD: Final = "record/record.json"


class Work(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an earlier run did to one device."""

    device: str
    changes: int | None = None
    """None: no record of it tells that."""
    restarts: int = 0
    serial: str = ""
    """Serial number or service tag of the machine that it was then, as the record of that run has it."""


class EarlierRun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run of the site that was begun before."""

    run: str
    program: str
    begun: str
    state: str = ""
    """How it ended, as its record says; empty: none was written."""
    record_sha256: str = ""
    """Digest of its ``record.json``; empty: none was written."""
    devices: tuple[Work, ...] = ()
    """What it did to devices of this run. A list: a device may be called what looks like a key to something secret."""


class _Task(msgspec.Struct):
    state: str
    changes: tuple[msgspec.Raw, ...] = ()
    restarts: int = 0


class _Device(msgspec.Struct):
    device: str
    serial: str = ""
    tasks: tuple[_Task, ...] = ()


class _Written(msgspec.Struct):
    """Of a record what an overview needs."""

    state: str = ""
    devices: tuple[_Device, ...] = ()


class Before(NamedTuple):
    """The runs before one."""

    runs: tuple[EarlierRun, ...]
    """Newest first."""
    left: int
    """How many are older still."""


def earlier_runs(folder: Path, devices: Container[str]) -> Before:
    """Return the runs before the one whose folder is given, on the same rack and about some of its devices.

    What each changed is read from the record that was written of it; one that was not recorded is named all the same.
    """
    own = _known(RunFolder(folder))
    found = [
        (one, known)
        for one in runs_of(folder.parent.parent)
        if one.run < folder.name and (known := _known(one)) is not None and _concerns(known, own, devices)
    ]
    return Before(tuple(_earlier(one, known, devices) for one, known in found[:_MOST]), max(0, len(found) - _MOST))


def _known(folder: RunFolder) -> Record | None:
    try:
        return folder.record()
    except RunError:
        return None


def _concerns(known: Record, own: Record | None, devices: Container[str]) -> bool:
    # What was done to the emulated rack says nothing of the real one.
    other = own is not None and known.is_of_other_rack(own.twin)
    return not other and any(device in devices for device in known.devices)


def _earlier(folder: RunFolder, known: Record, devices: Container[str]) -> EarlierRun:
    mine = [device for device in known.devices if device in devices]
    try:
        data = (folder.path / _RECORD).read_bytes()
        written = msgspec.json.decode(data, type=_Written)
    except (OSError, msgspec.DecodeError):
        return EarlierRun(run=known.run, program=known.program, begun=known.begun, devices=tuple(map(Work, mine)))
    done = {one.device: one for one in written.devices}
    return EarlierRun(
        run=known.run, program=known.program, begun=known.begun, state=written.state,
        record_sha256=hashlib.sha256(data).hexdigest(),
        devices=tuple(_work(done[name]) if name in done else Work(name) for name in mine),
    )  # fmt: skip


def _work(device: _Device) -> Work:
    done = [task for task in device.tasks if task.state == "done"]
    changes, restarts = sum(len(task.changes) for task in done), sum(task.restarts for task in device.tasks)
    return Work(device.device, changes, restarts, device.serial)

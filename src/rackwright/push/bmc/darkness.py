"""Which hosts are off by our own doing: a mark in the run's folder, from before a power is cut until the host was seen on.

Who reads a host that is off would take it for one that is meant to be: only the run that cut its power knows better, and may be dead.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rackwright.errors import RunError
from rackwright.runs.folder import RunFolder, runs_of, write_private

__all__ = ["LIT_AGAIN", "cutting", "dark_since", "lit"]

LIT_AGAIN: Final = "switch it on over its BMC, as 'rackwright push SITE --only bmc' does with a host whose power a run of ours cut; then push again"
_MARKS: Final = "dark"
_GOES_DOWN_S: Final = 3600
"""How long a host may take to go down and its power to be cut, once that was asked for and nobody says more."""


def cutting(folder: Path, device: str) -> None:
    """Note in a run's folder, durably, that the power of a host which is on is about to be cut."""
    mark = folder / _MARKS / device
    mark.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(mark, b"")


def lit(folder: Path, device: str, others: tuple[str, ...] = ()) -> None:
    """Take the marks of a host that is on again out of a run's folder, and out of those of ``others`` of the same site."""
    for one in (folder, *(folder.with_name(run) for run in others)):
        (one / _MARKS / device).unlink(missing_ok=True)


def dark_since(state: Path, device: str, *, power: str, twin: bool) -> tuple[str, ...]:
    """Return the runs that cut the power of a host and did not see it on again, newest first; ``power`` is what its BMC says now.

    One that is on may still go down by what it was told. Once that must be over it was switched on, by whoever it was, and the mark says nothing any more.
    """
    found = []
    for folder in _marked(state, device, twin=twin):
        mark = folder.path / _MARKS / device
        if power != "On" or time.time() - mark.stat().st_mtime < _GOES_DOWN_S:
            found.append(folder.run)
            continue
        # Who only looks may not be allowed to write here.
        with contextlib.suppress(OSError):
            mark.unlink(missing_ok=True)
    return tuple(found)


def _marked(state: Path, device: str, *, twin: bool) -> Iterator[RunFolder]:
    for folder in runs_of(state):
        with contextlib.suppress(RunError):
            if (folder.path / _MARKS / device).exists() and not folder.record().is_of_other_rack(twin):
                yield folder

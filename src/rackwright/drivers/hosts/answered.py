"""Which servers had an operating system that let us in: where nobody answers later, such a machine hangs and is not bare.

Nothing that a BMC tells, tells an empty disk from a system that does not come up; what was seen before does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rackwright.drivers.keeping import keep, read
from rackwright.errors import DriverError

__all__ = ["Seen", "note", "seen"]


class Seen(msgspec.Struct, frozen=True):
    """The last time that a system let us in."""

    at: float
    """The wall's time, in seconds since 1970."""
    service_tag: str
    """Of the machine; empty: not known."""


def note(folder: Path, device: str, service_tag: str) -> None:
    """Keep in ``folder`` that the operating system of a server let us in just now. Raises ``DriverError`` where that cannot be kept."""
    with _telling(folder, device):
        keep(folder / device, msgspec.json.encode(Seen(time.time(), service_tag)))


def seen(folder: Path, device: str, service_tag: str, *, since: float = 0) -> str:
    """Return when the system of this machine let us in last, as people read it; empty where it did not, or not since ``since``.

    Only another service tag is another machine, which has another disk; what is not known is no difference. A note that cannot be
    read counts: whoever wipes the machine has to say so. Raises ``DriverError`` where the folder cannot be read.
    """
    with _telling(folder, device):
        told = read(folder / device)
    if not told:
        return ""
    try:
        found = msgspec.json.decode(told, type=Seen)
    except msgspec.MsgspecError:
        return "a day that cannot be read"
    other = found.service_tag and service_tag and found.service_tag.casefold() != service_tag.casefold()
    return "" if other or found.at < since else datetime.fromtimestamp(found.at, UTC).isoformat(timespec="seconds")


@contextmanager
def _telling(folder: Path, device: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = f"see to {folder}: it must be a folder of yours that can be written"
        raise DriverError(
            f"whether {device} has answered cannot be kept: {error}; {remedy}", device=device, remedy=remedy
        ) from None

"""Which servers had an operating system that let us in: where nobody answers later, such a machine hangs and is not bare.

Nothing that a BMC tells, tells an empty disk from a system that does not come up; what was seen before does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rackwright.drivers.keeping import keep, read

__all__ = ["Seen", "forget", "note", "seen"]


class Seen(msgspec.Struct, frozen=True):
    """The last time that a system let us in."""

    at: str
    """The wall's time, ISO 8601 in UTC."""
    service_tag: str
    """Of the machine; another one under its name has another disk. Empty: not planned."""


def note(folder: Path, device: str, service_tag: str) -> None:
    """Keep in ``folder`` that the operating system of a server let us in just now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    keep(folder / device, msgspec.json.encode(Seen(now, service_tag)))


def seen(folder: Path, device: str, service_tag: str) -> str:
    """Return when the system of this machine let us in last; empty where it never did.

    A note that cannot be read counts as one: whoever wipes the machine has to say so.
    """
    told = read(folder / device)
    if not told:
        return ""
    try:
        found = msgspec.json.decode(told, type=Seen)
    except msgspec.MsgspecError:
        return "a day that cannot be read"
    return found.at if found.service_tag == service_tag else ""


def forget(folder: Path, device: str) -> None:
    """Forget it: its disk is wiped."""
    (folder / device).unlink(missing_ok=True)

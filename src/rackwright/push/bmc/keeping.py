"""What is saved of a server before its first change: its configuration profile and everything that its BMC tells."""

from __future__ import annotations

from pathlib import Path

import msgspec

from rackwright.errors import DeviceRefused, DriverError
from rackwright.push import artifacts
from rackwright.push.bmc.contact import Contact, halt_of
from rackwright.push.contact import Halt

__all__ = ["Kept", "found_before", "kept"]


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where things were saved."""

    profile: str = ""
    """Path of the server configuration profile, or why there is none."""
    inventory: str = ""
    halt: Halt | None = None


def kept(contact: Contact, folder: Path, power: str) -> Kept:
    """Save the configuration profile, the inventory and the host's power into the run's folder, for their owner alone.

    A BMC without the licence for it refuses the profile: that is said, and nothing hangs on it. One that cannot be read
    at all is not changed.
    """
    try:
        told = contact.everything().told
        # Whoever works on hundreds of servers must not hold all that they told until they have restarted.
        contact.held = None
        inventory = artifacts.keep(folder / "inventory" / f"{contact.device}.json", told.decode())
        artifacts.keep(_power(folder, contact.device), power)
        return Kept(_profile(contact, folder), inventory)
    except DriverError as error:
        return Kept(halt=halt_of("keep", error))


def found_before(folder: Path, device: str) -> str:
    """Return the power of the host before the first change of this run: another try may have left it off; empty: this is the first."""
    path = _power(folder, device)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _power(folder: Path, device: str) -> Path:
    return folder / "power" / device


def _profile(contact: Contact, folder: Path) -> str:
    try:
        text = contact.patiently(lambda session: session.export_profile())
    except DeviceRefused as error:
        return f"none: {error}"
    return artifacts.keep(folder / "profile" / f"{contact.device}.json", text)

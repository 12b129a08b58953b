"""Switches that change alike, together: fifty leaves with one new time server are one thing to read."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rackwright.documents import canonical_json
from rackwright.push.changeset import DeviceChanges

__all__ = ["Group", "groups"]


class Group(msgspec.Struct, frozen=True):
    """Switches with one and the same set of changes; the first one's stand for all."""

    devices: tuple[str, ...]
    first: DeviceChanges


def groups(changed: Iterable[DeviceChanges]) -> tuple[Group, ...]:
    """Group by identical changes, in the order in which the first of each comes."""
    found: dict[bytes, list[DeviceChanges]] = {}
    for device in changed:
        alike = canonical_json(device.changes)
        found.setdefault(alike, []).append(device)
    return tuple(Group(tuple(item.device for item in alike), alike[0]) for alike in found.values())

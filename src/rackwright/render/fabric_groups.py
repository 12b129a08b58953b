"""Which switches and hosts of a fabric are drawn as one box, and what runs between the boxes.

Up to ``MOST`` of a kind are drawn one by one; more are drawn as one box a scalable unit, or one for several units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from rackwright.nvue.tree import natural_key
from rackwright.plan.model import Device, Link
from rackwright.render.drawing import span
from rackwright.render.slices import Slices

__all__ = ["MOST", "Bundle", "Group", "Groups", "groups_of"]

MOST: Final = 16
"""So many boxes stand legibly side by side."""

_SWITCHES: Final = {"superspine", "spine", "leaf", "oob"}
_ROWS: Final = {"superspine": 1, "spine": 2, "leaf": 3, "oob": 3}
_MANY: Final = {
    "superspine": "superspines", "spine": "spines", "leaf": "leaves", "oob": "switches", "switch": "switches",
    "server": "servers", "storage": "storage nodes", "pdu": "PDUs", "external": "peers",
}  # fmt: skip
_TOP: Final = 0
_BOTTOM: Final = 4


class Group(msgspec.Struct, frozen=True):
    """Devices drawn as one box; ``row`` counts from the top."""

    id: str
    row: int
    kind: str
    names: tuple[str, ...]
    label: str
    """Which devices they are: the name, or the first and the last."""
    what: str
    """What they are: the model, or how many of what."""


class Bundle(msgspec.Struct, frozen=True):
    """Equal links between two boxes, the upper one first; ``a == b``: inside one box."""

    a: str
    b: str
    kind: str
    speed_gbps: float
    count: int


class Groups(msgspec.Struct, frozen=True):
    """The boxes and bundles of one fabric."""

    fabric: str
    groups: tuple[Group, ...]
    bundles: tuple[Bundle, ...]
    merged: int
    """How many devices share a box with others."""


def groups_of(slices: Slices, fabric: str) -> Groups:
    """Return what is drawn of one fabric."""
    links = [link for link in slices.plan.links if link.fabric == fabric]
    rows = _rows(slices, fabric, links)
    leaf_of = _attachments(links, rows)
    groups: list[Group] = []
    for row in sorted(set(rows.values())):
        devices = [slices.device[name] for name in rows if rows[name] == row]
        groups += _merged(fabric, row, sorted(devices, key=lambda device: natural_key(device.name)), leaf_of)
    box = {name: group for group in groups for name in group.names}
    counts = Counter(_ends(link, box) for link in links)
    bundles = [Bundle(*key, count) for key, count in sorted(counts.items(), key=lambda item: _order(item[0]))]
    merged = sum(len(group.names) for group in groups if len(group.names) > 1)
    return Groups(fabric, tuple(groups), tuple(bundles), merged)


def _rows(slices: Slices, fabric: str, links: Iterable[Link]) -> dict[str, int]:
    rows = {
        device.name: _ROWS[device.role]
        for device in slices.plan.devices
        if device.role in _SWITCHES and fabric in (device.fabric, device.group)
    }
    own = set(rows)
    for link in links:
        for end in (link.a, link.b):
            if end.device not in own and end.device in slices.device:
                # Seen from below, another fabric's switch is a way out; seen from above, it is managed like a host.
                top = link.kind in {"uplink", "external"}
                rows[end.device] = _TOP if top else rows.get(end.device, _BOTTOM)
    return rows


def _attachments(links: Iterable[Link], rows: dict[str, int]) -> dict[str, tuple[str, ...]]:
    """Return the switches that each device of the bottom row hangs on."""
    found: dict[str, set[str]] = {}
    for link in links:
        for near, far in ((link.a.device, link.b.device), (link.b.device, link.a.device)):
            if rows.get(near) == _BOTTOM:
                found.setdefault(near, set()).add(far)
    return {name: tuple(sorted(switches)) for name, switches in found.items()}


def _merged(fabric: str, row: int, devices: list[Device], leaf_of: dict[str, tuple[str, ...]]) -> list[Group]:
    # Managed switches and PDUs are many and alike: drawn one by one they would bury the hosts.
    sets = _sets(devices, lambda device: device.name if _is_drawn_alone(device, row) else device.fabric, row)
    if len(sets) > MOST:
        sets = _sets(devices, lambda device: _attached(device, row, leaf_of), row)
    if len(sets) > MOST:
        sets = _runs(sets, row)
    several = len({device.unit for device in devices}) > 1
    return [
        Group(
            f"{fabric}-{row}-{place}",
            row,
            _kind(found[0], row),
            tuple(device.name for device in found),
            *_words(found, row, several),
        )
        for place, found in enumerate(sets, 1)
    ]


def _attached(device: Device, row: int, leaf_of: dict[str, tuple[str, ...]]) -> object:
    """Return what makes devices alike: their unit, or the switches they hang on."""
    if not _is_drawn_alone(device, row):
        return device.fabric
    return (device.plane, device.unit, device.group, leaf_of.get(device.name, ()))


def _sets(devices: list[Device], key: Callable[[Device], object], row: int) -> list[list[Device]]:
    sets: dict[tuple[str, object], list[Device]] = {}
    for device in devices:
        sets.setdefault((_kind(device, row), key(device)), []).append(device)
    return list(sets.values())


def _runs(sets: list[list[Device]], row: int) -> list[list[Device]]:
    """Join neighbouring sets of the same kind, two by two or more, until they fit into a row."""
    alike: dict[tuple[str, str, int], list[list[Device]]] = {}
    for found in sets:
        first = found[0]
        alike.setdefault((_kind(first, row), _family(first, row), first.plane), []).append(found)
    for size in range(2, len(sets) + 1):
        joined = [
            [device for found in run[start : start + size] for device in found]
            for run in alike.values()
            for start in range(0, len(run), size)
        ]
        if len(joined) <= MOST:
            return joined
    return _sets([device for found in sets for device in found], lambda _: "", row)


def _family(device: Device, row: int) -> str:
    """Return what a joined box must have in common: the group of machines, the fabric of managed switches."""
    if row != _BOTTOM:
        return ""
    return device.group if device.role in {"server", "storage"} else device.fabric


def _is_drawn_alone(device: Device, row: int) -> bool:
    return row != _BOTTOM or device.role in {"server", "storage"}


def _kind(device: Device, row: int) -> str:
    return "switch" if row == _BOTTOM and device.role in _SWITCHES else device.role


def _words(devices: list[Device], row: int, several: bool) -> tuple[str, str]:
    """Return the two lines of a box: which devices, and what they are."""
    first = devices[0]
    if len(devices) == 1:
        return first.name, first.model or "peer"
    word = _MANY[_kind(first, row)]
    units = sorted({device.unit for device in devices} - {0})
    what = f"{len(devices):,} {word}"
    if several and units and row != _BOTTOM:
        what += f", unit {units[0]}" if len(units) == 1 else f", units {units[0]}-{units[-1]}"
    if row == _BOTTOM and first.role not in {"server", "storage"}:
        return f"{first.fabric} {word}".strip(), what
    return span([device.name for device in devices]), what


def _ends(link: Link, box: dict[str, Group]) -> tuple[str, str, str, float]:
    a, b = box[link.a.device], box[link.b.device]
    if (a.row, a.id) > (b.row, b.id):
        a, b = b, a
    return a.id, b.id, link.kind, link.speed_gbps


def _order(key: tuple[str, str, str, float]) -> tuple[object, ...]:
    return natural_key(key[0]), natural_key(key[1]), key[2], key[3]

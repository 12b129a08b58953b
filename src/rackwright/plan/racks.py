"""Rack positions: where each device stands, and what is wrong with the place words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, problem
from rackwright.intent.models import RackIntent, Site
from rackwright.intent.ranges import expand
from rackwright.nvue.tree import natural_key
from rackwright.plan.lock import Lock
from rackwright.plan.model import Device, Placement, Rack
from rackwright.plan.places import Names, Slot, Word, WordFault, parse
from rackwright.plan.power import powered

__all__ = ["ROW", "Stood", "height_of", "pdus", "place", "rack_names", "row"]

ROW: Final = "racks.row"
"""Pool of the lock: the place of each rack in the row, from 0."""


def rack_names(site: Site) -> tuple[tuple[str, str, int, int], ...]:
    """Return every rack as (name, its key in the site file, place in the range from 0, racks of the range).

    In the order of their names, numbers as numbers: the order of the keys in the file has no meaning.
    """
    return tuple(sorted(_rack_names(site), key=lambda rack: (natural_key(rack[0]), rack[1])))


def _rack_names(site: Site) -> Iterator[tuple[str, str, int, int]]:
    for key in site.racks:
        try:
            names = expand(key)
        except ValueError:
            names = (key,)  # place() reports the range; the rest of the plan still has a rack to speak of
        for ordinal, name in enumerate(names):
            yield name, key, ordinal, len(names)


def row(site: Site, lock: Lock) -> dict[str, int]:
    """Return the place of each rack in the row, from 0: in the order of names at first, what comes later behind."""
    return {name: lock.take(ROW, name) for name, *_ in rack_names(site)}


def pdus(site: Site) -> tuple[Device, ...]:
    """Return the PDUs of every rack as devices: ``r1-pdu1``, one a feed entry."""
    return tuple(
        Device(f"{name}-pdu{number}", "pdu", site.racks[key].pdu or "", group=name, index=number)
        for name, key, _, _ in rack_names(site)
        for number in range(1, len(site.racks[key].feeds) + 1)
        if site.racks[key].pdu
    )


class Stood(NamedTuple):
    """Where everything stands."""

    placements: tuple[Placement, ...]
    racks: tuple[Rack, ...]
    """With their power, as they stand in the row."""
    problems: list[Problem]
    rooms: tuple[Placement, ...]
    """Where machines will stand that do not yet, or stood that are absent, as far as their unit is known."""


@dataclass
class _Hall:
    """All racks while they fill."""

    catalog: Catalog
    names: Names
    placements: list[Placement] = field(default_factory=list)
    rooms: list[Placement] = field(default_factory=list)
    standing: dict[str, str] = field(default_factory=dict)
    """Device -> rack."""
    problems: list[Problem] = field(default_factory=list)
    heightless: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Model without a height -> path of the first word that needs it."""


def place(site: Site, devices: Sequence[Device], catalog: Catalog, lock: Lock | None = None) -> Stood:
    """Return where each device stands, the racks, and what is wrong.

    A placement whose unit is 0 stands in that rack at a height that cannot be told: something below it
    has a height that no source gives.
    """
    lock = lock or Lock()
    hall = _Hall(catalog, Names(site, devices, lock))
    members: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    for name, key, ordinal, count in rack_names(site):
        if name in seen:
            hall.problems.append(_wrong(("racks", key), f"rack {name} is also in racks.{seen[name]}", "rename one"))
            continue
        seen[name] = key
        before = len(hall.placements)
        _fill(hall, name, key, site.racks[key], ordinal, count)
        members[name] = [placement.device for placement in hall.placements[before:]]
    hall.problems += _unnamed(site) + _heightless(hall) + _left_over(devices, hall, bool(site.racks))
    racks, faults = powered(site, tuple((name, key) for name, key in seen.items()), members, devices, catalog)
    places = row(site, lock)
    row_of = tuple(sorted(racks, key=lambda rack: places[rack.name]))
    return Stood(tuple(hall.placements), row_of, hall.problems + faults, tuple(hall.rooms))


def _fill(hall: _Hall, rack: str, key: str, intent: RackIntent, ordinal: int, count: int) -> None:
    """Stand everything that the words of one rack mean."""
    model = hall.catalog.racks.get(intent.model)
    taken: dict[int, str] = {}
    for index, text in enumerate(intent.place):
        path = ("racks", key, "place", str(index))
        try:
            word = parse(text)
            slots = hall.names.meant(word, rack, ordinal, count)
        except WordFault as fault:
            if ordinal == 0:  # the same word is wrong in every rack of the range
                hall.problems.append(_wrong(path, str(fault), fault.remedy))
            continue
        _stack(hall, rack, path, word, slots, taken, model.height_u if model else None)


def _stack(
    hall: _Hall, rack: str, path: tuple[str, ...], word: Word, slots: Sequence[Slot], taken: dict[int, str],
    top: int | None,
) -> None:  # fmt: skip
    """Stand slots one above the other from the word's unit."""
    unit = word.unit
    for slot in slots:
        height = height_of(slot.model, hall.catalog)
        if height is None:
            hall.heightless.setdefault(slot.model, path)
        known = range(unit, unit + (height or 1)) if unit else range(0)
        if unit and top is not None and known.stop - 1 > top:
            hall.problems.append(
                _wrong(
                    path,
                    f"{rack}: {word.text} puts {slot.name} on units {unit}-{known.stop - 1}, the rack has {top}",
                    "start lower, or move it to another rack",
                )
            )
            return
        other = next((taken[at] for at in known if at in taken), None)
        if other:
            hall.problems.append(
                _wrong(
                    path,
                    f"{rack}: {slot.name} on units {unit}-{known.stop - 1} overlaps {other}",
                    "move one of them; heights are those of the catalog",
                    slot.name,
                )
            )
        taken.update(dict.fromkeys(known, slot.name))
        if slot.stands:
            _stand(hall, rack, path, Placement(slot.name, rack, unit, height))
        elif unit and slot.machine:
            hall.rooms.append(Placement(slot.machine, rack, unit, height))
        unit = unit + height if unit and height else 0


def _stand(hall: _Hall, rack: str, path: tuple[str, ...], placement: Placement) -> None:
    where = hall.standing.get(placement.device)
    if where:
        hall.problems.append(
            _wrong(
                path, f"{placement.device} is placed in {where} and again in {rack}", "place it once", placement.device
            )
        )
        return
    hall.standing[placement.device] = rack
    hall.placements.append(placement)


def height_of(model: str, catalog: Catalog) -> int | None:
    """Return the height of a server, storage or switch model in rack units; None when no source gives it."""
    row = catalog.servers.get(model) or catalog.switches.get(model)
    return row.height_u if row else None


def _unnamed(site: Site) -> list[Problem]:
    found: list[Problem] = []
    for key, rack in site.racks.items():
        try:
            expand(key)
        except ValueError as error:
            found.append(_wrong(("racks", key), str(error), "write rack ranges as r[001-016]"))
        if rack.pdu and not rack.feeds:
            found.append(
                _wrong(("racks", key, "pdu"), f"racks.{key} has PDUs but no feeds", "list the feed of each: [a, b]")
            )
    return found


def _heightless(hall: _Hall) -> list[Problem]:
    models: dict[tuple[str, ...], list[str]] = {}
    for model, path in sorted(hall.heightless.items()):
        models.setdefault(path, []).append(model)
    return [
        _note(
            path,
            f"no source gives the height of {', '.join(names)}: what is stacked on it has no known unit, unchecked",
            f"set height_u of {names[0]} in a catalog file of the site",
        )
        for path, names in models.items()
    ]


def _left_over(devices: Sequence[Device], hall: _Hall, racks: bool) -> list[Problem]:
    """Say what stands nowhere, once a group, not once a machine."""
    if not racks:
        return [_note(("racks",), "no racks are given: cable lengths, elevations and power are unknown", "add racks")]
    missing: dict[str, list[str]] = {}
    for device in devices:
        if device.role not in ("pdu", "external") and device.name not in hall.standing:
            missing.setdefault(device.group or device.fabric, []).append(device.name)
    return [
        _note(
            ("racks",),
            f"{len(names)} of {group} stand in no rack: {_some(names)}; their cable lengths and power are not counted",
            f"place them, e.g. {_stem(group, names[0])}[*{min(len(names), 4)}]@UNIT in a rack",
        )
        for group, names in sorted(missing.items())
    ]


def _stem(group: str, name: str) -> str:
    """Return the word that a place may use: the group, or the name of a switch without its number."""
    return name.rstrip("0123456789") if not name.startswith(group) else group


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _wrong(path: Sequence[str], message: str, remedy: str, subject: str = "site") -> Problem:
    return problem("plan.racks", message, path=path, remedy=remedy, subject=subject)


def _note(path: Sequence[str], message: str, remedy: str) -> Problem:
    return problem("plan.racks", message, path=path, remedy=remedy, severity="warning")

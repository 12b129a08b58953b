"""Power: what each PDU carries in normal running, and when what ``survive`` names has failed.

A device draws its catalog figure (the greatest) evenly over its supplies; supplies go round the feeds,
and those of a feed round its PDUs. When PDUs fail, a device draws the same from the supplies that are left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import cycle
from typing import NamedTuple

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem, Severity, problem
from rackwright.intent.models import RackIntent, Site
from rackwright.plan.model import Device, Rack

__all__ = ["Load", "loads", "powered"]


class Load(NamedTuple):
    """What the PDUs of one rack carry, in watts rounded up, in the order of the feeds."""

    normal: tuple[int, ...]
    worst: tuple[int, ...]
    causes: tuple[tuple[int, ...], ...]
    """The PDUs (from 0) whose failure makes each ``worst``; empty: normal running is the worst."""
    stranded: tuple[int, ...]
    """Draws (index) that stop under a failure that ``survive`` allows."""
    supplies: tuple[tuple[int, ...], ...] = ()
    """The PDU (from 0) of each supply of each draw."""


class _Draw(NamedTuple):
    device: str
    watts: int
    supplies: int


def powered(
    site: Site, names: Sequence[tuple[str, str]], members: Mapping[str, Sequence[str]], devices: Sequence[Device],
    catalog: Catalog,
) -> tuple[tuple[Rack, ...], list[Problem]]:  # fmt: skip
    """Return the racks with their load, and every PDU that carries more than its rating.

    ``names`` are (rack, key in the site file), ``members`` the devices in each rack. Equal racks of a
    range are counted once; a problem of a range is told once, with how many racks have it.
    """
    models = {device.name: device.model for device in devices}
    known: dict[tuple[object, ...], Load] = {}
    racks: list[Rack] = []
    faults: dict[tuple[str, str], list[str]] = {}
    silent: dict[tuple[str, str], str] = {}
    for name, key in names:
        intent = site.racks[key]
        draws, unknown = _draws(members[name], models, catalog, len(intent.feeds), silent, key)
        shape = (tuple((draw.watts, draw.supplies) for draw in draws), intent.feeds, intent.survive)
        load = known.get(shape)
        if load is None:
            load = known[shape] = loads([draw[1:] for draw in draws], intent.feeds, intent.survive)
        rack = _rack(name, intent, catalog, draws, unknown, load)
        racks.append(rack)
        for kind, text in _faults(rack, load, draws):
            faults.setdefault((key, kind), []).append(text)
    return tuple(racks), _told(faults) + _feedless(site) + _silent(silent)


def loads(draws: Sequence[tuple[int, int]], feeds: Sequence[str], survive: str) -> Load:
    """Return what each PDU carries for draws of (watts, supplies)."""
    if not feeds:
        return Load((), (), (), ())
    spread = _spread([supplies for _, supplies in draws], feeds)
    normal = _carried(draws, spread, frozenset(), len(feeds))[0]
    worst, causes = list(normal), [()] * len(feeds)  # type: list[Fraction], list[tuple[int, ...]]
    stranded: set[int] = set()
    for failed in _failures(feeds, survive):
        carried, dark = _carried(draws, spread, frozenset(failed), len(feeds))
        stranded.update(dark)
        for at, watts in enumerate(carried):
            if watts > worst[at]:
                worst[at], causes[at] = watts, failed
    return Load(_up(normal), _up(worst), tuple(causes), tuple(sorted(stranded)), tuple(map(tuple, spread)))


def _up(values: Sequence[Fraction]) -> tuple[int, ...]:
    return tuple(math.ceil(value) for value in values)


def _spread(supplies: Sequence[int], feeds: Sequence[str]) -> list[list[int]]:
    """Return the PDU of each supply of each draw.

    Feeds take turns, and so do the PDUs of each feed (a1, b1, a2, b2), each device going on where the one before ended: two supplies
    always meet two feeds, however many PDUs each has, and no PDU of a feed fills before the others of it.
    """
    pdus = {feed: cycle([at for at, own in enumerate(feeds) if own == feed]) for feed in feeds}
    turns = cycle(pdus.values())
    return [[next(next(turns)) for _ in range(count)] for count in supplies]


def _failures(feeds: Sequence[str], survive: str) -> list[tuple[int, ...]]:
    if survive == "one-pdu":
        return [(at,) for at in range(len(feeds))]
    if survive == "one-feed":
        return [tuple(at for at, feed in enumerate(feeds) if feed == lost) for lost in dict.fromkeys(feeds)]
    return []


def _carried(
    draws: Sequence[tuple[int, int]], spread: Sequence[Sequence[int]], failed: frozenset[int], count: int
) -> tuple[list[Fraction], list[int]]:
    """Return the watts of each PDU while some have failed, and the draws with no supply left."""
    carried = [Fraction(0)] * count
    dark: list[int] = []
    for index, ((watts, _), supplies) in enumerate(zip(draws, spread, strict=True)):
        alive = [at for at in supplies if at not in failed]
        if not alive:
            dark.append(index)
            continue
        for at in alive:
            carried[at] += Fraction(watts, len(alive))
    return carried, dark


def _draws(
    names: Sequence[str],
    models: Mapping[str, str],
    catalog: Catalog,
    pdus: int,
    silent: dict[tuple[str, str], str],
    key: str,
) -> tuple[list[_Draw], list[str]]:
    """Return what draws power, and what no source counts; ``silent`` gathers model figures that are missing."""
    draws: list[_Draw] = []
    unknown: list[str] = []
    for name in names:
        model = models.get(name, "")
        row = catalog.servers.get(model) or catalog.switches.get(model)
        if row is None or row.power_w is None:
            unknown.append(f"{name} (watts)")
            silent.setdefault(("power_w", model), key)
        else:
            if row.power_supplies is None and pdus:
                silent.setdefault(("power_supplies", model), key)
            draws.append(_Draw(name, row.power_w, row.power_supplies or pdus))
        if row is None or row.height_u is None:
            unknown.append(f"{name} (height)")
    return draws, unknown


def _rack(
    name: str, intent: RackIntent, catalog: Catalog, draws: Sequence[_Draw], unknown: Sequence[str], load: Load
) -> Rack:
    model, pdu = catalog.racks.get(intent.model), catalog.pdus.get(intent.pdu or "")
    labels = tuple(f"{name}-pdu{number}" for number in range(1, len(intent.feeds) + 1)) if intent.pdu else ()
    return Rack(
        name=name, model=intent.model, height_u=model.height_u if model else 0, pdus=labels,
        pdu_model=intent.pdu or "", feeds=intent.feeds, pdu_watts=pdu.power_w if pdu else 0,
        supplies=tuple((draw.device, hung) for draw, hung in zip(draws, load.supplies, strict=False)) if labels else (),
        survive=intent.survive, watts=sum(draw.watts for draw in draws), unknown=tuple(unknown),
        load=tuple(zip(labels, load.normal, strict=False)), worst=tuple(zip(labels, load.worst, strict=False)),
    )  # fmt: skip


def _faults(rack: Rack, load: Load, draws: Sequence[_Draw]) -> list[tuple[str, str]]:
    """Return (key under the rack, sentence) for what is over its rating or does not survive."""
    found: list[tuple[str, str]] = []
    rating = rack.pdu_watts
    for at, (pdu, watts) in enumerate(rack.load):
        if rating and watts > rating:
            found.append(("pdu", f"{pdu} carries {watts:,} W in normal running, its rating is {rating:,} W"))
        elif rating and load.worst[at] > rating:
            lost = ", ".join(rack.pdus[number] for number in load.causes[at])
            found.append(
                ("survive", f"{pdu} would carry {load.worst[at]:,} W when {lost} fails, its rating is {rating:,} W")
            )
    if load.stranded and rack.pdus:
        dark = ", ".join(draws[index].device for index in load.stranded[:4])
        what = "PDU" if rack.survive == "one-pdu" else "feed"
        found.append(("survive", f"{rack.name}: {dark} would stop when one {what} fails: no supply is on another"))
    return found


_REMEDY = {
    "pdu": "move devices to another rack, add PDUs to feeds, or choose a greater PDU",
    "survive": "move devices, add PDUs to feeds, choose a greater PDU, or ask survive for less",
}


def _told(faults: Mapping[tuple[str, str], list[str]]) -> list[Problem]:
    told: list[Problem] = []
    for (key, kind), texts in faults.items():
        more = f" (and {len(texts) - 1} more like it in racks.{key})" if len(texts) > 1 else ""
        told.append(_problem(("racks", key, kind), texts[0] + more, _REMEDY[kind]))
    return told


def _feedless(site: Site) -> list[Problem]:
    return [
        _problem(
            ("racks", key, "survive"),
            f"racks.{key} is to survive the loss of {rack.survive.replace('-', ' ')} and has {what}",
            "add a PDU on another feed, or say survive: none",
        )
        for key, rack in site.racks.items()
        for what in _alone(rack)
    ]


def _alone(rack: RackIntent) -> list[str]:
    if rack.survive == "none" or not rack.pdu or not rack.feeds:
        return ["no PDUs"] if rack.survive != "none" and not rack.pdu else []
    if rack.survive == "one-pdu" and len(rack.feeds) == 1:
        return ["one PDU"]
    if rack.survive == "one-feed" and len(set(rack.feeds)) == 1:
        return [f"only feed {rack.feeds[0]}"]
    return []


_COUNTED = {
    "power_w": ("power", "counted as nothing in loads and in what survive asks"),
    "power_supplies": ("number of supplies", "taken as one on every PDU of the rack"),
}


def _silent(silent: Mapping[tuple[str, str], str]) -> list[Problem]:
    """Say the figures that no source gives, one note a kind and rack key; the racks list the devices."""
    models: dict[tuple[str, str], list[str]] = {}
    for (figure, model), key in sorted(silent.items()):
        models.setdefault((figure, key), []).append(model)
    return [
        _problem(
            ("racks", key, "place" if figure == "power_w" else "pdu"),
            f"no source gives the {_COUNTED[figure][0]} of {', '.join(names)}: {_COUNTED[figure][1]}",
            f"set {figure} in a catalog file of the site",
            "warning",
        )
        for (figure, key), names in models.items()
    ]


def _problem(path: Sequence[str], message: str, remedy: str, severity: Severity = "error") -> Problem:
    return problem("plan.power", message, path=path, remedy=remedy, severity=severity)

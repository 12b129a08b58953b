"""The picture of one rack: what stands at which unit, and what its PDUs carry in normal running and at worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from rackwright.plan.model import Placement, Rack
from rackwright.render.drawing import Box, Drawing, Line, Text, attributes, fit, span
from rackwright.render.slices import Slices

__all__ = ["Elevation", "Pdu", "elevation", "elevations", "power_words", "survive_words"]

_UNIT: Final = 14
_TOP: Final = 20
_LEFT: Final = 26
_WIDTH: Final = 196
_BARS: Final = _LEFT + _WIDTH + 14
_BAR: Final = 18
_BETWEEN: Final = 10
_SURVIVE: Final = {
    "none": "no failure is asked to be survived",
    "one-pdu": "any one PDU may fail",
    "one-feed": "any one feed may fail",
}


class Pdu(msgspec.Struct, frozen=True):
    """What one PDU carries, in watts and in words."""

    name: str
    feed: str
    load_w: int
    worst_w: int
    rated_w: int
    words: str
    verdict: str
    """``fits``, ``over`` or ``unknown``."""


class Elevation(msgspec.Struct, frozen=True):
    """A rack, or several that are built and loaded alike."""

    names: tuple[str, ...]
    title: str
    drawing: Drawing
    pdus: tuple[Pdu, ...]
    loads: tuple[tuple[str, str], ...]
    """(verdict, sentence) by PDU, equal ones together."""
    power: str
    survive: str
    unknown: str
    """What could not be counted, in words; empty when all is known."""


def elevations(slices: Slices) -> list[Elevation]:
    """Return the racks of the plan, equal ones once."""
    shapes: dict[tuple[object, ...], list[Rack]] = {}
    for rack in slices.plan.racks:
        shapes.setdefault(_shape(slices, rack), []).append(rack)
    return [elevation(slices, racks) for racks in shapes.values()]


def _shape(slices: Slices, rack: Rack) -> tuple[object, ...]:
    stands = tuple(
        (place.unit, place.height_u, slices.device[place.device].model, slices.device[place.device].group)
        for place in slices.in_rack[rack.name]
        if place.device in slices.device
    )
    watts = tuple(watts for _, watts in (*rack.load, *rack.worst))
    return (
        rack.model,
        rack.height_u,
        rack.survive,
        rack.feeds,
        rack.pdu_watts,
        rack.watts,
        stands,
        watts,
        len(rack.unknown),
    )


def elevation(slices: Slices, racks: Sequence[Rack]) -> Elevation:
    """Return the picture of one rack that stands for all of ``racks``."""
    rack = racks[0]
    places = slices.in_rack[rack.name]
    height = rack.height_u or max([42, *(place.unit + (place.height_u or 1) - 1 for place in places)])
    frame = Box(
        str(_LEFT), str(_TOP), str(_WIDTH), str(height * _UNIT), "frame", f"{rack.name}: {height} units",
        data=attributes(rack=rack.name, units=height),
    )  # fmt: skip
    pdus = _pdus(rack)
    boxes = (frame, *(_device(slices, place, height) for place in places), *_bars(pdus, height))
    marks = tuple(
        Text(str(_LEFT - 5), str(_TOP + (height - unit + 1) * _UNIT - 3), str(unit), "unit")
        for unit in range(1, height + 1)
        if unit == 1 or unit % 5 == 0
    )
    names = [other.name for other in racks]
    title = rack.name if len(names) == 1 else f"{len(names)} racks like {rack.name} ({span(names)})"
    width = _BARS + len(pdus) * (_BAR + _BETWEEN) + 4 if pdus else _LEFT + _WIDTH + 10
    drawing = Drawing(
        width, _TOP + height * _UNIT + 22, f"Rack {title}", _limits(pdus, height), boxes, (*marks, *_headings(pdus, height)),
        attributes(racks=names, watts=rack.watts, survive=rack.survive),
    )  # fmt: skip
    return Elevation(
        tuple(names),
        title,
        drawing,
        pdus,
        _loads(pdus),
        power_words(rack),
        survive_words(rack, pdus),
        _unknown(slices, rack),
    )


def _device(slices: Slices, place: Placement, height: int) -> Box:
    device = slices.device.get(place.device)
    units = place.height_u or 1
    y = _TOP + (height - place.unit - units + 1) * _UNIT
    model = device.model if device else ""
    unsure = "" if place.height_u else ", height not known, drawn as one unit"
    middle = y + units * _UNIT / 2 + 4
    texts = [Text(str(_LEFT + 8), f"{middle:g}", fit(place.device, _WIDTH * 0.6, 11, bold=True), "device")]
    texts.append(Text(str(_LEFT + _WIDTH - 8), f"{middle:g}", fit(model, _WIDTH * 0.35, 10), "model"))
    return Box(
        str(_LEFT + 1), str(y + 1), str(_WIDTH - 2), str(units * _UNIT - 2),
        f"{device.role if device else 'external'}{'' if place.height_u else ' unsure'}",
        f"{place.device} ({model}), U{place.unit}{unsure}", tuple(texts),
        attributes(device=place.device, rack=place.rack, unit=place.unit, height=place.height_u or ""),
    )  # fmt: skip


def _pdus(rack: Rack) -> tuple[Pdu, ...]:
    load, worst = dict(rack.load), dict(rack.worst)
    return tuple(
        _pdu(name, feed, load.get(name, 0), worst.get(name, 0), rack)
        for name, feed in zip(rack.pdus, rack.feeds or [""] * len(rack.pdus), strict=False)
    )


def _pdu(name: str, feed: str, load: int, worst: int, rack: Rack) -> Pdu:
    rated = rack.pdu_watts
    if rack.unknown and not rack.watts:
        return Pdu(name, feed, load, worst, 0, "load not known", "unknown")
    if not rated:
        return Pdu(name, feed, load, worst, 0, f"{load:,} W, rating not known", "unknown")
    words = f"{load:,} W, at worst {worst:,} W of {rated:,} W ({100 * worst // rated} %)"
    return Pdu(name, feed, load, worst, rated, words, "over" if max(load, worst) > rated else "fits")


def _loads(pdus: Sequence[Pdu]) -> tuple[tuple[str, str], ...]:
    alike: dict[tuple[str, str], list[str]] = {}
    for pdu in pdus:
        alike.setdefault((pdu.verdict, pdu.words), []).append(pdu.name)
    return tuple(
        (verdict, f"{', '.join(names)}: {words}" if len(names) < 3 else f"{span(names)}, each: {words}")
        for (verdict, words), names in alike.items()
    )


def _bars(pdus: Sequence[Pdu], height: int) -> list[Box]:
    full = height * _UNIT
    boxes = []
    for column, pdu in enumerate(pdus):
        x = str(_BARS + column * (_BAR + _BETWEEN))
        data = attributes(pdu=pdu.name, feed=pdu.feed, load=pdu.load_w, worst=pdu.worst_w, rated=pdu.rated_w)
        boxes.append(
            Box(x, str(_TOP), str(_BAR), str(full), "rating", f"{pdu.name}, feed {pdu.feed}: {pdu.words}", (), data)
        )
        if pdu.rated_w:
            for watts, kind in ((pdu.worst_w, "worst"), (pdu.load_w, "load")):
                share = min(full, round(full * watts / pdu.rated_w))
                over = " over" if watts > pdu.rated_w else ""
                y = _TOP + full - share
                boxes.append(Box(x, str(y), str(_BAR), str(share), kind + over, f"{pdu.name} {kind}: {watts:,} W"))
    return boxes


def _limits(pdus: Sequence[Pdu], height: int) -> tuple[Line, ...]:
    """Draw where the feeds part: a line between the bars of two feeds."""
    lines = []
    for column in range(1, len(pdus)):
        if pdus[column].feed != pdus[column - 1].feed:
            x = _BARS + column * (_BAR + _BETWEEN) - _BETWEEN // 2
            lines.append(Line(f"M{x} {_TOP - 12}V{_TOP + height * _UNIT}", "feed", "another feed"))
    return tuple(lines)


def _headings(pdus: Sequence[Pdu], height: int) -> tuple[Text, ...]:
    texts = []
    for column, pdu in enumerate(pdus):
        x = str(_BARS + column * (_BAR + _BETWEEN) + _BAR // 2)
        texts.append(Text(x, str(_TOP - 6), pdu.feed.upper(), "feedname"))
        share = f"{100 * pdu.worst_w // pdu.rated_w}%" if pdu.rated_w else "?"
        texts.append(Text(x, str(_TOP + height * _UNIT + 14), share, "share"))
    return tuple(texts)


def _unknown(slices: Slices, rack: Rack) -> str:
    """Say what could not be counted by model: ``watts of 4 x xe9680``; entries come as ``NAME (what)``."""
    counts: Counter[tuple[str, str]] = Counter()
    for entry in rack.unknown:
        name, _, what = entry.partition(" (")
        device = slices.device.get(name)
        counts[what.rstrip(")") or "figures", device.model if device else name] += 1
    return ", ".join(f"{what} of {count} x {model}" for (what, model), count in counts.items())


def power_words(rack: Rack) -> str:
    """Say what a rack draws, and that it is a part only where figures are missing."""
    least = "at least " if rack.unknown else ""
    return f"{least}{rack.watts:,} W" if rack.watts else "power not known"


def survive_words(rack: Rack, pdus: Sequence[Pdu]) -> str:
    """Say what may fail, and whether the PDUs that are left carry the rack."""
    asked = _SURVIVE.get(rack.survive, rack.survive)
    if not pdus:
        return "no PDU is planned"
    over = [pdu.name for pdu in pdus if pdu.verdict == "over"]
    if over:
        return f"{asked}: {', '.join(over)} would be over the rating"
    if rack.unknown and not rack.watts:
        return f"{asked}: not proven, no source gives what stands here in watts"
    if any(pdu.verdict == "unknown" for pdu in pdus):
        return f"{asked}: not proven, the rating of the PDUs is not known"
    proven = "of what is known, " if rack.unknown else ""
    return f"{asked}: {proven}every PDU stays within its rating"

"""The picture of one fabric: tiers from the top, boxes side by side, bundles of links between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rackwright.render.drawing import Box, Drawing, Text, attributes, fit, span
from rackwright.render.fabric_groups import MOST, Bundle, Group, Groups, groups_of
from rackwright.render.fabric_lines import Spot, counts_between, lines_between
from rackwright.render.slices import Slices, number

__all__ = ["fabric_diagram"]

_MOST_WIDTH: Final = 1128
_LEAST_BOXES: Final = 3
_ROOM: Final = 156
_LEFT: Final = 96
_HEIGHT: Final = 56
_NARROW: Final = 84
_GAP: Final = 92
_TOP: Final = 34
_WIDEST: Final = 150
_SPACE: Final = 6
_ROW_NAMES: Final = {
    "external": "outside", "superspine": "superspines", "spine": "spines", "leaf": "leaves", "oob": "out of band",
    "server": "hosts", "storage": "hosts", "pdu": "hosts",
}  # fmt: skip


def fabric_diagram(slices: Slices, fabric: str) -> Drawing:
    """Return the drawing of one fabric.

    Every box carries ``data-devices``, and as ``kind:speed:count`` in ``data-inner`` the links that do not leave
    it; every line carries ``data-from``, ``data-to`` and ``data-links``. Together they are the devices and links of
    the plan.
    """
    found = groups_of(slices, fabric)
    rows = sorted({group.row for group in found.groups})
    place = {row: number for number, row in enumerate(rows)}
    most = max(_LEAST_BOXES, *(sum(group.row == row for group in found.groups) for row in rows), 0)
    wide = min(_MOST_WIDTH, _LEFT + most * _ROOM)
    boxes: list[Box] = []
    texts: list[Text] = []
    spots: dict[str, Spot] = {}
    inside: dict[str, list[Bundle]] = {}
    for bundle in found.bundles:
        if bundle.a == bundle.b:
            inside.setdefault(bundle.a, []).append(bundle)
    for row in rows:
        groups = [group for group in found.groups if group.row == row]
        top = _TOP + place[row] * (_HEIGHT + _GAP)
        texts.append(Text("0", number(top + 32.0), _row_name(row, groups), "tier"))
        for group, (left, width) in zip(groups, _columns(len(groups), wide), strict=True):
            boxes.append(_box(group, left, top, width, inside.get(group.id, ())))
            spots[group.id] = Spot(row, left + width / 2, float(top), width, _HEIGHT)
    between = [bundle for bundle in found.bundles if bundle.a != bundle.b]
    lines = lines_between(between, spots)
    texts += counts_between(between, spots, _GAP)
    height = _TOP + len(rows) * (_HEIGHT + _GAP) - _GAP + 14
    return Drawing(
        wide,
        height,
        f"Fabric {fabric}",
        lines,
        tuple(boxes),
        tuple(texts),
        attributes(fabric=fabric, links=sum(bundle.count for bundle in found.bundles)),
        _caption(found),
    )


def _row_name(row: int, groups: Sequence[Group]) -> str:
    if row == 0:
        return "outside" if groups[0].kind == "external" else "above"
    return "attached" if row == 4 and groups[0].kind not in {"server", "storage"} else _ROW_NAMES[groups[0].kind]


def _columns(count: int, wide: int) -> list[tuple[float, float]]:
    room = (wide - _LEFT) / count
    width = min(_WIDEST, room - _SPACE)
    return [(_LEFT + room * column + (room - width) / 2, width) for column in range(count)]


def _box(group: Group, left: float, top: float, width: float, inside: Sequence[Bundle]) -> Box:
    names = list(group.names)
    title = f"{group.label}: {group.what}"
    data = attributes(box=group.id, role=group.kind, count=len(names), devices=names)
    if inside:
        # A switch may be its own neighbour: an out-of-band switch's management port, plugged into itself.
        title += "; inside: " + ", ".join(
            f"{bundle.count:,} x {number(bundle.speed_gbps)}G {bundle.kind}" for bundle in inside
        )
        data |= attributes(inner=[f"{bundle.kind}:{number(bundle.speed_gbps)}:{bundle.count}" for bundle in inside])
    texts = _words(group, left + width / 2, top, width - 4)
    kind = f"{group.kind} many" if len(names) > 1 else group.kind
    return Box(
        number(round(left, 1)), number(float(top)), number(round(width, 1)), str(_HEIGHT), kind, title, texts, data
    )


def _words(group: Group, middle: float, top: float, room: float) -> tuple[Text, ...]:
    x = f"{middle:.1f}"
    if room > _NARROW or len(group.names) == 1:
        size, kind = (12, "name") if room > _NARROW else (10.5, "name small")
        return (
            Text(x, number(top + 25.0), fit(group.label, room, size, bold=True), kind),
            Text(x, number(top + 42.0), _whole(group.what, room, 10.5), "what"),
        )
    # Too narrow for first and last on one line, and whole names are what makes the picture useful.
    first, last, what = group.names[0], f"-{group.names[-1]}", group.what
    if group.label != span(list(group.names)):
        first, _, last = group.label.partition(" ")
        what = f"{len(group.names):,}"
    lines = (
        Text(x, number(top + 17.0), fit(first, room, 9.5, bold=True), "name tiny"),
        Text(x, number(top + 31.0), fit(last, room, 9.5, bold=True), "name tiny"),
        Text(x, number(top + 47.0), _whole(what, room, 9), "what small"),
    )
    return tuple(line for line in lines if line.text)


def _whole(text: str, room: float, size: float) -> str:
    """Leave out what stands behind the comma when there is no room for it."""
    return text if fit(text, room, size) == text else fit(text.partition(", ")[0], room, size)


def _caption(found: Groups) -> str:
    if not found.merged:
        return ""
    several = sum(len(group.names) > 1 for group in found.groups)
    boxes = "1 box stands" if several == 1 else f"{several} boxes stand"
    return f"{boxes} for {found.merged:,} devices: more than {MOST} of a kind, and what is only managed, are drawn together."

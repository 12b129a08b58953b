"""The picture of one fabric: tiers from the top, boxes side by side, bundles of links between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from rackwright.render.drawing import Box, Drawing, Line, Text, attributes, fit
from rackwright.render.fabric_groups import MOST, Bundle, Group, Groups, groups_of
from rackwright.render.slices import Slices, number

__all__ = ["fabric_diagram"]

_MOST_WIDTH: Final = 1160
_LEAST_BOXES: Final = 3
_ROOM: Final = 156
_LEFT: Final = 100
_HEIGHT: Final = 56
_NARROW: Final = 84
_GAP: Final = 92
_TOP: Final = 34
_WIDEST: Final = 150
_SPACE: Final = 6
_LABELLED: Final = 12
"""More bundles than this between two rows are told in words beside the lines."""
_ROW_NAMES: Final = {
    "external": "outside", "superspine": "superspines", "spine": "spines", "leaf": "leaves", "oob": "out of band",
    "server": "hosts", "storage": "hosts", "pdu": "hosts",
}  # fmt: skip


def fabric_diagram(slices: Slices, fabric: str) -> Drawing:
    """Return the drawing of one fabric.

    Every box carries ``data-devices``, every line ``data-from``, ``data-to`` and ``data-links``; together they
    are the devices and links of the plan.
    """
    found = groups_of(slices, fabric)
    rows = sorted({group.row for group in found.groups})
    place = {row: number for number, row in enumerate(rows)}
    most = max(_LEAST_BOXES, *(sum(group.row == row for group in found.groups) for row in rows), 0)
    wide = min(_MOST_WIDTH, _LEFT + most * _ROOM)
    boxes: list[Box] = []
    texts: list[Text] = []
    centre: dict[str, tuple[float, float, float]] = {}
    inside = {bundle.a: bundle for bundle in found.bundles if bundle.a == bundle.b}
    for row in rows:
        groups = [group for group in found.groups if group.row == row]
        top = _TOP + place[row] * (_HEIGHT + _GAP)
        texts.append(Text("0", number(top + 32.0), _row_name(row, groups), "tier"))
        for group, (left, width) in zip(groups, _columns(len(groups), wide), strict=True):
            boxes.append(_box(group, left, top, width, inside.get(group.id)))
            centre[group.id] = (left + width / 2, float(top), width)
    row_of = {group.id: group.row for group in found.groups}
    lines = [_line(bundle, centre) for bundle in found.bundles if bundle.a != bundle.b]
    texts += _labels(found.bundles, centre, row_of)
    height = _TOP + len(rows) * (_HEIGHT + _GAP) - _GAP + 14
    return Drawing(
        wide,
        height,
        f"Fabric {fabric}",
        tuple(lines),
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


def _box(group: Group, left: float, top: float, width: float, inside: Bundle | None) -> Box:
    names = list(group.names)
    title = f"{group.label}: {group.what}"
    data = attributes(box=group.id, role=group.kind, count=len(names), devices=names)
    if inside:
        title += f", {inside.count} links of {number(inside.speed_gbps)}G among them"
        data |= attributes(inner=inside.count)
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
            Text(x, number(top + 25.0), fit(group.label, room, size), kind),
            Text(x, number(top + 42.0), fit(group.what, room, 10.5), "what"),
        )
    # Too narrow for first and last on one line, and whole names are what makes the picture useful.
    first, last = group.names[0], group.names[-1]
    return (
        Text(x, number(top + 17.0), fit(first, room, 10.5), "name small"),
        Text(x, number(top + 31.0), fit(f"-{last}", room, 10.5), "name small"),
        Text(x, number(top + 47.0), fit(group.what.partition(",")[0], room, 9), "what small"),
    )


def _line(bundle: Bundle, centre: dict[str, tuple[float, float, float]]) -> Line:
    (ax, ay, a_width), (bx, by, b_width) = centre[bundle.a], centre[bundle.b]
    if ay == by:
        left, right = sorted(((ax, a_width), (bx, b_width)))
        x1, x2, y = left[0] + left[1] / 2, right[0] - right[1] / 2, ay + _HEIGHT / 2
        # Neighbours are joined straight, others by an arc above the boxes between them.
        lift = 0 if x2 - x1 < _WIDEST * 1.5 else 34
        path = f"M{x1:.1f} {y:.1f}L{x2:.1f} {y:.1f}"
        if lift:
            path = f"M{left[0]:.1f} {ay:.1f}Q{(left[0] + right[0]) / 2:.1f} {ay - lift:.1f} {right[0]:.1f} {ay:.1f}"
    else:
        path = f"M{ax:.1f} {ay + _HEIGHT:.1f}L{bx:.1f} {by:.1f}"
    words = f"{bundle.count} x {number(bundle.speed_gbps)}G"
    data = attributes(links=bundle.count, speed=bundle.speed_gbps, kind=bundle.kind) | {
        "data-from": bundle.a,
        "data-to": bundle.b,
    }
    return Line(path, bundle.kind, words, f"{min(3.5, 1 + math.log2(bundle.count) * 0.3):.1f}", data)


def _labels(
    bundles: Sequence[Bundle], centre: dict[str, tuple[float, float, float]], row_of: dict[str, int]
) -> list[Text]:
    """Say how many links a line stands for: on the line while there is room, else once beside the row."""
    between: dict[tuple[int, int], list[Bundle]] = {}
    for bundle in bundles:
        if bundle.a != bundle.b:
            between.setdefault((row_of[bundle.a], row_of[bundle.b]), []).append(bundle)
    texts: list[Text] = []
    for found in between.values():
        if len(found) <= _LABELLED:
            texts += [_on_line(bundle, place, centre) for place, bundle in enumerate(found)]
        else:
            y = centre[found[0].b][1] - _GAP / 2
            texts.append(Text("0", number(y), _in_words(found), "links"))
    return texts


def _on_line(bundle: Bundle, place: int, centre: dict[str, tuple[float, float, float]]) -> Text:
    (ax, ay, _), (bx, by, _) = centre[bundle.a], centre[bundle.b]
    words = f"{bundle.count} x {number(bundle.speed_gbps)}G"
    if ay == by:
        return Text(f"{(ax + bx) / 2:.1f}", f"{ay + _HEIGHT / 2 - 6:.1f}", words, "count")
    # Lines that fan out are labelled nearer to their lower end, in turn, so that labels do not meet.
    along = 0.62 if place % 2 else 0.78
    y = ay + _HEIGHT + (by - ay - _HEIGHT) * along
    return Text(f"{ax + (bx - ax) * along:.1f}", f"{y + 4:.1f}", words, "count")


def _in_words(bundles: Sequence[Bundle]) -> str:
    counts = sorted({bundle.count for bundle in bundles})
    speeds = "/".join(sorted({number(bundle.speed_gbps) for bundle in bundles}, key=float))
    many = str(counts[0]) if len(counts) == 1 else f"{counts[0]}-{counts[-1]}"
    return f"{many} x {speeds}G a line"


def _caption(found: Groups) -> str:
    if not found.merged:
        return ""
    several = sum(len(group.names) > 1 for group in found.groups)
    boxes = "1 box stands" if several == 1 else f"{several} boxes stand"
    return f"{boxes} for {found.merged:,} devices: more than {MOST} of a kind, and what is only managed, are drawn together."

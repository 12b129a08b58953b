"""The lines of a fabric's picture: a bundle of equal links is one line, and says how many it stands for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rackwright.render.drawing import Line, Text, attributes
from rackwright.render.fabric_groups import Bundle
from rackwright.render.slices import number

__all__ = ["Spot", "counts_between", "lines_between"]

_LABELLED: Final = 12
"""More pairs of boxes than this between two rows are told in words beside the lines."""
_APART: Final = 7
"""Between two lines that join the same boxes."""
_FAR: Final = 220
_LIFT: Final = 34


class Spot(NamedTuple):
    """Where a box stands: its row, the middle of its top, its width and height."""

    row: int
    x: float
    top: float
    width: float
    height: float


def lines_between(bundles: Sequence[Bundle], spots: dict[str, Spot]) -> tuple[Line, ...]:
    """Return a line for each bundle; bundles between the same boxes run side by side."""
    lines = []
    for found in _pairs(bundles).values():
        for place, bundle in enumerate(found):
            shift = (place - (len(found) - 1) / 2) * _APART
            lines.append(_line(bundle, spots[bundle.a], spots[bundle.b], shift))
    return tuple(lines)


def _pairs(bundles: Iterable[Bundle]) -> dict[tuple[str, str], list[Bundle]]:
    pairs: dict[tuple[str, str], list[Bundle]] = {}
    for bundle in bundles:
        pairs.setdefault((bundle.a, bundle.b), []).append(bundle)
    return pairs


def _line(bundle: Bundle, a: Spot, b: Spot, shift: float) -> Line:
    data = attributes(links=bundle.count, speed=bundle.speed_gbps, kind=bundle.kind)
    data |= {"data-from": bundle.a, "data-to": bundle.b}
    width = f"{min(3.5, 1 + math.log2(bundle.count) * 0.3):.1f}"
    return Line(_path(a, b, shift), bundle.kind, _count(bundle), width, data)


def _path(a: Spot, b: Spot, shift: float) -> str:
    if a.row != b.row:
        return f"M{a.x + shift:.1f} {a.top + a.height:.1f}L{b.x + shift:.1f} {b.top:.1f}"
    left, right = sorted((a, b), key=lambda spot: spot.x)
    if _is_near(left, right):
        y = a.top + a.height / 2 + shift
        return f"M{left.x + left.width / 2:.1f} {y:.1f}L{right.x - right.width / 2:.1f} {y:.1f}"
    # An arc above, since other boxes may stand between.
    return (
        f"M{left.x:.1f} {a.top:.1f}Q{(left.x + right.x) / 2:.1f} {a.top - _LIFT + shift:.1f} {right.x:.1f} {a.top:.1f}"
    )


def _is_near(left: Spot, right: Spot) -> bool:
    return right.x - right.width / 2 - left.x - left.width / 2 < _FAR


def _count(bundle: Bundle) -> str:
    return f"{bundle.count:,} x {number(bundle.speed_gbps)}G"


def counts_between(bundles: Sequence[Bundle], spots: dict[str, Spot], gap: float) -> list[Text]:
    """Say how many links a line stands for: on the line while there is room, else once beside the row."""
    rows: dict[tuple[int, int], list[Bundle]] = {}
    for bundle in bundles:
        rows.setdefault((spots[bundle.a].row, spots[bundle.b].row), []).append(bundle)
    texts: list[Text] = []
    for found in rows.values():
        pairs = _pairs(found)
        if len(pairs) <= _LABELLED:
            texts += [_on_line(pair, place, spots) for place, pair in enumerate(pairs.values())]
        else:
            a, b = spots[found[0].a], spots[found[0].b]
            y = b.top - gap / 2 if a.row != b.row else b.top + b.height - 6
            texts.append(Text("0", number(y), _in_words(found), "links"))
    return texts


def _on_line(pair: Sequence[Bundle], place: int, spots: dict[str, Spot]) -> Text:
    a, b = spots[pair[0].a], spots[pair[0].b]
    words = " + ".join(map(_count, pair))
    if a.row == b.row:
        left, right = sorted((a, b), key=lambda spot: spot.x)
        y = a.top + a.height / 2 - 6 if _is_near(left, right) else a.top - _LIFT / 2 - 6
        return Text(f"{(a.x + b.x) / 2:.1f}", f"{y:.1f}", words, "count")
    # Lines that fan out are labelled nearer to their lower end, in turn, so that labels do not meet.
    along = 0.6 if place % 2 else 0.8
    y = a.top + a.height + (b.top - a.top - a.height) * along
    return Text(f"{a.x + (b.x - a.x) * along:.1f}", f"{y + 4:.1f}", words, "count")


def _in_words(bundles: Sequence[Bundle]) -> str:
    counts = sorted({bundle.count for bundle in bundles})
    speeds = "/".join(sorted({number(bundle.speed_gbps) for bundle in bundles}, key=float))
    many = str(counts[0]) if len(counts) == 1 else f"{counts[0]}-{counts[-1]}"
    return f"{many} x {speeds}G a line"

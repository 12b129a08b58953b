"""A drawing as values: boxes, lines and texts with their places; the template prints them and no more.

Lengths are SVG user units, equal to CSS pixels at full size. ``data`` becomes ``data-`` attributes, so that a
program can read from the picture what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rackwright.nvue.tree import natural_key
from rackwright.render.slices import number

__all__ = ["Box", "Drawing", "Line", "Text", "attributes", "fit", "span"]

# How wide characters are, by the size of the typeface: measured on DejaVu Sans, the widest that a browser here falls
# back to. A browser reads the real widths in tests/journeys.
_ADVANCE: Final = 0.63
_NARROW: Final = 0.38
_WIDE: Final = 0.95
_BOLD: Final = 1.12


class Text(msgspec.Struct, frozen=True, gc=False):
    """One line of text; ``y`` is its base line."""

    x: str
    y: str
    text: str
    kind: str = ""


class Box(msgspec.Struct, frozen=True):
    """A rectangle with lines of text in it."""

    x: str
    y: str
    width: str
    height: str
    kind: str
    title: str
    """Shown when the pointer rests on it, and read aloud."""
    texts: tuple[Text, ...] = ()
    data: Mapping[str, str] = {}


class Line(msgspec.Struct, frozen=True):
    """A path from box to box."""

    path: str
    kind: str
    title: str
    width: str = "1"
    data: Mapping[str, str] = {}


class Drawing(msgspec.Struct, frozen=True):
    """Everything in one picture, from back to front: lines, boxes, texts."""

    width: int
    height: int
    title: str
    lines: tuple[Line, ...] = ()
    boxes: tuple[Box, ...] = ()
    texts: tuple[Text, ...] = ()
    data: Mapping[str, str] = {}
    caption: str = ""
    """What the picture leaves out or draws together."""


def attributes(**values: Any) -> dict[str, str]:
    """Return ``data-`` attributes; lists are joined by blanks, underscores become hyphens."""
    return {f"data-{name.replace('_', '-')}": _flat(value) for name, value in values.items()}


def _flat(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return number(value) if isinstance(value, float) else str(value)


def fit(text: str, width: float, size: float = 12, *, bold: bool = False) -> str:
    """Shorten a text in its middle so that it fits a width; the start and the number at its end stay."""
    room = width / size / (_BOLD if bold else 1)
    if _advance(text) <= room:
        return text
    for kept in range(len(text) - 1, 2, -1):
        tail = kept // 2
        short = f"{text[: kept - tail]}..{text[len(text) - tail :]}"
        if _advance(short) <= room:
            return short
    return text[:4]


def _advance(text: str) -> float:
    return sum([_NARROW if char in "ijlrt.,:;|!'()[]-/ " else _WIDE if char in "mwMW%@" else _ADVANCE for char in text])


def span(names: list[str]) -> str:
    """Name a run of things by its first and last: ``be01-be08``, ``r1-pdu1 to r1-pdu4``."""
    ordered = sorted(names, key=natural_key)
    first, last = ordered[0], ordered[-1]
    return first if len(ordered) == 1 else f"{first} to {last}" if "-" in first + last else f"{first}-{last}"

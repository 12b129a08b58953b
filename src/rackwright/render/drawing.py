"""A drawing as values: boxes, lines and texts with their places; the template prints them and no more.

Lengths are SVG user units, equal to CSS pixels at full size. ``data`` becomes ``data-`` attributes, so that a
program can read from the picture what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rackwright.render.slices import natural, number

__all__ = ["Box", "Drawing", "Line", "Text", "attributes", "fit", "span"]

# A digit or letter of the drawing's typeface is about so wide, by its size.
_ADVANCE: Final = 0.62


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


def fit(text: str, width: float, size: float = 12) -> str:
    """Shorten a text in its middle so that it fits a width; the start and the number at its end stay."""
    room = max(4, int(width / (size * _ADVANCE)))
    if len(text) <= room:
        return text
    tail = (room - 2) // 2
    return f"{text[: room - 2 - tail]}..{text[len(text) - tail :]}"


def span(names: list[str]) -> str:
    """Name a run of things by its first and last: ``be01-be08``."""
    ordered = sorted(names, key=natural)
    return ordered[0] if len(ordered) == 1 else f"{ordered[0]}-{ordered[-1]}"

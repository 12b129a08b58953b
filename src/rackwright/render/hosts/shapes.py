"""Shapes of values, and what is wrong with a value by its shape; the vocabulary of :mod:`rackwright.render.hosts.model`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rackwright.catalog.faults import nearest, shown
from rackwright.documents import Path

__all__ = [
    "ANY",
    "FLAG",
    "TEXT",
    "Anything",
    "Either",
    "Fault",
    "Flag",
    "Items",
    "Keys",
    "Rows",
    "Shape",
    "Text",
    "Whole",
    "judge",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, at a path of the judged value."""

    path: Path
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text: one of ``words``, or of a pattern, or one that ``good`` takes."""

    words: tuple[str, ...] = ()
    pattern: str = r"(?s).*"
    good: Callable[[str], bool] | None = None
    called: str = "text"
    """What is expected, for the sentence."""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    of: Shape
    least: int = 0


@dataclass(frozen=True, slots=True)
class Keys:
    """A mapping with known keys."""

    known: Mapping[str, Shape]
    needed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """A mapping with keys of the user's own and values of one shape."""

    of: Shape
    name: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class Either:
    """A value of one of several shapes; which one is known by its type."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Anything:
    """A value that is judged elsewhere."""


Shape = Text | Flag | Whole | Items | Keys | Rows | Either | Anything

TEXT: Final = Text()
FLAG: Final = Flag()
ANY: Final = Anything()


def judge(value: Any, shape: Shape, path: Path = (), *, partial: bool = False) -> Iterator[Fault]:
    """Yield everything in which a value is not of its shape; of a ``partial`` one, keys may be missing and ``None`` takes away."""
    if isinstance(shape, Anything) or (partial and value is None):
        return
    if not _fits(value, shape):
        yield Fault(path, f"{_name(path)} is {shown(value)}, expected {_called(shape)}", f"write {_called(shape)}")
        return
    match shape:
        case Text():
            yield from _text(value, shape, path)
        case Whole():
            yield from _whole(value, shape, path)
        case Items():
            yield from _items(value, shape, path)
        case Keys():
            yield from _keys(value, shape, path, partial)
        case Rows():
            yield from _rows(value, shape, path, partial)
        case Either():
            fitting = next(one for one in shape.shapes if _fits(value, one))
            yield from judge(value, fitting, path, partial=partial)


def _fits(value: Any, shape: Shape) -> bool:
    """Say whether a value has the type of a shape."""
    match shape:
        case Text():
            return isinstance(value, str)
        case Flag():
            return isinstance(value, bool)
        case Whole():
            return isinstance(value, int) and not isinstance(value, bool)
        case Items():
            return isinstance(value, Sequence) and not isinstance(value, str)
        case Keys() | Rows():
            return isinstance(value, Mapping)
        case Either(shapes):
            return any(_fits(value, one) for one in shapes)
    return True


def _called(shape: Shape) -> str:
    match shape:
        case Text(words, _, _, called):
            return f"one of {', '.join(words)}" if words else called
        case Flag():
            return "true or false"
        case Whole():
            return "a whole number"
        case Items():
            return "a list"
        case Keys() | Rows():
            return "a mapping"
        case Either(shapes):
            return " or ".join(dict.fromkeys(_called(one) for one in shapes))
    return "anything"


def _name(path: Path) -> str:
    if not path:
        return "the document"
    return f"{path[-2]}[{path[-1]}]" if len(path) > 1 and isinstance(path[-1], int) else str(path[-1])


def _text(value: str, shape: Text, path: Path) -> Iterator[Fault]:
    if shape.words and value not in shape.words:
        yield Fault(path, f"{_name(path)} is {shown(value)}", nearest(value, shape.words))
    elif not re.fullmatch(shape.pattern, value) or (shape.good is not None and not shape.good(value)):
        yield Fault(path, f"{_name(path)} is {shown(value)}, which is not {shape.called}", f"write {shape.called}")


def _whole(value: int, shape: Whole, path: Path) -> Iterator[Fault]:
    if shape.least is not None and value < shape.least:
        yield Fault(path, f"{_name(path)} is {value}", f"use at least {shape.least}")
    if shape.most is not None and value > shape.most:
        yield Fault(path, f"{_name(path)} is {value}", f"use at most {shape.most}")


def _items(value: Sequence[Any], shape: Items, path: Path) -> Iterator[Fault]:
    if len(value) < shape.least:
        yield Fault(path, f"{_name(path)} is empty", f"give at least {shape.least}")
    for at, item in enumerate(value):
        # A list is replaced as a whole, so its items must be whole too.
        yield from judge(item, shape.of, (*path, at))


def _keys(value: Mapping[Any, Any], shape: Keys, path: Path, partial: bool) -> Iterator[Fault]:
    for key, item in value.items():
        known = shape.known.get(key) if isinstance(key, str) else None
        if known is None:
            yield Fault((*path, str(key)), f"unknown key {str(key)!r}", nearest(str(key), shape.known))
        else:
            yield from judge(item, known, (*path, key), partial=partial)
    for key in shape.needed:
        if key not in value and not partial:
            yield Fault((*path, key), f"{key!r} is missing", f"add {key!r}")


def _rows(value: Mapping[Any, Any], shape: Rows, path: Path, partial: bool) -> Iterator[Fault]:
    for key, item in value.items():
        yield from judge(key, shape.name, (*path, str(key)))
        yield from judge(item, shape.of, (*path, str(key)), partial=partial)

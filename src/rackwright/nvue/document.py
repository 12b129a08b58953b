"""Read NVUE documents: startup files, ``nv config show`` exports as YAML or JSON, bare trees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

from rackwright import documents
from rackwright.documents import Marked
from rackwright.findings import Location, Problem, problem
from rackwright.nvue.ranges import Overlap, expand_traced
from rackwright.nvue.tree import Path, Tree

__all__ = ["Document", "Mark", "read"]

Mark: TypeAlias = Location
"""Where a node stands in the file."""

_CHECK: Final = "nvue-document"
_PARTS: Final = ("header", "set", "unset")


class Document(msgspec.Struct, frozen=True):
    """An NVUE document: ``tree`` has its ranges expanded, ``raw`` is as written.

    ``marks`` has the place of every expanded path. ``problems`` has what is wrong with the text
    and, with the check ``nvue-overlap``, range keys that contradict each other.
    """

    source: str
    header: Mapping[str, Any]
    tree: Tree
    marks: Mapping[Path, Mark]
    raw: Tree
    problems: tuple[Problem, ...] = ()
    overlaps: tuple[Overlap, ...] = ()

    def at(self, path: Path) -> Mark:
        """Find where a path stands, or its nearest parent that is there."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.marks:
                return self.marks[path[:end]]
        return Location(self.source)


def read(text: str | bytes, source: str = "startup.yaml") -> Document:
    """Read a document of any form that NVUE writes: a list of header and set, or the bare tree.

    What is wrong comes back in ``problems``; the tree is then what could be read, or empty.
    """
    marked = documents.load(text, source, top="any")
    found = list(marked.problems)
    header, raw, prefix = _parts(marked, found)
    expansion = expand_traced(raw)
    marks = {path: marked.at(*prefix, *written) for path, written in expansion.origins.items()}
    marks[()] = marked.at(*prefix)
    found += [_overlap(item, marked, prefix) for item in expansion.overlaps]
    return Document(source, header, expansion.tree, marks, raw, tuple(found), expansion.overlaps)


def _parts(marked: Marked, found: list[Problem]) -> tuple[Mapping[str, Any], Tree, documents.Path]:
    """Find the header, the tree and the way to the tree."""
    value = marked.value
    places: dict[str, documents.Path] = {}
    if isinstance(value, list):
        for index, item in enumerate(value):
            for key in item if isinstance(item, dict) else ():
                _claim(key, (index, key), places, marked, found)
            if not isinstance(item, dict):
                found.append(_wrong(marked.value_at(index), "a list item that is no mapping", _FORM))
    elif isinstance(value, dict) and value and all(key in _PARTS for key in value):
        for key in value:
            _claim(key, (key,), places, marked, found)
    elif isinstance(value, dict):
        return {}, value, ()
    elif value is not None or not marked.problems:
        found.append(_wrong(marked.value_at(), "no NVUE configuration in it", _FORM))
    header = _inner(value, places.get("header"), marked, found)
    return header, _inner(value, places.get("set"), marked, found), places.get("set", ())


_FORM: Final = "write '- header:' and '- set:', or the tree itself"


def _wrong(place: Location, message: str, remedy: str) -> Problem:
    return problem(_CHECK, message, remedy=remedy, location=place, subject=place.file)


def _claim(
    key: str, path: documents.Path, places: dict[str, documents.Path], marked: Marked, found: list[Problem]
) -> None:
    if key not in ("header", "set"):
        found.append(_wrong(marked.at(*path), f"a part {key!r} beside header and set", _FORM))
    elif key in places:
        found.append(_wrong(marked.at(*path), f"a second part {key!r}", "merge the two into one"))
    else:
        places[key] = path


def _inner(value: Any, path: documents.Path | None, marked: Marked, found: list[Problem]) -> Tree:
    if path is None:
        return {}
    for step in path:
        value = value[step]
    if isinstance(value, dict):
        return value
    if value is not None:
        found.append(_wrong(marked.value_at(*path), f"{path[-1]!r} holds no mapping", "write keys below it"))
    return {}


def _overlap(item: Overlap, marked: Marked, prefix: documents.Path) -> Problem:
    first = marked.at(*prefix, *item.first)
    written = f"{item.first_value!r} on line {first.line}"
    message = f"{'.'.join(item.path)} is set to {written} and again to {item.second_value!r}"
    return problem(
        "nvue-overlap",
        message,
        remedy="leave it to one of the two range keys",
        location=marked.at(*prefix, *item.second),
        path=item.path,
        subject=marked.source,
        source="nvue.md 8.7",
    )

"""Check an expanded NVUE tree against the schema table of a NOS version: strict and fast.

The table (``data/5.12.json``) is built from NVIDIA's OpenAPI by way of PyPI ``nvueschema``, with our
own rules for map keys (``data/corrections.yaml`` says which, and from where). An unknown key is a
violation, a key of another NOS version is named as such, and a map key must have its map's form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Final, Literal

import msgspec

from rackwright.errors import SchemaUnknown
from rackwright.nvue.keys import KeyKind, key_is_legal
from rackwright.nvue.tree import Path
from rackwright.nvue.values import describe, is_legal

__all__ = ["Kind", "Schema", "Secrets", "Violation", "known", "load"]

Secrets = Literal["refuse", "stand-in"]
"""``stand-in``: a mapping ``{secret: NAME}`` is legal where a leaf belongs (design decision 14)."""

Kind = Literal["object", "map", "leaf", "presence", "free"]

DATA: Final = FilePath(__file__).parent / "data"
_MEMO: Final = 4096
_ANY: Final = 1 << 31


class Violation(msgspec.Struct, frozen=True, order=True):
    """One place in a tree that NVUE of this version would refuse or misread.

    Codes: ``unknown-key``, ``other-version``, ``bad-key``, ``bad-value``, ``not-a-value`` (a mapping
    where a value belongs), ``not-a-mapping``, ``secret`` (a reference that was not resolved).
    ``allowed`` says in words what is legal there.
    """

    path: Path
    code: str
    message: str
    allowed: str

    def __str__(self) -> str:
        """Print as path, message and what to do."""
        return f"{'.'.join(self.path)}: {self.message}; write {self.allowed}"


class _Row(msgspec.Struct, frozen=True):
    """One node of the table as it is stored; see ``scripts/build_nvue_schema.py``."""

    o: Mapping[str, int] | None = None
    m: int | None = None
    k: str = "any"
    t: Sequence[list[Any]] | None = None
    x: int = 0


class _Table(msgspec.Struct, frozen=True):
    nos: str
    source: str
    root: int
    kinds: Mapping[str, KeyKind]
    nodes: Sequence[_Row]


class _Others(msgspec.Struct, frozen=True):
    """Paths that other versions have and this one has not, and how this one says the same."""

    paths: Mapping[str, Sequence[str]]
    spelling: Sequence[tuple[str, str, str]]


class _Node:
    """One node made ready for the walk: ``keys`` for objects and maps, known good values for leaves."""

    __slots__ = ("good", "keys", "kind", "longest", "row")

    def __init__(self, row: _Row, table: _Compiled) -> None:
        self.row = row
        # By type, since True and 1.0 are equal to 1 and must not pass for it.
        self.good: dict[type, set[Any]] = {}
        self.keys: _Keys | None = None
        # Texts up to this length may say anything, as descriptions do; each is another, so none is remembered.
        self.longest = -1
        self.kind: Kind = "leaf"
        if row.t is None:
            self.kind = "free" if row.x else "object" if row.o is not None else "map"
            self.keys = None if row.x else _Keys(row, table)
        elif row.t[0][0] == "p":
            self.kind = "presence"
        else:
            self.good = {str: {word for kind, *rest in row.t if kind == "e" for word in rest[0]}, int: set()}
            self.longest = max((_longest(rest) for kind, *rest in row.t if kind == "s"), default=-1)


def _longest(rule: Sequence[Any]) -> int:
    """Return the length to which a type takes any text that is not empty; -1 when it asks for more than a length."""
    least, most, *patterns = rule
    return -1 if patterns or (least or 0) > 1 else _ANY if most is None else int(most)


class _Keys(dict[str, "_Node | None"]):
    """Child by key; a key is looked up in the table, or held to its kind, the first time only."""

    __slots__ = ("row", "table")

    def __init__(self, row: _Row, table: _Compiled) -> None:
        super().__init__()
        self.row = row
        self.table = table

    def __missing__(self, key: str) -> _Node | None:
        """Find the child for a key that was not asked for before; None when there is none."""
        row = self.row
        index = row.m if row.o is None else row.o.get(key)
        if index is None or (row.o is None and not key_is_legal(key, self.table.kinds[row.k])):
            return None
        if len(self) >= _MEMO:
            self.clear()
        node = self[key] = self.table.node(index)
        return node


class _Compiled:
    """The nodes of a table, each made ready when it is first reached."""

    def __init__(self, table: _Table) -> None:
        self.kinds = table.kinds
        self._rows = table.nodes
        self._nodes: dict[int, _Node] = {}

    def node(self, index: int) -> _Node:
        """Get a node by its number."""
        node = self._nodes.get(index)
        if node is None:
            node = self._nodes[index] = _Node(self._rows[index], self)
        return node


def known() -> tuple[str, ...]:
    """List the NOS versions that have a table."""
    return tuple(sorted(path.stem for path in DATA.glob("[0-9]*.[0-9]*.json") if "-" not in path.stem))


def load(nos: str = "5.12.1") -> Schema:
    """Load the schema of a NOS version; ``5.12.1`` takes the table of 5.12.

    Raises :class:`SchemaUnknown` for a version without a table.
    """
    version = ".".join(nos.split(".")[:2])
    if version not in known():
        raise SchemaUnknown(f"no NVUE schema for {nos}; known are {', '.join(known())}")
    return _load(version)


@cache
def _load(version: str) -> Schema:
    return Schema((DATA / f"{version}.json").read_bytes())


class Schema:
    """The schema of one NOS version; holds what it has already found legal, so reuse it."""

    def __init__(self, data: bytes) -> None:
        """Decode a table (the bytes of ``data/<version>.json``)."""
        table = msgspec.json.decode(data, type=_Table)
        self.nos = table.nos
        self.source = table.source
        self._table = _Compiled(table)
        self._root = self._table.node(table.root)

    def check(self, tree: Mapping[str, Any], *, secrets: Secrets = "refuse") -> list[Violation]:
        """List what is wrong in an expanded tree (without header), in the order of the tree."""
        raw = _walk(self._keys(), tree, secrets == "stand-in")
        return [self._named(item) for item in raw or ()]

    def kind(self, path: Sequence[str]) -> Kind | None:
        """Tell what stands at a path: an object, a map, a leaf, a presence, or None for no such path."""
        node: _Node | None = self._root
        for key in path:
            if node is None or node.kind == "free":
                break
            node = node.keys[key] if node.keys is not None else None
        return node.kind if node is not None else None

    def parse(self, path: Sequence[str], text: str) -> str | int | float:
        """Read the value of a leaf from a command line: a number where the leaf takes numbers."""
        node = self._at(path)
        types = (node.row.t or ()) if node is not None else ()
        if not is_legal(text, types):
            for convert, name in ((int, "i"), (float, "f")):
                if any(row[0] == name for row in types):
                    try:
                        return convert(text)
                    except ValueError:
                        continue
        return text

    def _at(self, path: Sequence[str]) -> _Node | None:
        node: _Node | None = self._root
        for key in path:
            node = node.keys[key] if node is not None and node.keys is not None else None
        return node

    def children(self, path: Sequence[str]) -> tuple[str, ...]:
        """List the keys an object may have; empty for maps and leaves."""
        node = self._at(path)
        return tuple(node.row.o or ()) if node is not None else ()

    def _keys(self) -> _Keys:
        keys = self._root.keys
        assert keys is not None  # noqa: S101 - the root of a table is an object
        return keys

    def _named(self, item: Violation) -> Violation:
        """Say more about an unknown key: its version, or the nearest key there is."""
        if item.code != "unknown-key":
            return item
        pattern = tuple(self._pattern(item.path))
        others = _others(self.nos)
        versions = next((others.paths[name] for name in _above(pattern) if name in others.paths), None)
        key, beside = item.path[-1], self.children(item.path[:-1])
        rows = (row for row in others.spelling if _matches(row[0].split("."), pattern))
        spelled = next((write for _, write, wanted in rows if not wanted or wanted in beside), "")
        near = _nearest(key, beside)
        if versions:
            message = f"{key!r} is not in {self.nos}; it is in {_span(versions)}"
            return msgspec.structs.replace(item, code="other-version", message=message, allowed=spelled or item.allowed)
        if spelled or near:
            return msgspec.structs.replace(item, allowed=spelled or f"{near!r}")
        return item

    def _pattern(self, path: Path) -> Iterator[str]:
        node: _Node | None = self._root
        for key in path:
            yield "*" if node is not None and node.kind == "map" else key
            node = node.keys[key] if node is not None and node.keys is not None else None


def _walk(keys: _Keys, tree: Mapping[str, Any], stand_in: bool) -> list[Violation] | None:
    """Check one mapping; as deep as the table goes, which is finite. A legal leaf costs two look-ups."""
    found: list[Violation] | None = None
    for key, value in tree.items():
        node = keys[key]
        if node is not None:
            cls = value.__class__
            if cls is dict:
                below = node.keys
                if below is not None:
                    inner = _walk(below, value, stand_in) if value else None
                    if inner is not None:
                        found = found or []
                        found += [msgspec.structs.replace(item, path=(key, *item.path)) for item in inner]
                    continue
                if not value and node.kind == "presence":
                    continue
            elif value in node.good.get(cls, ()) or (cls is str and 0 < len(value) <= node.longest):
                continue
        wrong = _judge(keys, node, key, value, stand_in)
        if wrong is not None:
            found = found or []
            found.append(wrong)
    return found


def _judge(keys: _Keys, node: _Node | None, key: str, value: Any, stand_in: bool) -> Violation | None:
    """Look closely at one entry; None when it is legal after all."""
    if node is None:
        return _stranger(keys, key)
    if node.kind == "free":
        return None
    if node.keys is not None:
        allowed = "keys below it, or {}"
        return Violation((key,), "not-a-mapping", f"{_shown(value)} where keys belong", allowed)
    types = node.row.t or ()
    if isinstance(value, Mapping) and node.kind != "presence":
        if set(value) == {"secret"} and isinstance(value["secret"], str):
            allowed = "the value; 'push' resolves references"
            return None if stand_in else Violation((key,), "secret", "a secret reference, not a value", allowed)
        return Violation((key,), "not-a-value", "a mapping where a value belongs", describe(types))
    if not is_legal(value, types):
        return Violation((key,), "bad-value", f"{_shown(value)} is not legal", describe(types))
    _remember(node, value)
    return None


def _remember(node: _Node, value: Any) -> None:
    memory = node.good.get(type(value))
    if memory is not None:
        if len(memory) >= _MEMO:
            memory.clear()
        memory.add(value)


def _stranger(keys: _Keys, key: str) -> Violation:
    row = keys.row
    if row.o is None:
        return Violation((key,), "bad-key", f"key {key!r} is not legal", keys.table.kinds[row.k].expect)
    return Violation((key,), "unknown-key", f"unknown key {key!r}", "one of " + ", ".join(sorted(row.o)))


def _shown(value: Any) -> str:
    text = "true" if value is True else "false" if value is False else "null" if value is None else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


@cache
def _others(nos: str) -> _Others:
    return msgspec.json.decode((DATA / f"{nos}-others.json").read_bytes(), type=_Others)


def _above(pattern: Path) -> Iterator[str]:
    return (".".join(pattern[:end]) for end in range(len(pattern), 0, -1))


def _matches(want: Sequence[str], path: Sequence[str]) -> bool:
    if want[0] == "**":
        want = want[1:]
        path = path[-len(want) :]
    return len(want) == len(path) and all(left in ("*", right) for left, right in zip(want, path, strict=True))


def _span(versions: Sequence[str]) -> str:
    return versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"


def _nearest(key: str, keys: Sequence[str]) -> str:
    from difflib import get_close_matches  # only errors pay for it

    return next(iter(get_close_matches(key, keys, 1)), "")

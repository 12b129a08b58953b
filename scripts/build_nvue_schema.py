"""Build the compact NVUE schema table from PyPI ``nvueschema`` (run by ``make schema``).

The models are NVIDIA's OpenAPI as pydantic classes (MIT, Brandon Bennett). This program flattens
them, lays ``nvue/data/corrections.yaml`` over them and writes ``nvue/data/5.12.json`` (the table)
and ``nvue/data/5.12-others.json`` (keys that other NOS versions have and this one has not).

A node of the table is ``{"o": {key: node}}`` (object), ``{"m": node, "k": kind}`` (map) or
``{"t": [type, ...]}`` (leaf, any of the types); nodes are numbered and equal ones are shared. A type
is ``["e", words]``, ``["i", low, high]``, ``["f", low, high]``, ``["s", least, most, pattern, ...]``,
``["a", form]`` (an address) or ``["p"]`` (a presence). ``{"x": 1}`` is free below.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

from rackwright import documents

DATA: Final = Path(__file__).parent.parent / "src" / "rackwright" / "nvue" / "data"
VERSION: Final = "5.12"
OTHERS: Final = ("5.9", "5.10", "5.11", "5.13", "5.14", "5.15", "5.16", "5.17", "5.18")

Node = dict[str, Any]


def main() -> None:
    """Write both files; print their sizes."""
    read = documents.read(DATA / "corrections.yaml")
    if read.problems:
        sys.exit("\n".join(map(str, read.problems)))
    corrections = read.value
    tree = Flattener(VERSION, corrections).root()
    kinds = {name: {k: v for k, v in kind.items() if k != "source"} for name, kind in corrections["kinds"].items()}
    nodes: list[Node] = []
    root = share(tree, nodes, {})
    table = {"nos": VERSION, "source": source(VERSION), "kinds": kinds, "root": root, "nodes": nodes}
    write(f"{VERSION}.json", table)
    others: dict[str, list[str]] = {}
    for version in OTHERS:
        for path in extra(tree, Flattener(version, corrections).root(), ()):
            others.setdefault(".".join(path), []).append(version)
    spelling = [[row["path"], row["write"], row.get("beside", "")] for row in corrections["spelling"]]
    write(f"{VERSION}-others.json", {"paths": {p: others[p] for p in sorted(others)}, "spelling": spelling})


def write(name: str, value: Any) -> None:
    """Write one compact JSON file."""
    data = msgspec.json.encode(value, order="sorted") + b"\n"
    (DATA / name).write_bytes(data)
    print(f"{name}: {len(data)} bytes")


def source(version: str) -> str:
    """Say what the models were made from, in the words of their first lines."""
    module = models(version)
    head = Path(str(module.__file__)).read_text(encoding="utf-8").split("\n")[1]
    return f"nvueschema {importlib.metadata.version('nvueschema')} (MIT), {head.lstrip('# ')}"


def models(version: str) -> types.ModuleType:
    """Import the models of one NOS version."""
    return importlib.import_module(f"nvueschema.models.v{version.replace('.', '_')}")


def plain(hint: Any) -> Any:
    """Take Optional and one-sided unions off a type."""
    while get_origin(hint) in {Union, types.UnionType}:
        inner = [arg for arg in get_args(hint) if arg is not type(None)]
        if len(inner) != 1:
            return hint
        hint = inner[0]
    return hint


class Flattener:
    """Turns the models of one version into a tree of nodes."""

    def __init__(self, version: str, corrections: Mapping[str, Any]) -> None:
        self.module = models(version)
        self.keys: Mapping[str, str] = corrections["keys"]
        self.presence = frozenset(corrections["presence"])
        self.free = frozenset(corrections["free"])
        # A named type of the module is recognised by identity of its Annotated alias.
        self.named = [
            (getattr(self.module, name), row["type"])
            for name, row in corrections["types"].items()
            if hasattr(self.module, name)
        ]
        self.seen: set[str] = set()

    def root(self) -> Node:
        """Flatten the whole model; the header is no part of a tree."""
        node = self.model(self.module.NvueConfig, ())
        node["o"].pop("header", None)
        unused = set(self.keys) - self.seen
        if unused and self.module is models(VERSION):
            sys.exit(f"corrections.yaml: keys for maps that are not there: {sorted(unused)}")
        return node

    def model(self, cls: type[BaseModel], path: tuple[str, ...]) -> Node:
        """Flatten one object."""
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        below = {}
        for key, field in sorted(fields.items()):
            # The metadata of Annotated moves into the field when it is the outermost type.
            hint = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            below[key] = self.node(hint, (*path, key))
        return {"o": below}

    def node(self, hint: Any, path: tuple[str, ...]) -> Node:
        """Flatten one type: an object, a map or a leaf."""
        hint = plain(hint)
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            return self.model(hint, path)
        if get_origin(hint) is not dict:
            return {"t": merged(list(self.leaf(hint)))}
        where = ".".join(path)
        if where in self.free:
            return {"x": 1}
        self.seen.add(where)
        value = plain(get_args(hint)[1])
        if value is not Any:
            return {"m": self.node(value, (*path, "*")), "k": self.keys.get(where, "any")}
        if path[-1] in self.presence:
            return {"t": [["p"]]}
        return {"m": {"t": [["p"]]}, "k": self.keys.get(where, "any")}

    def leaf(self, hint: Any) -> Iterator[list[Any]]:
        """List the alternatives of a leaf."""
        hint = plain(hint)
        for alias, corrected in self.named:
            if hint == alias or (get_origin(hint) is Annotated and alias.__metadata__[0] in hint.__metadata__):
                yield corrected
                return
        origin = get_origin(hint)
        if origin in {Union, types.UnionType}:
            for arg in get_args(hint):
                if arg is not type(None):
                    yield from self.leaf(arg)
        elif origin is Literal:
            yield ["e", sorted(get_args(hint))]
        elif origin is Annotated:
            yield bounded(*get_args(hint))
        elif origin is list:
            yield ["l"]  # none in 5.12; only compared, never shipped
        else:
            yield bounded(hint)


def bounded(base: Any, *marks: Any) -> list[Any]:
    """Describe one scalar type with its bounds."""
    base, marks = unwrap(base, marks)
    if base.__name__ in ADDRESSES:
        return ["a", ADDRESSES[base.__name__]]
    limits = {name: value for mark in marks for name, value in facts(mark)}
    if base in {int, float}:
        return ["i" if base is int else "f", limits.get("ge"), limits.get("le")]
    if base is type(None):
        return ["n"]
    if base is not str and base.__name__ != "SecretStr":
        sys.exit(f"a type the builder does not know: {base!r}")
    patterns = [value for mark in marks for name, value in facts(mark) if name == "pattern"]
    return ["s", limits.get("min_length", 0), limits.get("max_length"), *patterns]


ADDRESSES: Final = {"IPv4Address": "ipv4", "IPv6Address": "ipv6", "IPv4Network": "net4", "IPv6Network": "net6"}


def unwrap(base: Any, marks: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Unfold Annotated inside Annotated."""
    base = plain(base)
    while get_origin(base) is Annotated:
        base, *more = get_args(base)
        marks = (*more, *marks)
        base = plain(base)
    return base, marks


def facts(mark: Any) -> Iterator[tuple[str, Any]]:
    """List what one piece of pydantic metadata says: bounds, lengths, patterns."""
    keywords = getattr(getattr(mark, "func", None), "keywords", None)
    if keywords:
        yield from keywords.items()
        return
    for inner in getattr(mark, "metadata", None) or [mark]:
        for name in ("ge", "le", "min_length", "max_length", "pattern"):
            value = getattr(inner, name, None)
            if value is not None:
                yield name, value


def merged(alternatives: list[list[Any]]) -> list[list[Any]]:
    """Put all words of a union into one enumeration, and drop repeats."""
    words = sorted({word for kind, *rest in alternatives if kind == "e" for word in rest[0]})
    out: list[list[Any]] = [["e", words]] if words else []
    for row in alternatives:
        if row[0] != "e" and row not in out:
            out.append(row)
    return out


def share(node: Node, nodes: list[Node], index: dict[bytes, int]) -> int:
    """Give a node and those below it their numbers; equal nodes get one number."""
    flat: Node = dict(node)
    if "o" in node:
        flat["o"] = {key: share(below, nodes, index) for key, below in node["o"].items()}
    if "m" in node:
        flat["m"] = share(node["m"], nodes, index)
    name = msgspec.json.encode(flat, order="sorted")
    if name not in index:
        index[name] = len(nodes)
        nodes.append(flat)
    return index[name]


def extra(mine: Node, theirs: Node, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """List the topmost paths that the other version has and this one has not."""
    if "m" in mine and "m" in theirs:
        yield from extra(mine["m"], theirs["m"], (*path, "*"))
    for key, node in theirs.get("o", {}).items() if "o" in mine else ():
        if key in mine["o"]:
            yield from extra(mine["o"][key], node, (*path, key))
        else:
            yield (*path, key)


if __name__ == "__main__":
    main()

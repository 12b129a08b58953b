"""An NVUE configuration tree as a value: walk, look up, merge, compare.

A tree is the object below ``set``: every key a string, leaves are strings and numbers, and an
empty mapping is a leaf too, a *presence* (``link.state.up: {}``). NVUE's on and off are strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, TypeGuard

import msgspec

__all__ = [
    "Leaf", "Path", "Tree", "count", "equal_leaf", "form", "get", "is_mapping", "leaves", "merge", "natural_key",
    "put",
]  # fmt: skip

Tree: TypeAlias = dict[str, Any]
"""A mapping of keys to trees and leaves."""

Leaf: TypeAlias = Any
"""A string, a number, or an empty mapping (a presence)."""

Path: TypeAlias = tuple[str, ...]
"""The keys from the root to a node."""

_DIGITS = re.compile(r"([0-9]+)")
_LONGEST = 16384
_encode = msgspec.msgpack.Encoder().encode


@lru_cache(maxsize=262144)
def natural_key(name: str) -> tuple[str | int, ...]:
    """Order names as people do: ``swp2`` before ``swp10``, ``swp1`` before ``swp1s0``."""
    parts = _DIGITS.split(name)
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))


def form(node: Mapping[str, Any]) -> bytes | None:
    """Return what a node holds as bytes: equal bytes mean equal keys in equal order with leaves of equal type.

    A fabric says the same thing at thousands of ports; what was printed or judged once is found again by
    its form, at a tenth of the cost. None: too long to be remembered, or a leaf that no document can hold.
    """
    try:
        found = _encode(node)
    except (TypeError, OverflowError):
        return None
    return found if len(found) <= _LONGEST else None


def leaves(tree: Mapping[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, Leaf]]:
    """Walk all leaves in the order of the tree; a presence leaf comes as ``{}``."""
    stack: list[tuple[Path, Iterator[tuple[str, Any]]]] = [(prefix, iter(tree.items()))]
    while stack:
        path, items = stack[-1]
        for key, value in items:
            if isinstance(value, Mapping) and value:
                stack.append(((*path, key), iter(value.items())))
                break
            yield (*path, key), value
        else:
            stack.pop()


def count(tree: Mapping[str, Any]) -> int:
    """Count the leaves."""
    return sum(1 for _ in leaves(tree))


def get(tree: Mapping[str, Any], *path: str, default: Any = None) -> Any:
    """Look up a node, or ``default`` where it is not there."""
    node: Any = tree
    for key in path:
        # Asked inline: this is the innermost loop of a build.
        if (type(node) is not dict and not isinstance(node, Mapping)) or key not in node:
            return default
        node = node[key]
    return node


def put(tree: Tree, path: Sequence[str], value: Any) -> None:
    """Set one node in place, making the mappings above it; for builders of new trees."""
    node = tree
    for key in path[:-1]:
        child = node.get(key)
        if not isinstance(child, dict):
            child = node[key] = {}
        node = child
    last = path[-1]
    if value == {} and isinstance(node.get(last), dict):
        return
    node[last] = value


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Tree:
    """Lay one tree over another and return a new one; where both set a leaf, ``over`` wins."""
    merged: Tree = {key: merge(value, {}) if is_mapping(value) else value for key, value in base.items()}
    for key, value in over.items():
        below = merged.get(key)
        if is_mapping(value):
            merged[key] = merge(below if is_mapping(below) else {}, value)
        else:
            merged[key] = value
    return merged


def is_mapping(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Tell a mapping from a leaf; nearly every one is a dict, and to ask for an abstract class costs more than all the rest."""
    return type(value) is dict or (type(value) is not str and isinstance(value, Mapping))


def _text(leaf: Leaf) -> str:
    if leaf is True or leaf is False:
        # What a YAML 1.1 reader makes of an unquoted on or off (nvue.md 6, pitfall 1).
        return "on" if leaf else "off"
    return str(leaf)


def equal_leaf(left: Leaf, right: Leaf) -> bool:
    """Compare leaves as NVUE does: ``1`` equals ``"1"``, a boolean equals ``"on"`` or ``"off"``."""
    if is_mapping(left) or is_mapping(right):
        return bool(left == right)
    return _text(left) == _text(right)

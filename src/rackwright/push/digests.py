"""The name of a configuration: a digest that every way of reading one switch agrees on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rackwright.diff.changes import is_masked, is_node, is_secret
from rackwright.documents import canonical_json, digest
from rackwright.nvue.ranges import expand
from rackwright.nvue.tree import Leaf, Path

__all__ = ["digest_of"]

_encode: Final = msgspec.msgpack.Encoder().encode
_HIDDEN: Final = "***"
_SWITCHES: Final = {True: "on", False: "off"}
_REMEMBERED: Final = 8192
# What a tree is written as, by its SHA-256 -> its digest.
_known: dict[bytes, str] = {}


def digest_of(tree: Mapping[str, Any]) -> str:
    """Return the digest of a configuration, equal exactly where :func:`rackwright.diff.between` sees no difference.

    A number equals its text, and every secret counts as there, whatever it is: masked, referred to or seen.
    """
    try:
        written = hashlib.sha256(_encode(tree)).digest()
    except (TypeError, OverflowError):
        # What no document can hold is not remembered.
        return _worked_out(tree)
    # A switch is looked at a dozen times in a push and is in three states: one that was seen before is not taken apart again.
    found = _known.get(written)
    if found is None:
        found = _worked_out(tree)
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[written] = found
    return found


def _worked_out(tree: Mapping[str, Any]) -> str:
    leaves: list[tuple[Path, str]] = []
    _collect(expand(tree), (), leaves)
    return digest(canonical_json(leaves))


def _collect(node: Mapping[str, Any], above: Path, leaves: list[tuple[Path, str]]) -> None:
    """Collect the leaves in the order of their paths, as texts."""
    for key in sorted(node):
        path, value = (*above, key), node[key]
        if is_node(path, value):
            _collect(value, path, leaves)
        else:
            leaves.append((path, _plain(path, value)))


def _plain(path: Path, leaf: Leaf) -> str:
    if is_secret(path) or is_masked(path, leaf):
        return _HIDDEN
    if isinstance(leaf, Mapping):
        return "{}"
    return _SWITCHES[leaf] if isinstance(leaf, bool) else str(leaf)

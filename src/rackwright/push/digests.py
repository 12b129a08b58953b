"""The name of a configuration: a digest that every way of reading one switch agrees on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rackwright.diff.changes import flatten, is_masked, is_secret
from rackwright.documents import canonical_json, digest
from rackwright.nvue.ranges import expand
from rackwright.nvue.tree import Leaf, Path

__all__ = ["digest_of"]

_HIDDEN: Final = "***"
_SWITCHES: Final = {True: "on", False: "off"}


def digest_of(tree: Mapping[str, Any]) -> str:
    """Return the digest of a configuration, equal exactly where :func:`rackwright.diff.between` sees no difference.

    A number equals its text, and every secret counts as there, whatever it is: masked, referred to or seen.
    """
    leaves = flatten(expand(tree))
    return digest(canonical_json(sorted((list(path), _plain(path, leaf)) for path, leaf in leaves.items())))


def _plain(path: Path, leaf: Leaf) -> str:
    if is_secret(path) or is_masked(path, leaf):
        return _HIDDEN
    if isinstance(leaf, Mapping):
        return "{}"
    return _SWITCHES[leaf] if isinstance(leaf, bool) else str(leaf)

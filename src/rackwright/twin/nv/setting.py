"""``nv set`` and ``nv unset``: words into a tree, with the schema telling where a path ends and a value begins."""

from __future__ import annotations

from typing import Any

from rackwright.nvue import schema as table
from rackwright.twin.engine.ranges import names_of
from rackwright.twin.engine.trees import Tree

__all__ = ["Misplaced", "set_tree", "unset_tree"]


class Misplaced(Exception):
    """The schema has no place for these words."""


def set_tree(words: list[str]) -> Tree:
    """Return the tree that ``nv set WORDS`` sets. Raises :class:`Misplaced`."""
    schema = table.load("5.12.1")
    for end in range(1, len(words) + 1):
        path = [names_of(word)[0] for word in words[:end]]
        kind = schema.kind(path)
        if kind is None:
            raise Misplaced(f"'{words[end - 1]}' is not one of the options at '{' '.join(words[: end - 1])}'")
        if kind == "leaf":
            if len(words) == end:
                raise Misplaced(f"a value is missing after '{words[-1]}'")
            return _nested(words[:end], schema.parse(path, " ".join(words[end:])))
    return _nested(words, {})


def unset_tree(words: list[str]) -> Tree:
    """Return the tree whose end ``nv unset WORDS`` takes away."""
    return _nested(words, None)


def _nested(words: list[str], value: Any) -> Tree:
    for word in reversed(words):
        value = {word: value}
    return value if isinstance(value, dict) else {}

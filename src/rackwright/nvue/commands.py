"""The same tree as ``nv set`` commands, in the form of the 5.12 command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from rackwright.nvue.ranges import expand_key
from rackwright.nvue.schema import Schema
from rackwright.nvue.tree import Tree, natural_key, put

__all__ = ["set_lines", "tree_from_commands", "unset_line"]


def set_lines(tree: Mapping[str, Any]) -> list[str]:
    """Write one ``nv set`` command a leaf, naturally sorted; a presence ends with its path.

    A value with blanks, quotes, ``#`` or line breaks is quoted for a POSIX shell, so a command may
    go over several lines.
    """
    lines: list[str] = []
    _walk(tree, "nv set", lines)
    return lines


def unset_line(path: Sequence[str]) -> str:
    """Write the ``nv unset`` command for one node."""
    return " ".join(["nv unset", *(shlex.quote(part) for part in path)])


@lru_cache(maxsize=65536)
def _word(text: str) -> str:
    return shlex.quote(text)


@lru_cache(maxsize=16384)
def _order(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((key, _word(key)) for key in sorted(keys, key=natural_key))


def _walk(node: Mapping[str, Any], head: str, lines: list[str]) -> None:
    for key, word in _order(tuple(node)) if len(node) > 1 else [(key, _word(key)) for key in node]:
        value = node[key]
        if isinstance(value, dict):
            if value:
                _walk(value, f"{head} {word}", lines)
            else:
                lines.append(f"{head} {word}")
        else:
            lines.append(f"{head} {word} {_word(value if isinstance(value, str) else str(value))}")


def tree_from_commands(text: str, schema: Schema) -> Tree:
    """Read ``nv set`` commands back into a tree; range keys stay as they are written.

    The schema tells where a path ends and a value begins. Lines of other commands and comments are
    passed over. Raises :class:`ValueError` for a command that the schema cannot place.
    """
    tree: Tree = {}
    for words in _commands(text):
        if words[:2] == ["nv", "set"]:
            path, value = _placed(words[2:], schema)
            put(tree, path, value)
    return tree


def _commands(text: str) -> Iterator[list[str]]:
    pending = ""
    for line in text.split("\n"):
        if not pending and (not line.strip() or line.startswith("#")):
            continue
        pending += line
        try:
            yield shlex.split(pending)
        except ValueError:  # a quote is still open: the value goes on in the next line
            pending += "\n"
            continue
        pending = ""
    if pending:
        raise ValueError(f"a quote is never closed: {pending[:80]!r}; close it")


def _placed(words: list[str], schema: Schema) -> tuple[list[str], Any]:
    for end in range(1, len(words) + 1):
        path = [expand_key(key)[0] for key in words[:end]]
        kind = schema.kind(path)
        if kind is None:
            raise ValueError(f"no such path: {' '.join(words[:end])}; correct it, or give the commands of {schema.nos}")
        if kind == "leaf":
            if len(words) != end + 1:
                raise ValueError(f"one value is wanted after {' '.join(words[:end])}")
            return words[:end], schema.parse(path, words[end])
    return words, {}

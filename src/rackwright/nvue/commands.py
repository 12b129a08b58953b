"""The same tree as ``nv set`` commands, in the form of the 5.12 command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rackwright.nvue.tree import natural_key

__all__ = ["set_lines", "unset_line"]


def set_lines(tree: Mapping[str, Any]) -> list[str]:
    """Write one ``nv set`` command a leaf, naturally sorted; a presence ends with its path.

    A value with blanks, quotes, ``#`` or line breaks is quoted for a POSIX shell, so a command may
    go over several lines.
    """
    return list(_walk(tree, "nv set"))


def unset_line(path: Sequence[str]) -> str:
    """Write the ``nv unset`` command for one node."""
    return " ".join(["nv unset", *(shlex.quote(part) for part in path)])


def _walk(node: Mapping[str, Any], head: str) -> Iterator[str]:
    for key in sorted(node, key=natural_key):
        value = node[key]
        here = f"{head} {shlex.quote(key)}"
        if isinstance(value, Mapping):
            if value:
                yield from _walk(value, here)
            else:
                yield here
        else:
            yield f"{here} {shlex.quote(str(value))}"

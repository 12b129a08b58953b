"""Print an NVUE tree as ``startup.yaml``: fast, sorted, and read alike by every YAML reader."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rackwright.documents import block, quoted, scalar
from rackwright.nvue.tree import natural_key

__all__ = ["dump"]

_LONG_KEY = 128
"""From here on a key is written in the explicit form ``? key``, as NVUE itself does."""


def dump(tree: Mapping[str, Any], *, model: str, nos: str) -> str:
    """Print the startup file for one switch: the header, then ``set`` with naturally sorted keys.

    ``model`` and ``nos`` (``5.12.1``) go into the header, which NVUE takes as information only
    (nvue.md 7). Equal trees give equal bytes, whatever the order of their keys.
    """
    lines = [
        "- header:",
        f"    model: {quoted(model)}",
        "    nvue-api-version: nvue_v1",
        "    rev-id: 1.0",
        f"    version: {quoted(f'Cumulus Linux {nos}')}",
        "- set:" if tree else "- set: {}",
    ]
    _print(tree, "    ", lines)
    lines.append("")
    return "\n".join(lines)


@lru_cache(maxsize=16384)
def _order(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Sort keys and quote them; ports share their few sets of keys, so most of this is remembered."""
    return tuple((key, quoted(key)) for key in sorted(keys, key=natural_key))


def _print(node: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    for key, text in _order(tuple(node)) if len(node) > 1 else [(key, quoted(key)) for key in node]:
        value = node[key]
        if isinstance(value, str) and "\n" not in value:
            entry = quoted(value)
        elif not value and value == {}:
            entry = "{}"
        elif isinstance(value, dict):
            if len(key) <= _LONG_KEY:
                lines.append(f"{indent}{text}:")
                _print(value, indent + "  ", lines)
                continue
            entry = _nested(value, indent + "  ")
        else:
            entry = _leaf(value, indent + "  ")
        lines.append(f"{indent}{text}: {entry}" if len(key) <= _LONG_KEY else f"{indent}? {text}\n{indent}: {entry}")


def _leaf(value: Any, indent: str) -> str:
    if isinstance(value, str):
        return block(value, indent) or quoted(value)
    return scalar(value)


def _nested(value: Mapping[str, Any], indent: str) -> str:
    # Behind an explicit key the first line of the mapping follows the colon.
    lines: list[str] = []
    _print(value, indent, lines)
    return "\n".join(lines)[len(indent) :]

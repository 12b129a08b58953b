"""Print an NVUE tree as ``startup.yaml``: fast, sorted, and read alike by every YAML reader."""

from __future__ import annotations

from collections.abc import Mapping
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


def _print(node: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    deeper = indent + "  "
    for key in sorted(node, key=natural_key) if len(node) > 1 else node:
        value = node[key]
        head = indent + quoted(key)
        if len(key) > _LONG_KEY:
            lines.append(f"{indent}? {quoted(key)}")
            head = indent
        if isinstance(value, str):
            lines.append(f"{head}: {quoted(value)}" if "\n" not in value else f"{head}: {_text(value, deeper)}")
        elif isinstance(value, dict):
            if not value:
                lines.append(head + ": {}")
            elif head is indent:
                lines.append(f"{indent}: {_nested(value, deeper)}")
            else:
                lines.append(head + ":")
                _print(value, deeper, lines)
        else:
            lines.append(f"{head}: {scalar(value)}")


def _text(value: str, indent: str) -> str:
    return block(value, indent) or quoted(value)


def _nested(value: Mapping[str, Any], indent: str) -> str:
    # Behind an explicit key the first line of the mapping follows the colon.
    lines: list[str] = []
    _print(value, indent, lines)
    return "\n".join(lines)[len(indent) :]

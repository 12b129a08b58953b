"""Print an NVUE tree as ``startup.yaml``: fast, sorted, and read alike by every YAML reader."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from rackwright.documents import block, quoted, scalar
from rackwright.nvue.tree import form, natural_key

__all__ = ["dump"]

_LONG_KEY = 128
"""From here on a key is written in the explicit form ``? key``, as NVUE itself does."""

_ENTRY: Final = " " * 8
"""Indent of what stands below ``interface.swp1``, ``vrf.default`` and their like: what a fabric says over and over."""

_T = TypeVar("_T")
_GAP: Final = "a-gap-for-the-description"
_REMEMBERED: Final = 32768
# Form of an entry -> its lines; those before and behind its description.
_known: dict[bytes, str] = {}
_parted: dict[bytes, tuple[str, ...]] = {}


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


@lru_cache(maxsize=65536)
def _heads(keys: tuple[str, ...], indent: str) -> tuple[tuple[str, str, bool], ...]:
    """Sort keys and print each as the start of its line; ports share their few sets of keys, so most is remembered."""
    ordered = sorted(keys, key=natural_key) if len(keys) > 1 else keys
    return tuple(
        (key, f"{indent}{quoted(key)}:" if len(key) <= _LONG_KEY else f"{indent}? {quoted(key)}\n{indent}:",
         len(key) > _LONG_KEY)
        for key in ordered
    )  # fmt: skip


def _print(node: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    # The innermost loop of a build: what is common comes first, and asks for the exact type.
    deeper = indent + "  "
    for key, head, explicit in _heads(tuple(node), indent):
        value = node[key]
        kind = value.__class__
        if kind is str and "\n" not in value:
            lines.append(f"{head} {quoted(value)}")
        elif kind is dict and value and not explicit:
            lines.append(head)
            if deeper == _ENTRY:
                lines.append(_lines(value))
            else:
                _print(value, deeper, lines)
        elif value == {}:
            lines.append(head + " {}")
        else:
            lines.append(f"{head} {_nested(value, deeper) if kind is dict else _leaf(value, deeper)}")


def _lines(node: Mapping[str, Any]) -> str:
    """Print an entry of a map, such as a port or a VRF; one that is like another is not printed again."""
    free = node.get("description")
    if free.__class__ is str and "\n" not in free:
        # A description names the far end and hardly repeats; what stands around it does.
        around = _around(node)
        if around:
            return f"{around[0]}{quoted(free)}{around[2]}"
    held = form(node)
    if held is None:
        return _text(node)
    text = _known.get(held)
    return _keep(_known, held, _text(node)) if text is None else text


def _around(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Print what stands before and behind the description; empty where that cannot be told apart."""
    rest = {**node, "description": _GAP}
    held = form(rest)
    if held is None:
        return ()
    parts = _parted.get(held)
    if parts is None:
        text = _text(rest)
        parts = _keep(_parted, held, text.partition(_GAP) if text.count(_GAP) == 1 else ())
    return parts


def _keep(memory: dict[bytes, _T], held: bytes, value: _T) -> _T:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[held] = value
    return value


def _text(node: Mapping[str, Any]) -> str:
    lines: list[str] = []
    _print(node, _ENTRY, lines)
    return "\n".join(lines)


def _leaf(value: Any, indent: str) -> str:
    if isinstance(value, str):
        return block(value, indent) or quoted(value)
    return scalar(value)


def _nested(value: Mapping[str, Any], indent: str) -> str:
    # Behind an explicit key the first line of the mapping follows the colon.
    lines: list[str] = []
    _print(value, indent, lines)
    return "\n".join(lines)[len(indent) :]

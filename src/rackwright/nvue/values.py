"""Legal leaf values: the types of the schema table, applied and put into words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from rackwright.nvue.keys import has_form

__all__ = ["describe", "is_legal"]


def is_legal(value: Any, types: Sequence[list[Any]]) -> bool:
    """Tell whether a value is of one of the types; a boolean or null never is."""
    if value is None or isinstance(value, bool):
        return False
    return any(_fits(value, kind, rest) for kind, *rest in types)


def _fits(value: Any, kind: str, rest: Sequence[Any]) -> bool:
    if kind == "p":
        return bool(value == {})
    if kind == "i":
        return isinstance(value, int) and _within(value, rest[0], rest[1])
    if kind == "f":
        return isinstance(value, (int, float)) and _within(value, rest[0], rest[1])
    if not isinstance(value, str):
        return False
    if kind == "e":
        return value in rest[0]
    if kind == "a":
        return has_form(value, rest[0])
    if kind == "s":
        least, most, *patterns = rest
        return _within(len(value), least, most) and all(_compiled(text).search(value) for text in patterns)
    return False


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Python's $ also matches before a final line break; the models' regex engine does not.
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern))


_FORMS = {"ipv4": "an IPv4 address", "ipv6": "an IPv6 address", "net4": "an IPv4 prefix", "net6": "an IPv6 prefix"}


def describe(types: Sequence[list[Any]]) -> str:
    """Put the types of a leaf into words."""
    return " or ".join(dict.fromkeys(_words(kind, rest) for kind, *rest in types))


def _words(kind: str, rest: Sequence[Any]) -> str:
    if kind == "e":
        return ", ".join(rest[0]) if len(rest[0]) > 2 else " or ".join(rest[0])
    if kind in ("i", "f"):
        return _number("a whole number" if kind == "i" else "a number", rest[0], rest[1])
    if kind == "a":
        return _FORMS[rest[0]]
    if kind == "s":
        return _text(*rest)
    return "{}" if kind == "p" else "nothing (this is read-only)"


def _number(name: str, low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return name
    if high is None:
        return f"{name} of {low} or more"
    return f"{name} of {high} or less" if low is None else f"{name} from {low} to {high}"


def _text(least: int, most: int | None, *patterns: str) -> str:
    size = f" of {least} to {most} characters" if most else ""
    return f"a text{size}" + "".join(f" matching {pattern}" for pattern in patterns)

"""A quick reader for the plain part of YAML that configurations are written in: block mappings, scalars, ``{}``.

A rack of switches reads megabytes of it; libyaml with a loader in Python takes twenty times as long. Anything that is not plainly of
this part makes :func:`read` give up, and the whole of YAML is read instead; a test holds both to the same result.
"""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["read"]

_LINE: Final = re.compile(
    r"""(?P<indent>\ *)(?P<dash>-\ )?
        (?:'(?P<single>[^'\\\n]*)'|"(?P<double>[^"\\\n]*)"|(?P<plain>[A-Za-z0-9/_$.][A-Za-z0-9/_$.,:+-]*?))
        :(?:\ +(?:(?P<empty>\{\})|'(?P<text>[^'\n]*)'|"(?P<quoted>[^"\\\n]*)"|(?P<value>[A-Za-z0-9/_$.][^\n\#'"{}\[\]&*!|>%@`]*?)))?\ *""",
    re.VERBOSE,
)
_WORD: Final = re.compile(r"(?:[A-Za-z0-9/_$.,+=-]|:(?! |$))+(?: (?:[A-Za-z0-9/_$.,+=-]|:(?! |$))+)*")
_SPECIAL: Final = re.compile(
    r"~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
)
_INTEGER: Final = re.compile(r"[0-9]+")
_DECIMAL: Final = re.compile(r"[0-9]+\.[0-9]+")


class _Other(Exception):
    """The text is not of the plain part."""


def read(text: str) -> Any | None:
    """Return the value of a text of the plain part, keys as texts; None when it is not of it."""
    try:
        return _items(text)
    except _Other:
        return None


def _items(text: str) -> Any:
    items: list[dict[str, Any]] = []
    top: dict[str, Any] = {}
    # (indent of the keys, mapping) from the top down; a key without a value waits for what stands below it.
    stack: list[tuple[int, dict[str, Any]]] = [(0, top)]
    waiting: tuple[int, dict[str, Any], str] | None = None
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _Other
        indent = len(match["indent"])
        if match["dash"]:
            if indent or top:
                raise _Other
            items.append({})
            stack, waiting, indent = [(2, items[-1])], None, 2
        stack, waiting = _placed(stack, waiting, indent)
        waiting = _entered(stack[-1][1], match, indent)
    return items or top


def _placed(
    stack: list[tuple[int, dict[str, Any]]], waiting: tuple[int, dict[str, Any], str] | None, indent: int
) -> tuple[list[tuple[int, dict[str, Any]]], None]:
    """Find the mapping that a line of this indent belongs to."""
    if waiting is not None and indent > waiting[0]:
        below: dict[str, Any] = {}
        waiting[1][waiting[2]] = below
        stack.append((indent, below))
        return stack, None
    while stack and stack[-1][0] > indent:
        stack.pop()
    if not stack or stack[-1][0] != indent:
        raise _Other
    return stack, None


def _entered(mapping: dict[str, Any], match: re.Match[str], indent: int) -> tuple[int, dict[str, Any], str] | None:
    """Enter a line into its mapping; returns the key when its value is to come below."""
    plain = match["plain"]
    key = plain if plain is not None else match["single"] if match["single"] is not None else match["double"]
    if key in mapping or (plain is not None and (_SPECIAL.fullmatch(plain) and not _INTEGER.fullmatch(plain))):
        raise _Other
    if match["empty"]:
        mapping[key] = {}
    elif match["text"] is not None or match["quoted"] is not None:
        mapping[key] = match["text"] if match["text"] is not None else match["quoted"]
    elif match["value"] is not None:
        mapping[key] = _value(match["value"])
    else:
        mapping[key] = None
        return indent, mapping, key
    return None


def _value(text: str) -> Any:
    if not _WORD.fullmatch(text):
        raise _Other
    if _SPECIAL.fullmatch(text):
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
        raise _Other
    return text

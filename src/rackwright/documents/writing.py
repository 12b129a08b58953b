"""Writing: YAML text that readers of YAML 1.1 and 1.2 read alike, and canonical JSON."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

__all__ = ["block", "canonical_json", "digest", "dump", "quoted", "scalar"]

# What some reader of YAML 1.1 or 1.2 takes for something else than a string: PyYAML's and
# ruamel's resolvers and the YAML 1.1 type repository, made wider rather than narrower.
_TRAP_WORDS: Final = frozenset(
    [*"yn~=", "", "yes", "no", "on", "off", "true", "false", "null", "none", "<<", ".inf", ".nan", "-.inf", "+.inf"]
)
_TRAP: Final = re.compile(
    r"[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+"
    r"|[0-9_,]+|(?:[0-9][0-9_]*)?\.?[0-9_]*(?:[eE][-+]?[0-9]*)?"
    r"|[0-9][0-9_]*(?::[0-9_]+)+(?:\.[0-9_]*)?)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
    r"|[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){2,}"
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./$+(-][A-Za-z0-9_./$()@%+=,:;<>*!?&|~^'\"\\ #-]*")
# The usual names and addresses, none of which any reader takes for something else.
_SURE: Final = re.compile(
    r"(?:[A-Za-z_][A-Za-z0-9_./-]*|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?)(?: [A-Za-z0-9_./-]+)*"
)
_BLOCK_LINE: Final = re.compile(r"[\x20-\x7e]*")
_LONG_KEY: Final = 128
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@lru_cache(maxsize=65536)
def quoted(text: str) -> str:
    """Print a string as a YAML scalar on one line, quoted where any reader could misread it."""
    if _SURE.fullmatch(text):
        return text if text.lower() not in _TRAP_WORDS else f'"{text}"'
    if text.lower() not in _TRAP_WORDS and _PLAIN.fullmatch(text) and not _TRAP.fullmatch(text):
        inner_ok = ": " not in text and " #" not in text and text[-1] not in ": "
        if inner_ok and not text.startswith(("- ", "? ", "---", "...")) and text != "-":
            return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    if 0x20 <= code < 0x7F:
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def scalar(value: str | float | bool | None) -> str:
    """Print a scalar so that YAML 1.1 and 1.2 readers give the same value back."""
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return _float(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 wants a dot before the exponent.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def block(text: str, indent: str) -> str | None:
    """Print a text of several lines as a literal block, or None where only quotes are safe.

    The result starts with ``|`` and goes behind a key; ``indent`` is that of its lines.
    """
    lines = text.split("\n")
    ends = lines[-1] == ""
    if ends:
        lines.pop()
    if not all(_BLOCK_LINE.fullmatch(line) for line in lines):
        return None
    if len(lines) + ends < 2 or lines[0][:1] in ("", " ") or not lines[-1].strip():
        return None
    # A line of blanks only is read differently by the two generations of parsers.
    if any(line and not line.strip() for line in lines):
        return None
    body = "\n".join(indent + line if line else "" for line in lines)
    return f"|{'' if ends else '-'}\n{body}"


def dump(value: Any, *, sort: bool = False) -> str:
    """Write a document of dict, list and scalars as YAML in block style, two spaces a level.

    Keys must be strings. ``sort`` orders keys by name; otherwise they stay as they come.
    Raises :class:`TypeError` for a value that YAML's core schema does not have.
    """
    return "\n".join(_lines(value, "", sort)) + "\n"


def _lines(value: Any, indent: str, sort: bool) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key in sorted(value) if sort else value:
            yield from _entry(f"{indent}{_key_text(key)}", value[key], indent, sort)
    elif isinstance(value, (list, tuple)) and value:
        for item in value:
            first, *rest = _item_lines(item, indent, sort)
            yield f"{indent}- {first}"
            yield from rest
    else:
        yield indent + _flat(value, indent + "  ")


def _key_text(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be a string, not {type(key).__name__}: {key!r}")
    return quoted(key)


def _entry(head: str, value: Any, indent: str, sort: bool) -> Iterator[str]:
    if len(head) - len(indent) > _LONG_KEY:
        first, *rest = _item_lines(value, indent, sort)
        yield f"{indent}? {head[len(indent) :]}"
        yield f"{indent}: {first}"
        yield from rest
    elif isinstance(value, (dict, list, tuple)) and value:
        yield head + ":"
        yield from _lines(value, indent + "  ", sort)
    else:
        yield f"{head}: {_flat(value, indent + '  ')}"


def _item_lines(item: Any, indent: str, sort: bool) -> list[str]:
    lines = "\n".join(_lines(item, indent + "  ", sort)).split("\n")
    return [lines[0][len(indent) + 2 :], *lines[1:]]


def _flat(value: Any, indent: str) -> str:
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    if isinstance(value, str) and "\n" in value:
        return block(value, indent) or quoted(value)
    if value is None or isinstance(value, (str, int, float)):
        return scalar(value)
    raise TypeError(f"no YAML for {type(value).__name__}: {value!r}")


def canonical_json(value: Any) -> bytes:
    """Encode a value as JSON with sorted keys and no blanks: equal values, equal bytes."""
    return msgspec.json.encode(value, order="sorted")


def digest(data: bytes) -> str:
    """Name bytes by their SHA-256, as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()

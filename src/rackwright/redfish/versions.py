"""One comparison of firmware versions across the forms in which vendors print them.

A version is brought to a scheme and a key. Two of the same scheme compare by their keys, two of different schemes do not
compare at all: ``None`` is an answer, and a guess would flash a server. Forms (redfish.md 2.5, and what the trees show):

- numbers with dots: ``7.10.30.00`` is ``7.10.30``, ``22.00.6`` is ``22.0.6``, ``2.1b`` follows ``2.1``;
- ``32.44.1036`` is ``32.44.10.36``: NVIDIA prints the last four digits of its adapters' versions in one;
- pairs of hexadecimal digits: ``00.1D.9C`` of a power supply, and a word of them: ``4301A70`` of Dell's diagnostics;
- ``A05`` before ``A12``; dates; ``BF-24.10-10`` and ``U54 v2.10 (10/20/2023)``, which compare below the same first word.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = ["Parsed", "Sign", "compare", "parse", "same", "told"]

Sign = Literal[-1, 0, 1]

_UNTOLD = {"", "0", "notavailable", "not available", "n/a", "na", "none", "null", "unknown", "version not available"}
# Everything is compared in lower case.
_REVISION = re.compile(r"([a-z])(\d{1,2})", re.ASCII)
_DATES = (
    re.compile(r"(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?:t[\d:.]+(?:z|[+-]\d\d:\d\d)?)?", re.ASCII),
    re.compile(r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>(?:19|20)\d\d)", re.ASCII),
    re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])", re.ASCII),
)
_NUMBERED = re.compile(
    r"(?:(?P<family>[a-z][a-z0-9]*)[ _-])?v?(?P<number>[0-9a-f]+(?:[.-][0-9a-f]+)*)"
    r"(?: (?:\(?\d\d?/\d\d?/\d{4}\)?|[a-z]{3} \d\d? \d{4}))?",
    re.ASCII,
)
_PART = re.compile(r"(\d+)([a-z]?)", re.ASCII)
_PAIR = re.compile(r"[0-9a-f]{2}", re.ASCII)
_WORD = re.compile(r"\d[0-9a-f]{5,}", re.ASCII)
_PARTS_OF_NVIDIA = 3


class Parsed(NamedTuple):
    """A version brought to the form in which it compares."""

    scheme: str
    """Versions of different schemes do not compare."""
    key: tuple[tuple[int, str], ...]


def told(version: str | None) -> bool:
    """Say whether a version is one at all: ``0``, ``NotAvailable``, zeros only, an empty or a missing one tell none."""
    word = _plain(version)
    return word not in _UNTOLD and bool(word.strip("0.-"))


@lru_cache(maxsize=4096)
def parse(version: str | None) -> Parsed | None:
    """Bring a version to its scheme and key; None for one that is not told and for text without an order."""
    if not told(version):
        return None
    text = _plain(version)
    for pattern in _DATES:
        if (date := pattern.fullmatch(text)) is not None:
            return Parsed("date", tuple((int(date[part]), "") for part in "ymd"))
    if (revision := _REVISION.fullmatch(text)) is not None:
        return Parsed(f"revision {revision[1]}", ((int(revision[2]), ""),))
    if (found := _NUMBERED.fullmatch(text)) is None:
        return None
    key = _key(re.split(r"[.-]", found["number"]))
    return Parsed(found["family"] or "", key) if key else None


def same(left: str | None, right: str | None) -> bool:
    """Say whether two versions are one version; one that is not told is the same as none, itself included."""
    if not told(left) or not told(right):
        return False
    if _plain(left) == _plain(right):
        return True
    ours = parse(left)
    return ours is not None and ours == parse(right)


def compare(left: str | None, right: str | None) -> Sign | None:
    """Order two versions: -1 when the left one is older, 1 when it is newer, 0 when same, None when they do not compare."""
    if same(left, right):
        return 0
    ours, theirs = parse(left), parse(right)
    if ours is None or theirs is None or ours.scheme != theirs.scheme:
        return None
    return -1 if ours.key < theirs.key else 1


def _plain(version: str | None) -> str:
    return (version or "").strip().lower()


def _key(parts: list[str]) -> tuple[tuple[int, str], ...] | None:
    """Return the comparable key of the parts of a number.

    Decimal parts are read in base 16 as well: their order stays the same, and ``00.18.31`` compares with ``00.1D.9C``.
    """
    if len(parts) == _PARTS_OF_NVIDIA and [len(part) for part in parts] == [2, 2, 4] and "".join(parts).isdecimal():
        parts = [*parts[:2], parts[2][:2], parts[2][2:]]
    pairs = len(parts) > 1 and all(_PAIR.fullmatch(part) for part in parts)
    word = len(parts) == 1 and _WORD.fullmatch(parts[0])
    key: list[tuple[int, str]] = []
    for part in parts:
        if pairs or word:
            key.append((int(part, 16), ""))
        elif (found := _PART.fullmatch(part)) is not None:
            key.append((int(found[1], 16), found[2]))
        else:
            return None
    while key and key[-1] == (0, ""):
        key.pop()
    return tuple(key)

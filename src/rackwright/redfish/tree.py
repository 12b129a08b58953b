"""Walking the resources of a BMC along their own links, where anything may be missing, null or of another type.

Nothing here raises for what a BMC said. A link that leads nowhere is remembered and told as a gap: what was asked and not
answered is unknown, and never right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from rackwright.redfish.inventory import Resources

__all__ = ["ERRORS", "Node", "Tree", "flag", "inner", "macs", "natural", "number", "text"]

ERRORS = "#errors"
"""The key under which the driver tells what it asked for in vain: URI -> sentence."""

Node = Mapping[str, Any]
"""A JSON object of a BMC."""

_NOTHING = {
    "",
    "na",
    "n/a",
    "none",
    "null",
    "notavailable",
    "not available",
    "not applicable",
    "notapplicable",
    "unknown",
}
_LONGEST_NOTHING = max(map(len, _NOTHING))
_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2}")
_FEW = 4
_DEEPEST = 8
"""Pages of one collection; a BMC that links them in a circle ends here."""


@dataclass(slots=True)
class Tree:
    """The resources of one BMC, and what they turned out to lack."""

    resources: Resources
    gaps: dict[str, str] = field(default_factory=dict)
    """URI -> why it is not told; in the order in which they were found."""
    _types: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take over what the driver asked for in vain."""
        errors = self.resources.get(ERRORS)
        for uri, why in (errors if isinstance(errors, Mapping) else {}).items():
            self.gaps[_plain(str(uri))] = str(why)

    def at(self, uri: str) -> Node:
        """Return the resource of a URI, or the part of one that ``#/PowerSupplies/0`` points at; empty when there is none."""
        found: Any = self.resources.get(uri)
        if type(found) is dict:
            return found
        path, _, pointer = uri.partition("#")
        found = self.resources.get(_plain(path))
        for step in (part for part in pointer.split("/") if part):
            if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                found = found.get(step) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def follow(self, reference: Any, *, asked: bool = False) -> Node:
        """Return what a reference leads to; one that carries the object itself (``$expand``) is that object.

        ``asked``: it was to be read; when it is not there, that is a gap.
        """
        if type(reference) is not dict and (reference is None or not isinstance(reference, Mapping)):
            return {}
        uri = reference.get("@odata.id")
        found = self.at(uri) if isinstance(uri, str) else {}
        if found:
            return found
        if any(not key.startswith("@") for key in reference):
            return reference
        if asked and isinstance(uri, str):
            self.gap(uri)
        return {}

    def linked(self, node: Node, *path: str) -> Iterator[Node]:
        """Yield what the references below a path lead to, one or a list of them."""
        raw = inner(node, *path)
        for one in raw if isinstance(raw, list) else [raw]:
            if found := self.follow(one):
                yield found

    def members(self, node: Node, *path: str, asked: bool = True) -> list[Node]:
        """Return the members of the collection that a reference below a path leads to, all its pages.

        A collection that was read and lacks a member is a gap; so is one that is linked and was not read, when ``asked``.
        """
        reference = inner(node, *path)
        if isinstance(reference, list):
            return [found for one in reference if (found := self.follow(one, asked=True))]
        return self._pages(self.follow(reference, asked=asked))

    def below(self, node: Node, key: str, part: str, *, asked: bool = True) -> list[Node]:
        """Return the members of a collection two links away, whose middle may not have been read (DSP0266 fixes such URIs)."""
        middle = self.follow(node.get(key))
        if middle:
            return self.members(middle, part, asked=asked)
        uri = text(node, key, "@odata.id").rstrip("/")
        return self._pages(self.at(f"{uri}/{part}")) if uri else []

    def named(self, node: Node, *path: str) -> bool:
        """Tell whether a reference below a path leads to something that was read."""
        return bool(self.follow(inner(node, *path)))

    def of_type(self, kind: str) -> list[Node]:
        """Return the resources of one type, ``ComputerSystem``, wherever they are: for trees that lack what leads to them."""
        return [self.resources[uri] for uri in self.uris_of_type(kind)]

    def uris_of_type(self, kind: str) -> list[str]:
        """Return the URIs of the resources of one type, in natural order."""
        if not self._types:
            for uri, node in self.resources.items():
                if isinstance(of := inner(node, "@odata.type"), str):
                    self._types.setdefault(of.rpartition(".")[2], []).append(str(uri))
        return sorted(self._types.get(kind, ()), key=natural)

    def gap(self, uri: str, why: str = "it is linked and not told") -> None:
        """Remember that something was asked and not told."""
        self.gaps.setdefault(_plain(uri), why)

    def untold(self) -> tuple[str, ...]:
        """Return the gaps, one sentence each; of a collection that lacks many members, one sentence for all."""
        lacking = Counter(uri.rpartition("/")[0] for uri in self.gaps)
        told: dict[str, str] = {}
        for uri, why in self.gaps.items():
            parent = uri.rpartition("/")[0]
            many = lacking[parent] > _FEW
            told.setdefault(
                parent if many else uri,
                f"{lacking[parent]} of its members are not told, the first since: {why}" if many else why,
            )
        return tuple(f"{uri}: {why}" for uri, why in told.items())

    def _pages(self, collection: Node) -> list[Node]:
        found: list[Node] = []
        for _ in range(_DEEPEST):
            members = collection.get("Members")
            listed = members if isinstance(members, list) else []
            found += [member for one in listed if (member := self.follow(one, asked=True))]
            following = collection.get("Members@odata.nextLink")
            following = following.get("@odata.id") if isinstance(following, Mapping) else following
            collection = self.at(following) if isinstance(following, str) else {}
            if not collection:
                if isinstance(following, str):
                    self.gap(following)
                break
        return found


def inner(node: Any, *path: str) -> Any:
    """Return what stands below a path of keys; None when a step is missing or no object."""
    for step in path:
        # An exact dict and nothing are asked first: a thousand BMCs have millions of these, and the ABC costs ten times as much.
        if type(node) is not dict and (node is None or not isinstance(node, Mapping)):
            return None
        node = node.get(step)
    return node


def text(node: Any, *path: str) -> str:
    """Return a text, trimmed; empty when it is missing, or one of the words with which BMCs say that they do not know."""
    raw = node.get(path[0]) if len(path) == 1 and type(node) is dict else inner(node, *path)
    if type(raw) is not str:
        if raw is None or isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            return ""
        raw = str(raw)
    word = raw.strip()
    return "" if len(word) <= _LONGEST_NOTHING and word.lower() in _NOTHING else word


def number(node: Any, *path: str) -> int | None:
    """Return a whole number above 0; None for anything else: a BMC writes 0 for what it did not measure."""
    raw = inner(node, *path)
    if raw is None:
        return None
    if isinstance(raw, str) and raw.strip().isascii() and raw.strip().isdecimal():
        raw = int(raw.strip())
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not 0 < raw < float("inf"):
        return None
    return round(raw) or None


def flag(node: Any, *path: str) -> bool | None:
    """Return a true or false; None for anything else."""
    raw = inner(node, *path)
    return raw if isinstance(raw, bool) else None


def macs(*raw: Any) -> tuple[str, ...]:
    """Return MAC addresses of texts and lists of texts, lower case with colons, each once; zeros and other things fall out."""
    found: dict[str, None] = {}
    for one in (each for entry in raw for each in (entry if isinstance(entry, list) else [entry])):
        if isinstance(one, str) and (mac := _mac(one)):
            found[mac] = None
    return tuple(found)


@lru_cache(1 << 16)
def _mac(told: str) -> str:
    """Return one MAC address as all are written; empty for what is none."""
    word = told.strip().lower()
    digits = word.replace(":", "").replace("-", "")
    real = _MAC.fullmatch(word) and digits.strip("0") and digits.strip("f")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if real else ""


@lru_cache(1 << 14)
def natural(word: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts ``Slot.2`` before ``Slot.10``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", word)
    return tuple((int(part), "") if part[0] in "0123456789" else (-1, part) for part in parts)


def _plain(uri: str) -> str:
    return uri.rstrip("/") or "/"

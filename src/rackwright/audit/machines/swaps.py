"""Who answers where: machines that stand in each other's place, found from service tags and MAC addresses.

Pure: what nodes.csv says of each name and what answers at each name go in, rings and chains come out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

__all__ = ["Kind", "Known", "Marks", "Muddle", "muddles"]

Kind = Literal["machines", "tags", "macs"]
"""What is exchanged: everything that tells machines apart, their service tags alone, or their MAC addresses alone."""

_HALF: Final = 2


class Marks(msgspec.Struct, frozen=True):
    """What tells a machine from its equals; empty where not known."""

    tag: str = ""
    macs: frozenset[str] = frozenset()


class Muddle(msgspec.Struct, frozen=True):
    """Names whose machines are not their own."""

    kind: Kind
    names: tuple[str, ...]
    """At each of them answers the machine that nodes.csv calls as the next one; at the last, the first when it is a ring."""
    ring: bool
    """False: it is not known, or no machine of the plan, what answers at the last name."""


class Known:
    """What nodes.csv says, by tag and by MAC address, so that a thousand servers are told apart in one pass."""

    def __init__(self, planned: Mapping[str, Marks]) -> None:
        self.names = tuple(planned)
        self.planned = planned
        self._tags: dict[str, list[str]] = {}
        self._macs: dict[str, list[str]] = {}
        for name, marks in planned.items():
            if marks.tag:
                self._tags.setdefault(marks.tag, []).append(name)
            for mac in marks.macs:
                self._macs.setdefault(mac, []).append(name)

    def who(self, seen: Marks, kind: Kind) -> str:
        """Return the name that nodes.csv has for what was seen; empty when it fits none, or several.

        By MAC addresses: the name that owns more than half of those that are known of anybody.
        """
        if kind == "tags":
            named = self._tags.get(seen.tag, [])
            return named[0] if len(named) == 1 else ""
        owned = Counter(name for mac in seen.macs for name in self._macs.get(mac, ()))
        most, number = max(owned.items(), key=lambda item: item[1], default=("", 0))
        return most if number * _HALF > owned.total() else ""


def muddles(known: Known, seen: Mapping[str, Marks]) -> tuple[Muddle, ...]:
    """Return rings and chains of machines that are not where they should be, in the order of the names.

    Only what is told of both sides counts: a name without a tag in nodes.csv is nobody's by its tag.
    """
    tags = {at: known.who(marks, "tags") for at, marks in seen.items() if at in known.planned}
    macs = {at: known.who(marks, "macs") for at, marks in seen.items() if at in known.planned}
    by_tag, by_mac = _away(tags), _away(macs)
    told_by_mac = {at for at, name in macs.items() if name}
    told_by_tag = {at for at, name in tags.items() if name}
    whole = {at: name for at, name in by_tag.items() if by_mac.get(at) == name or at not in told_by_mac}
    whole |= {at: name for at, name in by_mac.items() if at not in told_by_tag}
    found = [
        *_rings(whole, "machines"),
        *_rings({at: name for at, name in by_tag.items() if at not in whole}, "tags"),
        *_rings({at: name for at, name in by_mac.items() if at not in whole}, "macs"),
    ]
    return tuple(sorted(found, key=lambda one: known.names.index(one.names[0])))


def _away(found: Mapping[str, str]) -> dict[str, str]:
    """Return name -> whose machine answers there, where it is another's."""
    return {at: name for at, name in found.items() if name and name != at}


def _rings(away: Mapping[str, str], kind: Kind) -> Iterator[Muddle]:
    done: set[str] = set()
    # A chain is told from its beginning; what is left after the chains are rings.
    moved = set(away.values())
    for start in [*(at for at in away if at not in moved), *away]:
        if start in done:
            continue
        names = [start]
        while (after := away.get(names[-1], "")) and after not in names:
            names.append(after)
        done.update(names)
        yield Muddle(kind, tuple(names), ring=away.get(names[-1]) == start)

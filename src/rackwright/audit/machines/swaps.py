"""Who answers where: machines that stand in each other's place, found from service tags and MAC addresses.

Pure: what nodes.csv says of each name and what answers at each name go in, rings and chains come out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

__all__ = ["Kind", "Marks", "Muddle", "muddles", "who"]

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


def who(seen: Marks, planned: Mapping[str, Marks], kind: Kind) -> str:
    """Return the name that nodes.csv has for what was seen; empty when it fits none, or several.

    By MAC addresses: the name that owns more than half of those that are known of anybody.
    """
    if kind == "tags":
        named = [name for name, marks in planned.items() if seen.tag and marks.tag == seen.tag]
        return named[0] if len(named) == 1 else ""
    owned = {name: len(marks.macs & seen.macs) for name, marks in planned.items()}
    known = sum(owned.values())
    most = max(owned, key=lambda name: owned[name], default="")
    return most if known and owned[most] * _HALF > known else ""


def muddles(planned: Mapping[str, Marks], seen: Mapping[str, Marks]) -> tuple[Muddle, ...]:
    """Return rings and chains of machines that are not where they should be, in the order of the names.

    Only what is told of both sides counts: a name without a tag in nodes.csv is nobody's by its tag.
    """
    by_tag = _away(planned, seen, "tags")
    by_mac = _away(planned, seen, "macs")
    told_by_mac = {name for name in seen if who(seen[name], planned, "macs")}
    told_by_tag = {name for name in seen if who(seen[name], planned, "tags")}
    whole = {at: name for at, name in by_tag.items() if by_mac.get(at) == name or at not in told_by_mac}
    whole |= {at: name for at, name in by_mac.items() if at not in told_by_tag}
    found = [
        *_rings(whole, "machines"),
        *_rings({at: name for at, name in by_tag.items() if at not in whole}, "tags"),
        *_rings({at: name for at, name in by_mac.items() if at not in whole}, "macs"),
    ]
    order = {name: at for at, name in enumerate(planned)}
    return tuple(sorted(found, key=lambda one: order[one.names[0]]))


def _away(planned: Mapping[str, Marks], seen: Mapping[str, Marks], kind: Kind) -> dict[str, str]:
    """Return name -> whose machine answers there, where it is another's."""
    found = {at: who(marks, planned, kind) for at, marks in seen.items() if at in planned}
    return {at: name for at, name in found.items() if name and name != at}


def _rings(away: Mapping[str, str], kind: Kind) -> Iterator[Muddle]:
    done: set[str] = set()
    # A chain is told from its beginning; what is left after the chains are rings.
    for start in [*(at for at in away if at not in set(away.values())), *away]:
        if start in done:
            continue
        names = [start]
        while (after := away.get(names[-1], "")) and after not in names:
            names.append(after)
        done.update(names)
        yield Muddle(kind, tuple(names), ring=away.get(names[-1]) == start)

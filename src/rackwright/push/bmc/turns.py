"""Which servers may be away together: never two members of a role that has to answer all the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rackwright.plan.model import Plan
from rackwright.push.apart import guarded

__all__ = ["UNGUARDED", "ahead", "turns"]

UNGUARDED: Final = "servers"
"""The turn of those whose role nobody waits for."""


def turns(plan: Plan, names: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (name, servers) of each turn.

    Servers without a guarded role go first, since one of them is the least loss should it go wrong. Of a guarded role
    (``bcm-head``, ``k8s-control``) one member a turn: an etcd of three bears one that is away, and a pair bears one.
    """
    meant = frozenset(names)
    roles = {device.name: guarded(device) for device in plan.devices if device.name in meant}
    first = tuple(name for name in names if not roles[name])
    found = [(UNGUARDED, first)] if first else []
    found += [(f"roles {number}", members) for number, members in enumerate(_turns(roles, names), 1)]
    return tuple(found)


def ahead(working: Sequence[str]) -> str:
    """Return who goes ahead of the others of a turn, of those on which something is to be done; empty where one is alone."""
    return working[0] if len(working) > 1 else ""


def _turns(roles: Mapping[str, frozenset[str]], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield sets of servers in which no role is twice."""
    left = [name for name in names if roles[name]]
    while left:
        taken: list[str] = []
        away: set[str] = set()
        for name in left:
            if away.isdisjoint(roles[name]):
                taken.append(name)
                away |= roles[name]
        yield tuple(taken)
        left = [name for name in left if name not in taken]

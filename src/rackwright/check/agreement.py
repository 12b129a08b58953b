"""Who disagrees: of several devices that should say the same, the ones to look at.

With a strict majority the others are the outliers. Without one (a pair that differs) a file cannot
say who is right, so all of them are named; a rule that knows better passes ``suspects``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

__all__ = ["grouped", "outliers", "shared"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)


def outliers(values: Mapping[K, V], suspects: Collection[K] = ()) -> list[K]:
    """Give the keys whose value is not the majority's; all of them, or the suspects among them, without one."""
    if len(set(values.values())) < 2:
        return []
    value, count = Counter(values.values()).most_common(1)[0]
    if 2 * count > len(values):
        return [key for key, mine in values.items() if mine != value]
    named = [key for key in values if key in suspects]
    return named if named and len(named) < len(values) else list(values)


def grouped(pairs: Iterable[tuple[V, K]]) -> dict[V, list[K]]:
    """Collect the owners of each value, in the order given."""
    out: dict[V, list[K]] = {}
    for value, owner in pairs:
        out.setdefault(value, []).append(owner)
    return out


def shared(pairs: Iterable[tuple[V, K]]) -> dict[V, list[K]]:
    """Give the values that more than one owner has, with their owners."""
    return {value: owners for value, owners in grouped(pairs).items() if len(set(owners)) > 1}

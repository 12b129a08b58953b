"""Waves of a push: the plan's, so never both members of a redundant pair and never all spines, with a canary each."""

from __future__ import annotations

from typing import Final

from rackwright.push.order import Order
from rackwright.runs.model import Wave

__all__ = ["waves_of"]

_WAY_IN: Final = "oob"
"""Stage of the switches through which all others are reached."""


def waves_of(order: Order) -> tuple[Wave, ...]:
    """Return the waves of an order; a wave in which several switches change sends one ahead.

    A wave waits for the gates of its own fabric, of those that are cabled to it, and of the out-of-band network.
    """
    found: list[Wave] = []
    seen: dict[str, int] = {}
    behind: list[tuple[str, str, frozenset[str]]] = []
    for stage, members in order.waves:
        seen[stage] = seen.get(stage, 0) + 1
        name = f"{stage} {seen[stage]}"
        working = [member for member in members if order.of[member].work]
        groups = frozenset(order.of[member].group for member in members)
        after = tuple(wave for wave, kind, others in behind if kind == _WAY_IN or groups & others)
        found.append(Wave(name, members, working[0] if len(working) > 1 else "", after))
        behind.append((name, stage, groups))
    return tuple(found)

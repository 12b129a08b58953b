"""Waves of a push: the plan's, so never both members of a redundant pair and never all spines, with a canary each."""

from __future__ import annotations

from rackwright.push.order import Order
from rackwright.runs.model import Wave

__all__ = ["waves_of"]


def waves_of(order: Order) -> tuple[Wave, ...]:
    """Return the waves of an order; a wave in which several switches change sends one ahead."""
    found: list[Wave] = []
    seen: dict[str, int] = {}
    for stage, members in order.waves:
        seen[stage] = seen.get(stage, 0) + 1
        working = [name for name in members if order.of[name].work]
        canary = working[0] if len(working) > 1 else ""
        found.append(Wave(f"{stage} {seen[stage]}", members, canary))
    return tuple(found)

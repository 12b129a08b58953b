"""Waves of a push to BMCs: the turns of its order, with one server ahead of the others in each."""

from __future__ import annotations

from rackwright.push.bmc.order import Order
from rackwright.push.bmc.turns import ahead
from rackwright.runs.model import Wave

__all__ = ["waves_of"]


def waves_of(order: Order) -> tuple[Wave, ...]:
    """Return the waves of an order; where several servers of a wave change, one goes ahead."""
    found = []
    for name, members in order.waves:
        working = [member for member in members if order.of[member].work]
        found.append(Wave(name, members, ahead(working)))
    return tuple(found)

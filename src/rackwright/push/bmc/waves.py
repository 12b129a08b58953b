"""Which servers may be away together: one ahead of all, never every member of a role, never more at once than asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rackwright.plan.model import Device, Plan
from rackwright.push.bmc.order import Order
from rackwright.runs.model import Wave

__all__ = ["roles_apart", "waves_of"]

_ANY: Final = frozenset({"k8s-worker"})
"""Roles whose members stand in for each other in numbers: that all of a wave are away is what draining is for."""


def roles_apart(plan: Plan, names: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (name, servers) of each wave.

    Servers without a guarded role go first, since one of them is the least loss should it go wrong. Of a guarded role
    (``bcm-head``, ``k8s-control``) one member a wave: an etcd of three bears one that is away, and a pair bears one.
    """
    devices = {device.name: device for device in plan.devices}
    first = tuple(name for name in names if not _guarded(devices[name]))
    waves = [("servers", first)] if first else []
    waves += [(f"roles {number}", members) for number, members in enumerate(_turns(devices, names), 1)]
    return tuple(waves)


def _guarded(device: Device) -> frozenset[str]:
    return frozenset(device.roles) - _ANY


def _turns(devices: dict[str, Device], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield sets of servers in which no role is twice."""
    left = [name for name in names if _guarded(devices[name])]
    while left:
        taken: list[str] = []
        away: set[str] = set()
        for name in left:
            if away.isdisjoint(_guarded(devices[name])):
                taken.append(name)
                away |= _guarded(devices[name])
        yield tuple(taken)
        left = [name for name in left if name not in taken]


def waves_of(order: Order) -> tuple[Wave, ...]:
    """Return the waves of an order; where several servers of a wave change, one goes ahead."""
    found = []
    for name, members in order.waves:
        working = [member for member in members if order.of[member].steps]
        found.append(Wave(name, members, working[0] if len(working) > 1 else ""))
    return tuple(found)

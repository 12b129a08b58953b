"""What two runs of one site must not change at the same time: each keeps to its own waves, and knows nothing of the other's."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from rackwright.plan.model import Device, Plan

__all__ = ["apart_from", "guarded"]

_ANY: Final = frozenset({"k8s-worker"})
"""Roles whose members stand in for each other in numbers: that all of a turn are away is what draining is for."""


def guarded(device: Device) -> frozenset[str]:
    """Return the roles of a device that have to answer all the time."""
    return frozenset(device.roles) - _ANY


def apart_from(plan: Plan, names: Collection[str]) -> tuple[str, ...]:
    """Return the devices that nobody else may work on while ``names`` are worked on, in the order of the plan.

    Switches of a fabric that stand in another of its waves: the other member of a pair, the other half of the spines, and what
    is cabled to them, whose links and sessions would go down for no change of its own. Servers that share a role that has to answer all the time.
    """
    meant = frozenset(names)
    kept = {*_of_waves(plan, meant), *_of_roles(plan, meant)} - meant
    return tuple(device.name for device in plan.devices if device.name in kept) if kept else ()


def _of_waves(plan: Plan, meant: frozenset[str]) -> Iterator[str]:
    touched = {at for at, (_, members) in enumerate(plan.waves) if not meant.isdisjoint(members)}
    if not touched:
        return
    fabric_of = {device.name: device.fabric for device in plan.devices}
    fabrics = [fabric_of[members[0]] for _, members in plan.waves]
    for at, (_, members) in enumerate(plan.waves):
        if any(fabrics[other] == fabrics[at] for other in touched - {at}):
            yield from members


def _of_roles(plan: Plan, meant: frozenset[str]) -> Iterator[str]:
    taken = frozenset(role for device in plan.devices if device.name in meant for role in guarded(device))
    if taken:
        yield from (device.name for device in plan.devices if not taken.isdisjoint(guarded(device)))

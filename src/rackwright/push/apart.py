"""What two runs of one site must not change at the same time: each keeps to its own waves, and knows nothing of the other's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Final

from rackwright.plan.model import Device, Plan

__all__ = ["apart_from", "guarded"]

_ANY: Final = frozenset({"k8s-worker"})
"""Roles whose members stand in for each other in numbers: that all of a turn are away is what draining is for."""

_WAVE: Final = (
    "is in another wave of the fabric {fabric} than {meant}, and two waves of a fabric are never changed at once, not by two runs either: "
    "an apply in one takes down what a switch of the other is judged by"
)
_ROLE: Final = "shares the role {role} with {meant}, and its members are never away at once, not by two runs either: one of them has to answer all the time"


def guarded(device: Device) -> frozenset[str]:
    """Return the roles of a device that have to answer all the time."""
    return frozenset(device.roles) - _ANY


def apart_from(plan: Plan, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return why -> the devices that nobody else may work on while ``names`` are worked on, in the order of the plan.

    Switches of a fabric that stand in another of its waves: the other member of a pair, the other half of the spines, and what
    is cabled to them, whose links and sessions would go down for no change of its own. Servers that share a role that has to answer all the time.
    """
    meant = frozenset(names)
    why = {name: reason for name, reason in (*_of_roles(plan, meant), *_of_waves(plan, meant)) if name not in meant}
    found = defaultdict(list)
    for device in plan.devices if why else ():
        if device.name in why:
            found[why[device.name]].append(device.name)
    return {reason: tuple(kept) for reason, kept in found.items()}


def _of_waves(plan: Plan, meant: frozenset[str]) -> Iterator[tuple[str, str]]:
    touched = {
        at: next(name for name in members if name in meant)
        for at, (_, members) in enumerate(plan.waves)
        if not meant.isdisjoint(members)
    }
    if not touched:
        return
    fabric_of = {device.name: device.fabric for device in plan.devices}
    fabrics = [fabric_of[members[0]] for _, members in plan.waves]
    for at, (_, members) in enumerate(plan.waves):
        other = next((name for wave, name in touched.items() if wave != at and fabrics[wave] == fabrics[at]), "")
        if other:
            reason = _WAVE.format(fabric=fabrics[at], meant=other)
            yield from ((name, reason) for name in members)


def _of_roles(plan: Plan, meant: frozenset[str]) -> Iterator[tuple[str, str]]:
    taken = {role: device.name for device in plan.devices if device.name in meant for role in sorted(guarded(device))}
    for device in plan.devices if taken else ():
        role = next((role for role in sorted(guarded(device)) if role in taken), "")
        if role:
            yield device.name, _ROLE.format(role=role, meant=taken[role])

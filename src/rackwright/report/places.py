"""Where the devices of a run stand: racks from the plan, or one row of those that stand nowhere."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rackwright.plan.model import Plan

__all__ = ["NOWHERE", "RackPlace", "Stand", "places"]

NOWHERE = ""
"""Name of the rack of devices that the plan places in none."""


class Stand(msgspec.Struct, frozen=True):
    """One device in a rack: the lowest unit it fills, from 1 (0: not known), and how many."""

    device: str
    unit: int = 0
    height_u: int = 1
    role: str = ""
    model: str = ""


class RackPlace(msgspec.Struct, frozen=True):
    """One rack and what stands in it, from top to bottom."""

    name: str
    height_u: int = 0
    """0: not known."""
    stands: tuple[Stand, ...] = ()


def places(plan: Plan, devices: Iterable[str]) -> tuple[RackPlace, ...]:
    """Return the racks of a plan with those of its devices that a run works on; who stands nowhere comes last."""
    meant = dict.fromkeys(name for name in devices if name)
    known = {device.name: device for device in plan.devices}
    placed = {one.device: one for one in plan.placements}
    members: dict[str, list[Stand]] = {}
    for name in meant:
        device, place = known.get(name), placed.get(name)
        stand = Stand(
            name,
            unit=place.unit if place else 0,
            height_u=(place.height_u or 1) if place else 1,
            role=device.role if device else "",
            model=device.model if device else "",
        )
        members.setdefault(place.rack if place else NOWHERE, []).append(stand)
    racks = [RackPlace(rack.name, rack.height_u, _sorted(members.pop(rack.name, ()))) for rack in plan.racks]
    rest = [RackPlace(name, 0, _sorted(stands)) for name, stands in members.items()]
    return tuple(rack for rack in (*racks, *rest) if rack.stands)


def _sorted(stands: Iterable[Stand]) -> tuple[Stand, ...]:
    return tuple(sorted(stands, key=lambda stand: -stand.unit))

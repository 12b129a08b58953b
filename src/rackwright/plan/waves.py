"""What may be set together: never both members of a redundant pair, never all spines at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rackwright.intent.models import Fabric
from rackwright.plan.model import Device

__all__ = ["STAGES", "waves"]

_STAGES = {"oob": "oob", "pair": "frontend", "rails": "backend"}
"""Stage of a bring-up that sets the switches of a family of fabrics, in order."""

STAGES = tuple(_STAGES.values())
"""Stages of a bring-up that set switches, in order."""

Wave = tuple[str, tuple[str, ...]]


def waves(
    devices: Sequence[Device], leaves: Mapping[str, tuple[tuple[str, ...], ...]], fabrics: Mapping[str, Fabric]
) -> tuple[Wave, ...]:
    """Return (stage, switches) in order: out of band, front end, back end; halves of what is redundant."""
    made = [wave for key, fabric in fabrics.items() for wave in _of_fabric(key, fabric, devices, leaves)]
    return tuple(sorted(made, key=lambda wave: STAGES.index(wave[0])))


def _of_fabric(
    key: str, fabric: Fabric, devices: Sequence[Device], leaves: Mapping[str, tuple[tuple[str, ...], ...]]
) -> Iterator[Wave]:
    stage = _STAGES[fabric.family]
    members = [device for device in devices if device.fabric == key]
    for role in ("oob", "superspine", "spine"):
        names = tuple(device.name for device in members if device.role == role)
        # An out-of-band switch has no partner; spines stand in for each other, so never all of them.
        yield from ((stage, half) for half in ((names,) if role == "oob" else (names[::2], names[1::2])) if half)
    for side in range(max((len(group) for group in leaves.get(key, ())), default=0) if stage != "oob" else 0):
        yield stage, tuple(group[side] for group in leaves[key] if side < len(group))

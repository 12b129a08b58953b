"""What may be set together: never both members of a redundant pair, never all spines at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rackwright.plan.model import Device

__all__ = ["waves"]

_STAGES = {"oob": "oob", "pair": "frontend", "rails": "backend"}


def waves(
    devices: Sequence[Device], leaves: Mapping[str, tuple[tuple[str, ...], ...]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (stage, switches) in order: out of band, front end, back end; halves of what is redundant."""
    made: list[tuple[str, tuple[str, ...]]] = []
    for fabric in dict.fromkeys(device.fabric for device in devices if device.fabric):
        members = [device for device in devices if device.fabric == fabric]
        for role in ("oob", "superspine", "spine", "leaf"):
            names = tuple(device.name for device in members if device.role == role)
            if role == "leaf":
                halves = [tuple(group[side] for group in leaves[fabric] if side < len(group)) for side in (0, 1)]
                rest = tuple(name for name in names if name not in halves[0] + halves[1])
                made += [(fabric, half) for half in (*halves, rest) if half]
            elif role == "oob":
                made += [(fabric, names)] if names else []
            else:
                made += [(fabric, half) for half in (names[::2], names[1::2]) if half]
    return tuple(made)

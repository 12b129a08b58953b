"""How long a cable must be, from where its ends stand.

Same rack: the height between the ends. Next rack: that and one pitch, side to side. Farther: up to the
top of the rack, along the tray, and down. Each end gets slack besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rackwright.plan.model import Device, Placement, Rack

__all__ = ["DEFAULT", "Hall", "Rule"]

UNIT_M = 0.04445
"""One rack unit in metres (EIA-310)."""


class Rule(NamedTuple):
    """The figures of the length rule, in metres."""

    pitch_m: float = 0.6
    """From the middle of a rack to the middle of the next: racks of 600 mm side by side in one row."""
    slack_m: float = 0.4
    """At each end: half a rack from its side to the port (0.3), and a bend that the cable allows (0.1)."""
    rise_m: float = 0.3
    """From the top of a rack to the tray above it."""


DEFAULT = Rule()


class _Place(NamedTuple):
    rack: int
    low: float
    high: float
    """Equal to ``low`` but for a PDU, which runs up the whole rack: its port may be at either end."""
    top: float


class Hall:
    """Where everything stands: racks in one row, each at its place; without ``row`` one beside the other as given."""

    def __init__(
        self, devices: Sequence[Device], placements: Sequence[Placement], racks: Sequence[Rack], rule: Rule = DEFAULT,
        *, row: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        """Work out every place once."""
        self._rule = rule
        places = row or {rack.name: at for at, rack in enumerate(racks)}
        rows = {rack.name: (places[rack.name], rack.height_u * UNIT_M) for rack in racks}
        self._places: dict[str, _Place] = {}
        for placement in placements:
            if placement.unit and placement.rack in rows:
                at, top = rows[placement.rack]
                middle = (placement.unit - 1 + (placement.height_u or 1) / 2) * UNIT_M
                self._places[placement.device] = _Place(at, middle, middle, top)
        for device in devices:
            if device.role == "pdu" and device.group in rows:
                at, top = rows[device.group]
                self._places[device.name] = _Place(at, 0.0, top, top)

    def needed_m(self, a: str, b: str) -> float | None:
        """Return the metres that a cable between two devices needs; None when a place is not known."""
        one, two = self._places.get(a), self._places.get(b)
        if one is None or two is None:
            return None
        rule, apart = self._rule, abs(one.rack - two.rack)
        if apart <= 1:
            way = max(abs(one.high - two.low), abs(two.high - one.low)) + apart * rule.pitch_m
        else:
            way = (one.top - one.low) + (two.top - two.low) + 2 * rule.rise_m + apart * rule.pitch_m
        return round(way + 2 * rule.slack_m, 2)

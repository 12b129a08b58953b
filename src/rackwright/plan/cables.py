"""Links become parts: which cable, how long, with which ends."""

from __future__ import annotations

from collections.abc import Sequence

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem
from rackwright.plan.model import Assembly, Device, Link, Placement, Rack

__all__ = ["assemble"]


def assemble(
    links: Sequence[Link], devices: Sequence[Device], placements: Sequence[Placement], racks: Sequence[Rack],
    catalog: Catalog,
) -> tuple[tuple[Assembly, ...], list[Problem]]:  # fmt: skip
    """Return the parts that make the links, in order of their common ends."""
    return (), []

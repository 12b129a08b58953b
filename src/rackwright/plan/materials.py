"""Bill of materials and labels: what to order, what to stick on each end."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rackwright.catalog.models import Catalog
from rackwright.intent.models import Site
from rackwright.plan.model import Assembly, Device, Link, Placement, Rack

__all__ = ["BomRow", "Label", "bom", "labels"]


class BomRow(msgspec.Struct, frozen=True, order=True):
    """One line of the bill of materials."""

    kind: str
    """``server``, ``storage``, ``switch``, ``nic``, ``gpu``, ``rack``, ``pdu``, ``cable``, ``optic``, ``fibre``."""
    key: str
    """Catalog key, or the name of an optic or fibre."""
    name: str
    length_m: float | None
    """Of a cable or fibre; ``None``: has no length, or it is not known (see ``note``)."""
    count: int
    part: str = ""
    """Ordering number; empty when no source gives it."""
    note: str = ""


class Label(msgspec.Struct, frozen=True):
    """The label of one end of an assembly."""

    assembly: str
    device: str
    port: str
    text: tuple[str, ...]
    """Lines, first to last."""


def bom(
    site: Site, devices: Sequence[Device], racks: Sequence[Rack], assemblies: Sequence[Assembly], catalog: Catalog
) -> tuple[BomRow, ...]:
    """Return everything to order, equal lines counted together."""
    return ()


def labels(
    assemblies: Sequence[Assembly], links: Sequence[Link], placements: Sequence[Placement]
) -> tuple[Label, ...]:
    """Return one label an end, assembly by assembly, the common end first."""
    return ()

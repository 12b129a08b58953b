"""Rack positions and power: where each device stands and what each PDU carries."""

from __future__ import annotations

from collections.abc import Sequence

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem
from rackwright.intent.models import Site
from rackwright.plan.model import Device, Placement, Rack

__all__ = ["pdus", "place"]


def pdus(site: Site) -> tuple[Device, ...]:
    """Return the PDUs of every rack as devices: ``r1-pdu1``, one a feed entry."""
    return ()


def place(
    site: Site, devices: Sequence[Device], catalog: Catalog
) -> tuple[tuple[Placement, ...], tuple[Rack, ...], list[Problem]]:
    """Return where each device stands, the racks with their power, and what is wrong."""
    return (), (), []

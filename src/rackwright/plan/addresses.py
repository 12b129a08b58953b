"""Addresses and ASNs of everything, from pools, by indexes that the lock keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rackwright.catalog.models import Catalog
from rackwright.findings import Problem
from rackwright.intent.models import Site
from rackwright.plan.address_model import Addresses, Allocator
from rackwright.plan.model import Device, Layout, Link

__all__ = ["allocate", "oob_network", "with_management"]


def allocate(
    site: Site, devices: Sequence[Device], links: Sequence[Link], catalog: Catalog, lock: Allocator,
    *, places: Mapping[tuple[str, str], int], layouts: Sequence[Layout],
) -> tuple[Addresses, list[Problem]]:  # fmt: skip
    """Return every address and ASN; ``devices`` holds the PDUs too, ``places`` is ``Wiring.places``."""
    return Addresses({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}), []


def with_management(devices: Sequence[Device], addresses: Addresses, *, static: bool) -> list[Device]:
    """Return the devices with their management address; switches keep none when it comes by DHCP."""
    return list(devices)


def oob_network(site: Site, fabric: str, attach: int = -1) -> str:
    """Return the network that ports of an ``l2`` fabric lie in; empty when the site has none.

    The ``native`` of the attach entry, else the network named like the fabric, else ``oob``.
    """
    return ""

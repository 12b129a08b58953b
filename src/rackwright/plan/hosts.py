"""The network of every host: bonds, VLANs, rails with their own routing tables."""

from __future__ import annotations

from collections.abc import Sequence

from rackwright.catalog.models import Catalog
from rackwright.intent.models import Site
from rackwright.plan.address_model import Addresses
from rackwright.plan.model import Device, HostNetwork, Link

__all__ = ["networks"]


def networks(
    site: Site, devices: Sequence[Device], links: Sequence[Link], addresses: Addresses, catalog: Catalog,
    *, nameservers: Sequence[str] = (),
) -> tuple[HostNetwork, ...]:  # fmt: skip
    """Return the network of every server and storage node, in the order of ``devices``."""
    return ()

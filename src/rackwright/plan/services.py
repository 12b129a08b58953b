"""DHCP scopes, relay targets, DNS records, and roles resolved to addresses."""

from __future__ import annotations

from collections.abc import Sequence

from rackwright.findings import Problem
from rackwright.intent.models import Site
from rackwright.plan.address_model import Addresses
from rackwright.plan.model import Device, DhcpScope, DnsRecord, HostNetwork

__all__ = ["records", "relay_targets", "resolve", "scopes"]


def resolve(
    words: Sequence[str], path: Sequence[str], site: Site, devices: Sequence[Device], addresses: Addresses,
    *, prefer: Sequence[str] = (),
) -> tuple[tuple[str, ...], list[Problem]]:  # fmt: skip
    """Return the addresses (no length) that roles, groups, device names, ``bootstrap``, or addresses mean.

    ``prefer`` names networks in order; a DNS name outside the site (it has a dot) is kept as it is.
    ``path`` is where the words stand in the site file.
    """
    return (), []


def relay_targets(
    site: Site, devices: Sequence[Device], addresses: Addresses
) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Return the DHCP servers that the relay of each network sends to, by network."""
    return {}, []


def scopes(
    site: Site, devices: Sequence[Device], addresses: Addresses, hosts: Sequence[HostNetwork] = ()
) -> tuple[tuple[DhcpScope, ...], list[Problem]]:
    """Return a scope for every subnet that serves machines: out of band with ZTP, PXE with its hosts."""
    return (), []


def records(
    site: Site, devices: Sequence[Device], addresses: Addresses, hosts: Sequence[HostNetwork]
) -> tuple[DnsRecord, ...]:
    """Return the DNS record of every device and of every interface that has an address."""
    return ()

"""Addresses as values: what :func:`rackwright.plan.addresses.allocate` gives back.

Every address is text with its prefix length (``10.10.0.7/22``); keys are names of the site file, of
devices and of ports as in :class:`rackwright.plan.model.End`.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from rackwright.plan.lock import Wish

__all__ = ["Addresses", "Allocator", "RailPair", "Subnet"]


class Allocator(Protocol):
    """What addressing needs of the lock: stable indexes, pinned runs, kept shapes."""

    def take(self, pool: str, key: str, *, size: int = 1, align: int = 1, limit: int = 0) -> int:
        """Return the first of ``size`` indexes held by ``key``, from 0; -1 when none is free below ``limit``."""

    def hold(self, pool: str, key: str, first: int, size: int = 1) -> None:
        """Mark a run as taken so that nothing new is laid over it."""

    def keep(self, pool: str, key: str, value: int) -> int:
        """Return the number first kept for ``key``; ``value`` when it is new."""

    def holds(self, pool: str, key: str) -> bool:
        """Say whether ``key`` has an index, asked for in this run or before."""

    def former(self, section: str) -> Wish:
        """Return what a section was laid out by before this run; empty when it is new."""


class Subnet(msgspec.Struct, frozen=True):
    """One IPv4 subnet as it is divided: gateway, leaves, hosts, dynamic leases."""

    key: str
    """``inband``; ``rails-3`` for rail 3 of a VLAN-per-rail network; ``oob@oob02`` for the own subnet of a switch,
    the first of those that share it."""
    network: str
    """Network of the site file."""
    vlan: int
    prefix: str
    """``10.20.0.0/22``."""
    gateway: str = ""
    """With prefix length; empty: none."""
    first: str = ""
    """First address of the range for dynamic leases; empty: there is none."""
    last: str = ""
    rail: int = 0


class RailPair(msgspec.Struct, frozen=True):
    """The two ends of one rail link with a /31 of its own."""

    host: str
    switch: str
    pool: str
    """Prefix that all rails are cut from: what the host reaches through ``switch``."""
    block: str
    """Prefix of this rail (and plane), for summaries and per-rail policy."""
    rail: int
    leaf: str = ""
    leaf_port: str = ""


class Addresses(msgspec.Struct, frozen=True):
    """Every address and ASN of a site."""

    subnets: dict[str, Subnet]
    management: dict[str, str]
    """Device -> address of eth0, BMC or PDU; also those that get it by a DHCP reservation."""
    controllers: dict[tuple[str, str], str]
    """(device, port) -> address of a management controller or of eth0, the ones in ``management`` included."""
    controller_subnets: dict[tuple[str, str], str]
    """(device, port) -> key of the subnet that its address is of."""
    hosts: dict[tuple[str, str, str], str]
    """(subnet key, device, port) -> address of the operating system; port is empty over a bond or a tag."""
    svis: dict[tuple[str, str], str]
    """(subnet key, leaf) -> the leaf's own address in a VLAN."""
    rails: dict[tuple[str, str], RailPair]
    """(device, port) -> its /31."""
    rail_blocks: dict[tuple[str, int, int], str]
    """(network, plane, rail) -> prefix of the block."""
    loopbacks: dict[str, str]
    """Switch -> address, /32."""
    vteps: dict[str, str]
    """Leaf of an EVPN fabric -> VTEP address without length; its loopback's where no pool is given."""
    asns: dict[str, int]
    own_subnets: dict[str, str]
    """Switch of an ``l2`` fabric with ``per_switch`` -> key of its subnet."""

    def network(self, subnet: str) -> str:
        """Return the network of the site file that a subnet is of; a key that is no subnet's is a network itself."""
        found = self.subnets.get(subnet)
        return found.network if found else subnet

    def gateway(self, subnet: str) -> str:
        """Return the gateway of a subnet with prefix length, or an empty text."""
        found = self.subnets.get(subnet)
        return found.gateway if found else ""

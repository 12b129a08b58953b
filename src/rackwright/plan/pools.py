"""Subnets and ranges as arithmetic: where gateway, leaves, hosts and leases lie, and how many fit.

A subnet of N addresses is divided once, by its size alone, so that growth moves nothing::

    0            1        first_host ...        | N/4, at most 256 | leaves, N/16   | N-1
    network      gateway  hosts                 | dynamic leases   | from the top   | broadcast

With ``leaf_addresses: after-gateway`` the leaves follow the gateway (.2, .3) and hosts begin behind
the room kept for them.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

__all__ = ["Division", "Range", "divide", "parse_asns", "parse_range", "text"]


class Range(NamedTuple):
    """A run of addresses that may be given out."""

    first: int
    """As a number."""
    size: int


class Division(NamedTuple):
    """Offsets in a subnet; ``stop`` is one past the last."""

    base: int
    """Network address as a number."""
    length: int
    """Prefix length."""
    gateway: int
    leaf_first: int
    leaf_step: int
    """1: leaves run upwards; -1: downwards from the top."""
    leaves: int
    """Room for leaves."""
    host_first: int
    host_stop: int
    lease_stop: int
    """Leases run from ``host_stop`` to this."""

    def at(self, offset: int) -> str:
        """Return the address at an offset, with prefix length."""
        return f"{text(self.base + offset)}/{self.length}"


def text(number: int) -> str:
    """Return an IPv4 address as text; much faster than through ipaddress, and there are 65,536 rails."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def divide(subnet: str, first_host: int | None = None, *, after_gateway: bool = False) -> Division:
    """Return how a subnet is divided; ValueError for no IPv4 prefix, or one longer than /30."""
    net = ipaddress.IPv4Network(subnet)
    size = net.num_addresses
    if size < 4:
        raise ValueError(f"{subnet} is too small for a network of machines: use a /30 or shorter")
    room = min(max(2, size // 16), size - 3)
    base, length = int(net.network_address), net.prefixlen
    if after_gateway:
        lease_stop = size - 1
        first = first_host if first_host is not None else min(2 + room, lease_stop)
        room = min(room, max(first - 2, 1))
        leaf_first, step = 2, 1
    else:
        lease_stop = size - 1 - room
        first = first_host if first_host is not None else min(_default_first(size), lease_stop)
        leaf_first, step = size - 2, -1
    leases = min(size // 4, 256)
    stop = max(lease_stop - leases, min(first, lease_stop))
    return Division(base, length, 1, leaf_first, step, room, first, stop, lease_stop)


def _default_first(size: int) -> int:
    # The first ten are left for what people pin by hand: a laptop, a console server, a jump host.
    return 10 if size >= 64 else 2


def parse_range(pool: str) -> Range:
    """Return a pool of single addresses: a prefix without its first and last address, or ``first-last``."""
    first, dash, last = pool.partition("-")
    if dash:
        low, high = int(ipaddress.IPv4Address(first.strip())), int(ipaddress.IPv4Address(last.strip()))
        if high < low:
            raise ValueError(f"{pool}: the last address lies before the first")
        return Range(low, high - low + 1)
    net = ipaddress.IPv4Network(pool)
    if net.num_addresses < 4:
        return Range(int(net.network_address), net.num_addresses)
    return Range(int(net.network_address) + 1, net.num_addresses - 2)


def parse_asns(pool: str) -> Range:
    """Return a pool of ASNs, ``first-last``; ValueError when it is none."""
    first, dash, last = pool.partition("-")
    low, high = int(first), int(last if dash else first)
    if not 1 <= low <= high <= 4294967294:
        raise ValueError(f"{pool} is no range of ASNs")
    return Range(low, high - low + 1)

"""Leases of a DHCP server: dnsmasq's file, and the CSV of Kea's memfile."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

import msgspec

from rackwright.errors import DocumentError
from rackwright.intent.nodes import normal_mac

__all__ = ["Lease", "read_leases"]

_NOT_NOW: Final = frozenset({"1", "2"})
"""Kea's states of a lease that was declined, or expired and reclaimed."""


class Lease(msgspec.Struct, frozen=True):
    """One lease."""

    mac: str
    address: str
    hostname: str = ""


def read_leases(text: str, source: str) -> tuple[Lease, ...]:
    """Return the leases of a file, the last one of each MAC address; IPv6 is passed over.

    Raises :class:`~rackwright.errors.DocumentError` when it is neither dnsmasq's nor Kea's.
    """
    first = text.lstrip("\ufeff").partition("\n")[0].split(",")
    found = _kea(text) if {"address", "hwaddr"} <= set(first) else _dnsmasq(text, source)
    return tuple({lease.mac: lease for lease in found}.values())


def _dnsmasq(text: str, source: str) -> Iterator[Lease]:
    """Read lines of: expiry, MAC, address, hostname or *, client id or * (dnsmasq(8), --dhcp-leasefile)."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if words[0] == "duid":
            # What follows are leases of DHCPv6.
            return
        mac = normal_mac(words[1]) if len(words) >= 4 and words[0].isdecimal() else None
        if mac is None:
            raise DocumentError(f"{source}:{number}: no lease of dnsmasq or Kea: give its file of leases")
        yield Lease(mac, words[2], "" if words[3] == "*" else words[3])


def _kea(text: str) -> Iterator[Lease]:
    """Read the rows by the names in the first line; one that was given back (lifetime 0) is none."""
    for row in csv.DictReader(text.lstrip("\ufeff").splitlines()):
        mac = normal_mac(row.get("hwaddr") or "")
        if mac is None or row.get("state") in _NOT_NOW or row.get("valid_lifetime") == "0":
            continue
        yield Lease(mac, row["address"] or "", row.get("hostname") or "")

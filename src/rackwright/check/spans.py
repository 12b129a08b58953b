"""An address with its subnet as numbers: what a rule over a hundred thousand addresses compares."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple

__all__ = ["Span", "span_of"]


class Span(NamedTuple):
    """One address and the first and last address of its subnet."""

    version: int
    first: int
    last: int
    ip: int
    text: str

    @property
    def host(self) -> bool:
        """Tell whether the subnet is the address alone."""
        return self.first == self.last

    @property
    def plain(self) -> str:
        """Give the address without its prefix length."""
        return self.text.partition("/")[0]

    @property
    def local(self) -> bool:
        """Tell whether every interface may have the address: 127/8, 169.254/16, ::1, fe80::/10."""
        if self.version == 4:
            return self.ip >> 24 == 127 or self.ip >> 16 == 0xA9FE
        return self.ip == 1 or self.ip >> 118 == 0xFE80 >> 6

    def meets(self, other: Span) -> bool:
        """Tell whether two subnets have an address in common."""
        return self.version == other.version and self.first <= other.last and other.first <= self.last


def span_of(text: str) -> Span | None:
    """Read ``10.0.0.1/31`` or a bare address; None for anything else (``dhcp``; the schema rules speak about forms)."""
    host, slash, length = text.partition("/")
    try:
        address = ip_address(host)
    except ValueError:
        return None
    version, bits, ip = address.version, address.max_prefixlen, int(address)
    prefix = int(length) if length.isdecimal() else -1 if slash else bits
    if not 0 <= prefix <= bits:
        return None
    inside = (1 << (bits - prefix)) - 1
    return Span(version, ip & ~inside, ip | inside, ip, text)

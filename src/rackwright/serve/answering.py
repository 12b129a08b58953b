"""Who answers DHCP on a network: asked as a client would, with nothing taken.

A DHCPDISCOVER, which no server counts as a lease, and a DHCPINFORM, which one answers that has no address to give away to us, and
one at once that pings an address for seconds before it offers it (RFC 2131, 3.4 and 4.3). Head nodes are asked by name as well.
"""

from __future__ import annotations

import secrets
import socket
import struct
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Final

from rackwright.serve.lan import Lan

__all__ = ["answering"]

_CLIENT: Final = 68
_SERVER: Final = 67
_ALL: Final = "255.255.255.255"
_WAIT_S: Final = 1.5
"""Some see for a second whether an address is really free before they offer it."""
_COOKIE: Final = bytes((99, 130, 83, 99))
_KIND: Final = 53
_SERVER_ID: Final = 54
_DISCOVER: Final = 1
_INFORM: Final = 8
_OFFER: Final = 2
_ACK: Final = 5
_BROADCAST: Final = 0x8000
_FIXED: Final = 236
"""Bytes before the options (RFC 2131, figure 1)."""
_LEAST: Final = 300
"""Relays of BOOTP drop what is shorter (RFC 1542, 2.1)."""


def answering(lan: Lan, heads: Collection[str], wait_s: float = _WAIT_S) -> frozenset[str]:
    """Return the addresses of those who answered DHCP at the interface within ``wait_s``, ours left out.

    Raises OSError where the port of DHCP clients cannot be had.
    """
    number = secrets.token_bytes(4)
    found: set[str] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
        asks.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        asks.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asks.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, lan.interface.encode())
        asks.bind(("", _CLIENT))
        for head in (*heads, _ALL):
            # One that is in another network may not be reached from here.
            with suppress(OSError):
                asks.sendto(_message(_INFORM, number, lan.mac, socket.inet_aton(lan.address)), (head, _SERVER))
        asks.sendto(_message(_DISCOVER, number, lan.mac, bytes(4)), (_ALL, _SERVER))
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0:
            asks.settimeout(left)
            with suppress(TimeoutError):
                data, (source, _) = asks.recvfrom(4096)
                if server := _server(data, number):
                    found |= {source, server}
    return frozenset(found - {lan.address})


def _message(kind: int, number: bytes, mac: bytes, own: bytes) -> bytes:
    flags = 0 if any(own) else _BROADCAST
    head = struct.pack("!BBBB4sHH4s4s4s4s16s", 1, 1, len(mac), 0, number, 0, flags, own, b"", b"", b"", mac)
    options = bytes((_KIND, 1, kind, 55, 2, 1, 3, 255))
    return (head.ljust(_FIXED, b"\0") + _COOKIE + options).ljust(_LEAST, b"\0")


def _server(data: bytes, number: bytes) -> str:
    """Return who sent an answer to our question, as the answer itself says; empty: it is none."""
    if len(data) < _FIXED + 4 or data[0] != 2 or data[4:8] != number or data[_FIXED : _FIXED + 4] != _COOKIE:
        return ""
    options = dict(_options(data[_FIXED + 4 :]))
    server = options.get(_SERVER_ID, b"")
    known = options.get(_KIND) in {bytes((_OFFER,)), bytes((_ACK,))} and len(server) == 4
    return socket.inet_ntoa(server) if known else ""


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (code, value) until the end, or until what is left is cut short."""
    at = 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        if at + 1 >= len(data):
            return
        length = data[at + 1]
        yield data[at], data[at + 2 : at + 2 + length]
        at += 2 + length

"""The interface of this machine that has the site's bootstrap address, and whether a port on it is free."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rackwright.errors import ServeError

__all__ = ["DHCP", "NTP", "TFTP", "Lan", "lan_of"]

DHCP: Final = 67
TFTP: Final = 69
NTP: Final = 123

_SIOCGIFCONF: Final = 0x8912
_ROW: Final = 40
"""Bytes of one ``struct ifreq`` (netdevice(7)): a name of 16, and an address whose IPv4 part stands at 20."""
_ROOM: Final = 1024


@dataclass(frozen=True)
class Lan:
    """Where the site's bootstrap address is on this machine."""

    address: str
    interface: str

    @property
    def mac(self) -> bytes:
        """The interface's own MAC address."""
        text = Path(f"/sys/class/net/{self.interface}/address").read_text(encoding="ascii").strip()
        return bytes.fromhex(text.replace(":", ""))

    def free(self, port: int) -> str:
        """Return why nobody can listen for UDP at ``port`` of the interface; empty: one can."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
            try:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
                tried.bind(("", port))
            except OSError as error:
                return _why(error)
        return ""


def lan_of(address: str) -> Lan:
    """Return the interface of this machine that has ``address``.

    Raises :class:`~rackwright.errors.ServeError`, with what to type, where none has.
    """
    for interface, own in _addresses():
        if own == address:
            return Lan(address, interface)
    raise ServeError(
        f"no interface of this machine has {address}, the site's bootstrap address: give it to the one that is cabled to "
        f"the out-of-band network ('ip addr add {address}/LENGTH dev INTERFACE'), or change services.bootstrap"
    )


def _addresses() -> Iterator[tuple[str, str]]:
    """Yield (interface, IPv4 address) for every address of this machine."""
    room = array("B", bytes(_ROW * _ROOM))
    request = struct.pack("iP", len(room), room.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        length = struct.unpack("iP", fcntl.ioctl(asked.fileno(), _SIOCGIFCONF, request))[0]
    rows = room.tobytes()[:length]
    for row in (rows[at : at + _ROW] for at in range(0, length, _ROW)):
        # A second address may have a label: eth1:0.
        yield row[:16].partition(b"\0")[0].decode().partition(":")[0], socket.inet_ntoa(row[20:24])


def _why(error: OSError) -> str:
    if error.errno in {errno.EPERM, errno.EACCES}:
        return "that is root's to do"
    return "something listens there already" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)

"""What DMTF's client sends through in the place of a requests session: the same wire, a tenth of the CPU, and fewer doors.

requests prepares, merges, follows, keeps cookies and reads the environment, and nothing of it is wanted here. The client asks
for ``request`` and ``close`` alone, and for four things of an answer.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rackwright.drivers.redfish.line import Line, Response
from rackwright.drivers.redfish.multipart import Multipart

__all__ = ["Transport"]


@dataclass
class Transport:
    """One kept connection to one BMC."""

    host: str
    port: int
    context: ssl.SSLContext
    """Shared by all: making one costs more than a session (redfish.md, twin.md 4)."""
    pin: str = ""
    """Fingerprint that the certificate must have; empty: the context decides."""
    largest_bytes: int = 64 << 20

    def __post_init__(self) -> None:
        """Nothing is connected yet."""
        self._line = Line(self.host, self.port, self.context, self.pin, self.largest_bytes)

    def request(
        self,
        method: str,
        url: str,
        *,
        data: Multipart | bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (10, 60),
        **_: Any,
    ) -> Response:
        """Send one request once, follow nothing, and read the answer to its end or to the bound.

        Raises what :meth:`Line.ask` raises. ``url`` is a path: whom it goes to was decided before.
        """
        body = data.encode() if isinstance(data, str) else data
        return self._line.ask(method, url, body, headers or {}, timeout)

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

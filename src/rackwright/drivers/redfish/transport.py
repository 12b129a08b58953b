"""What DMTF's client sends through in the place of a requests session: the same wire, a third of the CPU, and fewer doors.

requests prepares, merges, follows, keeps cookies and reads the environment: half a millisecond for each of a thousand BMCs' twenty questions, and
nothing of it is wanted here. The client asks for ``request`` and ``close`` alone, and for four things of an answer.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util import Timeout

from rackwright.drivers.redfish.multipart import Multipart

__all__ = ["Endless", "Response", "Transport"]

_CHUNK: Final = 1 << 18


class Endless(Exception):
    """An answer longer than any that is read."""


class Response(NamedTuple):
    """An answer, read to its end; named as requests names its parts."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    reason: str


class _Connection(HTTPSConnection):
    """A connection that says whether it was ever there."""

    def connect(self) -> None:
        """Connect; whatever breaks before the handshake is over, nothing was asked yet."""
        try:
            super().connect()
        except ssl.SSLError:
            raise
        except OSError as error:
            raise NewConnectionError(self, error.strerror or "no answer") from error


class _Pool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Connection


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
        """Make the pool; nothing is connected yet."""
        self._pool = _Pool(
            self.host,
            self.port,
            maxsize=1,
            ssl_context=self.context,
            assert_fingerprint=self.pin or None,
        )

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

        Raises what urllib3 raises, and :class:`Endless`. ``url`` is a path: whom it goes to was decided before.
        """
        sent = dict(headers or {})
        body: Any = data.encode() if isinstance(data, str) else data
        if isinstance(data, Multipart):
            sent["Content-Length"] = str(len(data))
        answer = self._pool.urlopen(
            method,
            url,
            body=body,
            headers=sent,
            retries=False,
            redirect=False,
            timeout=Timeout(connect=timeout[0], read=timeout[1]),
            preload_content=False,
        )
        try:
            content = self._read(answer)
        except BaseException:
            answer.close()
            raise
        finally:
            answer.release_conn()
        return Response(answer.status, answer.headers, content, answer.reason or "")

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    def _read(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := answer.read(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self.largest_bytes:
                raise Endless
        return b"".join(parts)

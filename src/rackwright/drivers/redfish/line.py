"""One kept connection of HTTP/1.1 over TLS (RFC 9112), spoken without a library: a request costs a tenth of a millisecond of CPU.

A thousand BMCs are asked twenty things each; half a millisecond a request, which urllib3 with http.client takes, is the most that
an audit of them costs. Errors are raised as urllib3 has them, since that is what the rest of the driver knows.
"""

from __future__ import annotations

import hashlib
import re
import select
import socket
import ssl
import zlib
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple, cast
from urllib.parse import quote

from urllib3.exceptions import NewConnectionError, ProtocolError, SSLError

from rackwright.drivers.redfish.multipart import Multipart

__all__ = ["Endless", "Headers", "Line", "Response"]

_CHUNK: Final = 1 << 18
_STATUS: Final = re.compile(rb"HTTP/1\.([0-9]) ([1-5][0-9][0-9])(?: (.*))?\r?\n")
_TARGET: Final = re.compile(r"/[!-~]*")
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"
_LONGEST_LINE: Final = 1 << 16
_MOST_HEADERS: Final = 200
_MOST_INTERIM: Final = 8
_NO_BODY: Final = frozenset({204, 304})


class Endless(Exception):
    """An answer longer than any that is read."""


class Headers(dict[str, str]):
    """Header fields by their names in small letters; asked by any."""

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # any case is one name
        """Return a field."""
        return super().get(name.lower(), default)


class Response(NamedTuple):
    """An answer, read to its end; named as requests names its parts."""

    status_code: int
    headers: Headers
    content: bytes
    reason: str


@dataclass
class Line:
    """A connection to one BMC, opened when it is needed."""

    host: str
    port: int
    context: ssl.SSLContext
    pin: str = ""
    """Fingerprint that the certificate must have; empty: the context decides."""
    largest_bytes: int = 64 << 20

    def __post_init__(self) -> None:
        """Nothing is connected yet."""
        self._socket: ssl.SSLSocket | None = None
        self._stream: BinaryIO | None = None
        name = f"[{self.host}]" if ":" in self.host else self.host
        self._name = name if self.port == 443 else f"{name}:{self.port}"

    def ask(
        self,
        method: str,
        target: str,
        body: Multipart | bytes | None,
        headers: Mapping[str, str],
        timeout: tuple[float, float],
    ) -> Response:
        """Send one request once and read the answer to its end; after an error the connection is closed.

        ``timeout`` is in seconds, to connect and to be silent. Raises ``NewConnectionError`` and ``SSLError`` where nothing was sent; ``ProtocolError``,
        ``OSError`` and :class:`Endless` where something was.
        """
        head = self._head(method, target, body, headers)
        with ExitStack() as unless_answered:
            unless_answered.callback(self.close)
            wire = self._open(timeout[0])
            wire.settimeout(timeout[1])
            # A BMC that hangs up on us may have said why before.
            with suppress(BrokenPipeError):
                wire.sendall(head + body if isinstance(body, bytes) else head)
                if isinstance(body, Multipart):
                    while part := body.read(_CHUNK):
                        wire.sendall(part)
            answer, kept = self._answer(method)
            if kept:
                unless_answered.pop_all()
        return answer

    def close(self) -> None:
        """Close the connection; nothing is sent."""
        stream, wire, self._stream, self._socket = self._stream, self._socket, None, None
        if stream is not None:
            stream.close()
        if wire is not None:
            wire.close()

    # --- there ---------------------------------------------------------------------------------------------------------

    def _head(self, method: str, target: str, body: Multipart | bytes | None, headers: Mapping[str, str]) -> bytes:
        # A link of a BMC may hold anything: what is no part of a URL is written as a URL has it.
        path = target if _TARGET.fullmatch(target) else quote(target, safe=_SAFE)
        fields = {"Host": self._name, "User-Agent": "rackwright", "Accept-Encoding": "identity", **headers}
        if body is not None or method in {"POST", "PATCH", "PUT"}:
            fields["Content-Length"] = str(len(body) if body is not None else 0)
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        if any("\r" in line or "\n" in line for line in lines):
            raise ProtocolError("a header field of more than one line")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _open(self, seconds: float) -> ssl.SSLSocket:
        """Return the connection, a new one where there is none or the BMC has hung up."""
        if self._socket is not None and not _hung_up(self._socket):
            return self._socket
        self.close()
        try:
            plain = socket.create_connection((self.host, self.port), timeout=seconds)
        except OSError as error:
            raise NewConnectionError(self, error.strerror or "no answer") from error  # type: ignore[arg-type]  # only shown
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = self.context.wrap_socket(plain, server_hostname=self.host)
        except ssl.SSLError as error:
            plain.close()
            raise SSLError(error) from error
        except OSError as error:
            # Whatever breaks before the handshake is over, nothing was asked yet.
            plain.close()
            raise NewConnectionError(self, error.strerror or "no answer") from error  # type: ignore[arg-type]  # as above
        self._socket, self._stream = wire, cast("BinaryIO", wire.makefile("rb", buffering=1 << 16))
        self._known(wire)
        return wire

    def _known(self, wire: ssl.SSLSocket) -> None:
        if not self.pin:
            return
        seen = hashlib.sha256(wire.getpeercert(binary_form=True) or b"").hexdigest()
        if seen != self.pin.replace(":", "").lower():
            raise SSLError(f'Fingerprints did not match. Expected "{self.pin}", got "{seen}"')

    # --- and back ------------------------------------------------------------------------------------------------------

    def _answer(self, method: str) -> tuple[Response, bool]:
        """Return the answer, and whether the connection serves for another."""
        for _ in range(_MOST_INTERIM):
            minor, status, reason = self._status()
            headers = self._headers()
            if status >= 200:
                break
        else:
            raise ProtocolError("no end of interim answers")
        if method == "HEAD" or status in _NO_BODY:
            # What one sends with it all the same would be taken for the beginning of the next answer.
            content, ends = b"", status in _NO_BODY and headers.get("Content-Length", "0") != "0"
        else:
            content, ends = self._body(headers)
        word = (headers.get("Connection") or "").lower()
        ends = ends or "close" in word or (minor == 0 and "keep-alive" not in word)
        return Response(status, headers, content, reason), not ends

    def _status(self) -> tuple[int, int, str]:
        found = _STATUS.fullmatch(line := self._line())
        if found is None:
            raise ProtocolError("it hung up" if not line else "no HTTP")
        return int(found[1]), int(found[2]), (found[3] or b"").decode("latin-1").strip()

    def _headers(self) -> Headers:
        headers = Headers()
        for _ in range(_MOST_HEADERS):
            line = self._line()
            if line in (b"\r\n", b"\n"):
                return headers
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                raise ProtocolError("no header field")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        raise ProtocolError("no end of header fields")

    def _body(self, headers: Headers) -> tuple[bytes, bool]:
        """Return the body, and whether it ended with the connection."""
        length = headers.get("Content-Length")
        if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
            content, ends = self._chunks(), False
        elif length is not None:
            if not length.isdecimal():
                raise ProtocolError("no length")
            content, ends = self._exactly(int(length)), False
        else:
            content, ends = self._rest(), True
        return self._plain(content, headers), ends

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            word = self._line().partition(b";")[0].strip()
            try:
                length = int(word, 16)
            except ValueError:
                raise ProtocolError("no chunk") from None
            if length <= 0:
                break
            size += length
            if size > self.largest_bytes:
                raise Endless
            parts.append(self._exactly(length))
            if self._line().strip():
                raise ProtocolError("no end of a chunk")
        self._headers()
        return b"".join(parts)

    def _exactly(self, length: int) -> bytes:
        if length > self.largest_bytes:
            raise Endless
        found = self._reading().read(length)
        if len(found) < length:
            raise ProtocolError(f"{len(found)} of {length} bytes")
        return found

    def _rest(self) -> bytes:
        found = self._reading().read(self.largest_bytes + 1)
        if len(found) > self.largest_bytes:
            raise Endless
        return found

    def _plain(self, content: bytes, headers: Headers) -> bytes:
        """Unpack what came packed though nobody asked for it."""
        if (headers.get("Content-Encoding") or "identity").lower() not in {"gzip", "deflate"} or not content:
            return content
        unpack = zlib.decompressobj(47)
        try:
            found = unpack.decompress(content, self.largest_bytes)
        except zlib.error:
            raise ProtocolError("packed, and not as it says") from None
        if unpack.unconsumed_tail:
            raise Endless
        return found

    def _line(self) -> bytes:
        line = self._reading().readline(_LONGEST_LINE)
        if len(line) >= _LONGEST_LINE:
            raise Endless
        return line

    def _reading(self) -> BinaryIO:
        if self._stream is None:
            raise ProtocolError("it hung up")
        return self._stream


def _hung_up(wire: ssl.SSLSocket) -> bool:
    """Tell whether something lies on a connection on which nothing was asked: its end."""
    poll = select.poll()
    poll.register(wire, select.POLLIN)
    return bool(poll.poll(0))

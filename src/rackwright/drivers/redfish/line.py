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
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote

from urllib3.exceptions import NewConnectionError, ProtocolError, SSLError

from rackwright.drivers.redfish.multipart import Multipart

__all__ = ["Endless", "Headers", "Line", "Response"]

_CHUNK: Final = 1 << 18
_RECORD: Final = 1 << 14
"""The most that one read brings: a record of TLS (RFC 8446, 5.1)."""
_STATUS: Final = re.compile(r"HTTP/1\.([0-9]) ([1-5][0-9][0-9])(?: (.*))?")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
"""The end of what stands before a body."""
_TARGET: Final = re.compile(r"/[!-~]*")
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"
_LONGEST_LINE: Final = 1 << 16
_LONGEST_TOP: Final = 1 << 16
_MOST_HEADERS: Final = 200
_MOST_INTERIM: Final = 8
_NO_BODY: Final = frozenset({204, 304})
_WITH_BODY: Final = frozenset({"POST", "PATCH", "PUT"})


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
        self._came, self._at = b"", 0
        self._headed: tuple[Mapping[str, str], bytes] = ({}, b"")
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
        kept = False
        try:
            wire = self._open(timeout[0])
            if wire.gettimeout() != timeout[1]:
                wire.settimeout(timeout[1])
            # A BMC that hangs up on us may have said why before.
            with suppress(BrokenPipeError):
                wire.sendall(head + body if isinstance(body, bytes) else head)
                if isinstance(body, Multipart):
                    while part := body.read(_CHUNK):
                        wire.sendall(part)
            answer, kept = self._answer(method)
        finally:
            if not kept:
                self.close()
        return answer

    def close(self) -> None:
        """Close the connection; nothing is sent."""
        wire, self._socket = self._socket, None
        self._came, self._at = b"", 0
        if wire is not None:
            wire.close()

    # --- there ---------------------------------------------------------------------------------------------------------

    def _head(self, method: str, target: str, body: Multipart | bytes | None, headers: Mapping[str, str]) -> bytes:
        # A link of a BMC may hold anything: what is no part of a URL is written as a URL has it.
        path = target if _TARGET.fullmatch(target) else quote(target, safe=_SAFE)
        length = f"Content-Length: {len(body or b'')}\r\n" if body is not None or method in _WITH_BODY else ""
        return b"%b%b%b\r\n" % (
            f"{method} {path} HTTP/1.1\r\n".encode("latin-1"),
            self._fields(headers),
            length.encode(),
        )

    def _fields(self, headers: Mapping[str, str]) -> bytes:
        """Return the lines of header fields; those of one request are mostly those of the one before."""
        before, lines = self._headed
        if not lines or headers != before:
            fields = {"Host": self._name, "User-Agent": "rackwright", "Accept-Encoding": "identity", **headers}
            if any("\r" in word or "\n" in word for field in fields.items() for word in field):
                raise ProtocolError("a header field of more than one line")
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("latin-1", "replace")
            self._headed = (dict(headers), lines)
        return lines

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
        self._socket = wire
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
            minor, status, reason, headers = self._top()
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

    def _top(self) -> tuple[int, int, str, Headers]:
        """Return what stands before a body: the minor version, the status, its reason, and the header fields."""
        while (end := _BLANK.search(self._came, self._at)) is None:
            if len(self._came) - self._at >= _LONGEST_TOP:
                raise Endless
            if not self._more():
                break
        text = self._came[self._at : end.start() if end else None].decode("latin-1")
        first, *lines = text.replace("\r\n", "\n").split("\n")
        found = _STATUS.fullmatch(first)
        if found is None:
            raise ProtocolError("no HTTP" if text else "it hung up")
        if end is None or len(lines) > _MOST_HEADERS:
            raise ProtocolError("no end of header fields")
        self._at = end.end()
        return int(found[1]), int(found[2]), (found[3] or "").strip(), _fields(lines)

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
        self._trailers()
        return b"".join(parts)

    def _trailers(self) -> None:
        """Read what may stand behind the last chunk, of which nothing is used."""
        for _ in range(_MOST_HEADERS):
            if self._line() in (b"\r\n", b"\n"):
                return
        raise ProtocolError("no end of header fields")

    def _exactly(self, length: int) -> bytes:
        if length > self.largest_bytes:
            raise Endless
        parts = [self._taken(length)]
        left = length - len(parts[0])
        while left and self._more():
            parts.append(self._taken(left))
            left -= len(parts[-1])
        if left:
            raise ProtocolError(f"{length - left} of {length} bytes")
        return b"".join(parts) if len(parts) > 1 else parts[0]

    def _rest(self) -> bytes:
        parts = [self._taken(self.largest_bytes + 1)]
        size = len(parts[0])
        while size <= self.largest_bytes and self._more():
            parts.append(self._taken(self.largest_bytes + 1))
            size += len(parts[-1])
        if size > self.largest_bytes:
            raise Endless
        return b"".join(parts)

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
        """Return a line with its end; what there is of it where nothing more comes."""
        while (end := self._came.find(b"\n", self._at) + 1) == 0:
            if len(self._came) - self._at >= _LONGEST_LINE:
                raise Endless
            if not self._more():
                end = len(self._came)
                break
        line = self._taken(end - self._at)
        if len(line) >= _LONGEST_LINE:
            raise Endless
        return line

    def _taken(self, most: int) -> bytes:
        """Take what came, or so much of it."""
        begin, self._at = self._at, min(self._at + most, len(self._came))
        return self._came[begin : self._at]

    def _more(self) -> bool:
        """Wait for more to come; False where the connection has ended."""
        if self._socket is None:
            raise ProtocolError("it hung up")
        room = bytearray(_RECORD)
        size = self._socket.recv_into(room)
        self._came, self._at = self._came[self._at :] + room[:size], 0
        return size > 0


def _fields(lines: Iterable[str]) -> Headers:
    headers = Headers()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ProtocolError("no header field")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _hung_up(wire: ssl.SSLSocket) -> bool:
    """Tell whether something lies on a connection on which nothing was asked: its end."""
    poll = select.poll()
    poll.register(wire, select.POLLIN)
    return bool(poll.poll(0))

"""Bound sockets of the twin, and what makes the way to a server as long as a real one."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

__all__ = ["Far", "Relay", "bound", "claimed"]

_CLAIM_PORT: Final = 2221
"""A port that no device of the twin answers on."""
_SOON_S = 0.002


def bound(address: str, port: int) -> socket.socket:
    """Return a bound socket; asyncio sets TCP_NODELAY only on one that says it is TCP (twin.md 4)."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    return made


def claimed(address: str) -> socket.socket | None:
    """Return what holds an address for as long as it is open, or None where another twin holds it.

    What :func:`bound` gives shares its address until one listens (socket(7), SO_REUSEADDR): two twins that look for a
    block in the same moment would both find it free.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.bind((address, _CLAIM_PORT))
    except OSError as error:
        made.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return made


class Far(asyncio.Protocol):
    """A server that answers each request far away: it hears everything a round trip later, and what it says goes out at once.

    For whoever speaks second only, as in HTTP; a third of the work of a :class:`Relay`, which delays each way.
    """

    def __init__(self, server: asyncio.Protocol, round_trip_s: float) -> None:
        self._server = server
        self._round_trip_s = round_trip_s
        self._queue: deque[tuple[float, Callable[[], object]]] = deque()
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the server know at once: it has nothing to say yet."""
        self._server.connection_made(transport)

    def pause_writing(self) -> None:
        """Let the server know at once, as with :meth:`resume_writing`: it is about its own buffer."""
        self._server.pause_writing()

    def resume_writing(self) -> None:
        """Let the server know at once."""
        self._server.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Let the server hear it later."""
        self._later(lambda: self._server.data_received(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the server hear it behind all that came before; so with the end of what comes, which ends a TLS connection."""
        self._later(lambda: self._server.connection_lost(exc))

    def _later(self, tell: Callable[[], object]) -> None:
        self._queue.append((self._loop.time() + self._round_trip_s, tell))
        if len(self._queue) == 1:
            self._loop.call_at(self._queue[0][0], self._told)

    def _told(self) -> None:
        while self._queue and self._queue[0][0] <= self._loop.time():
            self._queue[0][1]()
            self._queue.popleft()
        if self._queue:
            self._loop.call_at(self._queue[0][0], self._told)


class _End(asyncio.Protocol):
    """One side of a relayed connection: what comes in goes out at the other side, later."""

    def __init__(self, delay_s: float, relay: Relay) -> None:
        self.delay_s = delay_s
        self.extra_s = 0.0
        """Added to the first piece: the handshake of TCP, which the kernel answers at once."""
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None
        self._relay = relay
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport is one
        self.transport = transport
        self._relay.ends.add(self)

    def data_received(self, data: bytes) -> None:
        """Send on what came, after the delay."""
        self._later(data)

    def eof_received(self) -> bool:
        """Send on that nothing more comes."""
        self._later(None)
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        """Close the other side once everything has been sent on."""
        self._relay.ends.discard(self)
        self._later(None)
        if self.other is not None and self.other.transport is not None and not self._queue:
            self.other.transport.close()

    def _later(self, data: bytes | None) -> None:
        loop = asyncio.get_running_loop()
        self._queue.append((loop.time() + self.delay_s + self.extra_s, data))
        self.extra_s = 0.0
        if self._timer is None:
            self._timer = loop.call_at(self._queue[0][0], self._send)

    def _send(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        if self.other is not None and self.other.transport is None:
            # A busy loop has not made the other side yet: what came is not lost for that.
            self._timer = loop.call_later(_SOON_S, self._send)
            return
        while self._queue and self._queue[0][0] <= loop.time() + 0.0005:
            _, data = self._queue.popleft()
            far = self.other.transport if self.other is not None else None
            if far is None or far.is_closing():
                continue
            if data is None:
                far.close()
            else:
                far.write(data)
        if self._queue:
            self._timer = loop.call_at(self._queue[0][0], self._send)


class Relay:
    """A listener that hands connections on to an inner address, each way delayed."""

    def __init__(self, inner: tuple[str, int], delay_s: float) -> None:
        self._inner = inner
        self._delay_s = delay_s
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.ends: set[_End] = set()

    async def listen(self, sock: socket.socket) -> None:
        """Begin to accept on a bound socket."""
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=sock)

    def _accept(self) -> _End:
        outer, inner = _End(self._delay_s, self), _End(self._delay_s, self)
        outer.other, inner.other = inner, outer
        outer.extra_s = 2 * self._delay_s
        task = asyncio.ensure_future(self._connect(outer, inner))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return outer

    async def _connect(self, outer: _End, inner: _End) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: inner, *self._inner)
        except OSError:
            outer.other = None
            if outer.transport is not None:
                outer.transport.abort()

    def close(self) -> None:
        """Stop accepting and cut what is open."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        for end in [*self.ends]:
            if end.transport is not None:
                end.transport.abort()

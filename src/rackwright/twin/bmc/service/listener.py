"""The TLS door of one BMC: open while the BMC can be reached, closed when it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from rackwright.twin.bmc.service.app import App
from rackwright.twin.sockets import Far, bound

__all__ = ["Listener"]


class Listener:
    """Accepts connections for one BMC on one address; a closed one refuses them, as a dead iDRAC does.

    Certificate and TLS context are made for the first connection: of a thousand BMCs most are never asked in a test.
    """

    def __init__(self, app: App, sock: socket.socket, certificate: Callable[[], Path], latency_s: float) -> None:
        self.address, self.port = sock.getsockname()[:2]
        self._app = app
        self._fresh: socket.socket | None = sock
        self._latency_s = latency_s
        self._server: asyncio.Server | None = None
        self._make = certificate
        self._own: Path | None = None
        self._shown: Path | None = None
        self._tls: ssl.SSLContext | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what it shows --------------------------------------------------------------------------------

    @property
    def certificate(self) -> Path:
        """Return the file of its own certificate and key."""
        if self._own is None:
            self._own = self._make()
        return self._own

    def use(self, certificate: Path | None = None) -> None:
        """Show another certificate from now on; None: its own again."""
        if certificate != self._shown:
            self._shown, self._tls = certificate, None

    def own(self, certificate: Path) -> None:
        """Have another certificate of its own."""
        self._own, self._tls = certificate, None

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(self._shown or self.certificate)
        return self._tls

    # --- open and closed --------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Tell whether connections are accepted."""
        return self._server is not None

    async def reach(self, on: bool) -> None:
        """Accept connections, or refuse them and cut those that are open."""
        if on and self._server is None:
            await self._listen()
        elif not on and self._server is not None:
            self._server.close()
            self._server = None
            self._app.cut()

    async def close(self) -> None:
        """Be done for good."""
        await self.reach(on=False)
        if self._fresh is not None:
            self._fresh.close()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        public, self._fresh = self._fresh or bound(self.address, self.port), None
        self._server = await asyncio.get_running_loop().create_server(lambda: _Door(self), sock=public, backlog=64)

    def greet(self, transport: asyncio.Transport) -> None:
        """Begin TLS on a new connection."""
        task = asyncio.ensure_future(self._handshake(transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handshake(self, transport: asyncio.Transport) -> None:
        # Who goes away in the middle of a handshake, or does not trust us, is no trouble of ours.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            protocol = self._app.protocol()
            if self._latency_s:
                # The handshakes of TCP and of TLS 1.3: one round trip each.
                await asyncio.sleep(4 * self._latency_s)
                protocol = Far(protocol, 2 * self._latency_s)
            loop = asyncio.get_running_loop()
            sealed = await loop.start_tls(transport, protocol, self._context(), server_side=True)
            if sealed is not None and self._server is not None:
                protocol.connection_made(sealed)
                return
        transport.abort()


class _Door(asyncio.Protocol):
    """Hands a new connection on."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin TLS."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport is one
        transport.pause_reading()
        self._listener.greet(transport)

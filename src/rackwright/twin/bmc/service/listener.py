"""The TLS door of one BMC: open while the BMC can be reached, closed when it cannot."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

from rackwright.twin.bmc.service.app import App
from rackwright.twin.sockets import Relay, bound

__all__ = ["Listener"]


class Listener:
    """Accepts connections for one BMC on one address; a closed one refuses them, as a dead iDRAC does."""

    def __init__(self, app: App, sock: socket.socket, certificate: Path, latency_s: float) -> None:
        self.address, self.port = sock.getsockname()[:2]
        self._app = app
        self._fresh: socket.socket | None = sock
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._latency_s = latency_s
        self._server: asyncio.Server | None = None
        self._relay: Relay | None = None
        self._certificate = certificate
        self.use(certificate)

    def use(self, certificate: Path | None = None) -> None:
        """Show another certificate from now on; None: its own again."""
        self._tls.load_cert_chain(certificate or self._certificate)

    def own(self, certificate: Path) -> None:
        """Have another certificate of its own."""
        self._certificate = certificate
        self.use()

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
            if self._relay is not None:
                self._relay.close()
                self._relay = None
            self._app.cut()

    async def close(self) -> None:
        """Be done for good."""
        await self.reach(on=False)
        if self._fresh is not None:
            self._fresh.close()

    async def _listen(self) -> None:
        public, self._fresh = self._fresh or bound(self.address, self.port), None
        if self._latency_s:
            inner = bound(self.address, 0)
            self._relay = Relay(inner.getsockname(), self._latency_s)
            await self._relay.listen(public)
            public = inner
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._app.protocol, sock=public, ssl=self._tls, backlog=64)

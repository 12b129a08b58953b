"""The two servers of one switch, opened and closed as the switch can be reached."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Final

import asyncssh

from rackwright.twin import ssh
from rackwright.twin.box import Box
from rackwright.twin.dataplane import Housed
from rackwright.twin.frr.door import Door
from rackwright.twin.rest import Api
from rackwright.twin.sockets import Relay, bound

__all__ = ["Server"]

_SSH: Final = 0
_REST: Final = 1


class Server:
    """SSH and the NVUE API of one switch on one address."""

    def __init__(
        self,
        box: Box,
        address: str,
        sockets: tuple[socket.socket, socket.socket],
        *,
        host_key: asyncssh.SSHKey,
        operator: str,
        certificate: Path,
        latency_s: float,
        house: Housed | None = None,
    ) -> None:
        self.box = box
        self.address = address
        self.host_key = host_key
        self._ports = (sockets[0].getsockname()[1], sockets[1].getsockname()[1])
        self._fresh: list[socket.socket | None] = [*sockets]
        self._operator = operator
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._latency_s = latency_s
        self._house = house
        self._api = Api(box)
        self._guests = ssh.Guests()
        self._ssh: asyncssh.SSHAcceptor | Door | None = None
        self._rest: asyncio.Server | None = None
        self._relays: list[Relay | None] = [None, None]

    @property
    def host_key_line(self) -> str:
        """Return the public host key as known_hosts holds it."""
        return " ".join(self.host_key.export_public_key().decode().split()[:2])

    async def reach(self, with_ssh: bool, with_rest: bool) -> None:
        """Open and close the servers so that they answer, or refuse connections."""
        if with_ssh != (self._ssh is not None):
            await (self._open_ssh() if with_ssh else self._close_ssh())
        if with_rest != (self._rest is not None):
            await (self._open_rest() if with_rest else self._close_rest())

    async def close(self) -> None:
        """Close both, and the sockets that were never used."""
        await self.reach(with_ssh=False, with_rest=False)
        for sock in self._fresh:
            if sock is not None:
                sock.close()

    async def _socket(self, which: int) -> socket.socket:
        """Return the socket to serve on: the public one, or an inner one with a relay before it."""
        public, self._fresh[which] = self._fresh[which], None
        if public is None:
            public = bound(self.address, self._ports[which])
        if not self._latency_s:
            return public
        inner = bound(self.address, 0)
        relay = self._relays[which] = Relay(inner.getsockname(), self._latency_s)
        await relay.listen(public)
        return inner

    async def _open_ssh(self) -> None:
        sock = await self._socket(_SSH)
        if self._house is not None:
            key = self.host_key.export_private_key("openssh").decode()
            argv = await asyncio.to_thread(self._house.door, self.box.name, key, self._operator)
            self._ssh = Door(argv, self.box)
            await self._ssh.listen(sock)
            return
        self._ssh = await ssh.listen(self.box, sock, self.host_key, self._operator, self._guests)

    async def _close_ssh(self) -> None:
        if self._ssh is not None:
            self._ssh.close()
            self._ssh = None
        self._guests.cut()
        self._unrelay(_SSH)

    async def _open_rest(self) -> None:
        sock = await self._socket(_REST)
        self._rest = await asyncio.get_running_loop().create_server(self._api.protocol, sock=sock, ssl=self._tls)

    async def _close_rest(self) -> None:
        if self._rest is not None:
            self._rest.close()
            self._rest = None
        self._api.cut()
        self._unrelay(_REST)

    def _unrelay(self, which: int) -> None:
        relay, self._relays[which] = self._relays[which], None
        if relay is not None:
            relay.close()

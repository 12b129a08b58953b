"""The server's life: its doors open, it answers, it ends on SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from ssl import SSLContext
from typing import Final, Protocol

from aiohttp import web

from rackwright.errors import ServeError
from rackwright.serve.boots import Boots

__all__ = ["Beside", "Door", "Helper", "door", "run"]

_ELSEWHERE: Final = "name an address of this machine and a port"
_ADVICE: Final = {
    errno.EACCES: "ports below 1024 are root's",
    errno.EADDRINUSE: "end what listens there, or choose another port",
}


@dataclass(frozen=True)
class Door:
    """An address and port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        """Print as it was written."""
        return f"{self.bracketed}:{self.port}"

    @property
    def bracketed(self) -> str:
        """Return the address as it stands in URLs."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def local(self) -> bool:
        """Say whether only this machine reaches it."""
        return ip_address(self.host).is_loopback

    @property
    def everywhere(self) -> bool:
        """Say whether it is every address of this machine."""
        return self.host in ("0.0.0.0", "::")


def door(text: str, port: int) -> Door:
    """Read ``ADDRESS:PORT``, ``ADDRESS``, ``:PORT`` or ``PORT``; raises ValueError for anything else."""
    host, colon, number = text.rpartition(":")
    if not colon and not text.isdecimal():
        host, number = text, str(port)
    host = host.strip("[]") or "0.0.0.0"
    if not number.isdecimal() or int(number) > 65535 or not _is_address(host):
        raise ValueError(f"{text!r} is no ADDRESS:PORT")
    return Door(host, int(number))


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


@dataclass(frozen=True)
class Beside:
    """One more door with an application of its own."""

    application: web.Application
    at: Door
    tls: SSLContext | None
    """None: without TLS."""
    ready: Callable[[Door], None]
    """Told the door, with its port, once it is open."""


class Helper(Protocol):
    """What works beside the doors."""

    async def up(self, stack: AsyncExitStack) -> None:
        """Begin; ``stack`` ends it."""


def run(
    boots: Boots | None, secure: Door, plain: Door | None, ready: Callable[[Door, Door | None], None],
    beside: Sequence[Beside] = (), helpers: Sequence[Helper] = (),
) -> None:  # fmt: skip
    """Serve until SIGINT or SIGTERM; ``ready`` is told the doors, with their ports, once both are open and the helpers work.

    Without ``boots`` only what is ``beside`` is served.
    """

    async def main() -> None:
        end = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, end.set)
        async with AsyncExitStack() as open_doors:
            if boots is not None:
                doors = await _open_boots(open_doors, boots, secure, plain)
                for helper in helpers:
                    await helper.up(open_doors)
                ready(*doors)
            for one in beside:
                await _open(open_doors, one.application, bound := _bound(one.at), one.tls)
                one.ready(Door(one.at.host, bound.getsockname()[1]))
            await end.wait()

    asyncio.run(main())


async def _open_boots(
    open_doors: AsyncExitStack, boots: Boots, secure: Door, plain: Door | None
) -> tuple[Door, Door | None]:
    # Bound before anything is said: the scripts name the port.
    bound = _bound(secure)
    port = bound.getsockname()[1]
    where = "" if secure.everywhere else secure.bracketed
    answers = replace(boots, port=port, address=where)
    here = boots.addresses if secure.everywhere else (*boots.addresses, secure.host)
    await _open(open_doors, answers.secure(), bound, boots.authority.context(here))
    if plain is not None:
        await _open(open_doors, answers.open(), other := _bound(plain), None)
        plain_port = other.getsockname()[1]
    if boots.hosts is not None:
        watching = asyncio.create_task(boots.hosts.watch())
        open_doors.push_async_callback(_ended, watching)
    return Door(secure.host, port), Door(plain.host, plain_port) if plain else None


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _bound(at: Door) -> socket.socket:
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    try:
        return socket.create_server((at.host, at.port), family=family, backlog=1024)
    except OSError as error:
        what = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else "no such address"
        raise ServeError(f"nothing can listen on {at}: {what}; {_ADVICE.get(error.errno or 0, _ELSEWHERE)}") from None


async def _open(
    stack: AsyncExitStack, application: web.Application, bound: socket.socket, tls: SSLContext | None
) -> None:
    # No access log: it would be a second story beside the events, and one without the device's name.
    runner = web.AppRunner(application, access_log=None)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    await web.SockSite(runner, bound, ssl_context=tls).start()

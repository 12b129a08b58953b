"""SSH of one emulated host: an accepting socket while it is up, and nothing else until somebody comes: a thousand cost next to nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import asyncssh
import msgspec

from rackwright.twin.faults import Faults
from rackwright.twin.hosts.host import Host
from rackwright.twin.hosts.playing import COMMAND, Asked, played
from rackwright.twin.hosts.scripts import run
from rackwright.twin.hosts.system import System
from rackwright.twin.journal import Journal, Line
from rackwright.twin.sockets import Relay, bound

if TYPE_CHECKING:
    from asyncssh import SSHKey, SSHServerConnection, SSHServerProcess

    from rackwright.twin.clock import TwinClock

__all__ = ["Door"]

_BACKLOG = 64


class Door:
    """The way in to one host."""

    def __init__(
        self, host: Host, user: str, sock: socket.socket, key: SSHKey, operator: str, clock: TwinClock, journal: Journal,
        faults: Faults, latency_s: float,
    ) -> None:  # fmt: skip
        self.host = host
        self.user = user
        self.key = key
        self.address, self.port = sock.getsockname()[:2]
        self._fresh: socket.socket | None = sock
        self._listening: socket.socket | None = None
        self._relay: Relay | None = None
        self._operator = operator
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._latency_s = latency_s
        self._options: asyncssh.SSHServerConnectionOptions | None = None
        self._open: set[SSHServerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def host_key_line(self) -> str:
        """Return the public host key as known_hosts holds it."""
        return " ".join(self.key.export_public_key().decode().split()[:2])

    # --- open and closed ------------------------------------------------------------------------------

    async def reach(self, on: bool) -> None:
        """Accept connections, or refuse them and cut those that are open."""
        if on and self._listening is None:
            await self._listen()
        elif not on and self._listening is not None:
            self.shut()

    async def _listen(self) -> None:
        public, self._fresh = self._fresh or bound(self.address, self.port), None
        if self._latency_s:
            inner = bound(self.address, 0)
            self._relay = Relay(inner.getsockname(), self._latency_s)
            await self._relay.listen(public)
            public = inner
        public.setblocking(False)
        public.listen(_BACKLOG)
        self._listening = public
        asyncio.get_running_loop().add_reader(public, self._came)

    def shut(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        for conn in [*self._open]:
            conn.abort()
        self._open.clear()

    async def close(self) -> None:
        """Be done for good."""
        self.shut()
        if self._fresh is not None:
            self._fresh.close()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _came(self) -> None:
        assert self._listening is not None  # noqa: S101 - it is read from while it listens
        with contextlib.suppress(OSError):
            sock, _ = self._listening.accept()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.ensure_future(self._greet(sock))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _greet(self, sock: socket.socket) -> None:
        # Who goes away in the middle of a handshake is no trouble of ours.
        with contextlib.suppress(OSError, asyncssh.Error, asyncio.CancelledError):
            await asyncssh.run_server(sock, options=self._settings())

    def _settings(self) -> asyncssh.SSHServerConnectionOptions:
        if self._options is None:
            self._options = asyncssh.SSHServerConnectionOptions(
                server_factory=lambda: _Guest(self._open, self.host.accounts, self._operator),
                server_host_keys=[self.key],
                process_factory=self._serve,
                allow_scp=False,
                keepalive_interval=0,
                server_version="OpenSSH_9.6p1-ubuntu-twin",
                login_timeout=120,
                line_history=0,
            )
        return self._options

    # --- what is asked --------------------------------------------------------------------------------

    async def _serve(self, process: SSHServerProcess[str]) -> None:
        command, system = process.command, self.host.system()
        try:
            if system is None:
                process.get_extra_info("connection").abort()
            elif command is None:
                process.stderr.write("this twin has no shell to sit at: give a command\n")
                process.exit(1)
            elif command.strip() == COMMAND:
                await self._play(process, system)
            else:
                result = run(self.host.desk(system), command)
                self._log("run", command, str(result.code))
                process.stdout.write(result.out)
                process.stderr.write(result.err)
                process.exit(result.code)
        except (asyncssh.Error, OSError):
            process.close()

    async def _play(self, process: SSHServerProcess[str], system: System) -> None:
        try:
            asked = msgspec.json.decode(await process.stdin.read(), type=Asked)
        except msgspec.DecodeError as error:
            process.stderr.write(f"{COMMAND}: no play: {error}\n")
            process.exit(2)
            return
        hit = {fault.kind for fault in self._faults.hits(self.host.name, "host-play", "before")}
        if "drop" in hit:
            process.get_extra_info("connection").abort()
            return
        alive = self._course(process, real=not asked.check and asked.playbook != "verify")
        events = await played(asked, system, self._clock, alive, self.host.deed)
        if not alive():
            process.get_extra_info("connection").abort()
            return
        changed = tuple(dict.fromkeys(str(one["role"]) for one in events if one["kind"] == "changed"))
        word = f"{asked.playbook}{' --check' if asked.check else ''} {','.join(asked.steps)}"
        self._log("play", word, "1" if events[-1].get("bad") else "0", () if asked.check else changed)
        process.stdout.write("".join(msgspec.json.encode(one).decode() + "\n" for one in events))
        process.exit(0)

    def _course(self, process: SSHServerProcess[str], *, real: bool) -> Callable[[], bool]:
        """Return what tells whether a play still goes on; faults that wait for its middle happen behind the first role that changed something."""
        host, life, begun = self.host, self.host.life, len(self.host.deeds)
        # What only looks has no middle at which anything could be cut off.
        hits = self._faults.hits(host.name, "host-play", "during") if real else ()
        waiting = {fault.kind for fault in hits}

        def alive() -> bool:
            host.machine.tick()
            if waiting and any(deed.kind == "play" for deed in host.deeds[begun:]):
                if "crash" in waiting and host.life == life:
                    host.machine.host.restart()
                    host.follow()
                return False
            return host.up and host.life == life and not process.is_closing()

        return alive

    def _log(self, operation: str, command: str, result: str, changed: tuple[str, ...] = ()) -> None:
        first, more, _ = command.partition("\n")
        told = first[:200] + (" ..." if more else "")
        line = Line(self._clock.now(), self.host.name, "host", self.user, operation, told, result, changed)
        self._journal.add(line)


class _Guest(asyncssh.SSHServer):
    """Who may come in: the users that the installation made, with their keys and with the operator's."""

    def __init__(self, opened: set[Any], accounts: Mapping[str, tuple[str, ...]], operator: str) -> None:
        self._opened = opened
        self._accounts = accounts
        self._operator = operator
        self._conn: SSHServerConnection | None = None

    def connection_made(self, conn: SSHServerConnection) -> None:
        self._conn = conn
        self._opened.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncssh's
        self._opened.discard(self._conn)

    async def begin_auth(self, username: str) -> bool:
        if self._conn is not None and username in self._accounts:
            keys = "".join(f"{key}\n" for key in (*self._accounts[username], self._operator))
            self._conn.set_authorized_keys(asyncssh.import_authorized_keys(keys))
        return True

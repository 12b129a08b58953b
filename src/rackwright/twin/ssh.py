"""SSH servers of the emulated switches: logins, exec, an interactive shell, SFTP; hundreds in one process."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import asyncssh

from rackwright.twin.box import Box, Dropped
from rackwright.twin.engine import Refused
from rackwright.twin.linux import Result, Session
from rackwright.twin.linux.password import change
from rackwright.twin.sftp import Sftp

if TYPE_CHECKING:
    from asyncssh import SSHKey, SSHServerConnection, SSHServerProcess

__all__ = ["Guests", "listen"]

EXPIRED = "WARNING: Your password has expired.\n"
"""What Linux-PAM and OpenSSH say to a password that must be changed."""
NO_TTY = "Password change required but no TTY available.\n"
CHANGE = "You must change your password now and login again!\n"


class Guests:
    """The connections that are open."""

    def __init__(self) -> None:
        self._open: set[SSHServerConnection] = set()

    def came(self, conn: SSHServerConnection) -> None:
        """Note a connection."""
        self._open.add(conn)

    def went(self, conn: SSHServerConnection | None) -> None:
        """Forget a connection."""
        if conn is not None:
            self._open.discard(conn)

    def cut(self) -> None:
        """Cut all of them."""
        for conn in [*self._open]:
            conn.abort()
        self._open.clear()


async def listen(
    box: Box, sock: socket.socket, host_key: SSHKey, operator: str, guests: Guests
) -> asyncssh.SSHAcceptor:
    """Serve a switch's SSH on a bound socket; ``operator`` is the public key that opens user cumulus always."""

    async def serve(process: SSHServerProcess[str]) -> None:
        await _Login(box, process).run()

    return await asyncssh.listen(
        sock=sock,
        server_factory=lambda: _Door(box, operator, guests),
        server_host_keys=[host_key],
        process_factory=serve,
        sftp_factory=lambda channel: Sftp(channel, box),
        allow_scp=False,
        keepalive_interval=0,
        server_version="OpenSSH_9.2p1-cumulus-twin",
        login_timeout=120,
        line_history=0,
    )


class _Door(asyncssh.SSHServer):
    """Who may come in."""

    def __init__(self, box: Box, operator: str, guests: Guests) -> None:
        self._box = box
        self._operator = operator
        self._guests = guests
        self._conn: SSHServerConnection | None = None

    def connection_made(self, conn: SSHServerConnection) -> None:
        self._conn = conn
        self._guests.came(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncssh's
        self._guests.went(self._conn)

    async def begin_auth(self, username: str) -> bool:
        try:
            await self._box.gate("connect", "before")
        except Dropped:
            self._cut()
        except Refused:
            return True
        self._box.log("ssh", username, "connect", "login", "0", self._box.marks())
        keys = self._box.switch.accounts.keys(username)
        if username == "cumulus":
            keys.append(self._operator)
        if self._conn is not None and keys:
            self._conn.set_authorized_keys(asyncssh.import_authorized_keys("".join(f"{key}\n" for key in keys)))
        return True

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        opened = self._box.switch.accounts.opens(username, password)
        if opened and self._conn is not None and self._box.switch.accounts.has_default(username):
            self._conn.set_extra_info(expired=True)
        return opened

    def _cut(self) -> None:
        if self._conn is not None:
            self._conn.abort()


class _Login:
    """One exec or one interactive shell."""

    def __init__(self, box: Box, process: SSHServerProcess[str]) -> None:
        self._box = box
        self._process = process
        user = str(process.get_extra_info("username"))
        self._session = Session(box, user, ask=self._ask)

    async def run(self) -> None:
        """Serve it to its end."""
        process = self._process
        try:
            if process.get_extra_info("expired"):
                await self._expired()
            elif process.command is not None:
                await self._exec(process.command)
            else:
                await self._shell()
        except Dropped:
            process.get_extra_info("connection").abort()
        except (asyncssh.Error, OSError):
            process.close()

    async def _expired(self) -> None:
        process = self._process
        process.stderr.write(EXPIRED)
        if process.term_type is None:
            process.stderr.write(NO_TTY)
            process.exit(1)
            return
        process.stdout.write(CHANGE)
        result = await change(self._session)
        process.stdout.write(result.out or result.err)
        process.exit(result.code)

    async def _exec(self, command: str) -> None:
        process = self._process
        if process.term_type is None and _wants_stdin(command):
            self._session.stdin = await process.stdin.read()
        result = await self._session.line(command)
        self._write(result)
        process.exit(result.code)

    async def _shell(self) -> None:
        process = self._process
        while not self._session.ended and not process.is_closing():
            process.stdout.write(self._session.prompt())
            try:
                line = await process.stdin.readline()
            except asyncssh.BreakReceived:
                continue
            if not line:
                break
            if line.strip():
                self._write(await self._session.line(line.rstrip("\r\n")))
        process.exit(self._session.code)

    def _write(self, result: Result) -> None:
        if result.out:
            self._process.stdout.write(result.out)
        if result.err:
            self._process.stderr.write(result.err)

    async def _ask(self, prompt: str, echo: bool) -> str | None:
        process = self._process
        if process.term_type is None:
            return None
        process.stdout.write(prompt)
        channel: Any = process.channel
        channel.set_echo(echo)
        try:
            line = await process.stdin.readline()
        finally:
            channel.set_echo(True)
        if not echo:
            process.stdout.write("\n")
        return line.rstrip("\r\n") if line else None


def _wants_stdin(command: str) -> bool:
    """Tell whether a command reads what is sent after it; for others nobody may close stdin, as paramiko does not."""
    return "sudo -S" in command or command.strip() in ("cat", "sha256sum", "md5sum")

"""One switch in a thread, for what the twin does not do: scripted answers, stalls, drops, wrong keys, noise.

It knows nothing of NVUE: a test says what each command answers.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from rackwright.drivers.endpoint import Endpoint

SYSTEM = '{"hostname": "be-leaf01", "product-release": "5.12.1"}'
PLATFORM = '{"product-name": "SN5600", "serial-number": "MT01", "system-mac": "48:b0:2d:00:00:01"}'
ANSWERS: dict[str, Any] = {
    "nv show system -o json": SYSTEM,
    "nv show platform -o json": f"{PLATFORM}\n11111111-2222-3333-4444-555555555555\n",
    "nv config show -o json": '[{"header": {}}, {"set": {"interface": {"swp1-2": {"type": "swp"}}}}]',
    "nv config detach": "",
    "nv config replace": "created [rev_id: 7]\n",
    "nv config diff applied": ("- set:\n    system:\n      hostname: x\n", "", 1),
    "nv config apply": "applied [rev_id: 7]\n",
    "nv config revision -o json": '{"6": {"state": "applied"}, "7": {"state": "pending"}}',
    "nv config save": "saved [rev_id: 7]\n",
}

DROP = "drop"
"""An answer: the connection breaks while the command runs."""
STALL = "stall"
"""An answer: none ever comes."""
DEAF = "deaf"
"""An answer: output ends, but no exit status follows and the channel stays open."""


@dataclass
class LoneSwitch:
    """What the switch answers and what it saw; a value may be changed while it runs."""

    home: Path
    answers: dict[str, Any] = field(default_factory=lambda: dict(ANSWERS))
    seen: list[str] = field(default_factory=list)
    files: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Name -> (mode when it was opened, content when a command named it)."""
    connections: int = 0
    password: str = "right"
    login_s: float = 0
    banner: str = ""
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    public: str = ""
    """An authorized key in OpenSSH's form; empty: none."""
    endpoint: Endpoint = field(init=False)
    sftp: bool = True
    refuse_files: str = ""
    open: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    def answer(self, command: str) -> Any:
        """Return what the longest matching beginning of a command answers."""
        found = max((start for start in self.answers if command.startswith(start)), key=len, default=None)
        if found is None:
            return "", f"bash: {command.split(maxsplit=1)[0]}: command not found", 127
        value = self.answers[found]
        return value(command) if callable(value) else value

    async def serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """Run one command."""
        command = process.command or ""
        self.seen.append(command)
        for name in command.split():
            path = self.home / name
            if path.name.startswith(".rackwright-") and path.is_file():
                self.files[name] = (path.stat().st_mode & 0o777, path.read_bytes())
        said = self.answer(command)
        if said == DROP:
            process.get_extra_info("connection").abort()
            return
        if said == STALL:
            await asyncio.sleep(3600)
        out, err, status = said if isinstance(said, tuple) else (said, "", 0)
        process.stdout.write(out.encode() if isinstance(out, str) else out)
        process.stderr.write(err.encode())
        if status == DEAF:
            process.stdout.write_eof()
            await asyncio.sleep(3600)
        process.exit(status)


class _Server(asyncssh.SSHServer):
    def __init__(self, switch: LoneSwitch) -> None:
        self._switch = switch

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._switch.connections += 1
        self._connection = conn
        self._switch.open.append(conn)

    async def begin_auth(self, username: str) -> bool:
        if self._switch.login_s:
            await asyncio.sleep(self._switch.login_s)
        if self._switch.banner:
            self._connection.send_auth_banner(self._switch.banner)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == self._switch.password

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return bool(self._switch.public) and key == asyncssh.import_public_key(self._switch.public)


@contextmanager
def lone_switch(home: Path, **values: Any) -> Iterator[LoneSwitch]:
    """Start a switch on loopback and end it afterwards."""
    switch = LoneSwitch(home=home, **values)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stop: list[Callable[[], None]] = []

    def files(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return _Files(channel, switch)

    async def run() -> None:
        done = asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        server = await asyncssh.create_server(
            lambda: _Server(switch), "127.0.0.1", 0, server_host_keys=[switch.key], process_factory=switch.serve,
            encoding=None, sftp_factory=files if switch.sftp else None, line_editor=False, login_timeout=60,
        )  # fmt: skip
        port = server.sockets[0].getsockname()[1]
        switch.endpoint = Endpoint(device="be-leaf01", host="127.0.0.1", ssh_port=port)
        started.set()
        await done.wait()
        server.close()
        for connection in switch.open:
            connection.abort()
            await connection.wait_closed()
        await server.wait_closed()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="lone-switch")
    thread.start()
    assert started.wait(10)
    try:
        yield switch
    finally:
        stop[0]()
        thread.join(10)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: Any, switch: LoneSwitch) -> None:
        super().__init__(channel, chroot=str(switch.home))
        self._switch = switch

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        if self._switch.refuse_files:
            raise asyncssh.SFTPFailure(self._switch.refuse_files)
        return super().open(path, pflags, attrs)


def known_hosts(path: Path, switch: LoneSwitch) -> None:
    """Pin a switch's key as an operator would."""
    public = switch.key.export_public_key().decode().strip()
    path.write_text(f"[127.0.0.1]:{switch.endpoint.ssh_port} {public}\n", encoding="ascii")

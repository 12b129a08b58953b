"""A session over SSH: commands with their exit status, several at a time, and files of mode 0600.

A command costs one round trip: while it runs, the channel for the next one is being opened. Each runs in a thread of a
small pool, since paramiko waits for some answers without any limit: whoever asked waits beside it, with one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import paramiko

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.faults import lost, slow, talking, unreachable
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.connection import Connection
from rackwright.drivers.nvue.files import Files
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused

if TYPE_CHECKING:
    from paramiko import Channel

__all__ = ["AT_ONCE", "Said", "Session"]

T = TypeVar("T")

AT_ONCE: Final = 4
"""Commands that run at the same time; OpenSSH allows ten channels a connection (MaxSessions)."""

_CHUNK: Final = 1 << 15


class Said(msgspec.Struct, frozen=True):
    """What a command left behind."""

    command: str
    status: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Return all that it printed, as one text."""
        return (self.out + b"\n" + self.err).decode(errors="replace").strip()


class _Task:
    """A piece of work on the wire: what it is called, when it must be over, and the channel to close then."""

    def __init__(self, what: str, limit_s: float, stdin: bytes = b"") -> None:
        self.what = what
        self.limit_s = limit_s
        self.stdin = stdin
        self._end = time.monotonic() + limit_s
        self.channel: Channel | None = None

    def left_s(self) -> float:
        """Return the time left, never nothing: a channel without a limit would wait for ever."""
        return max(0.001, self._end - time.monotonic())


class Session:
    """One SSH connection to one switch."""

    def __init__(self, endpoint: Endpoint, *, login: Login, trust: Trust, limits: Limits) -> None:
        self.device = endpoint.device
        self._endpoint = endpoint
        self._limits = limits
        self._connection = Connection(endpoint, login=login, trust=trust, limits=limits)
        self._connection.establish_connection()
        self._threads = ThreadPoolExecutor(2 * AT_ONCE + 1, thread_name_prefix=f"ssh-{endpoint.device}")
        self._turn = Lock()
        self._ahead: Future[Channel] = Future()
        self._ahead.set_result(self._connection.first_channel())
        self._files: Files | None = None

    def run(self, command: str, *, limit_s: float = 0, stdin: bytes = b"") -> Said:
        """Run one command and return what it left behind; ``stdin`` is what it reads, and is shown nowhere.

        Raises ``Unreachable`` when the connection is gone before it was sent, ``LostMidCommand`` when it breaks
        afterwards, ``DeviceTimeout`` after ``limit_s`` (by default the limit of an answer).
        """
        return self.start(command, limit_s=limit_s, stdin=stdin)()

    def start(self, command: str, *, limit_s: float = 0, stdin: bytes = b"") -> Callable[[], Said]:
        """Send a command, and return the function that waits for its end."""
        return self._begin(_Task(command, limit_s or self._limits.answer_s, stdin), self._execute)

    def together(self, commands: Sequence[str]) -> list[Said]:
        """Run commands at the same time and return what they left behind, in their order."""
        said: list[Said] = []
        for first in range(0, len(commands), AT_ONCE):
            waiting = [self.start(command) for command in commands[first : first + AT_ONCE]]
            said += [wait() for wait in waiting]
        return said

    def put(self, name: str, data: bytes) -> Callable[[], None]:
        """Begin to write a new file of mode 0600 into the home folder, and return the function that waits for its end.

        The file is never open to others, not even while it is empty.
        """
        return self._file(f"upload of {name}", lambda files: files.put_private(name, data))

    def put_large(self, name: str, path: Path, *, limit_s: float) -> None:
        """Write a file of ours, of any size, into a new one of mode 0600 in the home folder."""
        task = _Task(f"upload of {name}", limit_s)

        def upload(files: Files) -> None:
            with path.open("rb") as stream:
                files.put_stream(name, stream)

        self._begin(task, lambda begun: self._on_files(begun, upload))()

    def remove(self, name: str) -> None:
        """Remove a file from the home folder."""
        self._file(f"removal of {name}", lambda files: files.remove(name))()

    def close(self) -> None:
        """End the session; never raises."""
        self._connection.end()
        # Not waited for: paramiko looks ten times a second whether a channel that was asked for will never come.
        self._threads.shutdown(wait=False, cancel_futures=True)

    # --- work with a limit ----------------------------------------------------------------------------------------

    def _begin(self, task: _Task, work: Callable[[_Task], T]) -> Callable[[], T]:
        done = self._threads.submit(self._translated, task, work)

        def wait() -> T:
            try:
                return done.result(task.left_s())
            except NotYet:
                if task.channel is not None:
                    task.channel.close()
                raise slow(self.device, task.what, task.limit_s) from None

        return wait

    def _translated(self, task: _Task, work: Callable[[_Task], T]) -> T:
        with talking(self.device, task.what, task.limit_s):
            return work(task)

    def _channel(self, task: _Task) -> Channel:
        """Take the channel that was opened ahead, and have the next one opened."""
        with self._turn:
            ready, self._ahead = self._ahead, self._threads.submit(self._open)
        try:
            with contextlib.suppress(paramiko.ChannelException):
                task.channel = ready.result(task.left_s())
            if task.channel is None or task.channel.closed:
                task.channel = self._open()
        except (paramiko.SSHException, EOFError, OSError, NotYet):
            why = "the session has ended; nothing was sent"
            raise unreachable(self._endpoint, self._endpoint.ssh_port, why) from None
        return task.channel

    def _open(self) -> Channel:
        return self._connection.transport.open_session(timeout=self._limits.answer_s)

    # --- commands -------------------------------------------------------------------------------------------------

    def _execute(self, task: _Task) -> Said:
        channel = self._channel(task)
        try:
            channel.exec_command(task.what)
            if task.stdin:
                channel.sendall(task.stdin)
                channel.shutdown_write()
            out = self._read(channel, channel.recv, task)
            err = self._read(channel, channel.recv_stderr, task)
            if not channel.status_event.wait(task.left_s()):
                raise TimeoutError
        finally:
            channel.close()
        if channel.exit_status < 0:
            raise lost(self.device, task.what)
        return Said(task.what, channel.exit_status, out, err)

    def _read(self, channel: Channel, receive: Callable[[int], bytes], task: _Task) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            channel.settimeout(task.left_s())
            part = receive(_CHUNK)
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
            if size > self._limits.largest_bytes:
                raise DeviceRefused(f"{self.device} answers {task.what!r} without end", device=self.device)

    # --- files ----------------------------------------------------------------------------------------------------

    def _file(self, what: str, work: Callable[[Files], object]) -> Callable[[], None]:
        return self._begin(_Task(what, self._limits.answer_s), lambda task: self._on_files(task, work))

    def _on_files(self, task: _Task, work: Callable[[Files], object]) -> None:
        try:
            if self._files is None:
                channel = self._channel(task)
                channel.settimeout(task.left_s())
                channel.invoke_subsystem("sftp")
                self._files = Files(channel)
            work(self._files)
        except TimeoutError:
            raise
        except (OSError, paramiko.SFTPError) as error:
            # paramiko raises OSError for what the file server refuses and for what breaks on the wire.
            if not self._connection.transport.is_active():
                raise EOFError from None
            reason = getattr(error, "strerror", None) or str(error)
            raise DeviceRefused(f"{self.device} refuses the {task.what}: {reason}", device=self.device) from None

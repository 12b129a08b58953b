"""A session over SSH: commands with their exit status, several at a time, and files of mode 0600.

A command costs one round trip: while it runs, the channel for the next one is being opened. It goes out in the thread that asks,
or in the one that reads as soon as its channel is open, and its answer is gathered there: who asked wakes once, with a limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from rackwright.drivers.nvue.doors import Door
from rackwright.drivers.nvue.files import Files
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, Unreachable

if TYPE_CHECKING:
    from paramiko import Channel

__all__ = ["AT_ONCE", "Said", "Session"]

T = TypeVar("T")

AT_ONCE: Final = 4
"""Commands that run at the same time; OpenSSH allows ten channels a connection (MaxSessions)."""


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

    def __init__(self, what: str, limit_s: float) -> None:
        self.what = what
        self.limit_s = limit_s
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
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"ssh-{endpoint.device}")
        self._turn = Lock()
        self._ahead: Door | None = self._connection.first_channel()
        self._files: Files | None = None

    def run(self, command: str, *, limit_s: float = 0, stdin: bytes = b"") -> Said:
        """Run one command and return what it left behind; ``stdin`` is what it reads, and is shown nowhere.

        Raises ``Unreachable`` when the connection is gone before it was sent, ``LostMidCommand`` when it breaks
        afterwards, ``DeviceTimeout`` after ``limit_s`` (by default the limit of an answer).
        """
        return self.start(command, limit_s=limit_s, stdin=stdin)()

    def start(self, command: str, *, limit_s: float = 0, stdin: bytes = b"") -> Callable[[], Said]:
        """Send a command, and return the function that waits for its end."""
        task = _Task(command, limit_s or self._limits.answer_s)
        with talking(self.device, command, task.limit_s):
            door = self._door()
            door.order(command, stdin, self._limits.largest_bytes)
        return lambda: self._answer(task, door, stdin)

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
        # Not waited for: a file may be on its way.
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

    def _door(self, *, anew: bool = False) -> Door:
        """Take the channel that was asked for ahead, and ask for the next one."""
        try:
            with self._turn:
                ready = None if anew else self._ahead
                if ready is None or ready.closed:
                    ready = self._connection.door()
                self._ahead = self._connection.door()
        except (paramiko.SSHException, EOFError, OSError):
            raise self._over() from None
        return ready

    def _over(self) -> Unreachable:
        return unreachable(self._endpoint, self._endpoint.ssh_port, "the session has ended; nothing was sent")

    # --- commands -------------------------------------------------------------------------------------------------

    def _answer(self, task: _Task, door: Door, stdin: bytes) -> Said:
        with talking(self.device, task.what, task.limit_s):
            try:
                heard = door.heard(task.left_s())
                if heard.refused and self._connection.alive:
                    # As many channels as it may be are open: what was asked ahead is asked once more.
                    door = self._door(anew=True)
                    door.order(task.what, stdin, self._limits.largest_bytes)
                    heard = door.heard(task.left_s())
            finally:
                door.close()
        if not heard.sent:
            raise self._over()
        if heard.endless:
            raise DeviceRefused(f"{self.device} answers {task.what!r} without end", device=self.device)
        if heard.status < 0:
            raise lost(self.device, task.what)
        return Said(task.what, heard.status, heard.out, heard.err)

    # --- files ----------------------------------------------------------------------------------------------------

    def _file(self, what: str, work: Callable[[Files], object]) -> Callable[[], None]:
        return self._begin(_Task(what, self._limits.answer_s), lambda task: self._on_files(task, work))

    def _on_files(self, task: _Task, work: Callable[[Files], object]) -> None:
        try:
            if self._files is None:
                task.channel = self._connection.transport.open_session(timeout=task.left_s())
                task.channel.settimeout(task.left_s())
                task.channel.invoke_subsystem("sftp")
                self._files = Files(task.channel)
            work(self._files)
        except TimeoutError:
            raise
        except (OSError, paramiko.SFTPError) as error:
            # paramiko raises OSError for what the file server refuses and for what breaks on the wire.
            if not self._connection.alive:
                raise EOFError from None
            reason = getattr(error, "strerror", None) or str(error)
            raise DeviceRefused(f"{self.device} refuses the {task.what}: {reason}", device=self.device) from None

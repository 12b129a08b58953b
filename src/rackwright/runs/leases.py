"""Who works here: a lease in the database for each process, and a file lock for each name.

On one machine the file lock says who lives: a process that was killed is dead at once, and one that is stopped or
hangs lives, and keeps what it holds. Of another machine's process the lease tells: as long as it is renewed, nobody
touches its work; where it ran out and was taken, its process finds out before it sends anything more, and stops.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from rackwright.errors import RunBusy
from rackwright.runs.folder import now, private

__all__ = ["Lease", "Worker", "create_table", "is_alive", "locked", "others", "workers"]

_TABLE: Final = "rackwright_worker"


class Worker(msgspec.Struct, frozen=True):
    """One process that works on runs, as the database knows it."""

    executor: str
    host: str
    pid: int
    since: str
    run: str
    """The run that it holds; empty: it helps."""
    left_s: float
    """What is left of its lease."""

    def __str__(self) -> str:
        """Print for a message."""
        return f"pid {self.pid} on {self.host} since {self.since}"

    @property
    def told(self) -> str:
        """Print one that lives for a message, with what to do about one that is silent."""
        if self.left_s > 0:
            return str(self)
        return (
            f"{self}, which has been silent for more than {-self.left_s:.0f} s: it is stopped or hangs, and its devices are its own all the same "
            f"('kill -CONT {self.pid}' lets it go on, 'kill -9 {self.pid}' cuts it off, and --resume goes on)"
        )


def create_table(engine: sa.Engine) -> None:
    """Make the table of leases where it is missing."""
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                f"CREATE TABLE IF NOT EXISTS {_TABLE} (executor TEXT PRIMARY KEY, host TEXT NOT NULL, "
                "pid INTEGER NOT NULL, since TEXT NOT NULL, run TEXT NOT NULL, expires DOUBLE PRECISION NOT NULL)"
            )
        )


def workers(engine: sa.Engine) -> list[Worker]:
    """Return every process that has a lease, run out or not."""
    query = f"SELECT executor, host, pid, since, run, expires - {_now(engine)} FROM {_TABLE} ORDER BY executor"  # noqa: S608 - constants
    with engine.connect() as connection:
        return [Worker(*row) for row in connection.execute(sa.text(query))]


def is_alive(worker: Worker, state_dir: Path) -> bool:
    """Say whether a process still works: on this machine its lock is held, on another one its lease runs."""
    lock = _lock_of(state_dir, worker.executor)
    if worker.host != platform.node() or not lock.exists():
        return worker.left_s > 0
    descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return not _locks(descriptor)
    finally:
        os.close(descriptor)


def others(engine: sa.Engine, state_dir: Path, mine: str) -> dict[str, Worker]:
    """Return the living processes besides this one, by executor."""
    return {
        worker.executor: worker for worker in workers(engine) if worker.executor != mine and is_alive(worker, state_dir)
    }


@contextlib.contextmanager
def locked(state_dir: Path, name: str) -> Iterator[None]:
    """Hold a lock of the site for the moment in which something is looked up and then done."""
    descriptor = _made(private(state_dir) / f"{name}.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Lease:
    """The lease of this process; renewed by a thread of its own until :meth:`close`."""

    def __init__(self, engine: sa.Engine, state_dir: Path, *, executor: str, seconds: float) -> None:
        """Take the name ``executor`` and a lease.

        Raises :class:`~rackwright.errors.RunBusy` when another process has that name.
        """
        host, pid = platform.node() or "localhost", os.getpid()
        self.executor = executor or f"{host}-{pid}-{secrets.token_hex(3)}"
        self.seconds = seconds
        # A name that comes back keeps its file: unlinked, two processes could each lock one of the same name.
        self._own_name = not executor
        self._engine = engine
        self._lost = threading.Event()
        self._ended = threading.Event()
        path = _lock_of(state_dir, self.executor)
        private(path.parent)
        self._lock = _made(path)
        if not _locks(self._lock):
            os.close(self._lock)
            raise RunBusy(f"another process works as {self.executor!r} here: wait for it, or choose another name")
        self._path = path
        self._good_until = 0.0
        self._write("DELETE FROM {table} WHERE executor = :executor")
        self._write(
            "INSERT INTO {table} VALUES (:executor, :host, :pid, :since, '', {now} + :seconds)",
            host=host,
            pid=pid,
            since=now(),
        )
        self._thread = threading.Thread(target=self._renew_often, name="rackwright-lease", daemon=True)
        self._thread.start()

    def attend(self, run: str) -> None:
        """Say in the lease which run this process holds; empty: none."""
        self._write("UPDATE {table} SET run = :run WHERE executor = :executor", run=run)

    def let_go(self) -> None:
        """Hold no run any more; a database that is away learns it when the lease runs out."""
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            self.attend("")

    def held(self) -> bool:
        """Say whether the lease is still ours; asked before each step.

        A process that slept (a closed lid, SIGSTOP) may find it run out: then the database is asked.
        """
        return not self._lost.is_set() and (_awake() < self._good_until or self.renew())

    def renew(self) -> bool:
        """Renew the lease, unless somebody took it."""
        if self._lost.is_set() or self._ended.is_set():
            return False
        if not self._write("UPDATE {table} SET expires = {now} + :seconds WHERE executor = :executor"):
            self._lost.set()
        return not self._lost.is_set()

    def take(self, worker: Worker) -> bool:
        """Take the lease of a process that is dead: if it lives after all, it finds out before it sends anything more.

        False: it is one of another machine, and has renewed its lease since somebody looked.
        """
        if worker.host != platform.node():
            ran_out = "DELETE FROM {table} WHERE executor = :gone AND expires <= {now}"
            return bool(self._write(ran_out, gone=worker.executor)) or not self._is_there(worker)
        self._write("DELETE FROM {table} WHERE executor = :gone", gone=worker.executor)
        self._path.with_name(f"{worker.executor}.lock").unlink(missing_ok=True)
        return True

    def _is_there(self, worker: Worker) -> bool:
        return any(one.executor == worker.executor for one in workers(self._engine))

    def close(self) -> None:
        """Give the lease and the name back."""
        self._ended.set()
        self._thread.join()
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            self._write("DELETE FROM {table} WHERE executor = :executor")
            if self._own_name:
                # Only then: where the lease stays, for a disk is full, its lock that nobody holds says that nobody has it.
                self._path.unlink(missing_ok=True)
        os.close(self._lock)

    def _renew_often(self) -> None:
        while not self._ended.wait(self.seconds / 3):
            # A database that is away for a moment is no loss yet: held() asks again before any step.
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                self.renew()

    def _write(self, statement: str, **values: str | int) -> int:
        begun = _awake()
        text = statement.format(table=_TABLE, now=_now(self._engine))
        known = {"executor": self.executor, "seconds": self.seconds, **values}
        with self._engine.begin() as connection:
            count = connection.execute(sa.text(text), known).rowcount
        if ":seconds" in text and count:
            self._good_until = begun + self.seconds
        return count


def _now(engine: sa.Engine) -> str:
    """Return SQL for the database's own clock, s: hosts may disagree about the time."""
    if engine.dialect.name == "sqlite":
        return "((julianday('now') - 2440587.5) * 86400.0)"
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


def _awake() -> float:
    """Return seconds that go on while the machine sleeps, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _lock_of(state_dir: Path, executor: str) -> Path:
    return state_dir / "workers" / f"{executor}.lock"


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _made(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

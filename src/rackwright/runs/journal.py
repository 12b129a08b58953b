"""The journal: DBOS over one database, with everything off that talks, and values that may be kept.

Nothing else in Rackwright imports ``dbos``. What DBOS cannot do it says to its logger only; here the logger
has one listener, which remembers the fault for whoever waits, and nobody prints.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, WorkflowStatus
from dbos._error import DBOSException
from dbos._serialization import Serializer

from rackwright.errors import RunError
from rackwright.runs.folder import private
from rackwright.runs.quick import quicken
from rackwright.runs.redaction import Redactor
from rackwright.runs.steps import Steps, Tables

__all__ = [
    "DEVICE",
    "ENGINE",
    "FLEET",
    "TASK",
    "Ended",
    "Journal",
    "Limits",
    "Queues",
    "database_engine",
    "journal_exists",
    "keeping",
    "unkept",
]

ENGINE: Final = "2"
"""The version of how runs are journalled, set by hand: DBOS's ``application_version``."""

FLEET: Final = "rackwright.fleet"
DEVICE: Final = "rackwright.device"
TASK: Final = "rackwright.task"
"""The names of the workflows: a run, a device of its waves, a task of its graph."""

_APPLICATION: Final = "rackwright"
_POLL_S: Final = 0.2
_FLEET_POLL_S: Final = 1.0
_POOL_TIMEOUT_S: Final = 300.0
_SUBSECONDS_SINCE: Final = (3, 42)
"""SQLite since which ``unixepoch`` knows ``subsec``."""

_FILE: Final = "journal.sqlite"
_UNUSED_URL: Final = {"sqlite": "sqlite:///journal", "postgresql": "postgresql://user@host/journal"}
_WARNINGS_TOO_MANY: Final = 20


class Queues:
    """The names of a run's queues: no child waits in its parent's, no worker takes a run it did not choose."""

    def __init__(self, run: str) -> None:
        """Name the queues of ``run``."""
        self.fleet = f"{run}/fleet"
        self.device = f"{run}/device"

    def reach(self, tag: str) -> str:
        """Return the queue of the tasks that need a worker with ``tag``; of all others for an empty one."""
        return f"{self.device}@{tag}" if tag else self.device


class Limits(NamedTuple):
    """How many devices are worked on at once."""

    jobs: int | None
    """By all workers together; None: who enqueues sees to it."""
    threads: int
    """By one of them."""


class Ended(NamedTuple):
    """How a workflow ended, as DBOS says it."""

    status: str
    output: Any
    error: Any


class _Json(Serializer):
    """JSON that holds no secret; an exception is kept as type and message."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def name(self) -> str:
        """Return what the journal calls this form."""
        return "rackwright_json"

    def serialize(self, data: Any) -> str:
        """Return ``data`` masked, as JSON."""
        if isinstance(data, BaseException):
            data = {"error": type(data).__name__, "message": str(data)}
        return json.dumps(self._redactor.value(data), separators=(",", ":"), ensure_ascii=False)

    def deserialize(self, serialized_data: str) -> Any:
        """Return what was kept."""
        value = json.loads(serialized_data)
        if isinstance(value, dict) and value.keys() == {"error", "message"}:
            return RunError(f"{value['error']}: {value['message']}")
        return value


class _Listener(logging.Handler):
    """Hears what DBOS could not do; a fault that repeats is one that does not go away by itself."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.fault: BaseException | None = None
        self._warnings = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the first fault."""
        if record.levelno < logging.ERROR:
            self._warnings += "xception" in record.getMessage()
            if self._warnings < _WARNINGS_TOO_MANY:
                return
        if self.fault is None:
            cause = record.exc_info[1] if record.exc_info else None
            self.fault = cause or RuntimeError(record.getMessage())


class Journal:
    """The database of a site's runs; at most one run at a time is attended to (:meth:`working`)."""

    def __init__(
        self, state_dir: Path, database: str | None, redactor: Redactor | None = None, *, read_only: bool = False
    ) -> None:
        """Open the database and, unless only to read, make or renew its tables."""
        self.engine = database_engine(state_dir, database, read_only=read_only)
        self._serializer = _Json(redactor or Redactor())
        self._hears = _Listener()
        self._url = _UNUSED_URL[self.engine.dialect.name]
        quicken()
        with contextlib.ExitStack() as undo:
            undo.callback(self.engine.dispose)
            undo.enter_context(_quiet(self._hears))
            self.client = DBOSClient(
                system_database_engine=self.engine, serializer=self._serializer, application_name=_APPLICATION
            )
            undo.callback(self.client.destroy)
            self._system = self.client._sys_db  # noqa: SLF001 - DBOS.migrate knows addresses only, and drops WAL and mode
            if not read_only:
                self._system.run_migrations()
            self._undo = undo.pop_all()
        self._tables = Tables(self._system)

    def fault(self) -> BaseException | None:
        """Return what DBOS could not do, if anything."""
        return self._hears.fault

    @contextlib.contextmanager
    def working(
        self,
        run: str,
        limits: Limits,
        executor: str,
        workflows: dict[str, Callable[..., Any]],
        tags: Iterable[str] = (),
    ) -> Iterator[None]:
        """Work on one run's queues inside the ``with``, also those of ``tags``; afterwards no thread of DBOS is left."""
        queues = Queues(run)
        work_queues = [queues.reach(tag) for tag in ("", *sorted(tags))]
        self._register_fleet(run, _POLL_S)
        for queue in work_queues:
            self.client.register_queue(
                queue,
                global_concurrency=limits.jobs,
                worker_concurrency=min(limits.jobs or limits.threads, limits.threads),
                polling_interval_sec=_POLL_S,
            )
        self._hears.fault = None
        config = DBOSConfig(
            name=_APPLICATION,
            system_database_url=self._url,
            system_database_engine=self.engine,
            serializer=self._serializer,
            application_version=ENGINE,
            executor_id=executor,
            log_level="WARNING",
            enable_otlp=False,
            use_listen_notify=False,
            run_migrations=False,
            notification_listener_polling_interval_sec=_POLL_S,
            scheduler_polling_interval_sec=3600.0,
        )
        try:
            with _no_orders():
                DBOS(config=config)
            for name, work in workflows.items():
                DBOS.workflow(name=name, max_recovery_attempts=None)(work)
            DBOS.listen_queues([queues.fleet, *work_queues])
            DBOS.launch()
            yield
        finally:
            DBOS.destroy(destroy_registry=True)
            _join("dbos-executor-")

    def slow_down(self, run: str) -> None:
        """Look seldom into the queue that the run itself came from: it is needed once, and after a death."""
        # Another that ends the run takes its queues away between DBOS's writing and its asserting what it wrote.
        with contextlib.suppress(AssertionError):
            self._register_fleet(run, _FLEET_POLL_S)

    def _register_fleet(self, run: str, poll_s: float) -> None:
        self.client.register_queue(Queues(run).fleet, global_concurrency=1, polling_interval_sec=poll_s)

    def enqueue(self, workflow: str, queue: str, identity: str, *ids: str) -> None:
        """Put a workflow into a queue; one that is there, waiting, running or ended, stays as it is."""
        self.client.enqueue(
            {"workflow_name": workflow, "queue_name": queue, "workflow_id": identity, "app_version": ENGINE}, *ids
        )

    def enqueue_all(self, workflow: str, rows: Iterable[tuple[str, str, Sequence[Any]]]) -> None:
        """Put workflows into queues, all or none: of each its queue, its identity and its values."""
        with self.engine.begin() as connection:
            for queue, identity, values in rows:
                self.client.enqueue_in_transaction(
                    connection,
                    {"workflow_name": workflow, "queue_name": queue, "workflow_id": identity, "app_version": ENGINE},
                    *values,
                )

    def steps(self, identity: str) -> Steps:
        """Return the journal of the workflow that this thread is in."""
        return Steps(self._tables, identity)

    def values(self, identity: str, name: str) -> list[Any]:
        """Return the values of a workflow's steps called ``name``, in order."""
        found = self.client.list_workflow_steps(identity)
        found.sort(key=lambda step: step["function_id"])
        return [step["output"] for step in found if step["function_name"] == name]

    def ended(self, identities: Sequence[str]) -> dict[str, Ended]:
        """Return how those of the workflows ended that did."""
        with self._system.engine.connect() as connection:
            found = connection.execute(self._tables.ended, {"identities": list(identities)}).all()
        read = self._serializer.deserialize
        return {one: Ended(how, value and read(value), error and read(error)) for one, how, value, error in found}

    def of_run(self, run: str) -> dict[str, WorkflowStatus]:
        """Return every workflow of a run, with the values of those that ended."""
        found = self.client.list_workflows(workflow_id_prefix=run, load_input=False)
        return {status.workflow_id: status for status in found}

    def fleet(self, run: str) -> dict[str, WorkflowStatus]:
        """Return the workflow of a run itself, by its identity; nothing where it was not begun."""
        found = self.client.list_workflows(workflow_ids=[run], load_input=False)
        return {status.workflow_id: status for status in found}

    def unended(self, run: str) -> list[WorkflowStatus]:
        """Return the run's workflows that wait or are in hand of somebody."""
        return self.client.list_workflows(
            workflow_id_prefix=run, status=["PENDING", "ENQUEUED"], load_input=False, load_output=False
        )

    def orphans(self, run: str, living: frozenset[str]) -> list[WorkflowStatus]:
        """Return the run's workflows that are in hand of a process which is not among the living."""
        found = self.client.list_workflows(
            workflow_id_prefix=run, status="PENDING", load_input=False, load_output=False
        )
        return [status for status in found if status.executor_id not in living]

    def done(self, runs: Sequence[str]) -> set[str]:
        """Return those of the runs that have ended and have a report."""
        found = self.client.list_workflows(
            workflow_ids=list(runs), status="SUCCESS", load_input=False, load_output=False
        )
        return {status.workflow_id for status in found}

    def in_hand(self) -> list[WorkflowStatus]:
        """Return the workflows of all runs that somebody has in hand, or had when it died."""
        return self.client.list_workflows(status="PENDING", load_input=False, load_output=False)

    def queued(self, identities: Sequence[str]) -> set[str]:
        """Return those of the workflows that nobody has taken yet."""
        found = self.client.list_workflows(
            workflow_ids=list(identities), status="ENQUEUED", load_input=False, load_output=False
        )
        return {status.workflow_id for status in found}

    def put_back(self, orphan: WorkflowStatus) -> None:
        """Put a dead process's workflow back into its queue; nothing happens when somebody else just did."""
        self._system.reenqueue_for_recovery(
            orphan.workflow_id, [orphan.executor_id or ""], orphan.queue_name or Queues(orphan.workflow_id).fleet
        )

    def forget_queues(self, run: str, tags: Iterable[str] = ()) -> None:
        """Delete the queues of a run that ended."""
        queues = Queues(run)
        for name in (queues.fleet, queues.device, *(queues.reach(tag) for tag in tags)):
            self.client.delete_queue(name)

    def close(self) -> None:
        """Close every connection."""
        self._undo.close()


def database_engine(state_dir: Path, database: str | None = None, *, read_only: bool = False) -> sa.Engine:
    """Return the database of a site's runs: PostgreSQL at an address, else SQLite in the site's state."""
    if database is not None:
        return _postgres(database)
    path = private(state_dir) / _FILE if not read_only else state_dir / _FILE
    if not read_only:
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    plain, query = str(path.resolve()), {"mode": "ro", "uri": "true"}
    if not os.access(state_dir, os.W_OK) and not path.with_name(f"{_FILE}-wal").exists():
        # A reader makes files beside the journal too (sqlite.org/wal.html, "Read-Only Databases"), unless nobody else has it open.
        query["immutable"] = "1"
    address = (
        sa.URL.create("sqlite", database=f"file:{quote(plain)}", query=query)
        if read_only
        else sa.URL.create("sqlite", database=plain)
    )
    # SQLite lets one write at a time and those who wait sleep: threads wait better for a connection, one after the other.
    engine = sa.create_engine(address, pool_size=3, max_overflow=0, pool_timeout=_POOL_TIMEOUT_S)

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        if sqlite3.sqlite_version_info < _SUBSECONDS_SINCE:
            # On Python 3.12 and later DBOS writes unixepoch('subsec') into its tables, which an older SQLite answers with NULL.
            connection.create_function("unixepoch", -1, _unixepoch)
        connection.execute("PRAGMA busy_timeout=30000")
        connection.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            # A power cut may cost the last steps, never the file: they are done again and look first.
            connection.execute("PRAGMA synchronous=NORMAL")

    sa.event.listen(engine, "connect", prepare)
    return engine


def _unixepoch(*words: str) -> float:
    """Answer as SQLite 3.42 does, for the only words that DBOS gives: the present, in seconds."""
    if words not in ((), ("subsec",)):
        raise ValueError(f"unixepoch{words}: not asked by DBOS 3.4")
    return time.time() if words else int(time.time())


def _postgres(database: str) -> sa.Engine:
    address = sa.make_url(database)
    if address.get_backend_name() != "postgresql":
        raise RunError("the database is a postgresql:// address, or none for SQLite in the site's own state")
    return sa.create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "application_name": _APPLICATION},
    )


@contextlib.contextmanager
def keeping(hint: str, *also: type[Exception]) -> Iterator[None]:
    """Turn what databases and DBOS raise into a :class:`~rackwright.errors.RunError` that ends with ``hint``."""
    kinds: tuple[type[Exception], ...] = (sa.exc.SQLAlchemyError, sqlite3.Error, DBOSException, *also)
    try:
        yield
    except kinds as error:
        raise unkept(error, hint) from error


def unkept(error: BaseException, hint: str) -> RunError:
    """Return what to tell when the journal cannot be kept; a database's error says the statement after line one."""
    first = next(iter(str(error).splitlines()), "")
    return RunError(f"the journal cannot be kept ({type(error).__name__}: {first}): {hint}")


@contextlib.contextmanager
def _quiet(hears: logging.Handler) -> Iterator[None]:
    """Let DBOS log to our listener and nowhere else; it writes to the console when it finds no handler."""
    logger = logging.getLogger("dbos")
    logger.addHandler(hears)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(hears)
        logger.propagate = not logger.handlers


@contextlib.contextmanager
def _no_orders() -> Iterator[None]:
    """Hide the variables by which DBOS takes orders from outside: another version, another name, endpoints."""
    found = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("DBOS")}
    try:
        yield
    finally:
        os.environ.update(found)


def _join(prefix: str) -> None:
    for thread in threading.enumerate():
        if thread.name.startswith(prefix):
            thread.join(timeout=5)


def journal_exists(state_dir: Path, database: str | None) -> bool:
    """Say whether a site has a journal yet."""
    return database is not None or (state_dir / _FILE).exists()

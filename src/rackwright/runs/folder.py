"""What lies in files: the order by digest, the record of a run, what it told, and the wish to stop it.

``SITE/.rackwright/runs/RUN/`` holds ``run.json`` (the record), ``order-SHA256`` (the bytes), ``events.jsonl``,
``cancel`` once somebody asked, and what the program puts there. Folders 0700, files 0600.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from rackwright.errors import RunError
from rackwright.runs.model import Apart, Event, Graph, Json, Wave
from rackwright.runs.redaction import Redactor

__all__ = ["Events", "Record", "RunFolder", "devices_of", "now", "private", "runs_of", "write_private"]

_SHAPE: Final = re.compile(r"\d{8}-\d{6}-[a-z2-9]{3}")
_STAMP: Final = "%Y%m%d-%H%M%S"
_RACKS: Final = {
    False: "on the emulated rack, and this is the real one: --twin goes on with it",
    True: "on the real rack, and this is the emulated one: without --twin it goes on",
}
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is, written once before it begins."""

    run: str
    program: str
    version: str
    engine: str
    """The version of how the engine journals."""
    begun: str
    order: str
    """SHA-256 of the order's bytes."""
    jobs: int
    waves: tuple[Wave, ...] = ()
    graph: str = ""
    """SHA-256 of the graph as it is kept; empty: the run goes in waves."""
    worked: tuple[str, ...] = ()
    """The devices of the graph."""
    database: str | None = None
    """The address of the database that holds its journal, without a password; empty: SQLite beside it; None: not known."""
    apart: Apart = ()
    """Devices that nobody else may work on meanwhile: they stand in for those of the run."""
    twin: bool | None = None
    """It works on the emulated rack of the site and not on the real one; None: not known."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Return the devices that the run works on, in the order of its waves or tasks."""
        return self.worked or devices_of(None, self.waves)

    def is_of_other_rack(self, twin: bool | None) -> bool:
        """Tell whether the run works on the emulated rack and the asker on the real one, or the other way round."""
        return None not in (self.twin, twin) and self.twin != twin


class RunFolder:
    """The folder of one run."""

    def __init__(self, path: Path) -> None:
        """Stand for the folder ``path``, whose name is the run's id."""
        self.path = path
        self.run = path.name

    @classmethod
    def made(cls, state_dir: Path, order: bytes, graph: Graph | None = None, **record: Json) -> RunFolder:
        """Make the folder of a new run: order, graph and record lie there, durably, before anybody may look.

        The caller holds the site's lock.
        """
        top = private(state_dir / "runs")
        # Ids sort by their time, so each is later than the one before, whatever the wall's clock does.
        stamp = datetime.now(UTC)
        newest = next(runs_of(state_dir), None)
        if newest is not None:
            stamp = max(stamp, newest.begun() + timedelta(seconds=1))
        run = stamp.strftime(_STAMP) + "-" + "".join(secrets.choice(_LETTERS) for _ in range(3))
        (top / run).mkdir(mode=0o700)
        digest = hashlib.sha256(order).hexdigest()
        folder = cls(top / run)
        write_private(folder.path / f"order-{digest}", order)
        if graph is not None:
            kept = msgspec.json.encode(graph)
            record |= {"graph": hashlib.sha256(kept).hexdigest(), "worked": devices_of(graph, ())}
            write_private(folder.path / f"graph-{record['graph']}", kept)
        made = Record(run=run, begun=now(), order=digest, **record)
        # The record comes last: a folder without one is no run.
        write_private(folder.path / "run.json", msgspec.json.format(msgspec.json.encode(made)) + b"\n")
        return folder

    @classmethod
    def found(cls, state_dir: Path, run: str) -> RunFolder:
        """Return the folder of a run, or raise :class:`~rackwright.errors.RunError` when there is none."""
        folder = cls(state_dir / "runs" / run)
        if not _SHAPE.fullmatch(run) or not (folder.path / "run.json").is_file():
            known = ", ".join(one.run for one in itertools.islice(runs_of(state_dir), 5)) or "none"
            raise RunError(f"there is no run {run!r} in {state_dir}; its runs, newest first: {known}")
        return folder

    def begun(self) -> datetime:
        """Return the time in the run's id."""
        return datetime.strptime(self.run[:15], _STAMP).replace(tzinfo=UTC)

    def record(self) -> Record:
        """Return what the run is."""
        try:
            return msgspec.json.decode((self.path / "run.json").read_bytes(), type=Record)
        except (OSError, msgspec.DecodeError) as error:
            raise RunError(f"{self.path / 'run.json'} cannot be read ({error}): start a new run") from error

    def refuse_other_rack(self, twin: bool | None) -> None:
        """Raise :class:`~rackwright.errors.RunError` where the run works on the other rack, real or emulated.

        It comes before anything for which a new run would be begun in its place: that would be one at a rack that nobody meant.
        """
        if self.record().is_of_other_rack(twin):
            raise RunError(f"run {self.run} was begun {_RACKS[bool(twin)]}, or begin a new one without --resume")

    def order(self) -> bytes:
        """Return the order, if it still is what it was; else raise :class:`~rackwright.errors.RunError`."""
        return self._kept("order", self.record().order)

    def graph(self) -> Graph:
        """Return the graph that the run began with; raise :class:`~rackwright.errors.RunError` when it goes in waves."""
        digest = self.record().graph
        if not digest:
            raise RunError(f"run {self.run} goes in waves: it can be cancelled, and has no tasks")
        return msgspec.json.decode(self._kept("graph", digest), type=Graph)

    def _kept(self, what: str, digest: str) -> bytes:
        path = self.path / f"{what}-{digest}"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RunError(f"{path} cannot be read ({error}): start a new run") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise RunError(f"{path} is not what the run began with: start a new run")
        return content

    def ask_to_stop(self) -> None:
        """Ask whoever works on the run to end between its steps; nobody can take that back."""
        write_private(self.path / "cancel", b"")

    def asked_to_stop(self) -> bool:
        """Say whether somebody asked."""
        return (self.path / "cancel").exists()

    def events(self, redactor: Redactor | None = None) -> Events:
        """Return what the run told, and the way to tell more."""
        return Events(self.path / "events.jsonl", redactor or Redactor())


class Events:
    """Lines of JSON that are appended, never changed; each is written at once and on the disk soon after."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        """Read from the beginning; what is told is masked by ``redactor``."""
        self._path = path
        self._redactor = redactor
        self._offset = 0
        self._written = 0
        self._synced = 0
        self._descriptor = -1
        self._closed = False
        self._guard = threading.Lock()

    def tell(self, kind: str, text: str, subject: str = "", **fields: Json) -> None:
        """Append one line; one write each, so that lines of several threads never mix."""
        line = msgspec.json.encode(
            self._redactor.value(Event(at=now(), kind=kind, text=text, subject=subject, fields=fields))
        )
        with self._writing(), self._guard:
            if self._closed:
                return
            if self._descriptor < 0:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                size = os.fstat(self._descriptor).st_size
                # A power cut may have left half a line: it stays alone, and fresh() leaves it out.
                line = b"\n" + line if size and os.pread(self._descriptor, 1, size - 1) != b"\n" else line
            os.write(self._descriptor, line + b"\n")
            self._written += 1

    def sync(self) -> None:
        """Bring to the disk what was told since the last time."""
        with self._writing():
            written = self._written
            if written != self._synced:
                os.fdatasync(self._descriptor)
                self._synced = written

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunError(f"{self._path} cannot be written ({error}): see to the disk, then resume the run") from error

    def close(self) -> None:
        """Bring the rest to the disk and close the file."""
        with self._guard:
            self._closed = True
            if self._descriptor >= 0:
                with contextlib.suppress(RunError):
                    self.sync()
                os.close(self._descriptor)
                self._descriptor = -1

    def skip(self) -> None:
        """Leave out what was told before now."""
        self._offset = self._path.stat().st_size if self._path.exists() else 0

    def fresh(self) -> Iterator[Event]:
        """Yield what was told since the last time, whole lines only."""
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            lines = stream.readlines()
        # The file is closed by now: whoever listens may leave in the middle.
        for line in lines:
            if not line.endswith(b"\n"):
                return
            self._offset += len(line)
            with contextlib.suppress(msgspec.DecodeError):
                yield msgspec.json.decode(line, type=Event)


def devices_of(graph: Graph | None, waves: Iterable[Wave]) -> tuple[str, ...]:
    """Return what is worked on, in the order of the tasks or waves."""
    if graph is not None:
        return tuple(dict.fromkeys(task.device for task in graph.tasks if task.device))
    return tuple(device for wave in waves for device in wave.devices)


def runs_of(state_dir: Path) -> Iterator[RunFolder]:
    """Yield the runs of a site, newest first."""
    top = state_dir / "runs"
    names = sorted((path.name for path in top.iterdir()), reverse=True) if top.is_dir() else []
    for name in names:
        if _SHAPE.fullmatch(name) and (top / name / "run.json").is_file():
            yield RunFolder(top / name)


def now() -> str:
    """Return the wall's time, UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def private(path: Path) -> Path:
    """Make a folder that its owner alone may enter, and that git leaves out; return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if not (path / ".gitignore").exists():
        (path / ".gitignore").write_text("*\n", encoding="utf-8")
    return path


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 whole or not at all: beside, to the disk, then renamed."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)

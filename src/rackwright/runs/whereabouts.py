"""Which database holds the journal of a run: told by its folder, without a secret, so that no other one is taken for it.

The folder of a site is one, its journals may be several: SQLite in the folder, and each PostgreSQL that somebody named. Who
looks into the wrong one sees no run, though its workers live, and would work on the same devices beside them.
"""

from __future__ import annotations

import contextlib
import shlex
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from rackwright.errors import RunBusy, RunError
from rackwright.runs.folder import Record, RunFolder, runs_of
from rackwright.runs.journal import Journal, journal_exists, keeping
from rackwright.runs.leases import others
from rackwright.runs.model import EndState, Event

__all__ = ["called", "goes_on", "insist", "lies_elsewhere", "named", "refuse_elsewhere", "serves", "told_end"]

_KEPT: Final = ("host", "port")
"""What is kept of an address's query: a server on a socket is named there. The rest may be secret."""
_RESUMES: Final = {
    "push": ("push",), "push-bmc": ("push", "--only", "bmc"), "push-host": ("push", "--only", "host"), "bringup": ("bringup",)
}  # fmt: skip
"""Program -> the verb, with its options, that goes on with a run of it."""
_ENDS: Final[dict[str, EndState]] = {"done": "done", "failed": "failed", "cancelled": "cancelled"}


def named(database: str | None) -> str:
    """Return the address of a database without its password, to be kept and shown; empty: SQLite in the site's folder."""
    if database is None:
        return ""
    try:
        address = sa.make_url(database)
    except sa.exc.ArgumentError as error:
        raise RunError("the database is a postgresql:// address, or none for SQLite in the site's own state") from error
    query = {key: value for key, value in address.query.items() if key in _KEPT}
    plain = sa.URL.create("postgresql", address.username, None, address.host, address.port, address.database, query)
    return plain.render_as_string(hide_password=True)


def called(place: str) -> str:
    """Return what to call a database that :func:`named` gave."""
    return place or "the site's own folder (SQLite)"


def serves(folder: RunFolder, tag: str) -> str:
    """Return the command that serves a tag of a run."""
    database = folder.record().database
    words = [
        "rackwright",
        "worker",
        str(folder.path.parents[2]),
        *(("--database", database) if database else ()),
        "--tag",
        tag,
    ]
    return shlex.join(words)


def goes_on(folder: RunFolder, device: str) -> str:
    """Return, in words, what is to be done about a run that was cut off and has ``device`` in hand."""
    record = folder.record()
    verb = _RESUMES.get(record.program)
    again = f"a new run that is about {device} too reads it first"
    if verb is None:
        return f"{again[0].upper()}{again[1:]}"
    place = ("--database", record.database) if record.database else ()
    words = shlex.join(
        ["rackwright", verb[0], str(folder.path.parents[2]), *verb[1:], *(("--twin",) if record.twin else ()), *place]
    )
    return f"'{words} --resume' goes on with it; {again}"


def told_end(folder: RunFolder) -> EndState | None:
    """Return how a run ended by what it told, whichever database holds its journal; None when it told no end."""
    ended = None
    path = folder.path / "events.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    # Most lines are of steps: only those that may say it are read.
    for line in (line for line in lines if b'"run"' in line):
        with contextlib.suppress(msgspec.DecodeError):
            event = msgspec.json.decode(line, type=Event)
            if event.kind == "run" and not event.subject:
                ended = _ENDS.get(event.text, ended)
    return ended


def refuse_elsewhere(state_dir: Path, journal: Journal, database: str | None) -> None:
    """Raise RunBusy when a run of the site may still be worked on whose journal is in another database."""
    for folder, record in _unended(state_dir, named(database)):
        # One database may have two addresses: the one that knows the run is the one that was meant.
        if not journal.fleet(folder.run) and (record.database or _anybody(state_dir)):
            raise RunBusy(_refusal(folder, record))


def lies_elsewhere(record: Record, journal: Journal | None, database: str | None) -> bool:
    """Say whether the journal of a run is in another database than this one."""
    if record.database is None or record.database == named(database):
        return False
    return journal is None or not journal.fleet(record.run)


def insist(state_dir: Path, database: str | None) -> None:
    """Raise :class:`~rackwright.errors.RunBusy` where :func:`refuse_elsewhere` would; no engine is needed."""
    first = next(_unended(state_dir, named(database)), None)
    if first is None:
        return
    if not journal_exists(state_dir, database):
        raise RunBusy(_refusal(*first))
    with (
        keeping(f"see to {called(named(database))}"),
        contextlib.closing(Journal(state_dir, database, read_only=True)) as journal,
        # A database without tables knows no run; who opens the engine makes them, and looks then.
        contextlib.suppress(sa.exc.ProgrammingError),
    ):
        refuse_elsewhere(state_dir, journal, database)


def _unended(state_dir: Path, here: str) -> Iterator[tuple[RunFolder, Record]]:
    """Yield, newest first, the runs with another database than ``here`` that told no end and may be gone on with."""
    later: dict[str, set[str]] = defaultdict(set)
    for folder in runs_of(state_dir):
        try:
            record = folder.record()
        except RunError:
            # The remedy for it is a new run, which must not fail of the same.
            continue
        if record.database is None:
            continue
        devices = set(record.devices)
        # A later run of the same database over the same devices was refused while anybody had the earlier one.
        overtaken = devices & later[record.database]
        later[record.database] |= devices
        if record.database != here and not overtaken and told_end(folder) is None:
            yield folder, record


def _anybody(state_dir: Path) -> bool:
    """Say whether a living process has the site's own journal open: a run there that nobody has hurts nobody."""
    if not journal_exists(state_dir, None):
        return False
    with contextlib.closing(Journal(state_dir, None, read_only=True)) as journal:
        try:
            return bool(others(journal.engine, state_dir, ""))
        except sa.exc.DatabaseError:
            return False


def _refusal(folder: RunFolder, record: Record) -> str:
    """Say which run is in the way, where its journal is and what is to be done."""
    begun = f"run {folder.run} ({record.program}) has not ended, and its journal is in {called(record.database or '')}"
    if not record.database:
        return f"{begun}, where a process works: leave --database out, or wait for its end"
    verb = shlex.join(
        ["rackwright", *_RESUMES.get(record.program, ("bringup",)), "--resume", "--database", record.database]
    )
    return (
        f"{begun}: processes that have it in hand cannot be seen from here, and would drive the same devices; "
        f"give --database {record.database} (with its password), or end that run first: "
        f"'{verb}' finishes it. If that database is gone for good and no "
        f"worker lives on any machine, move {folder.path} out of the site's folder"
    )

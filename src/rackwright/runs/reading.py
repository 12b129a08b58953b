"""Where the runs of a site are: read from the folders and the journal, while others work and after they died."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from rackwright.runs.folder import Record, RunFolder, runs_of
from rackwright.runs.journal import Journal, journal_exists, keeping
from rackwright.runs.leases import Worker, others
from rackwright.runs.model import Report, RunState, Status
from rackwright.runs.tasks import replayed
from rackwright.runs.whereabouts import called, lies_elsewhere, named, told_end

__all__ = ["cut_off", "found", "left_over", "overtaken"]


def found(state_dir: Path, program: str = "", *, database: str | None = None) -> Generator[Status, None, None]:
    """Yield the runs of a site, newest first, of one program or of all; each is looked up when it is asked for."""
    folders = [folder for folder in runs_of(state_dir) if program in {"", folder.record().program}]
    if not folders:
        return
    with _reading(state_dir, database) as (journal, living):
        for folder in folders:
            record = folder.record()
            if lies_elsewhere(record, journal, database):
                yield _elsewhere(folder, record)
            else:
                yield _status(folder, record, journal, living)


def cut_off(state_dir: Path, program: str, *, database: str | None = None) -> Status | None:
    """Return the newest run of a program that can go on: nobody works on it, and no later run has worked on one of its devices."""
    with _reading(state_dir, database) as (journal, living):
        for folder, record, by, _ in _with_later(state_dir, program):
            if not by and (status := _left(folder, record, journal, living, database)) is not None:
                return status
    return None


def overtaken(state_dir: Path, program: str, *, database: str | None = None) -> tuple[Status, str] | None:
    """Return the newest run of a program, where it was cut off and a later run has worked on one of its devices, and that later run."""
    folder, record, by, _ = next(_with_later(state_dir, program), (None, None, "", ()))
    if folder is None or record is None or not by:
        return None
    with _reading(state_dir, database) as (journal, living):
        status = _left(folder, record, journal, living, database)
    return (status, by) if status is not None else None


def left_over(
    state_dir: Path, program: str, *, database: str | None = None
) -> tuple[Status, str, tuple[str, ...]] | None:
    """Return the newest run of a program that was cut off and lies half done, the later run that is in its way, and the devices to which none came since."""
    with _reading(state_dir, database) as (journal, living):
        for folder, record, by, rest in _with_later(state_dir, program):
            if by and rest and (status := _left(folder, record, journal, living, database)) is not None:
                return status, by, rest
    return None


def _with_later(state_dir: Path, program: str) -> Iterator[tuple[RunFolder, Record, str, tuple[str, ...]]]:
    """Yield the runs of a program, newest first, each with a later run of any that worked on one of its devices (empty: none did), and its other devices."""
    later: dict[str, str] = {}
    for folder in runs_of(state_dir):
        record = folder.record()
        by = next((later[device] for device in record.devices if device in later), "")
        rest = tuple(device for device in record.devices if device not in later)
        for device in record.devices:
            later.setdefault(device, folder.run)
        if record.program == program:
            yield folder, record, by, rest


def _left(
    folder: RunFolder, record: Record, journal: Journal | None, living: dict[str, Worker], database: str | None
) -> Status | None:
    """Return the status of a run that has not ended and that nobody works on."""
    if lies_elsewhere(record, journal, database):
        return None
    status = _status(folder, record, journal, living)
    return status if status.state in {"interrupted", "waiting"} else None


@contextlib.contextmanager
def _reading(state_dir: Path, database: str | None) -> Iterator[tuple[Journal | None, dict[str, Worker]]]:
    """Open the journal, and tell who lives; without one nobody does."""
    if not journal_exists(state_dir, database):
        yield None, {}
        return
    with keeping(f"see to {called(named(database))}"):
        journal = Journal(state_dir, database, read_only=True)
        try:
            yield journal, _living(journal, state_dir)
        finally:
            journal.close()


def _living(journal: Journal, state_dir: Path) -> dict[str, Worker]:
    try:
        return others(journal.engine, state_dir, "")
    except sa.exc.DatabaseError:
        # A process died while it made the journal: there is no table of leases yet.
        return {}


def _elsewhere(folder: RunFolder, record: Record) -> Status:
    """Return what the folder alone says of a run."""
    return Status(
        run=folder.run,
        program=record.program,
        version=record.version,
        state=told_end(folder) or "elsewhere",
        begun=record.begun,
        devices=len(record.devices),
        tasks=len(folder.graph().tasks) if record.graph else 0,
        cancelling=folder.asked_to_stop(),
        database=called(record.database or ""),
    )


def _status(folder: RunFolder, record: Record, journal: Journal | None, living: dict[str, Worker]) -> Status:
    journalled: dict[str, Any] = {}
    if journal is not None:
        # The tasks of a graph may be thousands: what they came to stands in the rounds.
        journalled = journal.of_run(folder.run) if not record.graph else journal.fleet(folder.run)
    fleet = journalled.get(folder.run)
    holder = next((worker for worker in living.values() if worker.run == folder.run), None)
    if holder is None and fleet is not None:
        holder = living.get(fleet.executor_id or "")
    report = msgspec.convert(fleet.output, Report) if fleet is not None and fleet.status == "SUCCESS" else None
    ended = Counter(
        status.output["state"]
        for name, status in journalled.items()
        if name != folder.run and status.status == "SUCCESS"
    )
    if report is not None:
        ended = Counter(outcome.state for outcome in report.outcomes.values())
    status = Status(
        run=folder.run,
        program=record.program,
        version=record.version,
        state=_state(fleet, holder, report),
        begun=record.begun,
        devices=len(record.devices),
        ended=dict(sorted(ended.items())),
        holder="" if holder is None or report is not None else holder.told,
        cancelling=report is None and folder.asked_to_stop(),
        report=report,
    )
    return msgspec.structs.replace(status, **_in_tasks(folder, record, journal, report))


def _in_tasks(folder: RunFolder, record: Record, journal: Journal | None, report: Report | None) -> dict[str, Any]:
    """Return what a status says of a graph."""
    if not record.graph:
        return {}
    count = len(folder.graph().tasks)
    if journal is None or report is not None:
        return {"tasks": count}
    schedule = replayed(journal, folder)
    states = Counter(outcome.state for outcome in schedule.outcomes.values())
    asks = tuple(schedule.asking)
    return {"tasks": count, "ended": dict(sorted(states.items())), "asks": asks, "paused": schedule.paused}


def _state(fleet: Any, holder: Worker | None, report: Report | None) -> RunState:
    if report is not None:
        return report.state
    if fleet is not None and fleet.status not in {"PENDING", "ENQUEUED"}:
        return "failed"
    if holder is None:
        return "interrupted"
    return "running" if fleet is not None and fleet.status == "PENDING" else "waiting"

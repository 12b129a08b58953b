"""What rackwright.runs asks of DBOS's tables by itself is what DBOS would have asked.

When one of these fails, DBOS has changed: see whether `steps` and `quick` still say what it says, or can go.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time

import pytest
import sqlalchemy as sa
from dbos import DBOS

from rackwright.errors import RunBusy
from rackwright.runs import journal as journals
from rackwright.runs import quick, steps
from rackwright.runs.journal import Journal, Limits, Queues

RUN = "20261127-193000-abc"
OWN = {"creator_xid", "owner_xid", "function_id"}
"""Columns of which each row has its own value, beside times."""


@contextlib.contextmanager
def opened(folder):
    """Yield a journal that is closed afterwards."""
    with contextlib.closing(Journal(folder, None)) as journal:
        yield journal


def worked(journal, work, *values):
    """Let ``work`` be a workflow of a run; return how it ended."""
    with journal.working(RUN, Limits(jobs=None, threads=2), "me", {journals.TASK: work}):
        journal.enqueue_all(journals.TASK, [(Queues(RUN).device, f"{RUN}/task", values)])
        end = time.monotonic() + 30
        while not (ended := journal.ended([f"{RUN}/task"])):
            assert time.monotonic() < end
            time.sleep(0.01)
    return ended[f"{RUN}/task"]


def rows(folder, table):
    """Return the rows of a table, but for times and for what is every row's own."""
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite")) as base:
        base.row_factory = sqlite3.Row
        found = [dict(row) for row in base.execute(f"SELECT * FROM {table}")]
    times = ("_at", "_ms", "_timestamp")
    return [{name: row[name] for name in row if name not in OWN and not name.endswith(times)} for row in found]


def test_a_step_is_kept_as_dbos_keeps_it(site):
    """Status, resume and takeover read what DBOS and we wrote alike."""
    with opened(site) as journal:

        def work():
            by_dbos = DBOS.run_step({"name": "look"}, lambda: {"value": "ü"})
            ours = journal.steps(DBOS.workflow_id)
            return [by_dbos, ours.names, ours.value(0), ours.done(1, "look", lambda: {"value": "ü"})]

        kept = {"value": "ü"}
        assert worked(journal, work).output == [kept, ["look"], kept, kept]
        assert journal.values(f"{RUN}/task", "look") == [kept, kept]
    first, second = rows(site, "operation_outputs")
    assert first == second
    with contextlib.closing(sqlite3.connect(site / "journal.sqlite")) as base:
        times = "retention_timestamp, started_at_epoch_ms, completed_at_epoch_ms"
        found = base.execute(f"SELECT function_id, {times} FROM operation_outputs").fetchall()
    assert [place for place, *_ in found] == [1, 2]
    assert all(abs(when / 1000 - time.time()) < 60 for _, *whens in found for when in whens)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE workflow_status SET owner_xid = 'another'",
        "UPDATE workflow_status SET owner_xid = NULL",
        (
            "INSERT INTO operation_outputs (workflow_uuid, function_id, function_name, completed_at_epoch_ms, "
            "retention_timestamp) SELECT workflow_uuid, 1, 'look', 1, 1 FROM workflow_status"
        ),
    ],
)
def test_who_lost_a_workflow_keeps_no_step_of_it(site, change):
    """A process that slept past its lease wakes up in the middle of a step: what it did then stands nowhere."""
    with opened(site) as journal:

        def work():
            ours = journal.steps(DBOS.workflow_id)
            (owner,) = sqlite(site, "SELECT owner_xid FROM workflow_status")

            def taken():
                sqlite(site, change)
                return {"value": 1}

            with pytest.raises(RunBusy, match="another one took the run over"):
                ours.done(0, "look", taken)
            sqlite(site, f"UPDATE workflow_status SET owner_xid = '{owner[0]}'")

        assert worked(journal, work).status == "SUCCESS"
    assert sqlite(site, "SELECT output FROM operation_outputs WHERE output IS NOT NULL") == []


def sqlite(folder, statement):
    """Carry out one statement from a connection of its own; return its rows."""
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite", timeout=30)) as base, base:
        return base.execute(statement).fetchall()


def test_a_step_whose_answer_was_lost_is_kept_once(site, monkeypatch):
    """DBOS asks again after a connection broke; the step that stands there by then is our own, by its time."""

    def twice(**_options):
        return lambda once: lambda: [once(), once()][1]

    monkeypatch.setattr(steps, "db_retry", twice)
    with opened(site) as journal:
        assert worked(journal, lambda: journal.steps(DBOS.workflow_id).done(0, "look", lambda: 7)).output == 7
    assert len(rows(site, "operation_outputs")) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_a_task_leaves_what_bare_dbos_leaves(site, monkeypatch, fails):
    """Status, input and outcome are the same rows, with the statements made once and without."""

    def work(number):
        if fails:
            raise ValueError(f"no {number}")
        return {"outcome": number}

    left = {}
    for kind in ("quick", "bare"):
        if kind == "bare":
            monkeypatch.setattr(journals, "quicken", lambda: None)
            monkeypatch.setattr("dbos._sys_db_sqlite.SQLiteSystemDatabase", quick.SQLiteSystemDatabase)
        with opened(site / kind) as journal:
            if kind == "quick":
                ends = journal.ended([])
                assert (ends, type(journal._system)) == ({}, quick.QuickSQLite)
            ended = worked(journal, work, 7)
        tables = ("workflow_status", "workflow_input", "workflow_output")
        left[kind] = [*(rows(site / kind, table) for table in tables), ended.status, ended.output, str(ended.error)]
    assert left["quick"] == left["bare"]


def test_every_door_that_is_ours_is_still_gone_through(site, monkeypatch):
    """A door that DBOS has renamed would be slow, and nobody would notice."""
    gone = set()
    doors = (
        "dequeue_scopes", "start_queued_workflows", "get_workflow_statuses", "get_queue", "transition_delayed_workflows", "cancel_timed_out_workflows", "_execute_prepared",
        "_update_workflow_outcome_in_transaction",
    )  # fmt: skip
    for door in doors:
        ours = getattr(quick.QuickSQLite, door)

        def seen(self, *given, ours=ours, door=door, **named):
            gone.add(door)
            return ours(self, *given, **named)

        monkeypatch.setattr(quick.QuickSQLite, door, seen)
    with opened(site) as journal:
        worked(journal, lambda: 1)
        made = set(journal._system._made)
    assert gone == set(doors)
    assert made == {"insert_workflow_status", "insert_workflow_input"}
    for kind in (quick.QuickPostgres, quick.QuickSQLite):
        assert all(hasattr(kind.__mro__[2], door) for door in doors)


def test_what_is_taken_is_told_as_dbos_tells_it(site):
    """A column that DBOS adds must not be missing in what it starts from."""
    with opened(site) as journal:
        for number in (2, 1, 3):
            journal.enqueue(journals.TASK, Queues(RUN).device, f"{RUN}/{number}", str(number))
        system = journal._system
        queue = journal.client.register_queue(Queues(RUN).device, worker_concurrency=3, polling_interval_sec=1.0)
        first = system.start_queued_workflows(queue, "me", journals.ENGINE, None, 1, owner_xid="token")
        assert first == ([f"{RUN}/2", f"{RUN}/1"], None)
        assert system.start_queued_workflows(queue, "me", journals.ENGINE, None, 3, owner_xid="token") == ([], None)
        assert system.start_queued_workflows(queue, "me", "another", None, owner_xid="token") == ([], None)
        told = system.get_workflow_statuses([*first[0], "none"])
        assert told == quick.SystemDatabase.get_workflow_statuses(system, first[0])
        assert [(one["status"], one["executor_id"], one["recovery_attempts"]) for one in told] == [
            ("PENDING", "me", 1)
        ] * 2


def test_an_empty_queue_is_seen_to_be_empty(site):
    """A look into it costs a tenth of a claim; what lies in it is claimed at the next look, as before."""
    with opened(site) as journal:
        assert journal._system.dequeue_scopes("run/device") == []
        journal.enqueue(journals.TASK, "run/device", "run/one")
        assert journal._system.dequeue_scopes("run/device") == [None]
        assert journal._system.dequeue_scopes("run/other") == []
        asked = []
        sa.event.listen(journal.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        journal._system.dequeue_scopes("run/device")
        with journal.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0][0]}", asked[0][1]).all()
    assert "INDEX idx_workflow_status_in_flight" in str(plan)

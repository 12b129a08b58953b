"""DBOS's database, with what it asks for each task and each look into a queue made once instead of at each call.

Building a statement costs ten times what SQLite needs to carry it out. DBOS keeps its own over PostgreSQL only, so over SQLite they
are kept here; and a queue in which nothing lies is seen to be empty before all is made ready to take something out.
``tests/unit/runs/test_quick.py`` holds both against bare DBOS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from dbos import _sys_db_postgres, _sys_db_sqlite
from dbos._queue import Queue
from dbos._sys_db import SystemDatabase, WorkflowStatuses, queue_from_db_row
from dbos._sys_db_postgres import PostgresSystemDatabase
from dbos._sys_db_sqlite import SQLiteSystemDatabase

__all__ = ["QuickPostgres", "QuickSQLite", "quicken"]


class _Quick(SystemDatabase):
    """What is quicker over either database."""

    @cached_property
    def _waiting(self) -> Any:
        flows = self.tables.workflow_status
        lies = (flows.c.queue_name == sa.bindparam("queue"), flows.c.status == "ENQUEUED")
        return sa.select(flows.c.workflow_uuid).where(*lies, self._in_flight_status_prover()).limit(1)

    @cached_property
    def _queue(self) -> Any:
        return sa.select(self.tables.queues).where(self.tables.queues.c.name == sa.bindparam("queue"))

    def dequeue_scopes(self, queue_name: str) -> list[str | None]:
        """Return where work of a queue lies: nowhere, or in the one place that there is."""
        with self.engine.connect() as connection:
            return [None] if connection.execute(self._waiting, {"queue": queue_name}).first() else []

    def transition_delayed_workflows(self) -> None:
        """Do nothing: no workflow of ours has a delay, and looking for one took the lock of the database every second."""

    def cancel_timed_out_workflows(self, limit: int) -> list[str]:  # noqa: ARG002 - DBOS's door
        """Do nothing: no workflow of ours has a deadline."""
        return []

    def get_queue(self, name: str, *, client_system_database: SystemDatabase | None = None) -> Queue | None:
        """Return what is known of a queue."""
        with self.engine.connect() as connection:
            row = connection.execute(self._queue, {"queue": name}).first()
        return None if row is None else queue_from_db_row(row, client_system_database=client_system_database)


class QuickPostgres(_Quick, PostgresSystemDatabase):
    """PostgreSQL, for which DBOS makes the rest once by itself."""


class QuickSQLite(_Quick, SQLiteSystemDatabase):
    """SQLite."""

    @cached_property
    def _made(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _ends(self) -> Any:
        flows, now = self.tables.workflow_status, self._now_ms_sql()
        mine = (flows.c.workflow_uuid == sa.bindparam("identity"), flows.c.owner_xid == sa.bindparam("owner"))
        ended = {"deduplication_id": None, "owner_xid": None, "updated_at": now, "completed_at": now}
        return sa.update(flows).where(*mine, flows.c.status == "PENDING").values(status=sa.bindparam("how"), **ended)

    def _execute_prepared(
        self,
        conn: Any,
        name: str,
        values: dict[str, Any],
        build: Callable[[], Any],
        *,
        insert_columns: bool = True,  # noqa: ARG002 - DBOS's door
    ) -> Any:
        """Carry out a statement that is made the first time; what is given says which columns it has."""
        if name not in self._made:
            self._made[name] = build()
        return conn.execute(self._made[name], values)

    def _update_workflow_outcome_in_transaction(
        self,
        workflow_id: str,
        status: WorkflowStatuses,
        *,
        output: str | None,
        error: str | None,
        owner_xid: str | None,
    ) -> bool:
        """Write how a workflow ended, if its owner still has it; say whether it had."""
        if owner_xid is None:
            return super()._update_workflow_outcome_in_transaction(
                workflow_id, status, output=output, error=error, owner_xid=None
            )
        kept = {"workflow_uuid": workflow_id, "output": output, "error": error}
        with self.engine.begin() as connection:
            ends = {"identity": workflow_id, "owner": owner_xid, "how": status}
            if not connection.execute(self._ends, ends).rowcount:
                return False
            self._execute_prepared(connection, "outcome", kept, self._outcome)
        return True

    def _outcome(self) -> Any:
        insert = self.dialect.insert(self.tables.workflow_output)
        given = {"output": insert.excluded.output, "error": insert.excluded.error}
        return insert.on_conflict_do_update(index_elements=["workflow_uuid"], set_=given)


def quicken() -> None:
    """Let every database that DBOS opens from now on in this process be one of these."""
    _sys_db_sqlite.SQLiteSystemDatabase = QuickSQLite  # type: ignore[misc]
    _sys_db_postgres.PostgresSystemDatabase = QuickPostgres  # type: ignore[misc]

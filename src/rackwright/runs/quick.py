"""DBOS's database, with what it asks for each task and each look into a queue made once instead of at each call.

Building a statement costs ten times what SQLite needs to carry it out. DBOS keeps its own over PostgreSQL only, so over SQLite they
are kept here; and a queue in which nothing lies is seen to be empty before all is made ready to take something out.
``tests/unit/runs/test_quick.py`` holds both against bare DBOS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa
from dbos import _sys_db_postgres, _sys_db_sqlite
from dbos._queue import Queue
from dbos._sys_db import (
    DequeueStopReason,
    SystemDatabase,
    WorkflowStatuses,
    WorkflowStatusInternal,
    queue_from_db_row,
)
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

    @cached_property
    def _first(self) -> Any:
        flows = self.tables.workflow_status
        lies = (
            flows.c.queue_name == sa.bindparam("queue"),
            flows.c.status == "ENQUEUED",
            self._in_flight_status_prover(),
        )
        ours = (flows.c.application_version == sa.bindparam("version"), self._ours)
        first = sa.select(flows.c.workflow_uuid).where(*lies, *ours).order_by(flows.c.priority, flows.c.created_at)
        return first.limit(sa.bindparam("room", type_=sa.Integer)).with_for_update(skip_locked=True)

    @cached_property
    def _claim(self) -> Any:
        flows, now = self.tables.workflow_status, self._now_ms_sql()
        taken = {
            "status": "PENDING", "owner_xid": sa.bindparam("owner"), "executor_id": sa.bindparam("executor"),
            "application_name": self.app_name, "recovery_attempts": flows.c.recovery_attempts + 1, "rate_limited": False,
            "started_at_epoch_ms": now, "updated_at": now,
        }  # fmt: skip
        mine = flows.c.workflow_uuid.in_(sa.bindparam("identities", expanding=True))
        claim = sa.update(flows).where(mine, flows.c.status == "ENQUEUED", self._ours).values(taken)
        return claim.returning(flows.c.workflow_uuid)

    @cached_property
    def _claimed(self) -> Any:
        flows, given = self.tables.workflow_status, self.tables.workflow_input
        other = {
            "app_version": flows.c.application_version, "app_id": flows.c.application_id,
            "inputs": sa.func.coalesce(given.c.inputs, flows.c.inputs), "shard_key": sa.null(),
        }  # fmt: skip
        columns = [other[name] if name in other else flows.c[name] for name in WorkflowStatusInternal.__annotations__]
        named = [
            column.label(name) for column, name in zip(columns, WorkflowStatusInternal.__annotations__, strict=True)
        ]
        both = flows.outerjoin(given, given.c.workflow_uuid == flows.c.workflow_uuid)
        return (
            sa.select(*named)
            .select_from(both)
            .where(flows.c.workflow_uuid.in_(sa.bindparam("identities", expanding=True)))
        )

    @property
    def _ours(self) -> Any:
        return self._name_filter(self.tables.workflow_status.c.application_name, self.app_name)

    def start_queued_workflows(
        self,
        queue: Queue,
        executor_id: str,
        app_version: str,
        queue_partition_key: str | None,
        local_running_count: int = 0,
        partition_local_running_count: int = 0,
        *,
        owner_xid: str | None = None,
        is_latest_version: bool | None = None,
    ) -> tuple[list[str], DequeueStopReason | None]:
        """Take out of a queue what there is room for; of one with other limits than a worker's own, as DBOS does."""
        room = queue._worker_concurrency  # noqa: SLF001 - as DBOS reads it
        if room is None or queue._concurrency is not None or queue._limiter or queue._has_partition_limits():  # noqa: SLF001 - the same
            return super().start_queued_workflows(
                queue, executor_id, app_version, queue_partition_key, local_running_count, partition_local_running_count,
                owner_xid=owner_xid, is_latest_version=is_latest_version,
            )  # fmt: skip
        asked = {"queue": queue.name, "version": app_version, "room": max(0, room - local_running_count)}
        with self.engine.begin() as connection:
            first = list(connection.execute(self._first, asked).scalars())
            claim = {"identities": first, "owner": owner_xid, "executor": executor_id}
            claimed = set(connection.execute(self._claim, claim).scalars()) if first else set[str]()
        return [one for one in first if one in claimed], None

    def get_workflow_statuses(self, workflow_ids: list[str]) -> list[WorkflowStatusInternal]:
        """Return what is known of workflows that were just taken, in their order."""
        with self.engine.connect() as connection:
            rows = connection.execute(self._claimed, {"identities": workflow_ids}).mappings().all()
        found = {row["workflow_uuid"]: dict(row) for row in rows}
        return [cast("WorkflowStatusInternal", found[one]) for one in workflow_ids if one in found]

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
    _sys_db_sqlite.SQLiteSystemDatabase = QuickSQLite  # type: ignore[misc]  # the place where DBOS looks for it
    _sys_db_postgres.PostgresSystemDatabase = QuickPostgres  # type: ignore[misc]  # the same

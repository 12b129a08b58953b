"""The journalled steps of a workflow: rows of DBOS's own table, read and written by statements that are made once.

``DBOS.run_step`` looks a step up, writes it and builds five statements for that, each time: 1.3 ms. A workflow knows its journal
from the beginning, and its token fences whoever lost it, so one statement of 0.1 ms says and guards the same.
``tests/unit/runs/test_quick.py`` holds it against what DBOS writes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from dbos._context import current_owner_xid
from dbos._sys_db import SystemDatabase, db_retry

from rackwright.errors import RunBusy

__all__ = ["ENDED", "TAKEN", "Steps", "Tables"]

TAKEN: Final = "this process fell silent and another one took the run over: look at its status"
ENDED: Final = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


class Tables:
    """What is asked of the database for every step and task, made once."""

    def __init__(self, system: SystemDatabase) -> None:
        """Make the statements for the database of ``system``."""
        self.system = system
        steps = system.tables.operation_outputs
        mine = (steps.c.workflow_uuid == sa.bindparam("identity", type_=sa.Text),)
        self.names = sa.select(steps.c.function_name).where(*mine).order_by(steps.c.function_id)
        self.value = sa.select(steps.c.output).where(
            *mine, steps.c.function_id == sa.bindparam("place", type_=sa.Integer)
        )
        self.keep = _keep(system)
        flows, outputs = system.tables.workflow_status, system.tables.workflow_output
        values = (sa.func.coalesce(outputs.c[name], flows.c[name]) for name in ("output", "error"))
        self.ended = (
            sa.select(flows.c.workflow_uuid, flows.c.status, *values)
            .outerjoin(outputs, outputs.c.workflow_uuid == flows.c.workflow_uuid)
            .where(flows.c.workflow_uuid.in_(sa.bindparam("identities", expanding=True)), flows.c.status.in_(ENDED))
        )

    def asked(self, statement: Any, **values: Any) -> list[Any]:
        """Carry out one of them, again as DBOS does while its connection breaks; return the first column."""

        @db_retry(sys_db=self.system)
        def once() -> list[Any]:
            with self.system.engine.begin() as connection:
                return list(connection.execute(statement, values).scalars())

        return once()


def _keep(system: SystemDatabase) -> Any:
    """Return what writes one step if the workflow is still owned by who asks, and gives the time at which the step that stands there ended."""
    steps, flows = system.tables.operation_outputs, system.tables.workflow_status
    row = {
        name: sa.bindparam(word, type_=steps.c[name].type)
        for name, word in (
            ("workflow_uuid", "identity"),
            ("function_id", "place"),
            ("function_name", "name"),
            ("output", "value"),
            ("started_at_epoch_ms", "begun"),
            ("completed_at_epoch_ms", "ended"),
        )
    }
    row["serialization"] = sa.literal(system.serializer.name(), sa.Text)
    row["application_name"] = sa.literal(system.app_name, sa.Text)
    row["retention_timestamp"] = system._now_ms_sql()  # noqa: SLF001 - as DBOS stamps its own
    owned = (
        sa.select(*row.values())
        .where(flows.c.workflow_uuid == row["workflow_uuid"], flows.c.owner_xid == sa.bindparam("owner", type_=sa.Text))
        # As DBOS locks it: no other may take the workflow over between this look and the end of the transaction. SQLite writes alone.
        .with_for_update(key_share=True)
    )
    # A connection that broke may have kept the step after all: that one carries our own time, and is no conflict.
    return (
        system.dialect.insert(steps)
        .from_select(list(row), owned)
        .on_conflict_do_update(
            index_elements=["workflow_uuid", "function_id"],
            set_={"completed_at_epoch_ms": steps.c.completed_at_epoch_ms},
        )
        .returning(steps.c.completed_at_epoch_ms)
    )


class Steps:
    """The journal of the workflow that this thread is in."""

    def __init__(self, tables: Tables, identity: str) -> None:
        """Read the names of the steps that the workflow ``identity`` has done; the values may be large, and few ask for them."""
        self._tables = tables
        self._identity = identity
        self._owner = current_owner_xid(identity)
        self.names = tables.asked(tables.names, identity=identity)

    def value(self, place: int) -> Any:
        """Return the value of the step at ``place``, 0 for the first."""
        return json.loads(*self._tables.asked(self._tables.value, identity=self._identity, place=place + 1))

    def done(self, place: int, name: str, work: Callable[[], Any]) -> Any:
        """Do ``work``, journal its value, which is masked, as the step at ``place``, and return it.

        Raises :class:`~rackwright.errors.RunBusy` when another process owns the workflow by now.
        """
        begun = _now_ms()
        value = work()
        ended = _now_ms()
        kept = self._tables.asked(
            self._tables.keep, identity=self._identity, owner=self._owner, place=place + 1, name=name,
            value=json.dumps(value, separators=(",", ":"), ensure_ascii=False), begun=begun, ended=ended,
        )  # fmt: skip
        if kept != [ended]:
            raise RunBusy(TAKEN)
        return value


def _now_ms() -> int:
    return int(time.time() * 1000)

"""What is kept of the steps of processes: written and read where DBOS keeps it, with statements made once."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from triptych.engine.database import EngineDatabase
from triptych.engine.status import StepRecord


class TakenOver(Exception):
    """Another run has the process now."""


class Records:
    """The records of all processes. All methods block.

    DBOS makes its statements anew for each record, which was a third of what a step cost.
    """

    def __init__(self, database: EngineDatabase, serialization: str) -> None:
        self._database = database
        self._serialization = serialization
        outputs, workflows = _outputs(database.schema), database.workflows
        kept, row = outputs.c, workflows.c
        mine = row.workflow_uuid == sa.bindparam("id"), row.owner_xid == sa.bindparam("owner")
        # the row stays locked until the end, so that nobody takes the process over in between
        self._hold: sa.Select[Any] | sa.Update = (
            sa.select(row.workflow_uuid).where(*mine).with_for_update(key_share=True)
            if database.postgres
            else sa.update(workflows).where(*mine).values(owner_xid=row.owner_xid)
        )
        self._insert = sa.insert(outputs)
        self._note = database.insert(database.terms).on_conflict_do_nothing()
        names = ", ".join(column.name for column in outputs.columns)
        values = ", ".join(f":{column.name}" for column in outputs.columns)
        self._insert_and_note = sa.text(  # a round trip less
            f"WITH noted AS (INSERT INTO {database.terms.fullname} (term, process)"  # noqa: S608 - our names
            " SELECT unnest(CAST(:terms AS bytea[])), CAST(:workflow_uuid AS text) ON CONFLICT DO NOTHING)"
            f" INSERT INTO {outputs.fullname} ({names}) VALUES ({values})"
        )
        this = kept.workflow_uuid == sa.bindparam("id")
        self._one = sa.select(kept.output).where(this, kept.function_id == sa.bindparam("number"))
        self._all = sa.select(kept.output).where(this).order_by(kept.function_id)

    def keep(
        self,
        process: str,
        owner: str,
        number: int,
        name: str,
        make: Callable[[sa.Connection], StepRecord],
        terms: Sequence[bytes] = (),
    ) -> StepRecord:
        """Keep a record, and by which terms its process is found, in one transaction with what `make` writes.

        Raises TakenOver when another run has taken the process over: nothing is kept then.
        """
        tried = False

        def keep(connection: sa.Connection) -> StepRecord:
            nonlocal tried
            if tried and (kept := self._kept(connection, process, number)):
                return kept  # the time before, though nobody could tell us any more
            tried = True
            record = make(connection)
            held = connection.execute(self._hold, {"id": process, "owner": owner})
            if not (held.first() if held.returns_rows else held.rowcount):
                raise TakenOver(process)
            row = self._row(process, number, name, record)
            if terms and self._database.postgres:
                connection.execute(self._insert_and_note, {**row, "terms": list(terms)})
                return record
            connection.execute(self._insert, row)
            if terms:
                connection.execute(self._note, [{"term": term, "process": process} for term in terms])
            return record

        return self._database.transact(keep)

    def _row(self, process: str, number: int, name: str, record: StepRecord) -> dict[str, Any]:
        ended = int(time.time() * 1000)
        return {
            "workflow_uuid": process,
            "function_id": number,
            "function_name": name,
            "output": record.model_dump_json(),
            "serialization": self._serialization,
            "started_at_epoch_ms": int(record.started.timestamp() * 1000),
            "completed_at_epoch_ms": ended,
            "retention_timestamp": ended,
        }

    def _kept(self, connection: sa.Connection, process: str, number: int) -> StepRecord | None:
        kept = connection.execute(self._one, {"id": process, "number": number}).scalar()
        return None if kept is None else StepRecord.model_validate_json(kept)

    def of(self, process: str) -> list[StepRecord]:
        """The records of a process, in order."""
        found = self._database.transact(
            lambda connection: connection.execute(self._all, {"id": process}).all()
        )
        return [StepRecord.model_validate_json(row.output) for row in found]


def _outputs(schema: str | None) -> sa.TableClause:
    return sa.table(
        "operation_outputs",
        sa.column("workflow_uuid", sa.Text),
        sa.column("function_id", sa.Integer),
        sa.column("function_name", sa.Text),
        sa.column("output", sa.Text),
        sa.column("serialization", sa.Text),
        sa.column("started_at_epoch_ms", sa.BigInteger),
        sa.column("completed_at_epoch_ms", sa.BigInteger),
        sa.column("retention_timestamp", sa.BigInteger),
        schema=schema,
    )

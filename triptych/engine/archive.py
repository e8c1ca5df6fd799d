"""Finished processes that are no longer kept among those that run: a compressed row each, and no more."""

import time
import zlib
from collections.abc import Callable, Sequence
from datetime import date

import sqlalchemy as sa

from triptych.canonical.base import Model, example, the_example
from triptych.engine.database import EngineDatabase
from triptych.engine.letters import Intervention
from triptych.engine.status import ProcessStatus, StepRecord

AT_ONCE = 50
"""Processes that are archived in one transaction."""
PLACES = (
    ("workflow_input", "workflow_uuid"),
    ("workflow_output", "workflow_uuid"),
    ("operation_outputs", "workflow_uuid"),
    ("triptych_waits", "process"),
    ("triptych_processes", "id"),
    ("triptych_dead_letters", "id"),
    ("triptych_interventions", "id"),
)
"""The tables, DBOS's and ours, in which something of a process is kept beside its row, with their keys."""


class ArchivedProcess(Model):
    """A process that is over, with everything that was kept of it."""

    model_config = example(
        status=the_example(ProcessStatus), records=[], interventions=[the_example(Intervention)]
    )

    status: ProcessStatus
    """How it ended, with its timeline and its last state."""
    records: tuple[StepRecord, ...]
    """What was kept of each line of its sentence."""
    interventions: tuple[Intervention, ...]
    """What operators did to it."""


class Archive:
    """The archive in an engine's database. All methods block."""

    def __init__(self, database: EngineDatabase) -> None:
        self._database = database
        self._archive = sa.Table(
            "triptych_archive",
            database.metadata,
            sa.Column("id", sa.Text, primary_key=True),
            sa.Column("flow", sa.Text, nullable=False),
            sa.Column("month", sa.Text, nullable=False),
            sa.Column("document", sa.LargeBinary, nullable=False),
            sa.Index("triptych_archive_month", "month", "id"),
        )
        prefix = f'"{database.schema}".' if database.schema else ""
        self._delete_row = sa.text(
            f"DELETE FROM {prefix}workflow_status WHERE workflow_uuid = :id AND status = 'SUCCESS'"  # noqa: S608 - our names
        )
        self._delete_rest = [
            sa.text(f"DELETE FROM {prefix}{table} WHERE {column} = :id")  # noqa: S608
            for table, column in PLACES
        ]
        self._due = sa.text(
            f"SELECT w.workflow_uuid FROM {prefix}workflow_status w"  # noqa: S608
            " WHERE w.status = 'SUCCESS' AND w.created_at < :before AND w.updated_at < :before"
            f" AND w.name LIKE '%.v%' AND NOT EXISTS (SELECT 1 FROM {prefix}triptych_accepted a"
            " WHERE a.id = w.workflow_uuid) ORDER BY w.created_at LIMIT :limit"
        )

    def archive(self, days: float, read: Callable[[str], ArchivedProcess], limit: int = AT_ONCE) -> int:
        """Archive those that have been over for so many days, oldest first: how many there were.

        One transaction moves them, so that each is here or there, whatever happens. One that the books still
        have open is left until these are up to date.
        """
        values = {"before": int((time.time() - days * 86_400) * 1000), "limit": limit}
        due = self._database.transact(lambda found: found.execute(self._due, values).scalars().all())
        archived = {process: read(process) for process in due}

        def move(connection: sa.Connection) -> int:
            # another replica may have done it meanwhile
            return sum(self._move(connection, process, each) for process, each in archived.items())

        return self._database.transact(move) if archived else 0

    def _move(self, connection: sa.Connection, process: str, archived: ArchivedProcess) -> bool:
        if not connection.execute(self._delete_row, {"id": process}).rowcount:
            return False
        for delete in self._delete_rest:
            connection.execute(delete, {"id": process})
        status = archived.status
        document = zlib.compress(archived.model_dump_json().encode())
        row = {"id": process, "flow": status.flow, "month": f"{status.updated:%Y-%m}", "document": document}
        connection.execute(sa.insert(self._archive).values(row))
        return True

    def of(self, process: str) -> ArchivedProcess | None:
        """An archived process, by its id."""
        asked = sa.select(self._archive.c.document).where(self._archive.c.id == process)
        found = self._database.transact(lambda connection: connection.execute(asked).scalar())
        return None if found is None else _read(found)

    def month(self, month: date, limit: int, after: str = "") -> Sequence[ArchivedProcess]:
        """Those that ended in a month, by their ids; those after one of them."""
        rows = self._archive.c
        page = (
            sa.select(rows.document)
            .where(rows.month == f"{month:%Y-%m}", rows.id > after)
            .order_by(rows.id)
            .limit(limit)
        )
        found = self._database.transact(lambda connection: connection.execute(page).scalars().all())
        return [_read(document) for document in found]


def _read(document: bytes) -> ArchivedProcess:
    return ArchivedProcess.model_validate_json(zlib.decompress(document))

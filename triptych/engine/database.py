"""The engine's database: how it is reached, and the few facts that are kept beside DBOS's own tables."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.event import listen
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from triptych.engine.status import StepStatus
from triptych.engine.tables import terms_table, waits_table
from triptych.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")
Fate = Literal["final", "cancel", "reject", "park", "discard"]
"""What was decided about a process before anything else was: the first decision stands."""

EXECUTORS = "triptych_executors"
HELD = ".held"
"""Ends the name of the queue in which a service's processes wait behind others; nobody takes from it."""
SCHEMA = "dbos"
"""Schema on PostgreSQL; SQLite has none."""


class _Statements:
    """What is said to the table of facts, compiled once: this is asked for at every step."""

    def __init__(self, table: str) -> None:
        self.decide = sa.text(
            f"INSERT INTO {table} (id, fate) VALUES (:id, :fate) ON CONFLICT (id)"  # noqa: S608
            f" DO UPDATE SET fate = coalesce({table}.fate, excluded.fate) RETURNING fate"
        )
        self.note = sa.text(
            f"INSERT INTO {table} (id, struggle) VALUES (:id, :struggle) ON CONFLICT (id)"  # noqa: S608
            " DO UPDATE SET struggle = excluded.struggle"
        )
        self.fate = sa.text(f"SELECT fate FROM {table} WHERE id = :id")  # noqa: S608
        self.change = sa.text(f"UPDATE {table} SET fate = :to WHERE id = :id AND fate = :was")  # noqa: S608
        self.release = sa.text(
            f"UPDATE {table} SET struggle = NULL, fate = nullif(fate, 'park') WHERE id = :id"  # noqa: S608
        )
        self.facts = sa.text(f"SELECT id, fate, struggle FROM {table} WHERE id IN :ids").bindparams(  # noqa: S608
            sa.bindparam("ids", type_=sa.Text, expanding=True)
        )


class EngineDatabase:
    """SQLite in the data folder or a schema in PostgreSQL, and the table of fates and struggles.

    All methods block and are called from threads. Like DBOS, they wait for a database that went away.
    """

    def __init__(self, settings: Settings, names_key: bytes | None = None) -> None:
        self.names_key = names_key
        """Under which names are hashed by which processes are found; without one none are kept."""
        url = settings.database_url
        self.postgres = url is not None
        self.insert = postgresql.insert if self.postgres else sqlite.insert
        """Makes an insert that may say what happens where the row is there."""
        self.schema = SCHEMA if self.postgres else None
        self.url = _postgres_url(url.get_secret_value()) if url else _sqlite_url(settings.data)
        self._folder = settings.data
        self.metadata = metadata = sa.MetaData(schema=self.schema)
        """Every table of ours; who keeps more facts adds theirs before `prepare`."""
        facts = sa.Table(
            "triptych_processes",
            metadata,
            sa.Column("id", sa.Text, primary_key=True),
            sa.Column("fate", sa.Text),
            sa.Column("struggle", sa.Text),
        )
        self._say = _Statements(facts.fullname)
        self.closing = threading.Event()
        self.waits = waits_table(metadata)
        """What processes wait for, see `mailbox.py`."""
        self.terms = terms_table(metadata)
        """By which names processes are found, see `terms.py`."""
        self.workflows = _workflows(self.schema)
        """DBOS's table of processes, as far as we use it."""
        if self.postgres:
            sa.Table(
                EXECUTORS,
                metadata,
                sa.Column("executor", sa.Text, primary_key=True),
                sa.Column("backend", sa.Integer, nullable=False),
                sa.Column("beat", sa.TIMESTAMP(timezone=True), nullable=False),
            )
        self.engine = _postgres_engine(self.url) if self.postgres else _sqlite_engine(self.url)

    def prepare(self) -> None:
        """Make the folder and the tables, unless they are there."""
        if not self.postgres:
            self._folder.mkdir(parents=True, exist_ok=True)
        with self.engine.begin() as connection:
            if self.postgres:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('triptych.engine'))"))
                connection.execute(sa.text(f'CREATE SCHEMA IF NOT EXISTS "{SCHEMA}"'))
            self.metadata.create_all(connection)

    def settle_in(self, executor: str, flows: Sequence[str]) -> None:
        """Prepare what is unfinished of these flows for its recovery by this executor.

        On SQLite whoever serves a flow is alone, so all of it is this executor's: a name changes when a
        service is served together with others, and what it had left would wait for the former name.
        """
        if sa.inspect(self.engine).has_table("workflow_status", schema=self.schema) and not self.postgres:
            rows = self.workflows.c
            left = sa.and_(rows.status == "PENDING", rows.executor_id != executor, rows.name.in_(flows))
            with self.engine.begin() as connection:
                connection.execute(sa.update(self.workflows).where(left).values(executor_id=executor))
        self.assign_to_queues(executor)

    def assign_to_queues(self, executor: str) -> None:
        """Note at each unfinished process of `executor` that it is recovered through its own flow's queue.

        Without that DBOS would recover it through a queue that all its processes listen to, whichever
        flows they know. What waits elsewhere was put there when a service had one queue for all its flows.
        """
        if not sa.inspect(self.engine).has_table("workflow_status", schema=self.schema):
            return  # DBOS makes it at its first launch
        rows = self.workflows.c
        elsewhere = sa.or_(rows.queue_name.is_(None), rows.queue_name != rows.name)
        theirs = sa.and_(rows.status == "PENDING", rows.executor_id == executor)
        waits = sa.and_(rows.status.in_(("ENQUEUED", "DELAYED")), rows.queue_name.not_like(f"%{HELD}"))
        stray = sa.and_(elsewhere, rows.name.like("%.v%"), sa.or_(theirs, waits))
        with self.engine.begin() as connection:
            connection.execute(sa.update(self.workflows).where(stray).values(queue_name=rows.name))

    def decide(self, process: str, wish: Fate) -> Fate:
        """Decide the fate of a process, unless it is decided already: what stands now."""
        return self._patiently(self._say.decide, id=process, fate=wish)[0].fate

    def fate(self, process: str) -> Fate | None:
        """What was decided about a process, if anything was."""
        found = self._patiently(self._say.fate, id=process)
        return found[0].fate if found else None

    def decide_within(self, connection: sa.Connection, process: str, wish: Fate) -> Fate:
        """Decide the fate of a process in a transaction, unless it is decided: what stands."""
        return connection.execute(self._say.decide, {"id": process, "fate": wish}).scalar_one()

    def fate_within(self, connection: sa.Connection, process: str) -> Fate | None:
        """What was decided about a process, as a transaction sees it."""
        return connection.execute(self._say.fate, {"id": process}).scalar()

    def note(self, process: str, struggle: StepStatus) -> None:
        """Note that a step is being tried again, for whoever asks after the process."""
        self._patiently(self._say.note, id=process, struggle=struggle.model_dump_json())

    def change(self, process: str, was: Fate, to: Fate) -> bool:
        """Replace one fate by another, if it still is what the caller saw: whether it was."""
        with self.engine.begin() as connection:
            return connection.execute(self._say.change, {"id": process, "was": was, "to": to}).rowcount == 1

    def release(self, process: str) -> None:
        """Forget that a process is parked, and what it struggled with."""
        self._execute(self._say.release, id=process)

    def facts(self, processes: Sequence[str]) -> dict[str, tuple[Fate | None, StepStatus | None]]:
        """Fate and last struggle of those processes that have any."""
        return {
            row.id: (row.fate, StepStatus.model_validate_json(row.struggle) if row.struggle else None)
            for row in self._execute(self._say.facts, ids=list(processes))
        }

    def close(self) -> None:
        """Close every connection; nobody waits for the database any longer."""
        self.closing.set()
        self.engine.dispose()

    def _execute(self, statement: sa.TextClause, **values: Any) -> Sequence[sa.Row[Any]]:
        with self.engine.begin() as connection:
            result = connection.execute(statement, values)
            return result.all() if result.returns_rows else ()

    def _patiently(self, statement: sa.TextClause, **values: Any) -> Sequence[sa.Row[Any]]:
        return self._until_it_answers(lambda: self._execute(statement, **values))

    def transact(self, work: Callable[[sa.Connection], T], engine: sa.Engine | None = None) -> T:
        """What `work` answers in a transaction of its own; it may run again, and waits for the database.

        `engine` is DBOS's view of ours, by which it finds its tables.
        """

        def once() -> T:
            with (engine or self.engine).begin() as connection:
                return work(connection)

        return self._until_it_answers(once)

    def tell(self, table: sa.Table, told: Mapping[str, str]) -> None:
        """Have a table of a key and what is told of it say this: replicas that start together all do so."""
        key, what = table.columns

        def write(connection: sa.Connection) -> None:
            for name, text in sorted(told.items()):
                row = self.insert(table).values({key: name, what: text})
                connection.execute(row.on_conflict_do_update(index_elements=[key], set_={what.name: text}))

        self.transact(write)

    def _until_it_answers(self, once: Callable[[], T]) -> T:
        pause = 0.2
        while True:
            try:
                return once()
            except (OperationalError, InterfaceError, PoolTimeout) as error:
                if self.closing.is_set() or (not self.postgres and "locked" not in str(error)):
                    raise
                log.warning("the engine's database does not answer, asking again in %.1f s: %s", pause, error)
                self.closing.wait(pause)
                pause = min(pause * 2, 10.0)


def _workflows(schema: str | None) -> sa.TableClause:
    return sa.table(
        "workflow_status",
        sa.column("workflow_uuid", sa.Text),
        sa.column("name", sa.Text),
        sa.column("status", sa.Text),
        sa.column("executor_id", sa.Text),
        sa.column("queue_name", sa.Text),
        sa.column("owner_xid", sa.Text),
        sa.column("delay_until_epoch_ms", sa.BigInteger),
        sa.column("recovery_attempts", sa.BigInteger),
        sa.column("started_at_epoch_ms", sa.BigInteger),
        sa.column("created_at", sa.BigInteger),
        sa.column("updated_at", sa.BigInteger),
        schema=schema,
    )


def version_of(flow: str) -> tuple[str, int]:
    """The kind that a flow is of, and its version: `order-to-fulfillment.fulfil` and 1 of `….fulfil.v1`."""
    kind, _, version = flow.rpartition(".v")
    return kind, int(version)


def service_of(workflow: str) -> str:
    """The service that a process belongs to, by its name: `order-to-fulfillment.fulfil.v1`."""
    return workflow.partition(".")[0]


def _sqlite_url(data: Path) -> str:
    return f"sqlite:///{data / 'engine.db'}"


def _postgres_url(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _sqlite_engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=4, max_overflow=0)

    def prepare(connection: Any, _: object) -> None:
        # every transaction takes the write lock at its beginning, so that none fails half-way
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    listen(engine, "connect", prepare)
    return engine


def _postgres_engine(url: str) -> sa.Engine:
    # DBOS detaches one more connection to listen on, so three here make four
    return sa.create_engine(
        url,
        pool_size=3,
        max_overflow=0,
        connect_args={
            "connect_timeout": 10,
            "options": "-c idle_in_transaction_session_timeout=60000",
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
        },
    )

"""Hands each service its database, and holds the connections that they share."""

import asyncio
import logging
import random
from pathlib import Path
from types import TracebackType
from typing import Self

from triptych.problems import Problem
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage.database import Database
from triptych.storage.engine import Engine
from triptych.storage.errors import StorageError
from triptych.storage.postgresql import PostgresSchema, PostgresServer
from triptych.storage.sqlite import SqliteFile

HOUSEKEEPING = 900.0
"""Seconds, more or less, between two sweeps of what has expired."""
SHARED_CONNECTIONS = 20
"""Connections of all services together, where they run in one process."""
OWN_CONNECTIONS = 3
"""Connections of a service that runs as a process of its own: 30 of them stay under PostgreSQL's 100."""

_log = logging.getLogger(__name__)


class Storage:
    """The databases of one process: `async with Storage(settings, secrets) as storage:`.

    SQLite files in the data folder, or schemas of the PostgreSQL that TRIPTYCH_DATABASE_URL names.
    """

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings = settings
        self._cursor_key = secrets.key("cursors")
        self._databases: dict[str, Database] = {}
        self._housekeeping: asyncio.Task[None] | None = None
        self._server = None if settings.database_url is None else _server(settings)

    async def __aenter__(self) -> Self:
        self._housekeeping = asyncio.create_task(self._keep_house(), name="storage housekeeping")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self, service: str, migrations: Path | None = None) -> Database:
        """The database of a service, its tables brought up to date by the migrations in that folder.

        Without a folder, or with an empty one, it has the tables that every service has: idempotency keys and
        outbox. Raises StorageError, saying what to change.
        """
        if service not in self._databases:
            database = Database(service, self._engine(service), self._cursor_key, migrations)
            self._databases[service] = database
            try:
                await database.open()
            except BaseException:
                await self._databases.pop(service).close()
                raise
        return self._databases[service]

    def opened(self) -> list[Database]:
        """Those that are open."""
        return list(self._databases.values())

    async def ready(self) -> None:
        """Raise Unavailable while a database cannot be reached."""
        await asyncio.gather(*(_answers(database) for database in self._databases.values()))

    async def close(self) -> None:
        """Close every database."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            await asyncio.wait([self._housekeeping])
        databases, self._databases = list(self._databases.values()), {}
        await asyncio.gather(*(database.close() for database in databases))
        if self._server is not None:
            await self._server.close()

    async def _keep_house(self) -> None:
        """Now and then, delete what has expired."""
        while True:
            await asyncio.sleep(HOUSEKEEPING * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load
            for database in list(self._databases.values()):
                try:
                    if purged := await database.purge():
                        _log.info("%s: %d expired idempotency keys deleted", database.service, purged)
                except Problem as problem:
                    _log.warning("%s: what has expired stays for now: %s", database.service, problem.detail)

    def _engine(self, service: str) -> Engine:
        if self._server is not None:
            return PostgresSchema(self._server, service)
        return SqliteFile(self._settings.data / f"{service}.db")


async def _answers(database: Database) -> None:
    async with database.read() as connection:
        await connection.exec_driver_sql("SELECT 1")


def _server(settings: Settings) -> PostgresServer:
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    scheme = url.partition("://")[0]
    if scheme not in ("postgresql", "postgres"):
        raise StorageError(
            f"TRIPTYCH_DATABASE_URL starts with {scheme[:20]!r}: it has to read postgresql://user@host:5432/database."
        )
    return PostgresServer(url, OWN_CONNECTIONS if settings.topology == "split" else SHARED_CONNECTIONS)

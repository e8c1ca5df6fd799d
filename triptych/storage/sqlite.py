"""One SQLite file for a service: any number of readers, one writer at a time, nothing lost on a crash."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from triptych.problems import Overloaded, Problem, Unavailable
from triptych.storage.engine import driver_error
from triptych.storage.errors import StorageError
from triptych.storage.one_hop import OneHop
from triptych.storage.queries import Row
from triptych.storage.sessions import Session, Sessions

READERS = 3
BUSY_SECONDS = 5.0
"""How long a writer waits for another process that writes the same file."""
PRAGMAS = [
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is on the disk when it is answered
    "PRAGMA foreign_keys = ON",
]


class SqliteFile:
    """A service's own file, in WAL mode."""

    schema = None

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path.absolute()
        self._busy_seconds = busy_seconds
        self.place = str(path)
        self._writer = Sessions(self.place, 1, lambda: self._session(read_only=False))
        self._readers = Sessions(self.place, READERS, lambda: self._session(read_only=True))
        self._engine = create_async_engine(
            "sqlite+aiosqlite://",
            async_creator=self._connect,
            poolclass=NullPool,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
        )
        self.dialect = self._engine.dialect

    async def open(self) -> None:
        try:
            await asyncio.to_thread(self.path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
            async with self._writer.borrowed():
                pass
        except (OSError, sqlite3.Error, DBAPIError) as error:
            raise StorageError(
                f"The database {self.place} cannot be opened: {driver_error(error)}. "
                "TRIPTYCH_DATA has to name a folder that this user may write to."
            ) from error

    async def close(self) -> None:
        await self._readers.close()
        await self._writer.close()
        await self._engine.dispose()

    def reading(self) -> AbstractAsyncContextManager[Session]:
        return self._readers.borrowed()

    def writing(self) -> AbstractAsyncContextManager[Session]:
        return self._writer.transaction()

    async def only_one(self, session: Session, purpose: str) -> None:
        """A transaction that may write has the file to itself, from its first statement on."""

    def problem(self, error: BaseException) -> Problem | None:
        found = driver_error(error)
        if not isinstance(found, sqlite3.OperationalError):
            return None
        code = getattr(found, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Overloaded("Another process has been writing to the same database.", retry_after=1.0)
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            return Unavailable("The database cannot be used: its disk is full or absent.")
        return None

    def fleeting(self, error: BaseException) -> bool:
        return False  # writers take turns from the start, and so never meet

    def violated(self, error: BaseException) -> bool:
        return isinstance(driver_error(error), sqlite3.IntegrityError)

    async def _session(self, *, read_only: bool) -> Session:
        connection = await self._engine.connect()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        if read_only:
            await driver.execute_fetchall("PRAGMA query_only = ON")
        return SqliteSession(connection, driver)

    async def _connect(self, *_: object, **__: object) -> OneHop:
        def connect() -> sqlite3.Connection:
            found = sqlite3.connect(
                self.path,
                timeout=self._busy_seconds,
                isolation_level=None,
                cached_statements=256,
                check_same_thread=False,
            )
            for pragma in PRAGMAS:
                found.execute(pragma)
            return found

        connection = OneHop(connect)
        await connection
        return connection


class SqliteSession:
    """One connection to the file, with a thread of its own."""

    def __init__(self, connection: AsyncConnection, driver: OneHop) -> None:
        self.connection = connection
        self._driver = driver
        self.broken = False

    async def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        return (await self._driver.run(sql, values))[-1]

    async def begin(self) -> None:
        self._driver.begin_with_next()

    async def commit(self) -> None:
        await self._driver.keep()

    async def rollback(self) -> None:
        await self._driver.undo()

    async def drop(self) -> None:
        await self.connection.close()
        await self._driver.close()

    @property
    def usable(self) -> bool:
        return not (self.broken or self.connection.invalidated) and self._driver.idle

"""A PostgreSQL schema for a service, over connections that it has to itself or shares with the others."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from triptych.problems import InvalidInput, Overloaded, Problem, Unavailable
from triptych.storage.engine import driver_error
from triptych.storage.errors import StorageError
from triptych.storage.queries import Row
from triptych.storage.sessions import Session, Sessions

CONNECT_SECONDS = 5.0
ABANDONED_SECONDS = 60
"""How long the server keeps the locks of a transaction whose client says nothing more."""
_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # the server's farewell has come, its end of file has not
)
_FULL = (asyncpg.InsufficientResourcesError,)
_UNREADABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
_FLEETING = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,  # another replica has just migrated the schema
)


class PostgresServer:
    """At most `size` connections to one database, shared by the schemas of the services that use it."""

    def __init__(self, url: str, size: int) -> None:
        self.url = url
        self.place = _without_password(url)
        self.sessions = Sessions(self.place, size, self._session)
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            poolclass=NullPool,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
        )
        self.dialect = self._engine.dialect

    async def close(self) -> None:
        await self.sessions.close()
        await self._engine.dispose()

    async def _session(self) -> Session:
        try:
            connection = await self._engine.connect()
            return PostgresSession(connection, (await connection.get_raw_connection()).driver_connection)
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
            found = driver_error(error)
            raise Unavailable(f"{self.place} cannot be reached: {found or type(found).__name__}.") from found

    async def _connect(self, *_: object, **__: object) -> Any:
        connect: Any = asyncpg.connect  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return await connect(
            self.url,
            timeout=CONNECT_SECONDS,
            server_settings={
                "application_name": "triptych",
                "timezone": "UTC",
                "idle_in_transaction_session_timeout": str(ABANDONED_SECONDS * 1000),
            },
        )


class PostgresSchema:
    """A service's own schema, named after it."""

    def __init__(self, server: PostgresServer, service: str) -> None:
        self._server = server
        self.dialect = server.dialect
        self.schema = service.replace("-", "_")
        self.place = f"{server.place}, schema {self.schema}"

    async def open(self) -> None:
        try:
            async with self.reading() as session:
                known = await session.fetch("SELECT 1 FROM pg_namespace WHERE nspname = $1", [self.schema])
                if not known:
                    await session.fetch(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"', [])
        except Unavailable as error:
            raise StorageError(f"{error.detail} {_advice(error.__cause__)}") from error
        except asyncpg.UniqueViolationError:
            return  # another process has made it in the same moment
        except asyncpg.PostgresError as error:
            raise StorageError(
                f"The schema {self.schema} cannot be made in {self._server.place}: {error}"
            ) from error

    async def close(self) -> None:
        """The connections are the server's, which outlives its schemas."""

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Session]:
        async with self._server.sessions.borrowed() as session, self._watched(session):
            yield self._in_schema(session)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[Session]:
        async with self._server.sessions.transaction() as session, self._watched(session):
            yield self._in_schema(session)

    async def only_one(self, session: Session, purpose: str) -> None:
        what = f"triptych {self.schema} {purpose}"
        await session.fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [what])

    def problem(self, error: BaseException) -> Problem | None:
        found = driver_error(error)
        closed = isinstance(found, asyncpg.InterfaceError) and "closed" in str(found)
        if closed or isinstance(found, _GONE):
            return Unavailable("The connection to the database was lost.")
        if isinstance(found, _FULL):
            return Overloaded("The database has no resources left for this.", retry_after=1.0)
        if isinstance(found, _UNREADABLE):
            return InvalidInput("A text holds a character that cannot be stored.")
        return None

    def fleeting(self, error: BaseException) -> bool:
        return isinstance(driver_error(error), _FLEETING)

    def violated(self, error: BaseException) -> bool:
        return isinstance(driver_error(error), asyncpg.UniqueViolationError)

    @asynccontextmanager
    async def _watched(self, session: Session) -> AsyncGenerator[None]:
        """A connection that the server has ended is not always known to be closed; its errors tell."""
        try:
            yield
        except Exception as error:
            session.broken = isinstance(self.problem(error), Unavailable)
            raise

    def _in_schema(self, session: Session) -> Session:
        """Connections are shared: let unqualified tables of SQLAlchemy's statements mean this schema's."""
        connection = session.connection.sync_connection
        assert connection is not None
        wanted = {None: self.schema}
        if connection.get_execution_options().get("schema_translate_map") != wanted:
            connection.execution_options(schema_translate_map=wanted)
        return session


class PostgresSession:
    """One connection to the server."""

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        self.connection = connection
        self._driver = driver
        self.broken = False

    async def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        try:
            return await self._driver.fetch(sql, *values)
        except OSError as error:
            raise asyncpg.ConnectionDoesNotExistError(str(error)) from error

    async def begin(self) -> None:
        await self._driver.execute("BEGIN")

    async def commit(self) -> None:
        if await self._driver.execute("COMMIT") != "COMMIT":
            # PostgreSQL answers COMMIT with ROLLBACK, and no error, when a statement has failed before
            raise RuntimeError("A statement of this transaction had failed, and so nothing of it was stored.")

    async def rollback(self) -> None:
        if not (self.broken or self._driver.is_closed()):
            await self._driver.execute("ROLLBACK", timeout=CONNECT_SECONDS)

    async def drop(self) -> None:
        self._driver.terminate()
        await self.connection.close()

    @property
    def usable(self) -> bool:
        driver = self._driver
        gone = self.broken or self.connection.invalidated or driver.is_closed()
        return not (gone or driver.is_in_transaction())


def _without_password(url: str) -> str:
    """`host:port/database`, for people."""
    try:
        parts = urlsplit(url)
        return f"PostgreSQL at {parts.hostname or 'the local socket'}:{parts.port or 5432}{parts.path}"
    except ValueError as error:
        raise StorageError(f"TRIPTYCH_DATABASE_URL cannot be read: {error}.") from error


def _advice(error: BaseException | None) -> str:
    match error:
        case asyncpg.InvalidCatalogNameError():
            return "Make the database first: `createdb`."
        case asyncpg.InvalidAuthorizationSpecificationError():
            return "Check the user and the password in TRIPTYCH_DATABASE_URL."
        case _:
            return "Is the server running, and is TRIPTYCH_DATABASE_URL right?"

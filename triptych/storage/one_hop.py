"""An SQLite connection in a thread of its own, made for few trips to that thread.

A trip costs some 50 µs and two changes of thread; the statement itself, mostly, less than 10.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")

Answer = tuple[Any, int, int | None, list[Any]]
"""Description of the columns, count of rows changed, last row id, rows."""


class OneHop(aiosqlite.Connection):
    """An aiosqlite connection that executes a statement and fetches its rows in one trip.

    With aiosqlite's own cursor SQLAlchemy makes four: for the cursor, the execution, the rows, the end.
    """

    def __init__(self, connector: Any) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True  # a connection that nobody closed does not keep the process alive
        self._stopped: asyncio.Future[Any] | None = None
        self._unbegun = False

    def cursor(self) -> Any:
        """What SQLAlchemy works with; not aiosqlite's own kind of cursor."""
        return OneHopCursor(self)

    async def run(self, sql: str, parameters: Sequence[Any], *, many: bool = False) -> Answer:
        """Execute a statement, in the transaction that is about to begin if there is one."""

        def execute() -> Answer:
            if self._unbegun:
                self._conn.execute("BEGIN IMMEDIATE")
                self._unbegun = False
            cursor = self._conn.executemany(sql, parameters) if many else self._conn.execute(sql, parameters)
            return cursor.description, cursor.rowcount, cursor.lastrowid, cursor.fetchall()

        return await self._in_its_thread(execute)

    def begin_with_next(self) -> None:
        """Begin a transaction that may write, together with its first statement."""
        self._unbegun = True

    async def keep(self) -> None:
        """Commit. Fails where SQLite itself has rolled back meanwhile, as on a full disk."""

        def keep() -> None:
            if not self._unbegun:
                self._conn.execute("COMMIT")
            self._unbegun = False

        await self._in_its_thread(keep)

    async def undo(self) -> None:
        """Roll back, if there is anything to."""

        def undo() -> None:
            self._unbegun = False
            self._conn.rollback()

        await self._in_its_thread(undo)

    async def commit(self) -> None:
        """Nothing: SQLAlchemy is in autocommit, and a session ends its transactions itself."""

    async def rollback(self) -> None:
        """Nothing, likewise."""

    async def close(self) -> None:
        """Close it after what is under way; also when asked twice, or by somebody who is cancelled.

        SQLAlchemy closes a connection when a statement on it is cancelled, and so do we; aiosqlite's own
        second close would wait for ever, for a thread that has ended.
        """
        if (stopped := self.stop()) is not None:
            await asyncio.shield(stopped)

    def stop(self) -> "asyncio.Future[Any] | None":
        if self._stopped is None:
            self._stopped = super().stop()  # pyright: ignore[reportUnknownMemberType] - a future of anything
        return self._stopped

    @property
    def idle(self) -> bool:
        """Connected, and not in a transaction."""
        return self._connection is not None and not (self._unbegun or self._connection.in_transaction)

    async def _in_its_thread(self, function: Callable[[], T]) -> T:
        return await self._execute(function)  # pyright: ignore[reportUnknownMemberType] - it has no types


class OneHopCursor:
    """What SQLAlchemy asks of a cursor (PEP 249), awaitable."""

    arraysize = 1

    def __init__(self, connection: OneHop) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "OneHopCursor":
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        await self._run(operation, parameters, many=False)

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._run(operation, list(parameters), many=True)

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        self._rows = []

    async def _run(self, operation: str, parameters: Sequence[Any], *, many: bool) -> None:
        answer = await self._connection.run(operation, parameters, many=many)
        self.description, self.rowcount, self.lastrowid, self._rows = answer

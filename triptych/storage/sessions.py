"""A fixed number of connections, and the transactions that run on them.

SQLAlchemy stays in autocommit throughout; transactions begin and end here, in the driver's words. So a
statement that the driver executes itself and one that SQLAlchemy executes share one transaction, and taking
a connection costs a list operation (through SQLAlchemy's pool it is 150 µs).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from triptych.problems import Overloaded
from triptych.storage.endings import Endings
from triptych.storage.queries import Row

PATIENCE = 5.0
"""Seconds that a caller waits for a connection, before it is told that the service is overloaded."""
LEAVE = 2.0
"""Seconds that closing waits for those who still hold a connection."""


class Session(Protocol):
    """One connection to the database: SQLAlchemy's view of it, and the driver's."""

    connection: AsyncConnection
    broken: bool
    """Whether an error has shown that it cannot be used again."""

    async def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """Run one statement and answer its rows."""
        ...

    async def begin(self) -> None:
        """Begin a transaction that may write."""
        ...

    async def commit(self) -> None:
        """Commit; raises when anything of the transaction would be missing."""
        ...

    async def rollback(self) -> None:
        """Undo the transaction; no error where there is none."""
        ...

    async def drop(self) -> None:
        """Close the connection for good."""
        ...

    @property
    def usable(self) -> bool:
        """Whether it is connected and outside any transaction, as far as is known without asking."""
        ...


class Sessions:
    """At most `size` connections, the last one returned handed out first; who waits is served in order."""

    def __init__(self, what: str, size: int, make: Callable[[], Coroutine[Any, Any, Session]]) -> None:
        self._what = what
        self._size = size
        self._make = make
        self._free = asyncio.Semaphore(size)
        self._idle: list[Session] = []
        self._endings = Endings()

    async def take(self) -> Session:
        """A connection of one's own, to be given back. Raises Overloaded when none becomes free in time."""
        await self._turn()
        while self._idle:
            session = self._idle.pop()
            if session.usable:
                return session
            self._endings.later(session.drop())
        making = self._endings.later(self._make())
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            self._endings.later(self._kept(making))  # the next caller has it
            raise
        except BaseException:
            self._free.release()
            raise

    def give(self, session: Session) -> None:
        """Give a connection back; one that cannot be used again is closed, and makes the others suspect."""
        if session.broken:
            while self._idle:
                self._endings.later(self._idle.pop().drop())
        if session.usable:
            connection = session.connection.sync_connection
            if connection is not None and connection.in_transaction():
                connection.rollback()  # only SQLAlchemy's own notion of one: in autocommit it sends nothing
            self._idle.append(session)
        else:
            self._endings.later(session.drop())
        self._free.release()

    @asynccontextmanager
    async def borrowed(self) -> AsyncGenerator[Session]:
        """A connection for reading, each statement on its own."""
        session = await self.take()
        try:
            yield session
        finally:
            self.give(session)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Session]:
        """A connection in a transaction: committed at the end, rolled back on an error or a cancellation.

        Ending it runs in a task of its own, so that a caller who is cancelled meanwhile, even twice, leaves
        neither an open transaction nor a connection that nobody gives back.
        """
        session = await self.take()
        try:
            await session.begin()
            yield session
        except BaseException:
            await self._endings.to_the_end(self._undone(session))
            raise
        await self._endings.to_the_end(self._committed(session))

    async def close(self) -> None:
        """Wait for what is under way, then close every connection."""
        try:
            async with asyncio.timeout(LEAVE):
                for _ in range(self._size):
                    await self._free.acquire()
        except TimeoutError:
            pass  # somebody still holds one: it is dropped with the process
        while self._idle:
            self._endings.later(self._idle.pop().drop())
        await self._endings.all_done()

    async def _turn(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError as error:
            message = f"All {self._size} connections to {self._what} have been busy for {PATIENCE:g} s."
            raise Overloaded(message, retry_after=1.0) from error

    async def _kept(self, making: asyncio.Task[Session]) -> None:
        try:
            self.give(await making)
        except Exception:  # noqa: BLE001 - who asked for it is gone; the next one meets the same error
            self._free.release()

    async def _committed(self, session: Session) -> None:
        try:
            await session.commit()
        except BaseException:
            await self._undone(session)
            raise
        self.give(session)

    async def _undone(self, session: Session) -> None:
        try:
            await session.rollback()
        except Exception:  # noqa: BLE001 - the connection is beyond use, and its end undoes the transaction too
            await session.drop()
        finally:
            self.give(session)

"""A service's own database: where it reads, where it writes, and what one transaction means."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import CompilerElement

from triptych.context import current
from triptych.problems import Overloaded
from triptych.storage import ambient
from triptych.storage.engine import Engine
from triptych.storage.idempotency import IdempotencyKeys
from triptych.storage.outbox import Event, Outbox
from triptych.storage.queries import Query, Row, compiled
from triptych.storage.records import Record
from triptych.storage.upgrading import upgrade

T = TypeVar("T")

LONGEST_LEASE = 60.0
LEASE_MARGIN = 5.0
"""Seconds that a key stays claimed beyond the deadline of the request that claimed it, if it never ends."""

TRIES = 5
"""How often a transaction is run that meets others in a deadlock."""


class Database:
    """One service's tables, on SQLite or PostgreSQL. Made and opened by `Storage`.

    Within `write()`, every `read()`, `write()` and `fetch()` of the same database joins its transaction, so
    that they see what it has written, and all of it is stored or nothing is.
    """

    def __init__(
        self, service: str, engine: Engine, cursor_key: bytes, migrations: Path | None = None
    ) -> None:
        self.service = service
        self.engine = engine
        self.cursor_key = cursor_key
        self.migrations = migrations
        self.keys = IdempotencyKeys(self)
        self.outbox = Outbox(self)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    async def open(self) -> None:
        """Connect, and bring the tables up to date. Raises StorageError, saying what to change."""
        await self.engine.open()
        await upgrade(self.engine, self.service, self.migrations)

    async def close(self) -> None:
        """Close the connections, after what is under way."""
        await self.keys.close()
        await self.engine.close()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection for SELECT statements, each of which sees what is committed when it starts."""
        joined = ambient.joinable(self)
        if joined is not None:
            yield joined.session.connection
            return
        try:
            async with self.engine.reading() as session:
                yield session.connection
        except Exception as error:
            self._raise_as_problem(error)
            raise

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction: committed at the end of the outermost block, rolled back when it raises.

        Raises Overloaded or Unavailable when the database is at fault.
        """
        joined = ambient.joinable(self)
        if joined is not None:
            yield joined.session.connection
            return
        if ambient.waits_for_itself(self):
            raise RuntimeError(
                f"{self.service} was called out of its own write transaction, and would wait for itself. "
                "End the transaction before calling other services."
            )
        try:
            async with self.engine.writing() as session:
                transaction = ambient.Transaction(self, session)
                with ambient.entered(transaction):
                    yield session.connection
            for call in transaction.afterwards:
                call()
        except Exception as error:
            self._raise_as_problem(error)
            raise

    @property
    def writing(self) -> bool:
        """Whether this call is in a write transaction of this database."""
        return ambient.joinable(self) is not None

    def after_commit(self, call: Callable[[], None]) -> None:
        """Within a transaction: have this called once it has committed."""
        joined = ambient.joinable(self)
        if joined is None:
            raise RuntimeError("There is no transaction here whose end could be waited for.")
        joined.afterwards.append(call)

    async def only_one(self, purpose: str) -> None:
        """Within a transaction: wait until no other one is there for the same purpose, in any process."""
        joined = ambient.joinable(self)
        if joined is None:
            raise RuntimeError("Being the only one ends with a transaction: ask for it in `write()`.")
        await self.engine.only_one(joined.session, purpose)

    async def run(self, function: Callable[[], Awaitable[T]]) -> T:
        """What `function` answers, in a write transaction.

        When that meets others in a deadlock, all of it is undone and run again; so it must have no effects
        but those in this database. Raises Overloaded when that happens time and again.
        """
        if self.writing:
            return await function()
        writes = dict(current().writes)
        for attempt in range(TRIES):
            try:
                async with self.write():
                    if attempt:
                        await self.only_one("second tries")  # these at least do not meet each other again
                    return await function()
            except Exception as error:
                if not self.engine.fleeting(error):
                    raise
                if attempt == TRIES - 1:
                    message = "Too many writes want the same records at once."
                    raise Overloaded(message, retry_after=1.0) from error
            current().writes.clear()
            current().writes.update(writes)  # the same keys are derived again
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    async def once_with_effect(
        self,
        perform: Callable[[], Awaitable[T]],
        answers: TypeAdapter[T],
        *,
        scope: str,
        key: str,
        fingerprint: str,
        seconds: float,
    ) -> T:
        """What `perform` answers, or answered when this key came first; its effect is in this database.

        Effect and key commit together. Raises IdempotencyKeyReused when the key came with another payload,
        IdempotencyKeyInFlight while the first request with it is still running.
        """

        async def effect() -> T:
            async with self.keys.with_effect(scope, key, fingerprint, seconds) as record:
                return await _answered(record, perform, answers)

        return await self.run(effect)

    async def once_elsewhere(
        self,
        perform: Callable[[], Awaitable[T]],
        answers: TypeAdapter[T],
        *,
        scope: str,
        key: str,
        fingerprint: str,
        seconds: float,
    ) -> T:
        """The same for an effect in other services: the key is claimed first, and answered afterwards."""
        async with self.keys.elsewhere(scope, key, fingerprint, seconds, lease()) as record:
            return await _answered(record, perform, answers)

    async def emit(self, event: Event) -> Event:
        """Write an event into the outbox, to be delivered if and only if this transaction commits."""
        return await self.outbox.add(event)

    async def purge(self) -> int:
        """Delete what has expired: call it now and then. Answers how many records that were."""
        return await self.keys.purge()

    def compiled(self, statement: CompilerElement) -> Query:
        """The statement made ready for `fetch`; keep it, compiling takes longer than running."""
        return compiled(statement, self.engine.dialect, self.engine.schema)

    async def fetch(self, query: Query, /, **values: Any) -> Sequence[Row]:
        """Run a compiled statement and answer its rows. Raises Overloaded or Unavailable."""
        joined = ambient.joinable(self)
        try:
            if joined is not None:
                return await joined.session.fetch(query.sql, query.values(values))
            async with self.engine.reading() as session:
                return await session.fetch(query.sql, query.values(values))
        except Exception as error:
            self._raise_as_problem(error)
            raise

    def _raise_as_problem(self, error: Exception) -> None:
        problem = self.engine.problem(error)
        if problem is not None:
            raise problem from error


def lease() -> float:
    """Seconds for which a key is claimed by the call that is being served."""
    return min(LONGEST_LEASE, max(current().remaining(), 0.0) + LEASE_MARGIN)


async def _answered(record: Record, perform: Callable[[], Awaitable[T]], answers: TypeAdapter[T]) -> T:
    """The stored answer of a write that was done before, or that of doing it now."""
    if record.replayed:
        current().notes["Idempotency-Replayed"] = "true"
        return answers.validate_json(record.body or "null")
    answer = await perform()
    record.store(answers.dump_json(answer).decode())
    return answer

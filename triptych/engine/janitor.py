"""Takes over the processes of replicas that died or hang. Only needed on PostgreSQL, where replicas share."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import LiteralString

import psycopg

log = logging.getLogger(__name__)

BEAT: LiteralString = """
    INSERT INTO dbos.triptych_executors VALUES (%s, pg_backend_pid(), clock_timestamp())
    ON CONFLICT (executor) DO UPDATE SET backend = excluded.backend, beat = excluded.beat
"""
OTHERS: LiteralString = """
    SELECT DISTINCT executor_id FROM dbos.workflow_status
    WHERE status = 'PENDING' AND executor_id <> %s AND split_part(name, '.', 1) = ANY(%s)
"""
LAST_BEAT: LiteralString = "SELECT beat::text FROM dbos.triptych_executors WHERE executor = %s"
HANGING: LiteralString = """
    SELECT backend FROM dbos.triptych_executors
    WHERE executor = %s AND beat < clock_timestamp() - make_interval(secs => %s)
"""
TRY_LOCK: LiteralString = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK: LiteralString = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


class Janitor:
    """Proves that this executor lives, by a lock and by a heartbeat, and watches the others.

    The lock belongs to a database session, so a killed executor is noticed at once. The heart beats on the
    event loop, so one that hangs is noticed after `lease` seconds. What is taken from it although it lives
    is safe: DBOS refuses every record that the former owner still tries to write. It goes into the queues of
    its flows, so that whoever knows a process's version goes on with it, be it this one or another.
    """

    def __init__(
        self,
        url: str,
        executor: str,
        services: Sequence[str],
        take_over: Callable[[str], Awaitable[int]],
        *,
        interval: float = 1.0,
        lease: float = 30.0,
    ) -> None:
        self._url = url.replace("postgresql+psycopg", "postgresql")
        self._executor = executor
        self._services = list(services)
        self._take_over = take_over
        self._interval = interval
        self._lease = lease
        self._connection: psycopg.AsyncConnection | None = None
        self._task: asyncio.Task[None] | None = None

    async def claim(self) -> None:
        """Claim this executor's name.

        Raises RuntimeError when a living process has it: two of one name would take each other's processes.
        """
        connection = await self._connect()
        first: str | None = None
        until = time.monotonic() + self._lease + 10 * self._interval
        while not await self._locks(connection, self._executor):
            beat = await self._last_beat(connection)
            first = first or beat
            if beat != first or time.monotonic() > until:
                await connection.close()
                raise RuntimeError(
                    f"another process runs as {self._executor}: "
                    "give each replica a name of its own (TRIPTYCH_REPLICA)"
                )
            await self._end_if_hanging(connection, self._executor)
            await asyncio.sleep(self._interval / 2)
        await connection.execute(BEAT, (self._executor,))
        self._connection = connection

    def watch(self) -> None:
        """Begin to beat, and to watch the others."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Give the name up."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection:
            await self._connection.close()

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=10, keepalives_idle=5, keepalives_count=3
        )
        await connection.execute("SET lock_timeout = '5s'")
        return connection

    async def _watch(self) -> None:
        while True:
            try:
                if self._connection is None:
                    await self.claim()
                else:
                    await self._round(self._connection)
            except (psycopg.Error, OSError) as error:
                log.warning("the janitor lost the database and connects again: %s", error)
                if self._connection:
                    await self._connection.close()
                self._connection = None
            except Exception:
                log.exception("the janitor of %s failed, and tries again", self._executor)
            await asyncio.sleep(self._interval)

    async def _round(self, connection: psycopg.AsyncConnection) -> None:
        await connection.execute(BEAT, (self._executor,))
        others = await connection.execute(OTHERS, (self._executor, self._services))
        for (executor,) in await others.fetchall():
            if not await self._locks(connection, executor):
                await self._end_if_hanging(connection, executor)
                continue
            try:
                taken = await self._take_over(executor)
                log.warning("%s is gone: %d of its processes are taken over", executor, taken)
            finally:
                await connection.execute(UNLOCK, (executor,))

    async def _end_if_hanging(self, connection: psycopg.AsyncConnection, executor: str) -> None:
        """End the session of an executor whose heart has stopped; the next round finds its lock free."""
        hanging = await connection.execute(HANGING, (executor, self._lease))
        if row := await hanging.fetchone():
            log.warning("%s has shown no sign of life for %g s", executor, self._lease)
            await connection.execute("SELECT pg_terminate_backend(%s)", row)

    async def _locks(self, connection: psycopg.AsyncConnection, executor: str) -> bool:
        """Take an executor's lock, unless somebody has it."""
        answer = await (await connection.execute(TRY_LOCK, (executor,))).fetchone()
        return bool(answer and answer[0])

    async def _last_beat(self, connection: psycopg.AsyncConnection) -> str | None:
        row = await (await connection.execute(LAST_BEAT, (self._executor,))).fetchone()
        return row[0] if row else None

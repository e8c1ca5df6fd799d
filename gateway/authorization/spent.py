"""Ids that count once, wherever they come in: the `jti` of DPoP proofs and client assertions.

Durable and shared by all gateways, and yet not a transaction each: what is spent while one transaction runs
is spent together in the next.
"""

import asyncio
from contextvars import Context

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from gateway.authorization.lifetimes import Clock
from gateway.authorization.opaque import fingerprint
from gateway.authorization.tables import spent_ids
from triptych.storage import Database

LARGEST_BATCH = 500

_Waiting = list[tuple[str, int, asyncio.Future[bool]]]


class SpentIds:
    """Spends ids."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: _Waiting = []
        self._writing: asyncio.Task[None] | None = None

    async def spend(self, purpose: str, whose: str, one: str, until: float) -> bool:
        """Whether this is the first time; it is remembered until that moment, in Unix seconds."""
        coming: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((fingerprint(f"{purpose}\n{whose}\n{one}"), int(until) + 1, coming))
        if self._writing is None:
            # Not in the caller's context: it may be within a transaction, and this serves others too.
            self._writing = asyncio.get_running_loop().create_task(self._write(), context=Context())
        return await coming

    async def sweep(self) -> None:
        """Forget those that would be refused for their age."""
        async with self._database.write() as connection:
            await connection.execute(delete(spent_ids).where(spent_ids.c.expires_at < self._clock.now()))

    async def _write(self) -> None:
        batch: _Waiting = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
                try:
                    fresh = await self._inserted({one: until for one, until, _ in batch})
                except Exception as error:  # noqa: BLE001 - whoever waits gets to see it
                    for _, _, coming in batch:
                        if not coming.done():
                            coming.set_exception(error)
                else:
                    _tell(batch, fresh)
        finally:
            self._writing = None
            for _, _, coming in [*batch, *self._waiting]:
                coming.cancel()  # only where there is no answer yet: the process is stopping

    async def _inserted(self, until: dict[str, int]) -> set[str]:
        """Those that were not there yet. In order, so that two gateways do not wait for each other."""
        dialect = sqlite if self._database.dialect == "sqlite" else postgresql
        statement = dialect.insert(spent_ids).on_conflict_do_nothing().returning(spent_ids.c.id)
        rows = [{"id": one, "expires_at": until[one]} for one in sorted(until)]
        async with self._database.write() as connection:
            return set((await connection.execute(statement, rows)).scalars())


def _tell(batch: _Waiting, fresh: set[str]) -> None:
    for one, _, coming in batch:
        if not coming.done():
            coming.set_result(one in fresh)
            fresh.discard(one)

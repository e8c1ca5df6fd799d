"""Counts in memory while requests pass, and writes what it counted every few seconds."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from time import time

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.usage.tables import USAGE
from gateway.usage.tally import Key, Tally
from triptych.storage import Database

EVERY = 5.0
"""Seconds between two writings; what a crash loses at most."""
KEPT = 400 * 86_400
"""Seconds that usage is kept: a year, and a month to compare."""
LARGEST = 500
"""Rows of one statement."""
HOUR = 3600

_log = logging.getLogger(__name__)


class Usage:
    """Calls by client, version, operation and outcome."""

    def __init__(self, database: Database, now: Callable[[], float] = time, every: float = EVERY) -> None:
        self._database = database
        self._now = now
        self._every = every
        self._tally = Tally()
        self.count = self._tally.count
        """Count one call, with the status of its answer, when that begins."""
        self._swept = 0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Write every few seconds, and in the end whatever is left. Raises if that cannot be written."""
        stopping = asyncio.Event()
        writer = asyncio.create_task(self._write_until(stopping))
        try:
            yield
        finally:
            stopping.set()
            await writer
            await self.flush()

    async def flush(self) -> None:
        """Write what was counted until now."""
        counted = self._tally.take()
        hour = int(self._now()) // HOUR * HOUR
        try:
            async with self._database.write() as connection:
                if counted:
                    await _add(connection, hour, counted)
                if hour != self._swept:
                    await connection.execute(delete(USAGE).where(USAGE.c.hour < hour - KEPT))
        except BaseException:
            self._tally.give_back(counted)  # nothing was written
            raise
        self._swept = hour

    async def _write_until(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await stopping.wait()
            if stopping.is_set() or not self._tally.calls:
                continue
            try:
                await self.flush()
            except Exception:  # noqa: BLE001 - whatever it was, what was counted waits for the next time
                _log.exception("usage cannot be written; %d counts wait", len(self._tally.calls))


async def _add(connection: AsyncConnection, hour: int, counted: Mapping[Key, int]) -> None:
    """Add to what is there; several gateways write to the same rows."""
    rows: dict[tuple[str, str, int, str, str], dict[str, str | int]] = {}
    for (client, route, endpoint, version, kind), calls in counted.items():
        key = (client[:128], route.name, route.api.version, version, endpoint.name)
        row = rows.setdefault(key, {"calls": 0, "refused": 0, "failed": 0, "units": 0})
        row["calls"] = int(row["calls"]) + calls
        row["units"] = int(row["units"]) + calls * endpoint.weight
        if kind in (0, 4, 5):
            outcome = "refused" if kind == 4 else "failed"
            row[outcome] = int(row[outcome]) + calls
    names = ("client", "service", "major", "version", "operation")
    # in one order, so that two gateways do not wait for each other's rows
    values = [{"hour": hour, **dict(zip(names, key, strict=True)), **rows[key]} for key in sorted(rows)]
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    for at in range(0, len(values), LARGEST):
        statement = dialect.insert(USAGE).values(values[at : at + LARGEST])
        more = {
            name: USAGE.c[name] + statement.excluded[name] for name in ("calls", "refused", "failed", "units")
        }
        keys = [column.name for column in USAGE.primary_key]
        await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=more))

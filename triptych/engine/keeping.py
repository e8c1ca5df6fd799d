"""Keeps the books of an engine: strikes out what has ended, lets go on what waited, buries the dead."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from triptych.context import Context
from triptych.engine.archive import AT_ONCE, Archive, ArchivedProcess
from triptych.engine.bell import Bells
from triptych.engine.books import Books
from triptych.engine.database import EngineDatabase, service_of, version_of
from triptych.engine.dead_letters import DeadLetters
from triptych.engine.durable import Durable
from triptych.engine.letters import DeadLetter, Letters
from triptych.engine.outline import Outline
from triptych.engine.outlines import Outlines
from triptych.engine.processes import Processes
from triptych.engine.saga import Saga
from triptych.engine.states import States
from triptych.engine.status import Trouble, now
from triptych.engine.strays import Strays
from triptych.engine.terms import Terms
from triptych.engine.upgrades import Upgrades
from triptych.engine.versions import Versions
from triptych.engine.walk import Parked
from triptych.problems import NotFound, Unavailable
from triptych.telemetry.version import VERSION

EVERY = 600.0
"""Seconds after which the engine looks again for processes to archive, or to upgrade."""
log = logging.getLogger(__name__)


class BookKeeping:
    """The books of one engine, and the task that keeps them for the services that run here."""

    def __init__(
        self,
        database: EngineDatabase,
        durable: Durable,
        sagas: Mapping[str, Saga[Any]],
        bells: Bells,
        lease: float,
        days: int = 0,
    ) -> None:
        executor = durable.executor
        self.books = Books(database, executor)
        self.archive = Archive(database)
        self.versions = Versions(database, executor, sagas, lease)
        self._outlines = Outlines(database, list(sagas.values()))
        self.upgrades = Upgrades(database, durable, sagas.values())
        self._strays = Strays(database, executor, sagas, bells.runs_here)
        self._states = States(database, {flow: saga.state_type for flow, saga in sagas.items()})
        self._letters = Letters(database)
        self._terms = Terms(database)
        self._database = database
        self._durable = durable
        self._services = sorted({service_of(flow) for flow in sagas})
        self._wanted = asyncio.Event()
        self._processes: Processes | None = None
        self._task: asyncio.Task[None] | None = None
        self._days = days
        self._put_away = self._upgraded = 0.0

    def open(self) -> None:
        """Make the tables that are not there, and tell others of the flows that run here. Blocks."""
        self.books.open_for_what_runs()
        self._states.declare()
        self._outlines.declare()
        self.versions.declare()

    def dead_letters(self, processes: Processes) -> DeadLetters:
        """What an operator does with the dead letters of this engine's database."""
        self._processes = processes
        return DeadLetters(
            self._database, self._durable, processes, self._letters, self.books, self._states.of
        )

    async def archived(self, month: date, limit: int, after: str = "") -> Sequence[ArchivedProcess]:
        """Archived processes that ended in a month, by their ids; those after one of them."""
        return await self._durable.ask(self.archive.month, month, limit, after)

    async def put_away(self, days: float) -> int:
        """Archive some of those that have been over for so many days: how many; 0 when none is left."""
        await self._durable.ask(self.books.close)
        return await self._durable.ask(self.archive.archive, days, self.read)

    def read(self, process: str) -> ArchivedProcess:
        """A process with everything that is kept of it. Blocks; raises NotFound."""
        assert self._processes
        status, records = self._processes.look(process)
        interventions = tuple(self._letters.interventions(process))
        return ArchivedProcess(status=status, records=tuple(records), interventions=interventions)

    async def found(self, names: Sequence[str], limit: int, after: str = "") -> list[str]:
        """The ids of processes, archived or not, that had to do with any of these names; those after one.

        A name is an id, a number, a reference, an e-mail address, a request's or trace's id, or a process's.
        """
        return await self._durable.ask(self._terms.find, names, limit, after)

    async def opened(self, processes: Sequence[str]) -> Sequence[ArchivedProcess]:
        """These processes with everything that is kept of them; what was deleted since is left out."""

        def read() -> Sequence[ArchivedProcess]:
            found: list[ArchivedProcess] = []
            for process in processes:
                with suppress(NotFound):
                    found.append(self.read(process))
            return found

        return await self._durable.ask(read)

    async def outlines(self) -> Sequence[Outline]:
        """The sentence of every version of every kind of process, with its diagram."""
        return await self._durable.ask(self._outlines.all)

    def begin(self, interval: float) -> None:
        """Keep the books every so many seconds, and whenever `look` says so; nobody's need no keeping."""
        if self._services:
            self._task = asyncio.create_task(self._keep(interval), name="bookkeeping")

    def look(self) -> None:
        """Something in a lane has ended: whoever waits behind it need not wait for the next round."""
        self._wanted.set()

    async def stop(self) -> None:
        """Keep the books no longer."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def bury(self, flow: str, process: str, context: Context, error: Exception) -> None:
        """Enter a process that cannot go on as a dead letter. Blocks."""
        name, version = version_of(flow)
        records = self._durable.records.of(process)
        failed = records[-1] if records and records[-1].turn == "park" and isinstance(error, Parked) else None
        trouble = failed.problem if failed else Trouble.of(error)
        self._letters.keep(
            DeadLetter(
                id=process,
                flow=name,
                version=version,
                step=failed.step if failed else "",
                undo=bool(failed and failed.undo),
                attempts=failed.attempts if failed else 0,
                error=trouble.error if trouble else "",
                problem=trouble,
                code=failed.code if failed else VERSION,
                request_id=context.request_id,
                trace=context.traceparent,
                died=(failed.ended if failed else None) or now(),
            )
        )

    async def _keep(self, interval: float) -> None:
        while True:
            try:
                await self._durable.ask(self._strays.call_back)
                await self._durable.ask(self.books.close)
                await self._durable.ask(self.books.release, self._services)
                if time.monotonic() >= self._upgraded:
                    await self.upgrades.move()
                    self._upgraded = time.monotonic() + EVERY
                if self._days and time.monotonic() >= self._put_away:
                    full = await self.put_away(self._days) == AT_ONCE
                    self._put_away = time.monotonic() + (0 if full else EVERY)
            except Unavailable:
                return  # the engine stops
            except Exception:
                log.exception("the books cannot be kept at this moment")
            try:
                async with asyncio.timeout(interval):
                    await self._wanted.wait()
            except TimeoutError:
                continue  # nothing has ended that others wait behind
            self._wanted.clear()

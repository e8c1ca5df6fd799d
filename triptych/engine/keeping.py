"""Keeps the books of an engine: strikes out what has ended, lets go on what waited, buries the dead."""

import asyncio
import logging
from collections.abc import Mapping

from pydantic import BaseModel

from triptych.context import Context
from triptych.engine.books import Books
from triptych.engine.database import EngineDatabase, service_of
from triptych.engine.dead_letters import DeadLetters
from triptych.engine.durable import Durable
from triptych.engine.letters import DeadLetter, Letters
from triptych.engine.processes import Processes
from triptych.engine.states import States
from triptych.engine.status import Trouble, now
from triptych.engine.view import records_of
from triptych.engine.walk import Parked
from triptych.problems import Unavailable
from triptych.telemetry.version import VERSION

log = logging.getLogger(__name__)


class BookKeeping:
    """The books of one engine, and the task that keeps them for the services that run here."""

    def __init__(
        self,
        database: EngineDatabase,
        durable: Durable,
        executor: str,
        states: Mapping[str, type[BaseModel]],
    ) -> None:
        self.books = Books(database, executor)
        self._states = States(database, states)
        self._letters = Letters(database)
        self._database = database
        self._durable = durable
        self._services = sorted({service_of(flow) for flow in states})
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Make the tables that are not there, and tell others of the flows that run here. Blocks."""
        self.books.open_for_what_runs()
        self._states.declare()

    def dead_letters(self, processes: Processes) -> DeadLetters:
        """What an operator does with the dead letters of this engine's database."""
        return DeadLetters(
            self._database, self._durable, processes, self._letters, self.books, self._states.of
        )

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
        name, _, version = flow.rpartition(".v")
        records = records_of(self._durable.records(process))
        failed = records[-1] if records and records[-1].turn == "park" and isinstance(error, Parked) else None
        trouble = failed.problem if failed else Trouble.of(error)
        self._letters.keep(
            DeadLetter(
                id=process,
                flow=name,
                version=int(version),
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
                await self._durable.ask(self.books.close)
                await self._durable.ask(self.books.release, self._services)
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

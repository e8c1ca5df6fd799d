"""All processes of the engine: started, seen, followed and cancelled, whoever runs them."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from triptych.context import current
from triptych.engine.bell import Bells
from triptych.engine.database import HELD, EngineDatabase, service_of
from triptych.engine.durable import Durable
from triptych.engine.mailbox import Answer, Mailbox
from triptych.engine.saga import Saga
from triptych.engine.status import ProcessStatus, StepRecord, now
from triptych.engine.view import KEPT_AS, Which, view
from triptych.problems import InvalidState, NotFound, Unavailable

if TYPE_CHECKING:
    from triptych.engine.keeping import BookKeeping

T = TypeVar("T")
log = logging.getLogger(__name__)

LOOK_AGAIN = 1.0
"""Seconds after which a follower looks again, for news of a process that another replica runs."""
LOOK_AGAIN_HERE = 10.0
"""The same for a process that runs here: only in case that another replica takes it over."""
PARKING = 1.0
"""Seconds that a process which is just being parked may take for it."""

ENDED = ("completed", "rejected", "cancelled", "discarded")
UNHEARD: Mapping[Answer, str] = {
    "late": "it is too late",
    "skipped": "it is not needed",
    "cancelled": "it is cancelled",
}
"""Why nothing can be told any more."""


class Processes:
    """The processes in one engine's database."""

    def __init__(
        self,
        database: EngineDatabase,
        durable: Durable,
        bells: Bells,
        sagas: Mapping[str, Saga[Any]],
        kept: "BookKeeping",
        has_room: Callable[[str], bool],
    ) -> None:
        self._database = database
        self._mailbox = Mailbox(database)
        self._durable = durable
        self._bells = bells
        self._sagas = sagas
        self._books = kept.books
        self._versions, self._archive = kept.versions, kept.archive
        self._has_room = has_room
        self._starting: set[asyncio.Task[None]] = set()
        self.closing = False

    async def begin(
        self, flow: str, process: str, document: dict[str, Any], begins: str, lane: str | None = None
    ) -> None:
        """Start a process on behalf of the present caller; nothing happens if it was started before.

        In a lane it starts when those that were accepted before it have ended.
        """
        if self.closing:
            raise Unavailable("the process engine is stopping")
        here = current()
        origin = {
            "subject": here.caller.subject,
            "client": here.caller.client,
            "request_id": here.request_id,
            "traceparent": here.traceparent,
            "begins": begins,
            "began": now().isoformat(),
        }
        name, service = flow.rpartition(".v")[0], service_of(flow)

        async def start() -> None:
            entered = await self.ask(self._books.accept, process, name, lane)
            if entered == "over":
                return
            waits = entered == "behind"
            place = service + HELD if waits else None if self._has_room(process) else flow
            try:
                await self._durable.begin(flow, process, (document, origin), place)
            except Exception:
                await self.ask(self._books.withdraw, process, name)
                raise
            if waits:  # those before it may have ended just now
                await self.ask(self._books.release, [service])

        # shielded: a caller that gives up half-way would leave an entry in the books without its process
        starting = asyncio.create_task(start())
        self._starting.add(starting)
        starting.add_done_callback(self._started)
        await asyncio.shield(starting)

    def _started(self, starting: "asyncio.Task[None]") -> None:
        self._starting.discard(starting)
        if not starting.cancelled() and (error := starting.exception()):
            log.warning("a process could not be started: %s", error)  # its caller may have given up

    async def close(self) -> None:
        """Start no more; what is being started is, in a moment."""
        self.closing = True
        if self._starting:
            await asyncio.wait(self._starting, timeout=1.0)

    async def show(self, process: str) -> ProcessStatus:
        """Where a process stands. Raises NotFound."""
        return (await self.ask(self.look, process))[0]

    def look(self, process: str) -> tuple[ProcessStatus, list[StepRecord]]:
        """Where a process stands, and its records. Blocks; raises NotFound."""
        found = self._durable.process(process)
        if found is None:
            if archived := self._archive.of(process):
                return archived.status, [*archived.records]
            raise NotFound(f"there is no process {process}")
        row, records = found
        facts = self._database.facts([process]).get(process, (None, None))
        saga = self._sagas.get(row.name)
        status = view(row, records, facts, saga)
        return status if saga or status.resting else self._versions.shown(status), records

    async def list(
        self, of: str | None, which: Which | None, limit: int, offset: int
    ) -> tuple[ProcessStatus, ...]:
        """Processes, newest first; of one service or one kind, at one stage."""

        def look() -> tuple[ProcessStatus, ...]:
            rows = self._durable.processes(
                workflow_id_prefix=_prefix(of),
                status=KEPT_AS[which] if which else None,
                limit=limit,
                offset=offset,
                sort_desc=True,
            )
            facts = self._database.facts([row.workflow_id for row in rows])
            found = [
                view(
                    row,
                    self._durable.records.of(row.workflow_id),
                    facts.get(row.workflow_id, (None, None)),
                    self._sagas.get(row.name),
                )
                for row in rows
            ]
            # DBOS keeps whole seconds on SQLite
            return tuple(sorted(found, key=lambda status: status.created, reverse=True))

        return await self.ask(look)

    async def waiting(
        self, of: str | None, wait: str | None, limit: int, offset: int
    ) -> tuple[ProcessStatus, ...]:
        """Processes that wait, due first; of one service or one kind, for one thing."""

        def look() -> tuple[ProcessStatus, ...]:
            found = self._mailbox.waiting(_prefix(of), wait, limit, offset)
            return tuple(self.look(process)[0] for process in found)

        return tuple(status for status in await self.ask(look) if status.waits)

    async def tell(self, process: str, line: str, told: BaseModel) -> ProcessStatus:
        """Tell a process what it waits for, or will wait for. Telling it the same again changes nothing.

        Raises NotFound; InvalidState when that is answered otherwise, comes too late, or is not needed;
        Unavailable when the process follows a version that is not known here; ValueError or TypeError as
        `Saga.message` does.
        """

        def telling() -> None:
            status, _ = self.look(process)
            saga = self._sagas.get(status.flow)
            if saga is None:
                raise Unavailable(f"{process} follows {status.flow}, which only another replica may know")
            message = saga.message(line, told)
            stands = self._mailbox.answered(process, line)
            if stands is None:
                if status.phase in ("unwinding", *ENDED):
                    raise InvalidState(f"{process} does not wait for {line}: it is {status.phase}")
                stands = self._mailbox.settle(process, line, "told", message)
            if stands.answer != "told":
                raise InvalidState(f"{process} does not wait for {line}: {UNHEARD[stands.answer]}")
            if stands.message != message:
                raise InvalidState(f"{process} does not wait for {line}: it was told something else before")

        await self.ask(telling)
        await self.go_on(process)
        return await self.show(process)

    async def follow(self, process: str) -> AsyncIterator[ProcessStatus]:
        """Its status now and after each change, until it rests or the engine stops. Raises NotFound."""
        last: ProcessStatus | None = None
        with self._bells.listen(process) as bell:
            while not self.closing:
                try:
                    status = await self.show(process)
                except Unavailable:
                    if self.closing:
                        return  # the engine stops
                    raise
                if status != last:
                    last = status
                    yield status
                if status.resting:
                    return
                await bell.wait(LOOK_AGAIN_HERE if self._bells.runs_here(process) else LOOK_AGAIN)

    async def settled(self, process: str) -> ProcessStatus:
        """Its status once it rests. While it runs here its end will ring, and nobody need look before.

        Raises NotFound; Unavailable when the engine stops before.
        """
        with self._bells.listen(process) as bell:
            while not self.closing:
                if not self._bells.runs_here(process):
                    status = await self.show(process)
                    if status.resting:
                        return status
                await bell.wait(LOOK_AGAIN_HERE if self._bells.runs_here(process) else LOOK_AGAIN)
        raise Unavailable("the process engine is stopping")

    async def cancel(self, process: str) -> ProcessStatus:
        """Have a process undo what it did, and end as `cancelled`; asking again is no error.

        Raises NotFound; InvalidState when it ended, was rejected, or has begun its final step.
        """
        until, first = time.monotonic() + PARKING, False
        while True:
            status, records = await self.ask(self.look, process)
            if status.phase == "cancelled":
                return status
            if status.phase in ("completed", "rejected", "discarded"):
                raise InvalidState(f"process {process} cannot be cancelled: it is {status.phase}")
            fate = await self.ask(self._mailbox.cancel, process)
            if fate == "park":
                first = await self.ask(self._database.change, process, "park", "cancel")
                continue
            if fate == "reject":
                raise InvalidState(f"process {process} cannot be cancelled: it is rejected already")
            if fate == "discard":
                raise InvalidState(f"process {process} cannot be cancelled: it is discarded")
            if fate == "final":
                raise InvalidState(
                    f"process {process} cannot be cancelled: it is past the point of no return",
                    state=status.state,
                )
            await self.go_on(process)
            last = records[-1] if records else None
            if status.phase == "parked" and (last is None or not last.undo):
                if not first and time.monotonic() < until:
                    await asyncio.sleep(0.05)  # whoever came first has it run again
                    continue
                with suppress(InvalidState):
                    await self._again(status, len(records) + 1)
            elif status.phase != "parked" and last and last.turn == "park" and time.monotonic() < until:
                await asyncio.sleep(0.05)  # its run ends at this moment, or sees the cancellation itself
                continue
            return await self.show(process)

    async def _again(self, status: ProcessStatus, record: int) -> None:
        """Have a resting process run again from that record on."""
        await self.ask(self._durable.rewind, status.id, record, status.flow)
        await self.go_on(status.id)

    async def go_on(self, process: str) -> None:
        """Have a process that waits in its queue go on here at once, if there is room; that is news."""
        if self._has_room(process):
            await self.ask(self._durable.pick_up, process)
        self.ring(process)

    def ring(self, process: str) -> None:
        """Tell whoever waits for news of a process that there is some."""
        self._bells.ring(process)

    async def ask(self, question: Callable[..., T], *arguments: Any) -> T:
        """Run something that blocks in a thread of the engine's. Raises Unavailable when that stops."""
        if self.closing:
            raise Unavailable("the process engine is stopping")
        return await self._durable.ask(question, *arguments)


def _prefix(of: str | None) -> str | None:
    """How the ids begin of the processes of one service, or of one kind."""
    return None if of is None else f"{of}:" if "." in of else f"{of}."

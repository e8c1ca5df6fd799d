"""The process engine of one OS process: sagas are registered, then it starts, then they run."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from triptych.context import Context
from triptych.engine.attempt import Attempts
from triptych.engine.bell import Bells
from triptych.engine.database import EngineDatabase, service_of
from triptych.engine.former import Former
from triptych.engine.saga import Saga
from triptych.engine.sentence import UNDOING, Part, Patience, S
from triptych.engine.status import ProcessStatus
from triptych.engine.timetable import Schedule, Timetable
from triptych.engine.walk import Asleep, Parked, Walk, as_caller
from triptych.problems import Unavailable
from triptych.settings import Settings

if TYPE_CHECKING:
    from triptych.engine.books import Account
    from triptych.engine.dead_letters import DeadLetters
    from triptych.engine.durable import Durable
    from triptych.engine.histories import History
    from triptych.engine.janitor import Janitor
    from triptych.engine.keeping import BookKeeping
    from triptych.engine.processes import Processes
    from triptych.engine.versions import VersionUse
    from triptych.engine.view import Which

log = logging.getLogger(__name__)


class ProcessEngine:
    """Runs processes that survive anything: `saga` for each kind, then `start`, and `stop` at the end.

    One at a time in an OS process, since DBOS is one; after `stop` another one may be made.

    `service` is the service that this OS process serves, `all` when it serves every one; with the replica's
    name from the settings it makes the executor id, which no other running process may have. With a
    `names_key` processes are found by the ids, numbers and addresses that they had to do with.
    """

    def __init__(
        self,
        settings: Settings,
        service: str = "all",
        *,
        patience: Patience | None = None,
        undoing: Patience = UNDOING,
        concurrency: int | None = None,
        poll: float = 2.0,
        lease: float = 30.0,
        names_key: bytes | None = None,
    ) -> None:
        self._settings, self._names_key = settings, names_key
        self._executor = f"{service}@{settings.replica}"
        self._patience = patience or Patience(settings.step_attempts, settings.step_delay), undoing
        self._concurrency = concurrency or settings.process_concurrency
        self._poll = poll
        self._lease = lease
        self._sagas: dict[str, Saga[Any]] = {}
        self._bells = Bells()
        self._runs: defaultdict[str, set[asyncio.Task[Any]]] = defaultdict(set)
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._database: EngineDatabase | None = None
        self._durable: Durable | None = None
        self._opened: Processes | None = None
        self._letters: DeadLetters | None = None
        self._janitor: Janitor | None = None
        self._keeping: BookKeeping | None = None
        self._timetable: Timetable | None = None
        self._stopping = False

    def saga(
        self,
        name: str,
        *,
        version: int,
        steps: Sequence[Part[S]],
        state: type[S],
        begins: str = "accepted",
        in_order_by: str | None = None,
        schedule: Schedule[S] | None = None,
        former: Sequence[Former] = (),
    ) -> Saga[S]:
        """Register a kind of process, `service.flow`, before the engine starts.

        `in_order_by` names a field of the state: processes with the same value in it run one after the other,
        in the order in which they were accepted, and wait behind one that is dead; others go on beside them.
        With a `schedule` processes begin by the clock too, named after the tick: `2026-07-01T06:00Z`.

        A sentence whose steps or state change is a new version, and the one that it was is `former` as long
        as processes follow it; ids are the same in all versions.

        Raises ValueError for a sentence that cannot be followed; RuntimeError once the engine has started.
        """
        if self._database:
            raise RuntimeError(f"process {name} is registered after the engine has started")
        saga = Saga(name, version, steps, state, begins, in_order_by, self._processes, former)
        saga.schedule = schedule
        for each in (saga, *saga.former):
            if each.flow in self._sagas:
                raise ValueError(f"process {each.flow} is registered twice")
            self._sagas[each.flow] = each
        return saga

    async def start(self) -> None:
        """Recover what was left unfinished, and begin; on the event loop that the processes are to run on.

        Raises RuntimeError when another engine runs here, or another process has this one's executor id.
        """
        # imported late: DBOS costs a second and 30 MB, and not every service has processes
        from triptych.engine.durable import Durable
        from triptych.engine.keeping import BookKeeping
        from triptych.engine.processes import Processes

        services = sorted({service_of(flow) for flow in self._sagas})
        self._slots = {service: asyncio.Semaphore(self._concurrency) for service in services}
        self._database = database = await asyncio.to_thread(EngineDatabase, self._settings, self._names_key)
        try:
            self._durable = durable = Durable(database, self._executor)
            self._keeping = keeping = BookKeeping(
                database, durable, self._sagas, self._bells, self._lease, self._settings.process_days
            )
            self._timetable = Timetable(database, durable, list(self._sagas.values()))
            await asyncio.to_thread(keeping.open)
            if database.postgres:
                await self._claim(database, durable, services)
            await asyncio.to_thread(database.settle_in, self._executor, list(self._sagas))
            self._opened = Processes(database, durable, self._bells, self._sagas, keeping, self._has_room)
            self._letters = keeping.dead_letters(self._opened)
            for flow, saga in self._sagas.items():
                durable.register(flow, self._flow(saga))
            durable.launch()
            await durable.open_queues(self._concurrency, self._poll)
            if self._janitor:
                self._janitor.watch()
            keeping.begin(self._poll)
            self._timetable.begin()
        except BaseException:
            await self.stop()
            raise

    async def _claim(self, database: EngineDatabase, durable: "Durable", services: Sequence[str]) -> None:
        from triptych.engine.janitor import Janitor

        at, me, pace = database.url, self._executor, {"interval": self._poll, "lease": self._lease}
        self._janitor = Janitor(at, me, services, durable.take_over, **pace)
        await self._janitor.claim()

    async def stop(self) -> None:
        """Stop at once; what is running goes on from its last record at the next start."""
        self._stopping = True
        if self._database:
            self._database.closing.set()
        if self._opened:
            await self._opened.close()
        self._bells.ring_all()
        for watcher in (self._timetable, self._keeping, self._janitor):
            if watcher:
                await watcher.stop()
        runs = [run for runs in self._runs.values() for run in runs]
        for run in runs:
            run.cancel()
        if runs:
            await asyncio.wait(runs, timeout=1.0)
        if self._durable:
            await self._durable.stop()
        if self._database:
            self._database.close()

    async def show(self, process: str) -> ProcessStatus:
        """Where a process stands, by its id in the engine. Raises NotFound."""
        return await self._processes().show(process)

    async def cancel(self, process: str) -> ProcessStatus:
        """As `Saga.cancel`, by the process's id in the engine."""
        return await self._processes().cancel(process)

    async def retry(self, process: str) -> ProcessStatus:
        """Have a dead letter go on from the step that failed.

        Raises NotFound; InvalidState when the process is not parked.
        """
        return await self.letters.replay(process)

    @property
    def letters(self) -> "DeadLetters":
        """Processes that are parked until an operator replays, cancels or discards them."""
        if self._letters is None:
            raise Unavailable("the process engine has not started")
        return self._letters

    async def accounts(self) -> "Sequence[Account]":
        """What became of all processes that were ever accepted, by kind."""
        return await self._processes().ask(self.keeping.books.accounts)

    async def missing(self, limit: int = 100) -> Sequence[str]:
        """The ids of processes that were accepted and are nowhere, oldest first."""
        return await self._processes().ask(self.keeping.books.missing, limit)

    @property
    def sagas(self) -> Mapping[str, Saga[Any]]:
        """Every kind of process in every version that is known here, by its flow: `service.flow.v1`."""
        return self._sagas

    async def history(self, process: str) -> "History":
        """What is kept of a process, to be told again to other code. Raises NotFound."""
        from triptych.engine.histories import take_down

        return await self._processes().ask(take_down, self._durable, self._database, process)

    async def versions(self) -> "Sequence[VersionUse]":
        """Every version of every kind of process that somebody follows or knows."""
        return await self._processes().ask(self.keeping.versions.in_use)

    async def list(
        self, of: str | None = None, *, which: "Which | None" = None, limit: int = 50, offset: int = 0
    ) -> tuple[ProcessStatus, ...]:
        """Processes, newest first.

        `of` is a service (`order-to-fulfillment`) or one kind of process (`order-to-fulfillment.fulfil`);
        `which` is `running`, `waiting`, `parked` or `finished`.
        """
        return await self._processes().list(of, which, limit, offset)

    async def waiting(
        self, of: str | None = None, wait: str | None = None, *, limit: int = 50, offset: int = 0
    ) -> tuple[ProcessStatus, ...]:
        """Processes that wait for somebody or something, due first: where people find their work.

        `of` is a service or one kind of process; `wait` is the line of its sentence, in whichever round.
        """
        return await self._processes().waiting(of, wait, limit, offset)

    @property
    def keeping(self) -> "BookKeeping":
        """The books of all processes, and the archive of those that are over."""
        if self._keeping is None:
            raise Unavailable("the process engine has not started")
        return self._keeping

    def _processes(self) -> "Processes":
        if self._opened is None:
            raise Unavailable("the process engine has not started")
        return self._opened

    def _has_room(self, process: str) -> bool:
        """Whether a process, or one of that kind, can go on here at once; otherwise it waits in its queue."""
        service = service_of(process)
        return service in self._slots and len(self._runs[service]) < self._concurrency

    def _flow(self, saga: Saga[Any]) -> Any:
        """The saga as DBOS runs it."""
        service = service_of(saga.flow)

        async def run(process: str, document: dict[str, Any], origin: dict[str, str]) -> str:
            task = asyncio.current_task()
            if task is None or self._stopping:
                raise asyncio.CancelledError
            runs = self._runs[service]
            runs.add(task)
            task.add_done_callback(runs.discard)
            self._bells.begins_here(process)
            # the outcome is kept when this function has ended, so news of it comes with the task's end
            task.add_done_callback(lambda _: self._ended(saga, process))
            async with self._slots[service]:
                return await self._walk(saga, process, document, as_caller(origin, service))

        return run

    def _ended(self, saga: Saga[Any], process: str) -> None:
        self._bells.ends_here(process)
        if saga.in_order_by and self._keeping:
            self._keeping.look()

    async def _walk(self, saga: Saga[Any], process: str, document: dict[str, Any], context: Context) -> str:
        from triptych.engine.journal import RunJournal

        assert self._durable
        assert self._database
        kept = await self._durable.ask(self._durable.records.of, process)
        journal = RunJournal(process, kept, self._durable, self._database, self._bells)
        context = journal.observing(document, context)
        attempts = Attempts(process, saga.state_type, context, journal)
        walk = Walk(saga.sentence, document, attempts, journal, self._patience)
        try:
            return await walk.run()
        except Asleep:
            raise asyncio.CancelledError from None  # DBOS then leaves its row as it is
        except Exception as error:
            if isinstance(error, Parked):
                log.error("process %s is parked as a dead letter: %s", process, error)
            else:
                log.exception("process %s is parked as a dead letter, by a fault of its own", process)
            await self._durable.ask(self.keeping.bury, saga.flow, process, context, error)
            raise

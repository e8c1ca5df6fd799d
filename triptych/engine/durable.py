"""DBOS behind the engine: the one module that knows it. Imported when an engine starts, since it is heavy."""

# The parts of DBOS used here that its public interface lacks are each said where they are used:
# pyright: reportPrivateUsage=false

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context as ContextVariables
from typing import Any, TypeVar
from uuid import uuid4

import dbos._dbos
import orjson
import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID, WorkflowStatus
from dbos import error as dbos_errors
from dbos._context import current_owner_xid
from dbos._core import execute_dequeued_workflow

from triptych.engine.database import EngineDatabase
from triptych.engine.records import Records, TakenOver
from triptych.engine.status import StepRecord, Trouble
from triptych.engine.walk import Parked
from triptych.problems import InvalidState, Unavailable

T = TypeVar("T")
Flow = Callable[[str, dict[str, Any], dict[str, str]], Awaitable[str]]
"""A process as DBOS runs it: process id, state as JSON, origin; answers the phase it ended in."""

APPLICATION = "triptych"
APPLICATION_VERSION = "1"
"""Constant: DBOS strands the processes of another version. Sentences have versions of their own."""
THREADS = 8
"""Threads for the engine's database, and for every other `asyncio.to_thread` while it runs."""

EXPECTED = (
    "Asyncio task cancelled for workflow or step",  # it waits now, or the engine stops: it goes on later
    "Workflow already exists in queue",  # a second start of a process that was recovered
    "Exception encountered in asynchronous workflow",  # a dead letter, which we log ourselves
)


class JsonSerializer(Serializer):
    """Keeps everything as JSON, so that no pickle is ever loaded from the database."""

    def serialize(self, data: Any) -> str:
        """The data as JSON; an exception as the trouble that it tells of."""
        return orjson.dumps(data, default=_trouble_of).decode()

    def deserialize(self, serialized_data: str) -> Any:
        """The data again; an exception stays its description."""
        return orjson.loads(serialized_data)

    def name(self) -> str:
        """What DBOS notes beside each value."""
        return "json"


def _trouble_of(error: Any) -> dict[str, Any]:
    if not isinstance(error, Exception):
        raise TypeError(f"{type(error).__name__} cannot be kept as JSON")
    trouble = error.trouble if isinstance(error, Parked) and error.trouble else Trouble.of(error)
    return trouble.model_dump(mode="json")


class Durable:
    """DBOS as the engine uses it: processes started once, their records kept, unfinished ones recovered."""

    def __init__(self, database: EngineDatabase, executor: str) -> None:
        _quieten()
        if dbos._dbos._dbos_global_instance is not None:
            # DBOS would hand out the instance that is there, with the other engine's configuration
            raise RuntimeError("one ProcessEngine at a time in a process: another one is running")
        config: DBOSConfig = {
            "name": APPLICATION,
            "application_version": APPLICATION_VERSION,
            "executor_id": executor,
            "system_database_url": database.url,
            "system_database_engine": database.engine,
            "serializer": JsonSerializer(),
            "max_executor_threads": THREADS,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": 0.25,
            "notification_coalesce_sec": 0.1,
        }
        self._dbos = DBOS(config=config)
        self._database = database
        self.executor = executor
        """The id by which this engine takes processes."""
        self.records = Records(database, JsonSerializer().name())
        """What is kept of each step."""
        self._flows: dict[str, Flow] = {}
        self._starts: set[asyncio.Task[None]] = set()

    def register(self, name: str, flow: Flow) -> None:
        """Have a process's flow known before `launch`, since recovery begins there."""

        async def run(process: str, document: dict[str, Any], origin: dict[str, str]) -> str:
            return await flow(process, document, origin)

        self._flows[name] = DBOS.workflow(name=name, max_recovery_attempts=1000)(run)

    def launch(self) -> None:
        """Migrate, recover and begin, on the loop that the processes are to run on. Blocks for that time."""
        # never used here, but looked into every second, which is a fifth of what an idle engine costs
        self._dbos._registry.get_internal_queue()._polling_interval_sec = 10.0
        DBOS.listen_queues(list(self._flows))
        DBOS.launch()

    async def open_queues(self, concurrency: int, poll: float) -> None:
        """Have a queue for each flow, for the processes of it that do not start at once."""
        for flow in self._flows:
            await DBOS.register_queue_async(
                flow,
                worker_concurrency=concurrency,
                polling_interval_sec=poll,
                on_conflict="always_update",
            )

    async def begin(self, flow: str, process: str, arguments: tuple[Any, ...], queue: str | None) -> None:
        """Start a process, now or through a queue; nothing happens if there is one with this id.

        Once this has been called the process starts, whatever becomes of the caller.
        """

        async def start() -> None:
            run: Any = self._flows[flow]
            try:
                with SetWorkflowID(process):
                    if queue is None:
                        await DBOS.start_workflow_async(run, process, *arguments)
                    else:
                        await DBOS.enqueue_workflow_async(queue, run, process, *arguments)
            except dbos_errors.DBOSConflictingWorkflowError:
                pass  # started before, under an earlier version of its sentence: the first start counts

        # A context of its own: neither the caller's context variables nor a process that starts another one
        # may leak into it. Shielded: a caller that gives up between the row's insertion and the task's
        # creation would leave a process that nobody runs before the next restart.
        starting = asyncio.create_task(start(), context=ContextVariables())
        self._starts.add(starting)
        starting.add_done_callback(self._starts.discard)
        await asyncio.shield(starting)

    async def write(
        self,
        process: str,
        name: str,
        make: Callable[[sa.Connection], StepRecord],
        terms: Sequence[bytes] = (),
    ) -> StepRecord:
        """Keep the next record of the process that is running in this task, with what `make` writes.

        It is refused when another run has taken the process over. `DBOS.run_step_async` would look whether
        the record is there already, which the journal knows, change threads three times, and keep it in a
        transaction of its own.
        """
        number, owner = DBOS.reserve_step().step_id, self.owner(process)
        try:
            return await asyncio.to_thread(self.records.keep, process, owner, number, name, make, terms)
        except TakenOver:
            raise dbos_errors.DBOSWorkflowConflictIDError(process) from None

    def owner(self, process: str) -> str:
        """The token by which DBOS knows the run of this process in this task: a later run has another one."""
        token = current_owner_xid(process)
        assert token, f"{process} does not run in this task"
        return token

    def skip(self) -> None:
        """Count a record of the running process that a run before this one has kept."""
        DBOS.reserve_step()

    def process(self, process: str) -> tuple[WorkflowStatus, list[StepRecord]] | None:
        """A process's row and its records. Blocks."""
        found = DBOS.list_workflows(workflow_ids=[process])
        return (found[0], self.records.of(process)) if found else None

    def processes(self, **criteria: Any) -> list[WorkflowStatus]:
        """The rows of those processes that DBOS's criteria select. Blocks."""
        return DBOS.list_workflows(**criteria)

    def rewind(self, process: str, record: int, queue: str) -> None:
        """Drop a resting process's records from number `record` on, and have it run again. Blocks.

        Raises InvalidState when it rests no more: somebody else was faster.
        """
        try:
            DBOS.rewind_workflow(process, start_step=record, queue_name=queue)
        except dbos_errors.DBOSException as error:
            raise InvalidState(f"process {process} is running again already") from error

    def pick_up(self, process: str) -> None:
        """Run a process here that waits in its flow's queue, before the queue is looked into. Blocks.

        Nothing happens when it waits no more, or when its flow is not known here. As the queue does it,
        whose interval would be waited otherwise.
        """
        token = str(uuid4())
        rows = self._database.workflows.c
        claim = sa.update(self._database.workflows).where(
            rows.workflow_uuid == process,
            rows.queue_name == rows.name,
            rows.status == "ENQUEUED",
            rows.name.in_(list(self._flows)),
        )
        claim = claim.values(
            status="PENDING",
            owner_xid=token,
            executor_id=self.executor,
            recovery_attempts=sa.func.coalesce(rows.recovery_attempts, 0) + 1,
            started_at_epoch_ms=int(time.time() * 1000),
        )
        with self._database.engine.begin() as connection:
            if connection.execute(claim).rowcount == 0:
                return
        status = self._dbos._sys_db.get_workflow_status(process)
        assert status
        execute_dequeued_workflow(self._dbos, status, token)

    def recover(self, executor: str) -> int:
        """Have the unfinished processes of a dead executor run again: how many there were. Blocks."""
        return len(DBOS._recover_pending_workflows([executor]))  # it is what DBOS's own console calls

    async def take_over(self, executor: str) -> int:
        """Put a dead executor's processes into the queues of their flows: how many there were."""
        await self.ask(self._database.assign_to_queues, executor)
        return await self.ask(self.recover, executor)

    async def ask(self, question: Callable[..., T], *arguments: Any) -> T:
        """Run something that blocks in one of DBOS's threads, outside the context of any process.

        Raises Unavailable when the engine stops meanwhile.
        """
        task = asyncio.current_task()
        answer = asyncio.get_running_loop().run_in_executor(self._dbos._executor, question, *arguments)
        try:
            return await answer
        except asyncio.CancelledError:
            if task is None or task.cancelling():
                raise
            raise Unavailable("the process engine is stopping") from None

    async def stop(self) -> None:
        """Stop everything, and give the loop back a default executor: DBOS replaced it with its own."""
        if self._starts:
            await asyncio.wait(self._starts, timeout=1.0)
        if self._dbos._sys_db_field:
            # what waits for a database that went away does so no longer
            self._dbos._sys_db_field._retry_connection_errors = False
        loop = asyncio.get_running_loop()
        fresh = ThreadPoolExecutor()
        # not on the loop, which DBOS's queue threads may be waiting for
        await loop.run_in_executor(fresh, _destroy)
        loop.set_default_executor(fresh)


def _destroy() -> None:
    DBOS.destroy(destroy_registry=True)
    until = time.monotonic() + 1.0
    for thread in threading.enumerate():
        if thread.name.startswith("dbos-executor-"):  # DBOS does not wait for what they are just writing
            thread.join(max(0.0, until - time.monotonic()))


def _quieten() -> None:
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # or DBOS adds a console handler, and stops propagating
        logger.addFilter(lambda record: not record.getMessage().startswith(EXPECTED))

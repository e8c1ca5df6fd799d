"""One OS process that runs business processes of eight steps: `python -m bench.durable.worker WAY COUNT`.

WAY is `plain`, `dbos` or `engine`. `TRIPTYCH_DATA` or `TRIPTYCH_DATABASE_URL` say where they are kept, and
`TRIPTYCH_REPLICA` by which name. It says `ready`, and for each line that comes it runs them, and says what
that took, as JSON.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from triptych.canonical.base import Model
from triptych.engine import ProcessEngine, Step
from triptych.settings import Settings

STEPS = 8
AT_ONCE = 16
WARMING = 20
Run = Callable[[str, Callable[[], None]], Awaitable[None]]
"""Runs the process of that name to its end; says when its first step begins."""


class Order(Model):
    """What the steps of a process work on."""

    number: str
    done: int = 0


class Steps:
    """Steps that do nothing but count, so that what is measured is the keeping of them."""

    def __init__(self) -> None:
        self.begun: dict[str, Callable[[], None]] = {}

    async def step(self, order: Order) -> dict[str, int]:
        """One more."""
        if order.done == 0:
            self.begun.pop(order.number)()
        return {"done": order.done + 1}


@asynccontextmanager
async def plain() -> AsyncGenerator[Run]:
    """Coroutines that nobody remembers."""
    steps = Steps()

    async def run(number: str, begun: Callable[[], None]) -> None:
        steps.begun[number] = begun
        order = Order(number=number)
        for _ in range(STEPS):
            order = order.model_copy(update=await steps.step(order))

    yield run


@asynccontextmanager
async def on_dbos() -> AsyncGenerator[Run]:
    """A workflow of DBOS with a step for each of ours, and its state as JSON between them."""
    from dbos import DBOS, DBOSConfig, SetWorkflowID  # allow dbos_elsewhere: what ours is compared with

    from triptych.engine.database import EngineDatabase

    settings, steps = Settings(), Steps()
    database = EngineDatabase(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    config: DBOSConfig = {
        "name": "bench",
        "executor_id": settings.replica,
        "system_database_url": database.url,
        "system_database_engine": database.engine,
        "log_level": "ERROR",
    }
    DBOS(config=config)

    @DBOS.step(name="step")
    async def step(document: str) -> str:
        order = Order.model_validate_json(document)
        return order.model_copy(update=await steps.step(order)).model_dump_json()

    @DBOS.workflow(name="bench.flow")
    async def flow(document: str) -> str:
        for _ in range(STEPS):
            document = await step(document)
        return document

    async def run(number: str, begun: Callable[[], None]) -> None:
        steps.begun[number] = begun
        with SetWorkflowID(number):
            handle = await DBOS.start_workflow_async(flow, Order(number=number).model_dump_json())
        await handle.get_result()

    DBOS.launch()
    try:
        yield run
    finally:
        await asyncio.to_thread(DBOS.destroy)


@asynccontextmanager
async def on_the_engine() -> AsyncGenerator[Run]:
    """A saga of ours."""
    settings, steps = Settings(), Steps()
    settings.data.mkdir(parents=True, exist_ok=True)
    engine = ProcessEngine(settings, concurrency=AT_ONCE)
    saga = engine.saga(
        "bench.flow",
        version=1,
        steps=[Step(f"step-{number}", steps.step) for number in range(STEPS)],
        state=Order,
    )

    async def run(number: str, begun: Callable[[], None]) -> None:
        steps.begun[number] = begun
        await saga.start(number, Order(number=number))
        await saga.settled(number)

    await engine.start()
    try:
        yield run
    finally:
        await engine.stop()


WAYS = {"plain": plain, "dbos": on_dbos, "engine": on_the_engine}


async def measure(run: Run, prefix: str, count: int) -> dict[str, float]:
    """So many processes, some of them at once: CPU and time for all, and how long each took to begin."""
    waits: list[float] = []
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with slots:
            asked = time.perf_counter()
            await run(f"{prefix}-{number}", lambda: waits.append(time.perf_counter() - asked))

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*map(one, range(count)))
    return {
        "cpu": time.process_time() - cpu,
        "seconds": time.perf_counter() - began,
        "start": statistics.median(waits),
    }


async def main(way: str, count: int) -> None:
    """Warm up, wait for the word, measure, tell."""
    prefix = f"{Settings().replica}-{time.time_ns()}"
    async with WAYS[way]() as run:
        await measure(run, f"{prefix}-warming", WARMING)
        _tell("ready")
        while await asyncio.to_thread(sys.stdin.readline):
            _tell(json.dumps(await measure(run, f"{prefix}-{time.time_ns()}", count)))


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1], int(sys.argv[2])))

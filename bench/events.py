"""What it takes from a write to its effect elsewhere by an event, against calling for the effect directly.

A customer is entered in the CRM, and a ticket is opened for them in the help desk: by a process that hears
of the customer, and by calling the help desk at once, in turns. Also what a DBOS workflow for each delivery
would cost, which is the way that was not taken.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bench.report import Row, publish
from systems.crm.contract import Crm
from systems.support.contract import Support
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.base import Model
from triptych.canonical.party import Customer, NewCustomer
from triptych.canonical.support import NewTicket
from triptych.contract import Happened, ProcessApi, flow, on
from triptych.engine import ProcessEngine, Saga, Step
from triptych.events.bell import Bell
from triptych.settings import Settings

EVENTS = 200
WARMING = 20
AT_ONCE = 1_000
SAGAS = 200
PATIENCE = 60.0


class Greeting(ProcessApi, version=1, owner="bench"):
    """Greets customers."""

    greetings = flow(
        "Customers to the help desk.",
        pace="near-real-time",
        owner="bench",
        failure="Nothing is measured.",
        within=timedelta(seconds=1),
    )


class Arrivals:
    """When the effect for each customer was there."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self._bell = Bell()

    def note(self, customer: str) -> None:
        """It is there now."""
        self.at[customer] = time.perf_counter()
        self._bell.ring()

    async def of(self, customer: str) -> float:
        """The moment, which is waited for."""
        heard = self._bell.listen()
        while customer not in self.at:
            await self._bell.wait(heard, PATIENCE)
            heard = self._bell.listen()
        return self.at[customer]


def greeting(arrivals: Arrivals) -> type[Greeting]:
    """The service that is told."""

    class GreetingService(Greeting):
        """Opens a ticket for each."""

        def __init__(self, support: Support) -> None:
            self._support = support

        @on(Crm.customer_created)
        async def greet(self, happened: Happened[Customer]) -> None:
            """Open one."""
            await self._support.tickets.create(NewTicket(subject="Welcome", customer_id=happened.subject))
            arrivals.note(happened.subject)

    return GreetingService


class Letter(Model):
    """What a durable workflow would carry."""

    customer_id: str


class DeliveryBySaga:
    """A delivery as a process of its own."""

    def __init__(self, engine: ProcessEngine, support: Support) -> None:
        self._support = support
        steps = [Step[Letter]("deliver", self._deliver)]
        self.saga: Saga[Letter] = engine.saga("bench.deliver", version=1, steps=steps, state=Letter)

    async def _deliver(self, letter: Letter) -> None:
        await self._support.tickets.create(NewTicket(subject="Welcome", customer_id=letter.customer_id))


async def _by_event(platform: Platform, arrivals: Arrivals) -> float:
    """Seconds from asking the CRM until the ticket is there."""
    began = time.perf_counter()
    customer = await platform.client(Crm).customers.create(NewCustomer(name="Ada"))
    return await arrivals.of(customer.id) - began


async def _directly(platform: Platform) -> float:
    """The same where the help desk is called at once."""
    began = time.perf_counter()
    customer = await platform.client(Crm).customers.create(NewCustomer(name="Ada"))
    await platform.client(Support).tickets.create(NewTicket(subject="Welcome", customer_id=customer.id))
    return time.perf_counter() - began


async def _in_turns(platform: Platform, arrivals: Arrivals) -> tuple[list[float], list[float]]:
    """Milliseconds of each way, again and again."""
    events, calls = list[float](), list[float]()
    for _ in range(EVENTS + WARMING):
        events.append(await _by_event(platform, arrivals) * 1000)
        calls.append(await _directly(platform) * 1000)
    return events[WARMING:], calls[WARMING:]


@contextmanager
def _cpu(found: list[float]) -> Generator[None]:
    began = time.process_time(), time.perf_counter()
    yield
    found += [time.process_time() - began[0], time.perf_counter() - began[1]]


async def _a_crowd(platform: Platform, arrivals: Arrivals) -> tuple[float, float]:
    """CPU of one write and its effect in milliseconds, and effects each second, when many events wait."""
    crm, spent = platform.client(Crm), list[float]()
    with _cpu(spent):
        entered = [await crm.customers.create(NewCustomer(name="Ada")) for _ in range(AT_ONCE)]
        for customer in entered:
            await arrivals.of(customer.id)
    return spent[0] / AT_ONCE * 1000, AT_ONCE / spent[1]


async def _by_sagas(folder: Path) -> float:
    """Milliseconds of CPU for one delivery that is a durable workflow."""
    settings = Settings(data=folder)
    async with Platform(settings, installed({"support"})) as platform:
        engine = ProcessEngine(settings, "bench")
        by_saga = DeliveryBySaga(engine, platform.client(Support))
        await engine.start()
        try:
            spent: list[float] = []
            for number in range(WARMING):
                await by_saga.saga.start(f"warm-{number}", Letter(customer_id="cus_1"))
                await by_saga.saga.settled(f"warm-{number}")
            with _cpu(spent):
                for number in range(SAGAS):
                    await by_saga.saga.start(f"evt-{number}", Letter(customer_id="cus_1"))
                    await by_saga.saga.settled(f"evt-{number}")
        finally:
            await engine.stop()
    return spent[0] / SAGAS * 1000


async def _by_deliveries(folder: Path) -> float:
    """The same for ours, without the write that is told of: one after the other, as the workflows are."""
    arrivals, heard, unheard = Arrivals(), list[float](), list[float]()
    services = {**installed({"crm", "support"}), "greeting": greeting(arrivals)}
    async with Platform(Settings(data=folder), services) as platform:
        for _ in range(WARMING):
            await _by_event(platform, arrivals)
        with _cpu(heard):
            for _ in range(SAGAS):
                await _by_event(platform, arrivals)
    with tempfile.TemporaryDirectory() as other:
        async with Platform(Settings(data=Path(other)), installed({"crm"})) as platform:
            with _cpu(unheard):
                for _ in range(SAGAS):
                    await platform.client(Crm).customers.create(NewCustomer(name="Ada"))
    return (heard[0] - unheard[0]) / SAGAS * 1000


async def _measured() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        arrivals = Arrivals()
        services = {**installed({"crm", "support"}), "greeting": greeting(arrivals)}
        async with Platform(Settings(data=Path(folder)), services) as platform:
            events, calls = await _in_turns(platform, arrivals)
            spent, each_second = await _a_crowd(platform, arrivals)
    with tempfile.TemporaryDirectory() as folder:
        sagas = await _by_sagas(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        ours = await _by_deliveries(Path(folder))
    direct = "the same by two calls"
    return [
        Row(
            "write to effect by event, p50", statistics.median(events), "ms", statistics.median(calls), direct
        ),
        Row("write to effect by event, p99", _p99(events), "ms", _p99(calls), direct),
        Row("events in effect, with 1,000 written in a row", each_second, "1/s"),
        Row("CPU of one of these, the write and the effect with it", spent, "ms"),
        Row("CPU of a delivery with its effect", ours, "ms", sagas, "one as a durable process"),
    ]


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def main() -> None:
    """Measure on SQLite, everything in one process."""
    publish("events", asyncio.run(_measured()))

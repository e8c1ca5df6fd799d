"""A small trading house: its processes run in a real engine, its systems do as each test says."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from pydantic import SecretStr

from tests.conftest import PostgresServer
from triptych.canonical.base import Model
from triptych.context import Context, current
from triptych.engine import Former, Patience, ProcessEngine, ProcessStatus, Saga, Step
from triptych.engine.sentence import Part
from triptych.settings import Settings

QUICK = Patience(attempts=3, delay=0.01)


class OrderState(Model):
    """What the process of one order knows."""

    order: str
    reservation: str | None = None
    done: tuple[str, ...] = ()


class Trade:
    """The steps of an order, over systems that keep a ledger and fail when they are told to."""

    def __init__(self) -> None:
        self.ledger: list[str] = []
        self.asked: list[str] = []
        self.contexts: list[Context] = []
        self.stumbling: dict[str, list[Exception]] = {}
        self.failing: dict[str, Exception] = {}
        self.doors: dict[str, asyncio.Event] = {}
        self.arrivals: dict[str, asyncio.Event] = {}

    def stumbles(self, step: str, *troubles: Exception) -> None:
        """The next calls of this step answer with these troubles, one each."""
        self.stumbling[step] = list(troubles)

    def fails(self, step: str, trouble: Exception) -> None:
        """Every call of this step answers with this trouble."""
        self.failing[step] = trouble

    def works(self, step: str) -> None:
        """The step works from now on."""
        del self.failing[step]

    def holds(self, step: str) -> asyncio.Event:
        """The step waits until the event that is answered is set."""
        self.arrivals[step] = asyncio.Event()
        self.doors[step] = asyncio.Event()
        return self.doors[step]

    async def arrives(self, step: str) -> None:
        """Wait until a held step has been asked for."""
        async with asyncio.timeout(10):
            await self.arrivals[step].wait()

    def does(self, step: str) -> Callable[[OrderState], Awaitable[dict[str, Any]]]:
        """The action of a step or of an undo."""

        async def act(state: OrderState) -> dict[str, Any]:
            self.asked.append(step)
            self.contexts.append(current())
            if step in self.doors:
                self.arrivals[step].set()
                await self.doors[step].wait()
            if self.stumbling.get(step):
                raise self.stumbling[step].pop(0)
            if step in self.failing:
                raise self.failing[step]
            self.ledger.append(step)
            added = {"reservation": f"rsv-{state.order}"} if step == "reserve" else {}
            return {**added, "done": (*state.done, step)}

        return act

    def sentence(self) -> list[Step[OrderState]]:
        """Reserve, authorise, ship and notify, each with its undo."""
        return [
            Step("reserve", self.does("reserve"), undo=self.does("release"), reaches="reserved"),
            Step("authorise", self.does("authorise"), undo=self.does("void")),
            Step("ship", self.does("ship"), undo=self.does("recall"), reaches="shipped", final=True),
            Step("notify", self.does("notify"), reaches="completed"),
        ]


@dataclass
class Open:
    """An engine that runs, and its saga."""

    engine: ProcessEngine
    fulfil: Saga[OrderState]

    async def start(self, order: str) -> ProcessStatus:
        """Start the process of an order."""
        return await self.fulfil.start(order, OrderState(order=order))

    async def run(self, order: str) -> ProcessStatus:
        """Start the process of an order, and wait until it rests."""
        await self.start(order)
        return await self.settled(order)

    async def settled(self, order: str) -> ProcessStatus:
        """Wait until the process of an order rests."""
        async with asyncio.timeout(20):
            return await self.fulfil.settled(order)


class House:
    """A database in which engines run, one after another in this OS process."""

    def __init__(self, settings: Settings, service: str) -> None:
        self.settings = settings
        self.service = service

    @asynccontextmanager
    async def open(
        self,
        steps: Sequence[Part[OrderState]],
        version: int = 1,
        *,
        patience: Patience = QUICK,
        concurrency: int | None = None,
        in_order_by: str | None = None,
        former: Sequence[Former] = (),
    ) -> AsyncGenerator[Open]:
        """An engine that runs processes with these steps."""
        engine = ProcessEngine(
            self.settings, patience=patience, undoing=QUICK, concurrency=concurrency, poll=0.1
        )
        saga = engine.saga(
            f"{self.service}.fulfil",
            version=version,
            steps=steps,
            state=OrderState,
            in_order_by=in_order_by,
            former=former,
        )
        await engine.start()
        try:
            yield Open(engine, saga)
        finally:
            await engine.stop()


def house_on_sqlite(folder: Path) -> House:
    """A house that keeps its processes in a data folder."""
    return House(Settings(data=folder), "trade")


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresServer) -> Generator[str]:
    """The name of a database in which an engine was once, so that its tables are there."""
    with postgres_server.database() as url:
        asyncio.run(_begin_and_end(Settings(database_url=SecretStr(url), replica="first")))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DELETE FROM dbos.triptych_executors")
        yield urlsplit(url).path.lstrip("/")


async def _begin_and_end(settings: Settings) -> None:
    engine = ProcessEngine(settings)
    await engine.start()
    await engine.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, migrated: str) -> Generator[str]:
    """A database of this test alone: what it leaves there, or what kills it, is nobody else's."""
    with postgres_server.database(migrated) as url:
        yield url


def house_on_postgres(url: str) -> House:
    """A house with a service and a replica of its own, in a database that others may share."""
    name = secrets.token_hex(4)
    settings = Settings(database_url=SecretStr(url), replica=f"replica-{name}")
    return House(settings, f"trade-{name}")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A trading house."""
    return house_on_sqlite(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def each_house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    """A trading house on each database, for what depends on it."""
    if request.param == "sqlite":
        return house_on_sqlite(tmp_path)
    return house_on_postgres(request.getfixturevalue("postgres_url"))


@pytest.fixture
def trade() -> Trade:
    """What the house does."""
    return Trade()

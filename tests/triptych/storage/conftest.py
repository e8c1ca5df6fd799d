"""A database on SQLite and one on PostgreSQL: each test runs on both, and finds its tables empty."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import MetaData, select

from tests.triptych.storage.things import MIGRATIONS, PARTS, NewPart, PartFilter, Parts
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Database, EmbeddedStore, Storage, shapes
from triptych.storage.statements import ALL_DONE_BELOW

KEY = SecretStr("a key for tests, long enough to be taken")
SERVICE = "parts-for-tests"

Opened = Callable[[], AbstractAsyncContextManager[Database]]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that place storage on each of the two."""
    url = None
    if request.param == "postgresql":
        url = SecretStr(request.getfixturevalue("postgres_url"))
    return Settings(data=tmp_path_factory.mktemp("data"), database_url=url, secret_key=KEY)


@pytest.fixture(scope="session")
async def storage(settings: Settings) -> AsyncGenerator[Storage]:
    async with Storage(settings, Secrets(settings)) as storage:
        yield storage


@pytest.fixture
async def database(storage: Storage) -> Database:
    """A database with the table of parts, and nothing in it."""
    database = await storage.open(SERVICE, MIGRATIONS)
    async with database.write() as connection:
        for shape in (PARTS.table, shapes.idempotency_keys_v1(MetaData()), shapes.outbox_v1(MetaData())):
            await connection.execute(shape.delete())
    return database


@pytest.fixture
def parts(database: Database) -> Parts:
    return EmbeddedStore(database, PARTS, new=NewPart, filter=PartFilter)


@pytest.fixture
def another_process(settings: Settings) -> Opened:
    """The same database, opened as another process opens it."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Database]:
        async with Storage(settings, Secrets(settings)) as storage:
            yield await storage.open(SERVICE, MIGRATIONS)

    return opened


@pytest.fixture
def service() -> str:
    """The name of a service that has no tables yet."""
    return f"fresh-{secrets.token_hex(5)}"


async def settled(store: EmbeddedStore[Any, Any, Any]) -> None:
    """Wait until the feed may tell of everything that is committed.

    On PostgreSQL it stops where a transaction is still open, and that may be one of another test's, in
    another database of the same server.
    """
    table, database = store.table.table, store.database
    if database.dialect != "postgresql":
        return
    waiting = select(table.c.id).where(table.c.change_tx >= ALL_DONE_BELOW)
    for _ in range(2000):
        async with database.read() as connection:
            if not (await connection.execute(waiting)).all():
                return
        await asyncio.sleep(0.01)
    pytest.fail("a transaction of somebody else holds the feed up")

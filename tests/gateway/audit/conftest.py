"""The audit log on both databases, empty at the beginning of each test."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, update

from gateway.audit import AuditLog
from gateway.audit.tables import HEAD, RECORDS
from gateway.authorization.service import MIGRATIONS
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Database, Storage

KEY = b"k" * 32
Opened = Callable[[], AbstractAsyncContextManager[Database]]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """Opens the gateway's database, the same one each time."""
    url = SecretStr(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    folder = tmp_path_factory.mktemp("audit")
    settings = Settings(data=folder, database_url=url, secret_key=SecretStr("s" * 40))

    @asynccontextmanager
    async def database() -> AsyncGenerator[Database]:
        async with Storage(settings, Secrets(settings)) as storage:
            yield await storage.open("gateway-audit", MIGRATIONS)

    return database


@pytest.fixture(autouse=True)
async def empty(opened: Opened) -> None:
    """Each test begins with an empty log."""
    async with opened() as database:
        await change(database, delete(RECORDS))
        await change(database, update(HEAD).values({"sequence": 0, "hash": "0" * 64, "signature": ""}))


@pytest.fixture
async def database(opened: Opened) -> AsyncGenerator[Database]:
    """The gateway's database, empty."""
    async with opened() as found:
        yield found


@asynccontextmanager
async def of(database: Database, events: int) -> AsyncGenerator[AuditLog]:
    """A log with so many events in it."""
    log = AuditLog(database, KEY)
    async with log.running():
        for number in range(events):
            await log("token.issued", client="acme", grant="client_credentials", number=number)
        await log.flush()
        yield log


async def change(database: Database, statement: object) -> None:
    """What somebody with access to the database does."""
    async with database.write() as connection:
        await connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]

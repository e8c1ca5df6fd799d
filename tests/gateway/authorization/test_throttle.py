"""Attempts are counted whatever else happens to the count at the same moment."""

import asyncio
from collections.abc import AsyncGenerator
from contextvars import Context
from pathlib import Path
from secrets import token_hex

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text

from gateway.authorization.lifetimes import Clock
from gateway.authorization.service import MIGRATIONS
from gateway.authorization.tables import login_attempts
from gateway.authorization.throttle import LoginThrottle
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Database, Storage

BLOCKED = text(
    "SELECT count(*) FROM pg_sleep(0.01), pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
async def database(postgres_url: str, tmp_path: Path) -> AsyncGenerator[Database]:
    settings = Settings(data=tmp_path, database_url=SecretStr(postgres_url))
    async with Storage(settings, await asyncio.to_thread(Secrets, settings)) as storage:
        yield await storage.open(f"gateway-{token_hex(4)}", MIGRATIONS)


async def test_an_attempt_counts_although_a_success_is_just_forgetting_the_former_ones(database: Database):
    throttle = LoginThrottle(database, Clock())
    assert await throttle.second_attempt("usr_ada") == 0
    async with database.write() as connection:
        await connection.execute(select(login_attempts).with_for_update())
        attempt = throttle.second_attempt("usr_ada")
        other = asyncio.get_running_loop().create_task(attempt, context=Context())  # no part of this write
        while not (await connection.execute(BLOCKED)).scalar_one():
            pass  # it has not come that far
        await connection.execute(login_attempts.delete())

    assert await other == 0
    async with database.read() as connection:
        assert (await connection.execute(select(func.sum(login_attempts.c.failures)))).scalar_one() == 1

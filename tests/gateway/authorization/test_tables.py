"""The gateway's migrations make exactly the tables that its code declares, on both databases."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.audit.tables import metadata as audit
from gateway.authorization.service import MIGRATIONS
from gateway.authorization.tables import metadata as authorization
from gateway.usage.tables import metadata as usage
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Storage
from triptych.storage.upgrading import drift


@pytest.mark.parametrize("product", ["sqlite", "postgresql"])
async def test_the_tables_are_as_declared(request: pytest.FixtureRequest, tmp_path: Path, product: str):
    url = SecretStr(request.getfixturevalue("postgres_url")) if product == "postgresql" else None
    settings = Settings(data=tmp_path, database_url=url)
    secrets = await asyncio.to_thread(Secrets, settings)
    async with Storage(settings, secrets) as storage:
        database = await storage.open("gateway-drift", MIGRATIONS)
        declared = [*authorization.sorted_tables, *audit.sorted_tables, *usage.sorted_tables]
        assert await drift(database.engine, declared) == []

"""Landscapes of a CRM that tells, and of a process that hears."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.triptych.events.welcome import WelcomeService
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.contract import Api
from triptych.settings import Settings

PATIENCE = 30.0

Hears = type[WelcomeService]


@pytest.fixture(params=["sqlite", "postgresql", "wire"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that keep events on each of the two databases, and that call over HTTP."""
    if request.param == "postgresql":
        url = SecretStr(request.getfixturevalue("postgres_url"))
        return Settings(data=tmp_path, database_url=url, step_attempts=3, step_delay=0.01)
    topology = "wire" if request.param == "wire" else "embedded"
    return Settings(data=tmp_path, topology=topology, step_attempts=3, step_delay=0.01)


@asynccontextmanager
async def running(
    settings: Settings, *names: str, hears: type[Api] | None = None, **changes: Any
) -> AsyncGenerator[Platform]:
    """Some services, and what hears."""
    services: dict[str, type[Api]] = dict(installed(set(names))) if names else {}
    if hears is not None:
        services[hears.name] = hears
    async with Platform(settings.model_copy(update=changes), services) as platform:
        yield platform


async def until(seen: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    ends = time.monotonic() + PATIENCE
    while not await seen():
        if time.monotonic() > ends:
            pytest.fail(f"not within {PATIENCE:g} s: {seen}")
        await asyncio.sleep(0.02)

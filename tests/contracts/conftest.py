"""Every service over HTTP, in a thread of its own, for tools that block."""

import asyncio
import threading
from collections.abc import Coroutine, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from triptych.assembly.discovery import installed
from triptych.assembly.needs import scopes_of
from triptych.assembly.platform import Platform
from triptych.context import Caller
from triptych.contract import Api
from triptych.settings import Settings

T = TypeVar("T")

SOMEBODY = "cus_01jd3k7m9vq8x2c4n6b8d0f2hg"
"""The customer that the caller is, unless told otherwise. The CRM does not know them."""


@dataclass
class Served:
    """All services at one address, called as another service would call them."""

    platform: Platform
    loop: asyncio.AbstractEventLoop
    address: str
    http: httpx.Client

    def headers(
        self,
        api: type[Api],
        *,
        scopes: frozenset[str] | None = None,
        customer: str = SOMEBODY,
        person: str = "tester",
    ) -> dict[str, str]:
        """A fresh internal token for a service, with all its scopes unless told otherwise."""
        granted = scopes_of(api) if scopes is None else scopes
        caller = Caller(person, "tester", "tests", granted, customer=customer)
        return {"authorization": f"Bearer {self.platform.tokens.issue(caller, api.promised().name)}"}

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine answers that runs where the services do."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    @contextmanager
    def nothing_is_written_to(self, service: str) -> Generator[None]:
        """Whoever would write to a service's database waits for the end of the block."""
        begun: Future[asyncio.Event] = Future()

        async def hold() -> None:
            over = asyncio.Event()
            database = await self.platform.storage.open(service)
            async with database.write():
                begun.set_result(over)
                await over.wait()

        held = asyncio.run_coroutine_threadsafe(hold(), self.loop)
        over = begun.result(30)
        try:
            yield
        finally:
            self.loop.call_soon_threadsafe(over.set)
            held.result(30)


@pytest.fixture(scope="session")
def every_service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """The services, in wire topology."""
    ready: Future[Platform] = Future()
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    data: Path = tmp_path_factory.mktemp("every-service")

    async def serve() -> None:
        stop = asyncio.Event()
        stopping.append((asyncio.get_running_loop(), stop))
        try:
            async with Platform(Settings(data=data, topology="wire"), installed()) as platform:
                ready.set_result(platform)
                await stop.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="services")
    thread.start()
    platform = ready.result(120)
    loop, stop = stopping[0]
    address = platform.address_of("crm")
    assert address is not None
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as http:
        yield Served(platform, loop, address, http)
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)

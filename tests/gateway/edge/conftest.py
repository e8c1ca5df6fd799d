"""The edge front before servers of bare bytes, with a clock of its own."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial

import pytest

from gateway.access import AccessLog
from gateway.edge import EdgeProtocol, EdgeUpstream, Lane
from tests.gateway.conftest import serving
from tests.gateway.landscape import Landscape

Open = Callable[..., AbstractAsyncContextManager[int]]


class Clock:
    """Time that tests put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def edge(landscape: Landscape, clock: Clock) -> Open:
    """Opens the edge front with the shop at these ports of this machine; says its own port."""

    @asynccontextmanager
    async def opened(*ports: int, access: AccessLog | None = None) -> AsyncGenerator[int]:
        gateway = landscape.gateway(observers=[access] if access else [])
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        lane = Lane(gateway, [EdgeUpstream("shop", addresses, landscape.internal)], clock)
        writing = access.running() if access else nullcontext()
        async with writing, lane.running(), serving(gateway, partial(EdgeProtocol, lane)) as port:
            yield port

    return opened

"""A small landscape behind a real gateway: contracts, their services, tokens, and a server on loopback."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from gateway.edge import EdgeProtocol, EdgeUpstream, Lane
from gateway.front_uvicorn import GuardedProtocol
from gateway.identity import RememberedTokens
from tests.gateway.landscape import (
    FulfilmentService,
    KettleService,
    KioskService,
    Landscape,
    LedgerService,
    ShopService,
    Tokens,
)
from triptych.calling.deadlines import DeadlineWheel
from triptych.calling.internal_token import InternalTokens
from triptych.contract import Api
from triptych.serving.app import service_app
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import Callers
from triptych.serving.server import listen
from triptych.settings import Settings


@dataclass
class Served:
    """The services' applications; they take a while to make."""

    shop: ShopService
    apps: dict[str, ASGIApp]
    internal: InternalTokens


@pytest.fixture(scope="session")
def served() -> Served:
    """The services of all tests."""
    shop = ShopService()
    internal = InternalTokens(b"k" * 32)
    wheel = DeadlineWheel()

    async def ready() -> None:
        return None

    services: list[Api] = [shop, FulfilmentService(), LedgerService(), KioskService(), KettleService()]
    apps: dict[str, ASGIApp] = {
        service.name: service_app(
            Boundary(service, wheel), Callers(type(service), internal), Backstop("2000/second"), ready
        )
        for service in services
    }
    return Served(shop, apps, internal)


@pytest.fixture
def landscape(tmp_path: Path, served: Served) -> Landscape:
    """The services without orders, no tokens yet."""
    served.shop.orders = []
    tokens = Tokens()
    settings = Settings(data=tmp_path)
    return Landscape(settings, served.shop, served.apps, tokens, RememberedTokens(tokens), served.internal)


Browse = Callable[[ASGIApp], httpx.AsyncClient]
Serve = Callable[[ASGIApp], AbstractAsyncContextManager[int]]


@pytest.fixture
def browse() -> Browse:
    """A client of an application in this process."""

    def client(app: ASGIApp) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, client=("203.0.113.7", 4711), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")

    return client


@asynccontextmanager
async def serving(app: ASGIApp, protocol: Any = GuardedProtocol, port: int = 0) -> AsyncGenerator[int]:
    """Serve an application on a loopback port as the gateway is served; says which."""
    listening = listen("127.0.0.1", port)
    config = uvicorn.Config(
        app,
        http=protocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        ws="none",
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    try:
        yield listening.getsockname()[1]
    finally:
        server.force_exit = True
        await server.shutdown(sockets=[listening])


@pytest.fixture
def serve() -> Serve:
    """Serves an application on a loopback port as the gateway is served, and says which."""
    return serving


@pytest.fixture(params=["asgi", "edge"])
def serve_both(request: pytest.FixtureRequest, landscape: Landscape) -> Serve:
    """Serves a gateway on each front; at the edge, its services are behind ports of their own."""
    return serving if request.param == "asgi" else at_the_edge(landscape)


def at_the_edge(landscape: Landscape) -> Serve:
    """Serves a gateway as the edge front does."""

    @asynccontextmanager
    async def serving_edge(gateway: Any) -> AsyncGenerator[int]:
        async with AsyncExitStack() as stack:
            upstreams: list[EdgeUpstream] = []
            for name, app in gateway.upstreams.items():
                port = await stack.enter_async_context(serving(app, "httptools"))
                upstreams.append(EdgeUpstream(name, [f"http://127.0.0.1:{port}"], landscape.internal))
            lane = Lane(gateway, upstreams)
            await stack.enter_async_context(lane.running())
            yield await stack.enter_async_context(serving(gateway, partial(EdgeProtocol, lane)))

    return serving_edge

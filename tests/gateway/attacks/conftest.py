"""A door to attack: a real gateway on each front, before a shop that writes down what reaches it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.build import build_gateway
from gateway.edge import EdgeProtocol, EdgeUpstream, Lane
from gateway.front_asgi import Gateway
from gateway.front_uvicorn import GuardedProtocol
from gateway.identity import RememberedTokens
from gateway.plans import Plans
from gateway.upstream import HttpUpstream
from tests.gateway.attacks.recording import Shop
from tests.gateway.authorization.browsing import Registered
from tests.gateway.authorization.conftest import ISSUER, SCOPES, House, open_house
from tests.gateway.conftest import serving
from tests.gateway.landscape import Ledger
from tests.gateway.landscape import Shop as ShopContract
from tests.gateway.raw import raw, statuses
from triptych.calling.internal_token import InternalTokens
from triptych.serving.openapi import document
from triptych.settings import Settings

PLENTY = {"burst": 1_000_000}
LIMIT = 100_000
"""Bytes of the largest body that is taken."""


@dataclass
class Answers:
    """Everything that came back on one connection."""

    text: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        return statuses(self.text)

    def header(self, name: bytes) -> list[bytes]:
        """Every value of a header, over all answers."""
        return re.findall(rb"(?mi)^" + re.escape(name) + rb": (.*)\r$", self.text)


@dataclass
class Door:
    """One front, and what is behind it."""

    front: str
    port: int
    house: House
    shop: Shop
    token: bytes
    """Of a client that may read and write at the shop."""
    client_id: str

    async def send(self, *pieces: bytes) -> Answers:
        """What comes back for these bytes, until the gateway closes or says nothing more for a moment.

        `Bearer acme` in them becomes the token. Who waits for several answers ends with `Connection: close`.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        text, closed = b"", False
        try:
            for piece in pieces:
                writer.write(piece.replace(b"Bearer acme", b"Bearer " + self.token))
                await writer.drain()
            while not closed:
                answered = any(status >= 200 for status in statuses(text))
                piece = await asyncio.wait_for(reader.read(65_536), 0.03 if answered else 15)
                text, closed = text + piece, piece == b""
        except ConnectionError:
            closed = True
        except TimeoutError:
            pass  # it says nothing more, and keeps the connection
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return Answers(text, closed)


@pytest.fixture(scope="session")
async def besieged(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    """The authorization server of all doors, where everybody may register."""
    settings = Settings(data=tmp_path_factory.mktemp("attacks"), public_url=ISSUER, registration="open")
    async with open_house(settings, scopes={**SCOPES, "shop:write": "Order"}) as house:
        yield house


def gateway_of(house: House, data: Path, upstreams: dict[str, Any], **more: Any) -> Gateway:
    """A gateway that believes this house, and limits nobody."""

    async def ready() -> dict[str, str]:
        return {}

    def documents(name: str, version: int) -> dict[str, Any] | None:
        return document(ShopContract) if name == "shop" else None

    plans: dict[str, Mapping[str, int]] = dict.fromkeys(
        ("anonymous", "oauth", "free", "partner", "internal"), PLENTY
    )
    remembered = RememberedTokens(house.server.bearer)
    house.server.revocations.tell(remembered.forget)
    return build_gateway(
        Settings(data=data, public_url=ISSUER, max_body=LIMIT, **more),
        [ShopContract, Ledger],
        upstreams,
        remembered,
        ready=ready,
        documents=documents,
        authorization=house.server,
        allowed_origins=house.server.allowed_origins,
        plans=Plans(plans),
        possession=house.server.proofs,
    )


@contextlib.asynccontextmanager
async def opened(front: str, house: House, data: Path, shop: Shop, **more: Any) -> AsyncGenerator[int]:
    """The port of a gateway on this front, before that shop."""
    if front == "asgi":
        async with serving(gateway_of(house, data, {"shop": shop.app}, **more), GuardedProtocol) as port:
            yield port
        return
    async with raw(shop.server) as there:
        address = f"http://127.0.0.1:{there}"
        upstream = HttpUpstream(address, "shop", shop.internal)
        gateway = gateway_of(house, data, {"shop": upstream}, **more)
        lane = Lane(gateway, [EdgeUpstream("shop", [address], shop.internal)])
        async with lane.running(), serving(gateway, partial(EdgeProtocol, lane)) as port:
            yield port
        await upstream.aclose()


@pytest.fixture(scope="session", params=["asgi", "edge"])
async def standing(
    request: pytest.FixtureRequest, besieged: House, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Door]:
    """A door on each front, for the whole session."""
    shop = Shop(InternalTokens(b"k" * 32))
    made = Registered(
        *await besieged.server.clients.add(
            f"Acme at {request.param}",
            grants=["client_credentials"],
            scopes=["shop:read", "shop:write"],
            plan="partner",
        )
    )
    given = await besieged.token(made, grant_type="client_credentials")
    token: str = given.json()["access_token"]
    async with opened(request.param, besieged, tmp_path_factory.mktemp("door"), shop) as port:
        yield Door(request.param, port, besieged, shop, token.encode(), made.client_id)


@pytest.fixture
def door(standing: Door) -> Door:
    """A door on each front, with nothing recorded yet."""
    standing.shop.forget()
    return standing


class Through(httpx.AsyncHTTPTransport):
    """Takes requests for the issuer's address to the port of a front."""

    def __init__(self, port: int) -> None:
        super().__init__(trust_env=False)
        self._port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(port=self._port)
        return await super().handle_async_request(request)


@pytest.fixture
async def house(door: Door) -> AsyncGenerator[House]:
    """The authorization server, reached through each front."""

    async with contextlib.AsyncExitStack() as stack:

        def through() -> httpx.AsyncBaseTransport:
            made = Through(door.port)
            stack.push_async_callback(made.aclose)
            return made

        http = httpx.AsyncClient(transport=through(), base_url=ISSUER)
        yield replace(door.house, http=http, transport=through)

"""An authorization server with registered clients and a user, and a browser that walks through its pages."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from time import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, KeySetSerialization
from pydantic import SecretStr

from gateway.authorization.lifetimes import Clock
from gateway.authorization.passwords import Passwords
from gateway.authorization.service import MIGRATIONS, AuthorizationServer
from gateway.authorization.users import User
from tests.gateway.authorization.browsing import PASSWORD, SHOP_REDIRECT, Browser, Flow, Registered
from triptych.ids import new_id
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Storage

ISSUER = "http://127.0.0.1:8000"
SCOPES = {
    "shop:read": "See the offer",
    "storefront:read": "See what the shop sells",
    "storefront:write": "Order in the shop for you",
    "partner:read": "See what partners see",
    "console:admin": "Run everything",
}
RESOURCES = {"/shop/v1": ["shop:read"], "/partner/v1": ["partner:read"]}
Answers = dict[str, Any]


@dataclass
class MovableClock:
    """A clock that stands still, until a test puts it forward."""

    started: float = field(default_factory=time)
    ahead: float = 0.0

    def read(self) -> float:
        return self.started + self.ahead

    def catch_up(self) -> None:
        """Put it to the time of day."""
        self.ahead = time() - self.started


@dataclass
class AuditBook:
    """Remembers what the audit log was told."""

    events: list[tuple[str, dict[str, object]]] = field(default_factory=list[tuple[str, dict[str, object]]])

    async def __call__(self, event: str, **facts: object) -> None:
        self.events.append((event, facts))

    def of(self, event: str) -> list[dict[str, object]]:
        return [facts for name, facts in self.events if name == event]


@dataclass
class House:
    """The authorization server and everybody who deals with it."""

    name: str
    server: AuthorizationServer
    http: httpx.AsyncClient
    audit: AuditBook
    clock: MovableClock
    shop: Registered
    """Public, with PKCE and refresh tokens, for storefront scopes."""
    office: Registered
    """Confidential, with every grant."""
    partner: Registered
    """Confidential, client credentials only."""
    ada: User
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None
    """How browsers reach the server, where that is not in this process."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis shows with each example, instead of all that ever happened in the house."""
        printer.text("House()")

    async def token(self, client: Registered, **form: str) -> httpx.Response:
        """Ask the token endpoint, with the client's credentials if it has any."""
        if client.secret is None:
            return await self.http.post("/oauth/token", data={"client_id": client.client_id, **form})
        return await self.http.post("/oauth/token", data=form, auth=client.basic)

    def claims(self, token: str, keys: KeySetSerialization) -> Answers:
        """What a token says, its signature checked against the published keys."""
        return jwt.decode(token, KeySet.import_key_set(keys), ["ES256"]).claims

    async def someone(self) -> User:
        """A customer who has consented to nothing yet."""
        address = f"{new_id('bob')}@example.com"
        return await self.server.users.add(address, "Bob", PASSWORD, scopes=["storefront:*", "shop:*"])

    def browser(self) -> "Browser":
        """A fresh browser, signed in nowhere."""
        near = httpx.ASGITransport(self.server, client=("203.0.113.7", 40_000))
        transport = self.transport() if self.transport else near
        return Browser(httpx.AsyncClient(transport=transport, base_url=ISSUER))

    async def code(self, client: Registered, scope: str, **more: str) -> "Flow":
        """Walk Ada through sign-in and consent, up to the code."""
        flow = Flow(client, scope, more)
        await self.browser().allow(flow, self.ada.email)
        return flow

    async def tokens(self, client: Registered, scope: str, **more: str) -> Answers:
        """The whole authorization code flow; the token response."""
        flow = await self.code(client, scope, **more)
        answer = await self.token(client, **flow.exchange())
        assert answer.status_code == 200, answer.text
        return answer.json()


async def session_of(house: House) -> str:
    """The id of a new session of Ada's."""
    session = await house.server.sessions.find(await house.server.sessions.start(house.ada))
    assert session is not None
    return session.id


@asynccontextmanager
async def open_house(settings: Settings, name: str = "", **over: Any) -> AsyncGenerator[House]:
    """An authorization server with clients and a user of its own, on a database of this name or a new one."""
    clock, audit = MovableClock(), AuditBook()
    secrets_ = await asyncio.to_thread(Secrets, settings)
    async with Storage(settings, secrets_) as storage:
        name = name or f"gateway-{token_hex(4)}"
        database = await storage.open(name, MIGRATIONS)
        made = AuthorizationServer(
            settings,
            database,
            secrets_,
            over.pop("scopes", SCOPES),
            audit,
            resources=RESOURCES,
            clock=Clock(clock.read),
            passwords=Passwords(memory_kib=64, passes=1),  # as strong as a test needs
            **over,
        )
        async with made.running() as server:
            transport = httpx.ASGITransport(server, client=("198.51.100.5", 50_000))
            async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
                yield await _furnished(name, server, http, audit, clock)


async def _furnished(
    name: str, server: AuthorizationServer, http: httpx.AsyncClient, audit: AuditBook, clock: MovableClock
) -> House:
    shopping = [
        "openid",
        "profile",
        "email",
        "offline_access",
        "storefront:read",
        "storefront:write",
        "shop:read",
    ]
    shop = await server.clients.add(
        "The Shop",
        grants=["authorization_code", "refresh_token"],
        scopes=shopping,
        plan="free",
        redirect_uris=[SHOP_REDIRECT, "http://127.0.0.1/callback"],
        post_logout_redirect_uris=["https://shop.example/bye"],
        public=True,
    )
    office = await server.clients.add(
        "The Office",
        grants=["authorization_code", "refresh_token", "client_credentials"],
        scopes=[*shopping, "partner:read", "console:admin"],
        plan="internal",
        redirect_uris=[SHOP_REDIRECT],
    )
    partner = await server.clients.add(
        "Acme", grants=["client_credentials"], scopes=["partner:read"], plan="partner"
    )
    ada = await server.users.add(
        f"{new_id('ada')}@example.com",
        "Ada Lovelace",
        PASSWORD,
        scopes=["storefront:*", "shop:*"],
        customer_id="cus_ada",
    )
    return House(
        name, server, http, audit, clock, Registered(*shop), Registered(*office), Registered(*partner), ada
    )


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the house that tests share."""
    return tmp_path_factory.mktemp("authorization")


@pytest.fixture(scope="session")
async def shared_house(data: Path) -> AsyncGenerator[House]:
    """One house for all tests, on SQLite."""
    async with open_house(Settings(data=data, public_url=ISSUER)) as house:
        yield house


@pytest.fixture
def house(shared_house: House) -> House:
    """The shared house. A test that moves its clock or ends its keys takes a `fresh_house`."""
    return shared_house


@pytest.fixture
async def fresh_house(tmp_path: Path) -> AsyncGenerator[House]:
    """A house of a test's own."""
    async with open_house(Settings(data=tmp_path, public_url=ISSUER)) as house:
        yield house


@pytest.fixture(params=["sqlite", "postgresql"])
async def either_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[House]:
    """A house on SQLite, and another on PostgreSQL."""
    url = None
    if request.param == "postgresql":
        url = SecretStr(request.getfixturevalue("postgres_url"))
    async with open_house(Settings(data=tmp_path, public_url=ISSUER, database_url=url)) as house:
        yield house

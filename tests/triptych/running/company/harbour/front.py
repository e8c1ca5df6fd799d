"""A gateway that lets everybody in who knows a client's secret. It shows what a front has to be, no more."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from triptych.administration.contract import GatewayAdmin
from triptych.administration.views import ClientList, ClientView
from triptych.assembly.platform import Platform
from triptych.calling.deadlines import DeadlineWheel
from triptych.context import Caller
from triptych.serving.app import service_app
from triptych.serving.backstop import Backstop
from triptych.serving.boundary import Boundary
from triptych.serving.callers import CALLER, Callers
from triptych.serving.server import by_prefix


@dataclass(frozen=True)
class Client:
    """A client, as it is kept."""

    client_id: str
    client_secret: str | None
    name: str
    grants: tuple[str, ...]
    scopes: tuple[str, ...]
    plan: str
    redirect_uris: tuple[str, ...]
    public: bool
    customer_id: str | None


class Clients:
    """Clients in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _read(self) -> dict[str, Client]:
        if not self._path.exists():
            return {}
        return {key: Client(**value) for key, value in orjson.loads(self._path.read_bytes()).items()}

    async def add(
        self,
        name: str,
        *,
        grants: Iterable[str],
        scopes: Iterable[str],
        plan: str,
        redirect_uris: Iterable[str] = (),
        public: bool = False,
        client_id: str | None = None,
        client_secret: str | None = None,
        customer_id: str | None = None,
    ) -> Client:
        """Register a client."""
        secret = None if public else client_secret or f"secret of {name}"
        client = Client(
            client_id or name,
            secret,
            name,
            tuple(grants),
            tuple(scopes),
            plan,
            tuple(redirect_uris),
            public,
            customer_id,
        )
        known = await asyncio.to_thread(self._read)
        known[client.client_id] = client
        content = orjson.dumps({key: asdict(value) for key, value in known.items()})
        await asyncio.to_thread(self._path.write_bytes, content)
        return client

    async def all(self) -> list[Client]:
        """Every client."""
        return list((await asyncio.to_thread(self._read)).values())


class Users:
    """Nobody keeps them."""

    async def add(
        self,
        email: str,
        name: str,
        password: str,
        *,
        scopes: Iterable[str],
        customer_id: str | None = None,
    ) -> str:
        """Take note of somebody."""
        return email


@dataclass(frozen=True)
class Nothing:
    """What there is to find in a log that nobody keeps."""

    records: int = 0
    sequence: int | None = None
    reason: str = ""
    head: str = "0:"


class Audit:
    """Nobody keeps it."""

    async def verify(self, kept: str = "") -> Nothing:
        """All is well."""
        return Nothing()


class Administration(GatewayAdmin):
    """Of clients, and nothing else."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def clients(self) -> ClientList:
        """Every client."""
        found = [
            ClientView(
                client_id=one.client_id, name=one.name, grants=one.grants, scopes=one.scopes, plan=one.plan
            )
            for one in await self._clients.all()
        ]
        return ClientList(items=tuple(found))


class Gate:
    """The front of one process."""

    protocol = HttpToolsProtocol

    def __init__(self, platform: Platform) -> None:
        self.clients = Clients(platform.settings.data / "clients.json")
        self.users = Users()
        self.audit = Audit()
        self.app = _everybody(by_prefix(platform.apps))
        self.administration = Administration(self.clients)
        self.administration_app = service_app(
            Boundary(self.administration, DeadlineWheel()),
            Callers(GatewayAdmin, platform.tokens),
            Backstop(platform.settings.backstop),
            platform.ready,
        )


def _everybody(app: ASGIApp) -> ASGIApp:
    scopes = frozenset({"desk:read", "desk:write"})

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[CALLER] = Caller("captain", "captain", "gateway", scopes)
        await app(scope, receive, send)

    return application


@asynccontextmanager
async def gate(platform: Platform) -> AsyncGenerator[Gate]:
    """Open the front."""
    yield Gate(platform)

"""The whole landscape, once for each topology and test process: every test of it runs three times.

Tests share it, so each works with fresh ids of its own and asserts nothing of what others may have made.
"""

import asyncio
import json
import os
import secrets
import socket
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from pydantic import SecretStr

from gateway.audit import AuditLog
from gateway.authorization.clients import Clients
from gateway.authorization.service import MIGRATIONS, AuthorizationServer
from gateway.authorization.users import Users
from gateway.front import GatewayFront
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.contract import Api, operations
from triptych.serving.server import listen, serving
from triptych.settings import Settings

A = TypeVar("A", bound=Api)

TOPOLOGIES = ("embedded", "wire", "split")
START_SECONDS = 240


@dataclass
class Landscape:
    """A running landscape, seen from outside (the gateway) and from inside (the services)."""

    topology: str
    settings: Settings
    platform: Platform
    """Where services run in this process; in split, what reaches them at their addresses."""
    clients: Clients
    users: Users
    http: httpx.AsyncClient
    """A client of the gateway."""
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict[str, Any])
    """In split: the process of each service."""
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """In split: what each process is told."""

    def client(self, api: type[A]) -> A:
        """A client of a service, with all its scopes."""
        return self.platform.client(api, "tests")

    async def token(
        self, *scopes: str, plan: str = "internal", customer_id: str | None = None, pinned: str = ""
    ) -> dict[str, str]:
        """The Authorization header of a fresh OAuth client with these scopes, by client credentials."""
        issued = await self.clients.add(
            f"client-{secrets.token_hex(4)}",
            grants=["client_credentials"],
            scopes=list(scopes),
            plan=plan,
            customer_id=customer_id,
            pinned=pinned,
        )
        assert issued.client_secret is not None
        answer = await self.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "scope": " ".join(scopes)},
            auth=(issued.client_id, issued.client_secret),
        )
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['access_token']}"}


@asynccontextmanager
async def in_process(topology: str, data: Path) -> AsyncGenerator[Landscape]:
    """Everything in this process: embedded or wire."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    settings = Settings(data=data, topology=topology, port=port, plans=PLENTY)  # pyright: ignore[reportArgumentType]
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(Platform(settings, installed()))
        front = await stack.enter_async_context(GatewayFront(platform))
        await stack.enter_async_context(serving(front.app, listening, protocol=front.protocol))
        http = await stack.enter_async_context(_http(settings.base_url))
        yield Landscape(topology, settings, platform, front.clients, front.users, http)


PLENTY = {"internal": {"burst": 100_000, "day": 10_000_000}, "free": {"burst": 100_000, "day": 10_000_000}}
"""Plans under which no test is slowed down by the others; those of limits bring their own."""


def _http(base_url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=base_url, timeout=30, trust_env=False)


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def split_environment(
    data: Path, ports: dict[str, int], secret: str, **more: str
) -> tuple[dict[str, str], dict[str, str]]:
    """What each process of a split landscape is told, and where each service is."""
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    environment |= {
        f"TRIPTYCH_{name.upper().replace('-', '_')}_URL": url
        for name, url in addresses.items()
        if name != "gateway"
    }
    environment |= {"TRIPTYCH_DATA": str(data), "TRIPTYCH_SECRET_KEY": secret, **more}
    return environment, addresses


async def start_process(name: str, port: int, environment: dict[str, str], log: Path) -> Any:
    """`triptych serve NAME --port PORT`, its output in a file."""
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("triptych")),
            "serve",
            name,
            "--port",
            str(port),
            env=environment,
            stdout=output,
            stderr=output,
        )


async def until_ready(addresses: dict[str, str], processes: dict[str, Any], logs: Path) -> None:
    """Wait until every process answers; fail with its log when one ends instead."""
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        for name, address in addresses.items():
            for _ in range(START_SECONDS * 10):
                if processes[name].returncode is not None:
                    pytest.fail(
                        f"{name} ended with {processes[name].returncode}: {(logs / name).read_text()}"
                    )
                with suppress(httpx.HTTPError):  # it is not there yet
                    if (await http.get(f"{address}/healthz")).status_code == 200:
                        break
                await asyncio.sleep(0.1)
            else:
                pytest.fail(f"{name} did not start in {START_SECONDS} s: {(logs / name).read_text()}")


async def end(processes: Sequence[Any]) -> None:
    """End processes that were started here, by their pids."""
    running = [process for process in processes if process.returncode is None]
    for process in running:
        process.terminate()
    done = await asyncio.gather(
        *(asyncio.wait_for(process.wait(), 15) for process in running), return_exceptions=True
    )
    for process, result in zip(running, done, strict=True):
        if isinstance(result, BaseException):
            process.kill()
            await process.wait()


@asynccontextmanager
async def in_processes(data: Path, **more: str) -> AsyncGenerator[Landscape]:
    """A process for each service and for the gateway."""
    names = [*installed(), "gateway"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    secret = secrets.token_urlsafe(32)
    environment, addresses = split_environment(data, ports, secret, **more)
    logs = data / "logs"
    logs.mkdir()
    processes = {
        name: await start_process(name, port, environment, logs / name) for name, port in ports.items()
    }
    try:
        await until_ready(addresses, processes, logs)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                if name.startswith("TRIPTYCH_"):
                    patch.setenv(name, value)
            settings = Settings(topology="split", port=ports["gateway"], secret_key=SecretStr(secret))
        async with AsyncExitStack() as stack:
            platform = await stack.enter_async_context(Platform(settings, {}))
            database = await platform.storage.open("gateway", MIGRATIONS)
            audit = AuditLog(database, platform.secrets.key("audit"))
            server = AuthorizationServer(settings, database, platform.secrets, {}, audit)
            http = await stack.enter_async_context(_http(settings.base_url))
            yield Landscape(
                "split",
                settings,
                platform,
                server.clients,
                server.users,
                http,
                processes,
                addresses,
                environment,
            )
    finally:
        await end(list(processes.values()))


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one topology go to one test process, so that each landscape is started once."""
    for item in items:
        if topology := _topology(item):
            item.add_marker(pytest.mark.xdist_group(topology))


_started: dict[str, tuple[pytest.FixtureDef[Any], pytest.FixtureRequest]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Remember how to end the services that a fixture is about to start."""
    _started[fixturedef.argname] = (fixturedef, request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """End the services that the next test does not use: a process holds one engine at a time."""
    yield
    for name, _ in _running(item) - _running(nextitem):
        fixture, request = _started[name]
        fixture.finish(request)  # pyright: ignore[reportArgumentType] - pytest knows them as SubRequest


def _running(item: pytest.Item | None) -> set[tuple[str, object]]:
    """The session's fixtures that run services in the test process, as far as a test uses them."""
    asked = {"landscape": _topology(item)} if _topology(item) else {}
    if "every_service" in getattr(item, "fixturenames", ()):
        asked["every_service"] = None
    return set(asked.items())


def _topology(item: pytest.Item | None) -> object:
    parameters = getattr(item, "callspec", None)
    return parameters.params.get("landscape") if parameters else None


@pytest.fixture(scope="session", params=TOPOLOGIES)
async def landscape(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Landscape]:
    """All services behind the gateway, in one topology after the other."""
    data = tmp_path_factory.mktemp(str(request.param))
    if request.param == "split":
        async with in_processes(data, TRIPTYCH_PLANS=json.dumps(PLENTY)) as running:
            yield running
    else:
        async with in_process(str(request.param), data) as running:
            yield running


def scopes_of(*apis: type[Api]) -> list[str]:
    """Every scope of these contracts."""
    return sorted({found.scope for api in apis for found in operations(api) if found.scope})

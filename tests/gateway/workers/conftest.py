"""`triptych serve gateway --workers 2`, before two replicas of a service, on a Redis of its own."""

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from gateway.audit import AuditLog
from gateway.authorization.service import MIGRATIONS, AuthorizationServer
from tests.gateway.limits.test_several_processes import redis_of_our_own
from tests.gateway.workers.replica import Replica
from tests.landscape import free_ports, split_environment
from triptych.assembly.platform import Platform
from triptych.settings import Settings
from triptych.storage import Database

PATIENCE = 120.0
"""Seconds that a busy machine may take for what is awaited here."""
Redis = tuple[str, asyncio.subprocess.Process]
"""Its address, and its process."""
SCOPES = ["partner:read", "partner:order"]
PLANS = {"plenty": {"burst": 1_000_000, "day": 1_000_000_000}, "scarce": {"burst": 1_000_000, "day": 60}}


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that is bound to come."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what happens in other processes sets no event here
            await asyncio.sleep(0.02)
    assert holds(), what


@dataclass
class Gateway:
    """A supervisor and its workers, seen from outside, and the database that they share."""

    process: asyncio.subprocess.Process
    port: int
    database: Database
    server: AuthorizationServer
    lines: list[bytes] = field(default_factory=list[bytes])
    """What they have said on standard error, which is a pipe."""

    def said(self, event: str) -> list[dict[str, Any]]:
        """What was logged of this."""
        return [found for line in self.lines if event.encode() in line and (found := json.loads(line))]

    def workers(self) -> list[int]:
        """The processes that the supervisor has started and that have not ended."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sorted(int(pid) for pid in found.split())

    async def token(self, plan: str = "plenty") -> tuple[str, str]:
        """A fresh client, and an access token of it."""
        issued = await self.server.clients.add(
            f"client-{secrets.token_hex(4)}",
            grants=["client_credentials"],
            scopes=SCOPES,
            plan=plan,
        )
        assert issued.client_secret is not None
        form = {"grant_type": "client_credentials", "scope": " ".join(SCOPES)}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            address = f"http://127.0.0.1:{self.port}/oauth/token"
            answer = await http.post(address, data=form, auth=(issued.client_id, issued.client_secret))
        assert answer.status_code == 200, answer.text
        return issued.client_id, answer.json()["access_token"]

    async def listen_to(self, stream: asyncio.StreamReader) -> None:
        """Keep what they say."""
        while line := await stream.readline():
            self.lines.append(line)


def products(token: str) -> bytes:
    """A request for what partners can buy."""
    return (
        b"GET /partner/v1/products HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\n\r\n"
        % token.encode()
    )


def order(token: str) -> bytes:
    """A request that orders something, always under the same key."""
    return (
        b"POST /partner/v1/orders HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\n"
        b"idempotency-key: one\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        % token.encode()
    )


@asynccontextmanager
async def gateway(data: Path, *arguments: str, **settings: str) -> AsyncGenerator[Gateway]:
    """`triptych serve gateway` with these arguments, ready."""
    (port,) = free_ports(1)
    secret = secrets.token_urlsafe(32)
    environment, _ = split_environment(data, {}, secret, TRIPTYCH_PLANS=json.dumps(PLANS), **settings)
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("triptych")), "serve", "gateway"),
        *("--port", str(port), *arguments),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
        limit=1_000_000,
    )
    assert process.stderr is not None
    async with AsyncExitStack() as stack:
        database = (
            SecretStr(settings["TRIPTYCH_DATABASE_URL"]) if "TRIPTYCH_DATABASE_URL" in settings else None
        )
        ours = Settings(
            data=data, topology="split", port=port, secret_key=SecretStr(secret), database_url=database
        )
        platform = await stack.enter_async_context(Platform(ours, {}))
        found = await platform.storage.open("gateway", MIGRATIONS)
        audit = AuditLog(found, platform.secrets.key("audit"))
        running = Gateway(process, port, found, AuthorizationServer(ours, found, platform.secrets, {}, audit))
        listening = asyncio.create_task(running.listen_to(process.stderr))
        try:
            await until(
                lambda: process.returncode is not None or bool(running.said("are ready")), "it starts"
            )
            assert process.returncode is None, b"".join(running.lines).decode()
            yield running
        finally:
            if process.returncode is None:
                process.terminate()
                async with asyncio.timeout(PATIENCE):
                    await process.wait()
            await listening


@pytest.fixture(scope="package")
async def replicas() -> AsyncGenerator[list[Replica]]:
    """Two replicas of the partner API, each a process of its own that can be replaced."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Replica.running(port)) for port in free_ports(2)]


@pytest.fixture(scope="package")
async def redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Redis]:
    """A Redis that may be paused and killed."""
    async with redis_of_our_own(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture(scope="package")
async def workers(
    tmp_path_factory: pytest.TempPathFactory, redis: Redis, replicas: list[Replica]
) -> AsyncGenerator[Gateway]:
    """Two workers before these replicas, on this Redis."""
    settings = {
        "TRIPTYCH_PARTNER_URL": ",".join(replica.address for replica in replicas),
        "TRIPTYCH_REDIS_URL": redis[0],
        "TRIPTYCH_ACCESS_LOG": "true",
    }
    async with gateway(tmp_path_factory.mktemp("workers"), "--workers", "2", **settings) as running:
        yield running

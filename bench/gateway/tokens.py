"""Tokens for the gateways: ours come from our own server, the others' are signed here with RS256."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from gateway.audit import AuditLog
from gateway.authorization.service import MIGRATIONS, AuthorizationServer
from triptych.assembly.platform import Platform
from triptych.settings import Settings

SCOPE = "partner:read"
SCOPES = [SCOPE, "partner:order"]
T = TypeVar("T")


@dataclass(frozen=True)
class Tokens:
    """Access tokens that a gateway takes, and the key that proves them."""

    texts: list[str]
    public_pem: bytes


def rs256(count: int) -> Tokens:
    """Tokens of as many clients."""
    key = RSAKey.generate_key(2048)
    now = int(time.time())
    texts = [
        jwt.encode(
            {"alg": "RS256", "typ": "at+jwt", "kid": "one"},
            {
                "iss": "https://issuer.example",
                "aud": "gateway",
                "sub": f"client-{number}",
                "client_id": f"client-{number}",
                "scope": SCOPE,
                "jti": secrets.token_urlsafe(16),
                "iat": now,
                "exp": now + 86_400,
            },
            key,
        )
        for number in range(count)
    ]
    return Tokens(texts, key.as_pem(private=False))


def registered(data: Path, secret: str, count: int, database_url: str | None = None) -> list[tuple[str, str]]:
    """Ids and secrets of as many clients, registered at an installation of ours before it starts."""

    async def register(server: AuthorizationServer) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for number in range(count):
            issued = await server.clients.add(
                f"client {number}", grants=["client_credentials"], scopes=SCOPES, plan="internal"
            )
            assert issued.client_secret is not None
            found.append((issued.client_id, issued.client_secret))
        return found

    return asyncio.run(_before_it_starts(data, secret, database_url, register))


def refreshing(data: Path, secret: str, database_url: str | None = None) -> tuple[str, str]:
    """The id of a public client, and a refresh token that somebody has given it."""

    async def allow(server: AuthorizationServer) -> tuple[str, str]:
        client_id, _ = await server.clients.add(
            "refreshing",
            grants=["authorization_code", "refresh_token"],
            scopes=[SCOPE],
            plan="internal",
            redirect_uris=["https://app.example/"],
            public=True,
        )
        user = await server.users.add("ada@app.example", "Ada", secrets.token_urlsafe(16), scopes=["*"])
        session = await server.sessions.find(await server.sessions.start(user))
        assert session is not None
        code = await server.authorizations.allow(
            client_id=client_id,
            user_id=user.id,
            session_id=session.id,
            redirect_uri="https://app.example/",
            scope=SCOPE,
            audience=(server.issuer,),
            nonce=None,
            code_challenge="x" * 43,
            signed_in_at=int(time.time()),
        )
        assert code is not None
        authorization = await server.authorizations.spend_code(code, client_id)
        assert authorization is not None
        return client_id, await server.authorizations.new_refresh_token(authorization, None)

    return asyncio.run(_before_it_starts(data, secret, database_url, allow))


async def _before_it_starts(
    data: Path, secret: str, database_url: str | None, work: Callable[[AuthorizationServer], Awaitable[T]]
) -> T:
    url = None if database_url is None else SecretStr(database_url)
    settings = Settings(data=data, topology="split", secret_key=SecretStr(secret), database_url=url)
    async with Platform(settings, {}) as platform:
        database = await platform.storage.open("gateway", MIGRATIONS)
        audit = AuditLog(database, platform.secrets.key("audit"))
        return await work(
            AuthorizationServer(settings, database, platform.secrets, dict.fromkeys(SCOPES, ""), audit)
        )


def ours(address: str, clients: list[tuple[str, str]]) -> list[str]:
    """An access token for each client, from the gateway that will be measured."""
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as http:
        return [
            http.post(
                "/oauth/token",
                data={"grant_type": "client_credentials", "scope": " ".join(SCOPES)},
                auth=client,
            )
            .raise_for_status()
            .json()["access_token"]
            for client in clients
        ]

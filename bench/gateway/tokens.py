"""Tokens for the gateways: ours come from our own server, the others' are signed here with RS256."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from gateway.audit import AuditLog
from gateway.authorization.service import MIGRATIONS, AuthorizationServer
from triptych.assembly.platform import Platform
from triptych.settings import Settings

SCOPE = "partner:read"


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


def registered(data: Path, secret: str, count: int) -> list[tuple[str, str]]:
    """Ids and secrets of as many clients, registered at an installation of ours before it starts."""

    async def register() -> list[tuple[str, str]]:
        settings = Settings(data=data, topology="split", secret_key=SecretStr(secret))
        async with Platform(settings, {}) as platform:
            database = await platform.storage.open("gateway", MIGRATIONS)
            audit = AuditLog(database, platform.secrets.key("audit"))
            server = AuthorizationServer(settings, database, platform.secrets, {SCOPE: ""}, audit)
            found: list[tuple[str, str]] = []
            for number in range(count):
                issued = await server.clients.add(
                    f"client {number}", grants=["client_credentials"], scopes=[SCOPE], plan="internal"
                )
                assert issued.client_secret is not None
                found.append((issued.client_id, issued.client_secret))
            return found

    return asyncio.run(register())


def ours(address: str, clients: list[tuple[str, str]]) -> list[str]:
    """An access token for each client, from the gateway that will be measured."""
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as http:
        return [
            http.post("/oauth/token", data={"grant_type": "client_credentials", "scope": SCOPE}, auth=client)
            .raise_for_status()
            .json()["access_token"]
            for client in clients
        ]

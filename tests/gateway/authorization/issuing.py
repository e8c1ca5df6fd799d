"""An OpenID provider that a test writes itself, for what real ones do not do: lie, hang and forget."""

import asyncio
import warnings
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.identity import VerifiedToken
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from triptych.issuers import ForeignIssuer
from triptych.problems import Unauthenticated
from triptych.serving.server import listen, serving
from triptych.settings import Settings

AUDIENCE = "https://api.example"
KINDS: dict[str, Any] = {
    "RS256": lambda: RSAKey.generate_key(2048),
    "PS256": lambda: RSAKey.generate_key(2048),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}


@dataclass
class Issuer:
    """Signs whatever it is told to."""

    address: str = ""
    keys: dict[str, Key] = field(default_factory=dict[str, Key])
    """Those that it publishes, by id."""
    asked: Counter[str] = field(default_factory=Counter[str])
    lies: dict[str, Any] = field(default_factory=dict[str, Any])
    """What its discovery document says instead."""
    down: bool = False
    hangs: bool = False
    padding: str = ""

    def add_key(self, kid: str, algorithm: str = "ES256") -> Key:
        self.keys[kid] = KINDS[algorithm]()
        return self.keys[kid]

    def token(
        self,
        kid: str = "one",
        algorithm: str = "ES256",
        header: dict[str, Any] | None = None,
        key: Any = None,
        **claims: Any,
    ) -> str:
        now = int(time())
        said = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "42",
            "client_id": "portal",
            "iat": now,
            "exp": now + 300,
            "jti": "j1",
            **claims,
        }
        fields = {"alg": algorithm, "typ": "at+jwt", "kid": kid, **(header or {})}
        plain = {name: value for name, value in said.items() if value is not None}
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", SecurityWarning
            )  # RFC 9864 calls EdDSA Ed25519; issuers do not yet
            return jwt.encode(
                {name: value for name, value in fields.items() if value is not None},
                plain,
                key or self.keys[kid],
                algorithms=[fields["alg"]],
            )

    async def _discovery(self, request: Request) -> Response:
        return await self._told(
            request, {"issuer": self.address, "jwks_uri": f"{self.address}/jwks", **self.lies}
        )

    async def _jwks(self, request: Request) -> Response:
        published = [{**key.as_dict(private=False), "kid": kid} for kid, key in self.keys.items()]
        return await self._told(request, {"keys": published, "padding": self.padding})

    async def _told(self, request: Request, document: dict[str, Any]) -> Response:
        self.asked[request.url.path] += 1
        if self.hangs:
            await asyncio.sleep(60)
        return Response(status_code=503) if self.down else JSONResponse(document)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
            ]
        )


@asynccontextmanager
async def issuing() -> AsyncGenerator[Issuer]:
    """An issuer on loopback, with one key."""
    issuer = Issuer()
    issuer.add_key("one")
    listening = listen("127.0.0.1", 0)
    issuer.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with serving(issuer.app(), listening, grace=1):
        yield issuer


DISCOVERY = "/.well-known/openid-configuration"
SET_UP: dict[str, Any] = {
    "name": "staff",
    "audience": AUDIENCE,
    "scopes": {"shop.read": ["shop:read", "storefront:read"]},
    "groups": {
        "sales": ["viewer"],
        "ops": ["replayer"],
        "privacy": ["personal-data reader"],
        "it": ["administrator"],
        "desk": ["storefront:*"],
    },
    "private_network": True,
}


def trusted(address: str, **more: Any) -> ForeignIssuer:
    """What is set of an issuer in these tests."""
    return ForeignIssuer.model_validate({**SET_UP, "issuer": address, **more})


@dataclass
class Trusting:
    """A gateway's authorization server that trusts an issuer."""

    house: House
    issuer: Issuer

    async def verify(self, token: str) -> VerifiedToken:
        return await self.house.server.bearer.verify(token)

    async def refused(self, token: str) -> str:
        with pytest.raises(Unauthenticated) as caught:
            await self.verify(token)
        return caught.value.detail

    def later(self, seconds: float) -> None:
        self.house.clock.ahead += seconds


@asynccontextmanager
async def trusting(folder: Path) -> AsyncGenerator[Trusting]:
    """A server with its data in this folder, and the issuer that it trusts."""
    async with issuing() as issuer:
        settings = Settings(data=folder, public_url=ISSUER, issuers=(trusted(issuer.address),))
        async with open_house(settings) as house:
            yield Trusting(house, issuer)

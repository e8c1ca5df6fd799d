"""Bound tokens at the gateway itself: each request proves the key, for this request and no other."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.exchange import Exchange
from gateway.filters.forward import inward
from tests.gateway.authorization.signing import Signer
from tests.gateway.authorization.test_behind_the_gateway import Front, opened
from tests.gateway.landscape import Landscape

PRODUCTS = "/shop/v1/products"


@dataclass
class Holder:
    """A client with a key and a token bound to it."""

    front: Front
    key: Signer
    token: str
    nonce: str

    def proof(self, path: str = PRODUCTS, method: str = "GET", **other: Any) -> str:
        said: dict[str, Any] = {"nonce": self.nonce, "token": self.token, **other}
        return self.key.proof(method, self.front.address + path, self.front.house.clock.read(), **said)

    async def call(
        self, proof: str | None, path: str = PRODUCTS, scheme: str = "DPoP", token: str = ""
    ) -> httpx.Response:
        headers = {"authorization": f"{scheme} {token or self.token}"}
        return await self.front.here.get(path, headers=headers | ({"dpop": proof} if proof else {}))


async def hold(front: Front, **form: str) -> Holder:
    """Let the office get itself a bound token, as it would behind any proxy."""
    key, here, address = Signer.new(), front.here, f"{front.address}/oauth/token"
    data = {"grant_type": "client_credentials", "scope": "shop:read", **form}
    now = front.house.clock.read()
    proof = key.proof("POST", address, now)
    asked = await here.post("/oauth/token", data=data, headers={"dpop": proof}, auth=front.house.office.basic)
    nonce = asked.headers["dpop-nonce"]
    proof = key.proof("POST", address, now, nonce=nonce)
    given = await here.post("/oauth/token", data=data, headers={"dpop": proof}, auth=front.house.office.basic)
    assert given.json()["token_type"] == "DPoP", given.text
    return Holder(front, key, given.json()["access_token"], nonce)


@pytest.fixture
async def holder(tmp_path: Path, landscape: Landscape) -> AsyncGenerator[Holder]:
    async with opened(tmp_path, landscape) as front:
        yield await hold(front)


async def test_who_proves_the_key_is_served(holder: Holder):
    answer = await holder.call(holder.proof())
    assert answer.status_code == 200, answer.text
    assert "dpop-nonce" not in answer.headers
    asked = await holder.call(holder.proof(), f"{PRODUCTS}?odd=1")  # the query is no part of htu
    assert asked.status_code == 422


async def test_a_bound_token_is_no_bearer_token(holder: Holder):
    for proof in [None, holder.proof()]:
        answer = await holder.call(proof, scheme="Bearer")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_token"')
    assert (await holder.call(holder.proof())).status_code == 200
    assert (await holder.call(holder.proof(), scheme="Bearer")).status_code == 401


async def test_a_bearer_token_is_no_bound_token(holder: Holder):
    form = {"grant_type": "client_credentials", "scope": "shop:read"}
    given = await holder.front.here.post("/oauth/token", data=form, auth=holder.front.house.office.basic)
    token = given.json()["access_token"]
    answer = await holder.call(holder.proof(token=token), token=token)
    assert answer.status_code == 401
    assert "error_description" in answer.headers["www-authenticate"]
    assert (await holder.call(None, token=token, scheme="Bearer")).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST"},
        {"path": "/shop/v1/orders"},
        {"token": ""},
        {"token": "another"},
        {"htu": "http://evil.example/shop/v1/products"},
        {"iat": 1},
        {"header": {"typ": "JWT"}},
    ],
)
async def test_a_proof_for_something_else_is_refused(holder: Holder, fault: dict[str, Any]):
    answer = await holder.call(holder.proof(**fault))
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('DPoP error="invalid_dpop_proof"')
    assert 'algs="ES256 PS256 RS256 EdDSA Ed25519"' in challenge


async def test_a_proof_with_another_key_is_refused_and_costs_nothing(holder: Holder):
    stranger = Holder(holder.front, Signer.new(), holder.token, holder.nonce)
    assert (await holder.call(stranger.proof())).status_code == 401
    assert (await holder.call(None)).status_code == 401
    assert (await holder.call("x")).status_code == 401


async def test_a_proof_is_used_once(holder: Holder):
    proof = holder.proof()
    answers = await asyncio.gather(*(holder.call(proof) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


async def test_who_has_no_nonce_gets_one(holder: Holder):
    answer = await holder.call(holder.proof(nonce=None))
    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
    assert answer.headers["dpop-nonce"] == holder.nonce
    assert (await holder.call(holder.proof(nonce=answer.headers["dpop-nonce"]))).status_code == 200


async def test_a_revoked_bound_token_is_refused_at_once(holder: Holder):
    assert (await holder.call(holder.proof())).status_code == 200
    await holder.front.here.post(
        "/oauth/revoke", data={"token": holder.token}, auth=holder.front.house.office.basic
    )
    answer = await holder.call(holder.proof())
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]


def test_the_service_does_not_get_to_see_the_proof():
    exchange = Exchange("GET", b"/", b"", [(b"dpop", b"proof"), (b"accept", b"*/*")], "")
    assert [name for name, _ in inward(exchange)] == [b"accept"]


async def test_two_proofs_are_refused(holder: Holder):
    headers = [("authorization", f"DPoP {holder.token}"), ("dpop", holder.proof()), ("dpop", holder.proof())]
    assert (await holder.front.here.get(PRODUCTS, headers=headers)).status_code == 400


async def test_a_page_may_send_proofs_and_read_nonces(holder: Holder):
    origin = {"origin": "https://shop.example"}
    preflight = await holder.front.here.options(
        PRODUCTS, headers={**origin, "access-control-request-method": "GET"}
    )
    assert "dpop" in preflight.headers["access-control-allow-headers"]
    assert "dpop-nonce" in preflight.headers["access-control-expose-headers"]


async def test_a_token_for_one_service_opens_no_other(holder: Holder):
    shop = await hold(holder.front, resource=f"{holder.front.address}/shop/v1")
    assert (await shop.call(shop.proof())).status_code == 200
    partner = await hold(holder.front, resource=f"{holder.front.address}/partner/v1")
    answer = await partner.call(partner.proof())
    assert answer.status_code == 401
    assert "another service" in answer.json()["detail"]

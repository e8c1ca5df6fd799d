"""Forged tokens and proofs at the resource itself, through each front: 401, and the shop hears nothing."""

import asyncio
import hmac
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.gateway.attacks.conftest import Door, opened
from tests.gateway.attacks.recording import Shop
from tests.gateway.authorization.conftest import ISSUER, House
from tests.gateway.authorization.issuing import Trusting, trusting
from tests.gateway.authorization.signing import Signer, part
from tests.gateway.authorization.test_behind_the_gateway import Front
from tests.gateway.authorization.test_bound_tokens import PRODUCTS, Holder, hold
from tests.gateway.authorization.test_foreign_tokens import forged
from tests.gateway.authorization.test_verifier import FORGERIES, by_the_server, claims, with_our_key
from tests.gateway.raw import get
from triptych.calling.internal_token import InternalTokens

BLANK = "with a space"
"""Which a header field loses before anybody reads it (RFC 9112, 5.1)."""


async def refused(door: Door, token: str, scheme: str = "Bearer") -> bool:
    """Whether the token opens nothing, and the client is told so."""
    field = f"Authorization: {scheme} {token}".encode()
    answers = await door.send(get(b"/shop/v1/products", field, b"Connection: close"))
    told = b"".join(answers.header(b"www-authenticate"))
    return answers.statuses == [401] and told.startswith((b"Bearer", b"DPoP")) and not door.shop.arrived


@pytest.mark.parametrize("forgery", [name for name in FORGERIES if name != BLANK])
async def test_jwt_a_forged_token_opens_nothing(door: Door, forgery: str):
    assert await refused(door, FORGERIES[forgery](door.house))


async def test_jwt_only_what_is_forged_makes_the_difference(door: Door):
    honest = by_the_server(door.house, scope="shop:read")
    answers = await door.send(get(b"/shop/v1/products", f"Authorization: Bearer {honest}".encode()))
    assert answers.statuses == [200]


HEADS: dict[str, dict[str, Any]] = {
    "alg none in capitals": {"alg": "NONE"},
    "alg none and a key": {"alg": "none", "jwk": {"kty": "oct", "k": ""}},
    "no alg": {"alg": None},
    "alg as a list": {"alg": ["ES256"]},
    "another curve": {"alg": "ES384"},
    "RSA": {"alg": "RS256"},
    "kid: a file": {"kid": "/dev/null"},
    "kid: a query": {"kid": "x' UNION SELECT 'key"},
    "kid: a command": {"kid": "|id"},
    "kid: an address": {"kid": "http://127.0.0.1:1/key"},
    "kid: a list": {"kid": ["x"]},
    "kid: nothing": {"kid": ""},
    "jku": {"jku": "http://127.0.0.1:1/jwks"},
    "x5u": {"x5u": "http://127.0.0.1:1/x5u"},
    "x5c": {"x5c": ["MIIB"]},
    "x5t": {"x5t": "x"},
    "typ: JWT": {"typ": "JWT"},
    "typ: a proof": {"typ": "dpop+jwt"},
    "typ: an internal token": {"typ": "triptych-call+jwt"},
    "crit": {"crit": ["exp"]},
    "crit: nothing": {"crit": []},
    "b64": {"b64": False, "crit": ["b64"]},
    "cty: nested": {"cty": "JWT"},
    "zip": {"zip": "DEF"},
    "nonsense": {"x": {"deep": [[[[[]]]]]}},
}


@pytest.mark.parametrize("head", HEADS)
async def test_jwt_no_header_but_our_own_is_believed(door: Door, head: str):
    """Each over claims that our own key has signed under our own header."""
    honest, kid = by_the_server(door.house, scope="shop:read"), door.house.server.keys.current.kid
    said = {"alg": "ES256", "typ": "at+jwt", "kid": kid, **HEADS[head]}
    kept = {name: value for name, value in said.items() if value is not None}
    assert await refused(door, forged(honest, kept))
    assert await refused(door, forged(honest, kept, b""))


async def test_jwt_key_confusion_our_public_key_is_no_secret(door: Door):
    key = door.house.server.keys.current
    head = part({"alg": "HS256", "typ": "at+jwt", "kid": key.kid})
    text = f"{head}.{part(claims(door.house, scope='shop:read'))}"
    public = json.dumps(key.public())
    for secret in (public.encode(), key.key.as_pem(private=False), key.key.as_der(private=False), b""):
        for digest in ("sha256", "sha384", "sha512"):
            assert await refused(door, f"{text}.{part(hmac.digest(secret, text.encode(), digest))}")


@pytest.mark.parametrize(
    "payload",
    [
        '{"scope":"shop:read","scope":"shop:write"}',
        '{"sub":1e999}',
        "[" * 4_000,
        '{"a":' * 1_500,
        '"at+jwt"',
        "\ud83d",
        "\0",
        "",
    ],
    ids=[
        "twice",
        "infinite",
        "deep lists",
        "deep objects",
        "a word",
        "half a pair",
        "a zero byte",
        "nothing",
    ],
)
async def test_jwt_a_payload_that_is_odd_is_not_even_read(door: Door, payload: str):
    head = door.house.server.keys.current.first_part("at+jwt")
    text = payload.encode("utf-8", "surrogatepass")
    assert await refused(door, f"{head}.{part(text)}.{part(bytes(64))}")


@pytest.mark.parametrize(
    "other",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": []},
        {"aud": [ISSUER, "https://elsewhere.example"]},
        {"aud": ISSUER + ".evil.example"},
        {"aud": f"{ISSUER}/ledger/v1"},
        {"iss": ISSUER + "/"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 0},
        {"exp": 1_000_000_000},
    ],
    ids=json.dumps,
)
async def test_jwt_a_token_for_another_or_of_another_time_opens_nothing(door: Door, other: dict[str, Any]):
    said = {"scope": "shop:read", **other}
    assert await refused(door, with_our_key(door.house, {"typ": "at+jwt"}, **said))
    assert await refused(door, by_the_server(door.house, **said))


@pytest.mark.parametrize("length", [8_193, 12_000])
async def test_jwt_a_token_beyond_all_measure_is_not_looked_at(door: Door, length: int):
    assert await refused(door, "e30." + "A" * (length - 8) + ".AAA")


# --- tokens of an issuer that is trusted ---


@pytest.fixture(params=["asgi", "edge"])
async def abroad(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[tuple[Door, Trusting]]:
    """A door that trusts a foreign issuer, on each front."""
    async with trusting(tmp_path) as trust:
        shop = Shop(InternalTokens(b"k" * 32))
        async with opened(request.param, trust.house, tmp_path, shop) as port:
            yield Door(request.param, port, trust.house, shop, b"", ""), trust


async def test_jwt_a_token_from_abroad_is_held_to_the_same(abroad: tuple[Door, Trusting]):
    door, trust = abroad
    issuer, evil = trust.issuer, ECKey.generate_key("P-256")
    good = issuer.token()
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}
    wrong = {
        "of tomorrow": issuer.token(nbf=32_503_680_000),
        "issued tomorrow": issuer.token(iat=32_503_680_000),
        "of yesterday": issuer.token(exp=1_000_000_000),
        "without an end": issuer.token(exp=None),
        "for another": issuer.token(aud="https://other.example"),
        "for nobody": issuer.token(aud=None),
        "of a stranger": issuer.token(iss="https://stranger.example"),
        "with a stranger's key": issuer.token(key=evil),
        "with a key brought along": issuer.token(header={"jwk": evil.as_dict(private=False)}, key=evil),
        "with a key somewhere": issuer.token(header={"jku": f"{issuer.address}/evil"}, key=evil),
        "with a certificate somewhere": issuer.token(header={"x5u": f"{issuer.address}/evil"}, key=evil),
        "unsigned": forged(good, {**head, "alg": "none"}, b""),
        "critical": forged(good, {**head, "crit": ["x"], "x": 1}),
        "of another type": issuer.token(header={"typ": "JWT"}),
    }
    for what, token in wrong.items():
        assert await refused(door, token), what
    assert "/evil" not in issuer.asked
    answers = await door.send(get(b"/shop/v1/hours", f"Authorization: Bearer {good}".encode()))
    assert answers.statuses == [200]


# --- tokens that are bound to a key ---


@pytest.fixture
async def holder(house: House) -> Holder:
    """A client with a token bound to its key, at each front."""
    return await hold(Front(house, ISSUER, house.http, house.browser()))


async def test_dpop_a_proof_counts_once(door: Door, holder: Holder):
    proof = holder.proof()
    answers = await asyncio.gather(*(holder.call(proof) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    assert len(door.shop.arrived) == 1


async def test_dpop_a_stolen_token_is_worth_nothing_without_its_key(door: Door, holder: Holder):
    thief = Holder(holder.front, Signer.new(), holder.token, holder.nonce)
    attempts = [
        await holder.call(None),
        await holder.call(None, scheme="Bearer"),
        await holder.call(holder.proof(), scheme="Bearer"),
        await thief.call(thief.proof()),
        await thief.call(thief.proof(header={"jwk": holder.key.public})),
        await holder.call("x"),
        await holder.call(holder.proof() + "x"),
    ]
    assert [answer.status_code for answer in attempts] == [401] * 7
    assert door.shop.arrived == []


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST"},
        {"method": "get"},
        {"path": "/shop/v1/orders"},
        {"path": PRODUCTS + "/"},
        {"token": ""},
        {"token": "another"},
        {"htu": "http://evil.example" + PRODUCTS},
        {"htu": "http://127.0.0.1:8000@evil.example" + PRODUCTS},
        {"htu": "https://127.0.0.1:8000" + PRODUCTS},
        {"iat": 1},
        {"iat": 32_503_680_000},
        {"jti": None},
        {"nonce": "made-up"},
        {"header": {"typ": "JWT"}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"crit": ["exp"]}},
        {"header": {"jwk": None}},
        {"header": {"jwk": None, "jku": "http://127.0.0.1:1/jwks"}},
    ],
    ids=json.dumps,
)
async def test_dpop_a_proof_of_something_else_proves_nothing(
    door: Door, holder: Holder, fault: dict[str, Any]
):
    assert (await holder.call(holder.proof(**fault))).status_code == 401
    assert door.shop.arrived == []
    assert (await holder.call(holder.proof())).status_code == 200

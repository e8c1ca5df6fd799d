"""Clients that prove who they are by a signature, and everything that only looks like one."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Unpack

import httpx
import pytest
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from gateway.authorization.clients import Special
from gateway.authorization.public_keys import ALGORITHMS
from tests.gateway.authorization.conftest import ISSUER, House
from tests.gateway.authorization.signing import Signer, part, proving, signer
from triptych.problems import InvalidInput

TOKEN = f"{ISSUER}/oauth/token"


async def registered(house: House, key: Signer, **more: Unpack[Special]) -> str:
    special: Special = {"jwks": key.jwks}
    made = await house.server.clients.add(
        "Signs",
        grants=["client_credentials"],
        scopes=["partner:read", "tokens:introspect"],
        plan="partner",
        **{**special, **more},
    )
    assert made.client_secret is None
    return made.client_id


async def ask(house: House, assertion: str, **form: str) -> httpx.Response:
    data = {"grant_type": "client_credentials", **proving(assertion), **form}
    return await house.http.post("/oauth/token", data=data)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_client_that_signs_needs_no_secret(house: House, algorithm: str):
    key = signer(algorithm)
    client = await registered(house, key)
    for audience in [ISSUER, TOKEN, [ISSUER], [ISSUER, TOKEN]]:
        answer = await ask(house, key.assertion(client, audience, house.clock.read()))
        assert answer.status_code == 200, answer.text
        assert house.server.verifier.judge(answer.json()["access_token"]).client_id == client


async def test_it_may_name_itself_too_and_nobody_else(house: House):
    key = signer("ES256")
    client = await registered(house, key)
    assertion = key.assertion(client, ISSUER, house.clock.read())
    assert (await ask(house, assertion, client_id=house.partner.client_id)).status_code == 401
    assertion = key.assertion(client, ISSUER, house.clock.read())
    assert (await ask(house, assertion, client_id=client)).status_code == 200


async def test_it_proves_itself_at_every_endpoint(house: House):
    key = signer("ES256")
    client = await registered(house, key)

    def proof(endpoint: str) -> dict[str, str]:
        return proving(key.assertion(client, f"{ISSUER}/oauth/{endpoint}", house.clock.read()))

    asked = {"grant_type": "client_credentials", **proof("token")}
    token = (await house.http.post("/oauth/token", data=asked)).json()["access_token"]
    known = await house.http.post("/oauth/introspect", data={"token": token, **proof("introspect")})
    assert known.json()["active"]
    assert (await house.http.post("/oauth/revoke", data={"token": token, **proof("revoke")})).is_success
    known = await house.http.post("/oauth/introspect", data={"token": token, **proof("introspect")})
    assert known.json() == {"active": False}


async def test_an_assertion_counts_once(either_house: House):
    house, key = either_house, signer("ES256")
    client = await registered(house, key)
    assertion = ""
    for _ in range(3):
        assertion = key.assertion(client, ISSUER, house.clock.read())
        answers = await asyncio.gather(*(ask(house, assertion) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    assert (await ask(house, assertion)).status_code == 401


async def test_the_same_id_of_two_clients_is_two_ids(house: House):
    key = signer("ES256")
    for client in [await registered(house, key), await registered(house, key)]:
        answer = await ask(house, key.assertion(client, ISSUER, house.clock.read(), jti="the-same"))
        assert answer.status_code == 200


Forger = Callable[[House, Signer, str], str]


def claiming(**claims: Any) -> Forger:
    return lambda house, key, client: key.assertion(client, ISSUER, house.clock.read(), **claims)


def later(**seconds: int) -> Forger:
    return lambda house, key, client: key.assertion(
        client,
        ISSUER,
        house.clock.read(),
        **{name: int(house.clock.read()) + n for name, n in seconds.items()},
    )


def heading(**header: Any) -> Forger:
    def forge(house: House, key: Signer, client: str) -> str:
        _, claims, _ = key.assertion(client, ISSUER, house.clock.read()).split(".")
        said = {"alg": key.algorithm, "kid": key.public["kid"], **header}
        kept = {name: value for name, value in said.items() if value is not None}
        return _signed(key, part(kept), claims)

    return forge


def _signed(key: Signer, header: str, claims: str) -> str:
    signature = JWSRegistry.algorithms[key.algorithm].sign(f"{header}.{claims}".encode(), key.key)
    return f"{header}.{claims}.{part(signature)}"


def saying(raw: bytes) -> Forger:
    """Claims in these very bytes, where %s is the client."""
    return lambda house, key, client: _signed(
        key, part({"alg": key.algorithm}), part(raw.replace(b"%s", client.encode()))
    )


def with_the_public_key_as_a_secret(house: House, key: Signer, client: str) -> str:
    secret = OctKey.import_key(json.dumps(key.public))
    _, claims, _ = key.assertion(client, ISSUER, house.clock.read()).split(".")
    signed = f"{part({'alg': 'HS256', 'kid': key.public['kid']})}.{claims}"
    return f"{signed}.{part(JWSRegistry.algorithms['HS256'].sign(signed.encode(), secret))}"


def by_a_stranger(house: House, key: Signer, client: str) -> str:
    stranger = Signer.new()
    header = {"alg": "ES256", "kid": key.public["kid"], "jwk": stranger.public}
    _, claims, _ = key.assertion(client, ISSUER, house.clock.read()).split(".")
    return _signed(stranger, part(header), claims)


FORGERIES: dict[str, Forger] = {
    "no signature": lambda house, key, client: (
        key.assertion(client, ISSUER, house.clock.read()).rpartition(".")[0] + "."
    ),
    "alg none": heading(alg="none"),
    "alg None": heading(alg="None"),
    "another algorithm of the same key": heading(alg="ES384"),
    "no algorithm": heading(alg=None),
    "an algorithm that is no word": heading(alg=["ES256"]),
    "the public key as an HMAC secret": with_the_public_key_as_a_secret,
    "a stranger's key, brought along": by_a_stranger,
    "a kid of nobody": heading(kid="../../etc/passwd"),
    "a kid that is no word": heading(kid={"$ne": 1}),
    "an extension that must be understood": heading(crit=["exp"]),
    "b64": heading(crit=["b64"], b64=False),
    "the type of an access token": heading(typ="at+jwt"),
    "the type of a proof": heading(typ="dpop+jwt"),
    "another audience": claiming(aud="https://elsewhere.example"),
    "another audience besides": claiming(aud=[ISSUER, "https://elsewhere.example"]),
    "no audience": claiming(aud=None),
    "an audience of nothing": claiming(aud=[]),
    "an audience with a slash": claiming(aud=ISSUER + "/"),
    "another endpoint's": claiming(aud=f"{ISSUER}/oauth/revoke"),
    "another issuer": claiming(iss="somebody"),
    "no issuer": claiming(iss=None),
    "another subject": claiming(sub="somebody"),
    "no subject": claiming(sub=None),
    "no id": claiming(jti=None),
    "an id that is no word": claiming(jti={"a": 1}),
    "an id that is too long": claiming(jti="x" * 257),
    "no end": claiming(exp=None),
    "an end that is no number": claiming(exp="tomorrow"),
    "an end that is true": claiming(exp=True),
    "no end in sight": claiming(exp=1e300),
    "over": later(exp=-31),
    "for too long": later(exp=400),
    "not yet begun": later(nbf=60),
    "from the future": later(iat=60),
    "of long ago": later(iat=-400),
    "nested": lambda house, key, client: key.sign(
        {"alg": key.algorithm, "cty": "JWT"}, {"jwt": key.assertion(client, ISSUER, house.clock.read())}
    ),
    "five parts": lambda house, key, client: key.assertion(client, ISSUER, house.clock.read()) + ".x.y",
    "too long": claiming(more="x" * 9_000),
    "a claim that comes twice": saying(
        b'{"iss":"%s","sub":"%s","sub":"%s","aud":"' + ISSUER.encode() + b'","jti":"twice","exp":9999999999}'
    ),
    "NaN": saying(b'{"iss":"%s","sub":"%s","aud":"' + ISSUER.encode() + b'","jti":"nan","exp":NaN}'),
    "deep": saying(b"[" * 6_000),
    "invalid UTF-8": saying(b'{"iss":"%s\xff"}'),
    "half a character": saying(b'{"iss":"%s","sub":"%s","jti":"\\ud800"}'),
    "a list": saying(b"[]"),
    "a number of many digits": saying(b'{"exp":' + b"9" * 5_000 + b"}"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_what_only_looks_like_an_assertion_is_refused(house: House, forgery: str):
    key = signer("ES256")
    client = await registered(house, key)
    answer = await ask(house, FORGERIES[forgery](house, key, client))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    honest = await ask(house, key.assertion(client, ISSUER, house.clock.read()))
    assert honest.status_code == 200


async def test_an_unknown_client_and_a_wrong_signature_get_the_same_answer(house: House):
    key = signer("ES256")
    client = await registered(house, key)
    wrong = await ask(house, by_a_stranger(house, key, client))
    unknown = await ask(house, key.assertion("nobody", ISSUER, house.clock.read()))
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    assert wrong.headers == unknown.headers


async def test_a_client_with_a_secret_cannot_sign_and_one_that_signs_has_no_secret(house: House):
    key = signer("ES256")
    client = await registered(house, key)
    form = {"grant_type": "client_credentials", "client_id": client}
    assert (await house.http.post("/oauth/token", data={**form, "client_secret": "x"})).status_code == 401
    assert (await house.http.post("/oauth/token", data=form)).status_code == 401
    assertion = key.assertion(house.partner.client_id, ISSUER, house.clock.read())
    assert (await ask(house, assertion)).status_code == 401


@pytest.mark.parametrize("other", [{"client_secret": "x"}, {"authorization": "Basic eDp5"}])
async def test_a_client_proves_itself_in_one_way(house: House, other: dict[str, str]):
    key = signer("ES256")
    client = await registered(house, key)
    headers = {name: other.pop(name) for name in list(other) if name == "authorization"}
    form = proving(key.assertion(client, ISSUER, house.clock.read()))
    data = {"grant_type": "client_credentials", **form, **other}
    answer = await house.http.post("/oauth/token", data=data, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


WEAK: dict[str, object] = {
    "a private key": {"keys": [Signer.new().key.as_dict(private=True)]},
    "a secret": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
    "another curve": {"keys": [{"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}]},
    "a point beside the curve": {"keys": [{**signer("ES256").public, "x": part(bytes(32))}]},
    "a short RSA key": {"keys": [{"kty": "RSA", "n": part(b"\xff" * 128), "e": "AQAB"}]},
    "a huge RSA key": {"keys": [{"kty": "RSA", "n": part(b"\xff" * 2048), "e": "AQAB"}]},
    "an RSA key whose exponent is one": {"keys": [{"kty": "RSA", "n": part(b"\xff" * 256), "e": "AQ"}]},
    "for encryption": {"keys": [{**signer("ES256").public, "use": "enc"}]},
    "odd numbers": {"keys": [{"kty": "EC", "crv": "P-256", "x": "A", "y": "!"}]},
    "none": {"keys": []},
    "no list": {"keys": {}},
    "a list": [],
    "too many": {"keys": [signer("ES256").public] * 21},
}


@pytest.mark.parametrize("weak", WEAK)
async def test_a_key_that_is_weak_or_no_secret_any_more_is_not_registered(house: House, weak: str):
    with pytest.raises(InvalidInput) as caught:
        await registered(house, signer("ES256"), jwks=json.dumps(WEAK[weak]))
    assert [error["pointer"] for error in caught.value.errors] == ["/jwks"]


async def test_keys_are_given_or_published_not_both(house: House):
    with pytest.raises(InvalidInput, match="cannot be registered"):
        await registered(house, signer("ES256"), jwks_uri="https://acme.example/jwks")
    for address in ["http:///x", "ftp://acme.example/jwks", "https://user@acme.example/jwks", "javascript:x"]:
        with pytest.raises(InvalidInput):
            await registered(house, signer("ES256"), jwks=None, jwks_uri=address)

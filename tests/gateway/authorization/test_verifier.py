"""What passes for an access token, and what does not."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey

from gateway.authorization.keys import ALGORITHM
from tests.gateway.authorization.conftest import ISSUER, House
from triptych.problems import Unauthenticated

Forger = Callable[[House], str]


def part(data: object) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(house: House, **other: Any) -> dict[str, Any]:
    now = int(house.clock.read())
    said = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": house.ada.id,
        "client_id": "forged",
        "iat": now,
        "exp": now + 600,
        "jti": "forged",
        "scope": "console:admin",
        "plan": "internal",
    }
    return {**said, **other}


def with_our_key(house: House, header: dict[str, Any], **other: Any) -> str:
    key = house.server.keys.current
    registry = jws.JWSRegistry(strict_check_header=False)
    payload = json.dumps(claims(house, **other)).encode()
    return jws.serialize_compact(
        {"alg": ALGORITHM, "kid": key.kid, **header}, payload, key.key, registry=registry
    )


def by_the_server(house: House, **other: Any) -> str:
    return house.server.keys.current.sign("at+jwt", claims(house, **other))


def unsigned(house: House) -> str:
    header = {"alg": "none", "typ": "at+jwt", "kid": house.server.keys.current.kid}
    return f"{part(header)}.{part(claims(house))}."


def with_the_public_key_as_a_secret(house: House) -> str:
    kid = house.server.keys.current.kid
    secret = OctKey.import_key(json.dumps(house.server.keys.current.public()))
    return jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": kid}, claims(house), secret, ["HS256"])


def with_a_key_of_the_forger(house: House) -> str:
    key = ECKey.generate_key("P-256", private=True)
    kid = house.server.keys.current.kid
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid}, claims(house), key, ["ES256"])


def with_its_own_key_in_the_header(house: House) -> str:
    key = ECKey.generate_key("P-256", private=True)
    header = {"alg": "ES256", "typ": "at+jwt", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims(house), key, ["ES256"])


def tampered(house: House) -> str:
    header, _, signature = by_the_server(house).split(".")
    return f"{header}.{part(claims(house, scope='everything'))}.{signature}"


FORGERIES: dict[str, Forger] = {
    "no signature": unsigned,
    "our header, no signature": lambda house: by_the_server(house).rpartition(".")[0] + ".",
    "our header, an empty signature of zeros": lambda house: (
        by_the_server(house).rpartition(".")[0] + "." + part(bytes(64))
    ),
    "the public key as an HMAC secret": with_the_public_key_as_a_secret,
    "a stranger's key under our kid": with_a_key_of_the_forger,
    "a key brought along": with_its_own_key_in_the_header,
    "another payload": tampered,
    "an id token": lambda house: with_our_key(house, {"typ": "JWT"}),
    "no type": lambda house: with_our_key(house, {}),
    "another type": lambda house: with_our_key(house, {"typ": "dpop+jwt"}),
    "type in capitals": lambda house: with_our_key(house, {"typ": "AT+JWT"}),
    "a jku": lambda house: with_our_key(house, {"typ": "at+jwt", "jku": "https://evil.example/jwks"}),
    "an x5u": lambda house: with_our_key(house, {"typ": "at+jwt", "x5u": "https://evil.example/x5u"}),
    "an x5c": lambda house: with_our_key(house, {"typ": "at+jwt", "x5c": ["MIIB"]}),
    "an extension that must be understood": lambda house: with_our_key(
        house, {"typ": "at+jwt", "crit": ["kid"]}
    ),
    "compressed": lambda house: with_our_key(house, {"typ": "at+jwt", "zip": "DEF"}),
    "a kid that is a query": lambda house: with_our_key(house, {"typ": "at+jwt", "kid": "' OR 1=1 --"}),
    "a header that says something twice": lambda house: (
        part(b'{"alg":"none","alg":"ES256","typ":"at+jwt"}') + "." + by_the_server(house).partition(".")[2]
    ),
    "our header in another spelling": lambda house: (
        by_the_server(house).partition(".")[0] + "=." + by_the_server(house).partition(".")[2]
    ),
    "a kid that is a path": lambda house: with_our_key(house, {"typ": "at+jwt", "kid": "../../dev/null"}),
    "another issuer": lambda house: by_the_server(house, iss="https://evil.example"),
    "another audience": lambda house: by_the_server(house, aud="https://elsewhere.example"),
    "an issuer that is nearly ours": lambda house: by_the_server(house, iss=ISSUER + "/"),
    "expired": lambda house: by_the_server(house, exp=int(house.clock.read())),
    "nested": lambda house: house.server.keys.current.sign("at+jwt", {"token": by_the_server(house)}),
    "too long": lambda house: by_the_server(house, scope="x" * 8192),
    "with a space": lambda house: by_the_server(house) + " ",
    "four parts": lambda house: by_the_server(house) + ".x",
    "five parts": lambda house: by_the_server(house) + ".x.y",
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_refused(house: House, forgery: str):
    with pytest.raises(Unauthenticated):
        await house.server.verifier.verify(FORGERIES[forgery](house))


async def test_a_token_says_who_may_do_what_until_when(house: House):
    tokens = await house.tokens(house.shop, "openid storefront:read")
    said = await house.server.verifier.verify(tokens["access_token"])
    assert (said.subject, said.client, said.customer_id) == (house.ada.id, house.shop.client_id, "cus_ada")
    assert said.scopes == {"openid", "storefront:read"}
    assert said.expires_at == int(house.clock.read()) + 600
    assert said.plan == "free"


async def test_a_token_is_valid_to_its_last_second(fresh_house: House):
    house = fresh_house
    token = (await house.token(house.partner, grant_type="client_credentials")).json()["access_token"]
    house.clock.ahead += 599
    house.server.verifier.judge(token)
    house.clock.ahead += 1
    with pytest.raises(Unauthenticated, match="expired"):
        house.server.verifier.judge(token)


@given(text=st.text() | st.from_regex(r"[A-Za-z0-9_.-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*"))
async def test_no_text_is_answered_with_anything_but_unauthenticated(shared_house: House, text: str):
    with pytest.raises(Unauthenticated):
        shared_house.server.verifier.judge(text)


@given(payload=st.binary(), signature=st.binary())
async def test_our_own_header_before_garbage_is_answered_alike(
    shared_house: House, payload: bytes, signature: bytes
):
    header = shared_house.server.keys.current.first_part("at+jwt")
    for text in [
        f"{header}.{part(payload)}.{part(signature)}",
        f"{header}.{payload!r}.{signature!r}",
        header,
    ]:
        with pytest.raises(Unauthenticated):
            shared_house.server.verifier.judge(text)

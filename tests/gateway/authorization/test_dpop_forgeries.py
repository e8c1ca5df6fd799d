"""Everything that only looks like a DPoP proof."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.authorization.conftest import ISSUER, House
from tests.gateway.authorization.signing import Signer, part
from tests.gateway.authorization.test_dpop import GRANT, TOKEN, ask, nonce_of

Forger = Callable[[House, Signer, str], str]


def saying(**claims: Any) -> Forger:
    return lambda house, key, nonce: key.proof(
        "POST", TOKEN, house.clock.read(), **dict[str, Any](nonce=nonce) | claims
    )


def heading(**header: Any) -> Forger:
    return lambda house, key, nonce: key.proof("POST", TOKEN, house.clock.read(), nonce=nonce, header=header)


def aged(seconds: int) -> Forger:
    return lambda house, key, nonce: key.proof("POST", TOKEN, house.clock.read() + seconds, nonce=nonce)


def with_a_private_key(house: House, key: Signer, nonce: str) -> str:
    jwk = dict(key.key.as_dict(private=True))
    return key.proof("POST", TOKEN, house.clock.read(), nonce=nonce, header={"jwk": jwk})


def signed_by_another(house: House, key: Signer, nonce: str) -> str:
    other = Signer.new()
    return other.proof("POST", TOKEN, house.clock.read(), nonce=nonce, header={"jwk": key.public})


FORGERIES: dict[str, Forger] = {
    "no word": lambda house, key, nonce: "x",
    "no type": heading(typ=None),
    "another type": heading(typ="JWT"),
    "the type of an access token": heading(typ="at+jwt"),
    "alg none": heading(alg="none"),
    "alg HS256": heading(alg="HS256"),
    "no key": heading(jwk=None),
    "a key that is no object": heading(jwk="x"),
    "a symmetric key": heading(jwk={"kty": "oct", "k": part(b"k" * 32)}),
    "a key of an odd curve": heading(jwk={"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}),
    "a key address": heading(jwk=None, jku="https://evil.example/jwks"),
    "a certificate address": heading(jwk=None, x5u="https://evil.example/x5u"),
    "an extension that must be understood": heading(crit=["nonce"]),
    "a private key": with_a_private_key,
    "another's signature": signed_by_another,
    "another method": saying(htm="GET"),
    "the method in small letters": saying(htm="post"),
    "no method": saying(htm=None),
    "another path": saying(htu=f"{ISSUER}/oauth/par"),
    "a longer path": saying(htu=f"{TOKEN}/"),
    "another host": saying(htu="http://evil.example/oauth/token"),
    "another port": saying(htu="http://127.0.0.1:8001/oauth/token"),
    "another scheme": saying(htu="https://127.0.0.1:8000/oauth/token"),
    "a user at our host": saying(htu="http://x@127.0.0.1:8000/oauth/token"),
    "no address": saying(htu=None),
    "an address that is none": saying(htu="http://[::1"),
    "an address that is no word": saying(htu=[TOKEN]),
    "an address with an encoded slash": saying(htu=f"{ISSUER}/oauth%2ftoken"),
    "no id": saying(jti=None),
    "an id that is no word": saying(jti=7),
    "an id that is too long": saying(jti="x" * 257),
    "no time": saying(iat=None),
    "a time that is no number": saying(iat="now"),
    "a time beyond all times": saying(iat=1e308),
    "of long ago": aged(-61),
    "of the future": aged(11),
    "for a token": saying(ath=part(b"x" * 32)),
    "too long": saying(more="x" * 9_000),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_what_only_looks_like_a_proof_is_refused(house: House, forgery: str):
    made = FORGERIES[forgery](house, Signer.new(), await nonce_of(house))
    answer = await ask(house, house.partner, made, **GRANT)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), answer.text

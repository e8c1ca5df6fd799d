"""Public keys that others give us, as JWKs (RFC 7517): public indeed, strong enough, and for signatures."""

import base64
import re
from dataclasses import dataclass
from typing import Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

ALGORITHMS = ["ES256", "PS256", "RS256", "EdDSA", "Ed25519"]
"""What clients may sign with. Ed25519 is the name that RFC 9864 gives to what most have called EdDSA."""
MAX_KEYS = 20
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_NUMBER = re.compile(r"(?:[A-Za-z0-9_-]{4})*[A-Za-z0-9_-]{2,4}")
_BITS = range(2_048, 4_097)
"""Of an RSA modulus: below is weak, above costs too much to check."""
_LONGEST_NUMBER = 683
"""4096 bits in base64url."""


class UnusableKeyError(ValueError):
    """This key cannot be trusted, or not be used; the message says why."""


class GivenAwayError(UnusableKeyError):
    """This is no public key: whoever could read it can sign with it."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key, and the algorithms that it may be used with."""

    key: ECKey | RSAKey | OKPKey
    algorithms: tuple[str, ...]
    kid: str | None
    thumbprint: str
    """RFC 7638, SHA-256."""


def public_key(jwk: object) -> PublicKey:
    """The key for signatures that a JWK describes. Raises `UnusableKeyError`."""
    if not isinstance(jwk, dict):
        raise UnusableKeyError("a key is a JSON object")
    said = cast(dict[str, Any], jwk)
    if _PRIVATE & said.keys():
        raise GivenAwayError("a private or symmetric key was given away: make a new one")
    algorithms, members, kind = _judged(said)
    if said.get("use", "sig") != "sig" or "verify" not in said.get("key_ops", ["verify"]):
        raise UnusableKeyError("the key is not for signatures")
    if "alg" in said:
        algorithms = tuple(one for one in algorithms if one == said["alg"])
    if not algorithms:
        raise UnusableKeyError(f"the key is not for any of {', '.join(ALGORITHMS)}")
    try:
        key = kind.import_key(members)
        key.get_op_key("verify")  # builds it, so that a point beside the curve shows here
        thumbprint = key.thumbprint()
    except (JoseError, ValueError, TypeError) as error:
        raise UnusableKeyError("the key's numbers make no key") from error
    kid = said.get("kid")
    return PublicKey(key, algorithms, kid if isinstance(kid, str) else None, thumbprint)


def public_keys(document: object) -> list[PublicKey]:
    """The keys of a JWK Set that we can use. Raises `UnusableKeyError` if there is none, or a private one."""
    listed = cast(dict[str, object], document).get("keys") if isinstance(document, dict) else None
    jwks = cast(list[object], listed) if isinstance(listed, list) else []
    if not 1 <= len(jwks) <= MAX_KEYS:
        raise UnusableKeyError(f"this is no JWK Set of 1 to {MAX_KEYS} keys")
    found: list[PublicKey] = []
    for jwk in jwks:
        try:
            found.append(public_key(jwk))
        except GivenAwayError:
            raise
        except UnusableKeyError:
            continue  # a set may have keys for other purposes
    if not found:
        raise UnusableKeyError(f"the JWK Set has no key for signatures with {', '.join(ALGORITHMS)}")
    return found


def _judged(said: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, str], Any]:
    """By the members that make the key (RFC 7638 section 3.2), and no others."""
    kind, curve = said.get("kty"), said.get("crv")
    if kind == "EC" and curve == "P-256":
        return ("ES256",), {"kty": kind, "crv": curve, "x": _of(said, "x"), "y": _of(said, "y")}, ECKey
    if kind == "OKP" and curve == "Ed25519":
        return ("EdDSA", "Ed25519"), {"kty": kind, "crv": curve, "x": _of(said, "x")}, OKPKey
    if kind == "RSA":
        modulus, exponent = _of(said, "n"), _of(said, "e")
        if _bits(modulus) not in _BITS or not 2 <= _bits(exponent) <= 32:
            raise UnusableKeyError("an RSA key has 2048 to 4096 bits and a small exponent")
        return ("PS256", "RS256"), {"kty": kind, "n": modulus, "e": exponent}, RSAKey
    raise UnusableKeyError("the key is none of EC P-256, OKP Ed25519 and RSA")


def _of(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value):
        return value
    raise UnusableKeyError(f"{name} is not a number in base64url")


def _bits(number: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()

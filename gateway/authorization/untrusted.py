"""JWTs that others have signed, client assertions and DPoP proofs: read once, strictly, and not yet believed.

Nothing is parsed a second time by a library that could read it differently, and no header leads to a key:
`jku`, `x5u`, `x5c` and `kid` are never followed.
"""

import base64
import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from joserfc.jws import JWSRegistry

from gateway.authorization.public_keys import PublicKey

MAX_LENGTH = 8_192
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class MalformedError(ValueError):
    """This is no JWT, or one that two readers could read differently; the message says why."""


@dataclass(frozen=True, slots=True)
class Untrusted:
    """A JWT as it came."""

    header: dict[str, Any]
    claims: dict[str, Any]
    _signed: bytes
    _signature: bytes

    def signed_by(self, key: PublicKey) -> bool:
        """Whether this key has signed it, with the algorithm that the header names and the key allows."""
        algorithm = self.header["alg"]
        if algorithm not in key.algorithms:
            return False
        return JWSRegistry.algorithms[algorithm].verify(self._signed, self._signature, key.key)

    def text(self, claim: str, longest: int = 256) -> str | None:
        """A claim of visible ASCII; None without it. Raises `MalformedError` for anything else."""
        value = self.claims.get(claim)
        if value is None:
            return None
        if isinstance(value, str) and len(value) <= longest and _VISIBLE.fullmatch(value):
            return value
        raise MalformedError(f"{claim} is not a string of 1 to {longest} visible characters")

    def moment(self, claim: str) -> float | None:
        """A claim that is a time in Unix seconds; None without it. Raises `MalformedError`."""
        value = self.claims.get(claim)
        if value is None:
            return None
        if type(value) in (int, float) and math.isfinite(value) and abs(value) < 2**53:
            return float(value)
        raise MalformedError(f"{claim} is not a time in seconds")


def read(token: str) -> Untrusted:
    """The header and the claims of a compact JWT. Raises `MalformedError` and nothing else."""
    parts = token.split(".") if len(token) <= MAX_LENGTH else []
    if len(parts) != 3:
        raise MalformedError("it has not the three parts of a signed JWT, or is too long")
    header, claims = strict_json(_decoded(parts[0])), strict_json(_decoded(parts[1]))
    if not isinstance(header.get("alg"), str):
        raise MalformedError("its header names no algorithm")
    if "crit" in header:
        raise MalformedError("its header has extensions that must be understood (crit)")
    return Untrusted(header, claims, f"{parts[0]}.{parts[1]}".encode(), _decoded(parts[2]))


def strict_json(text: bytes | str) -> dict[str, Any]:
    """A JSON object in which each name comes once. Raises `MalformedError` for anything else."""
    try:
        found: object = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedError("it is not JSON in UTF-8, or too deep") from error
    if not isinstance(found, dict):
        raise MalformedError("it is not a JSON object")
    return cast(dict[str, Any], found)


def _decoded(part: str) -> bytes:
    """Base64url as RFC 7515 has it: no padding, no stray bits, one spelling for each octet."""
    if not _BASE64URL.fullmatch(part) or len(part) % 4 == 1:
        raise MalformedError("it is not base64url")
    octets = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(octets).rstrip(b"=") != part.encode():
        raise MalformedError("it is not base64url")
    return octets


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("it says something twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise MalformedError(f"{name} is not a number")

"""What clients sign: client assertions and DPoP proofs, well or deliberately not so well."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from secrets import token_urlsafe
from typing import Any, Self

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from gateway.authorization.client_assertions import ASSERTION_TYPE

MAKERS = {
    "ES256": lambda: ECKey.generate_key("P-256", {"kid": token_urlsafe(6)}),
    "PS256": lambda: RSAKey.generate_key(2048, {"kid": token_urlsafe(6)}),
    "RS256": lambda: RSAKey.generate_key(2048, {"kid": token_urlsafe(6)}),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", {"kid": token_urlsafe(6)}),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519", {"kid": token_urlsafe(6)}),
}


def part(data: object) -> str:
    """Base64url of bytes, or of an object as JSON."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Signer:
    """A key pair, and what its owner signs."""

    algorithm: str
    key: ECKey | RSAKey | OKPKey

    @classmethod
    def new(cls, algorithm: str = "ES256") -> Self:
        """With a fresh key."""
        return cls(algorithm, MAKERS[algorithm]())

    @property
    def public(self) -> dict[str, Any]:
        """The public key as a JWK, with its id."""
        return dict(self.key.as_dict(private=False))

    @property
    def jwks(self) -> str:
        """A JWK Set of it, as it is registered."""
        return json.dumps({"keys": [self.public]})

    @property
    def thumbprint(self) -> str:
        """RFC 7638."""
        return self.key.thumbprint()

    def sign(self, header: object, claims: object, algorithm: str = "") -> str:
        """A compact JWT of whatever header and claims."""
        signed = f"{part(header)}.{part(claims)}"
        model = JWSRegistry.algorithms[algorithm or self.algorithm]
        return f"{signed}.{part(model.sign(signed.encode(), self.key))}"

    def assertion(self, client_id: str, audience: object, now: float, /, **other: Any) -> str:
        """A client assertion (RFC 7523); a claim that is None is left out."""
        header = {"alg": self.algorithm, "kid": self.public["kid"], "typ": "JWT"}
        said = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": token_urlsafe(12),
            "iat": int(now),
            "exp": int(now) + 60,
            **other,
        }
        return self.sign(header, {name: value for name, value in said.items() if value is not None})

    def proof(
        self,
        method: str,
        address: str,
        now: float,
        *,
        token: str = "",
        header: dict[str, Any] | None = None,
        **other: Any,
    ) -> str:
        """A DPoP proof (RFC 9449); a claim or a part of the header that is None is left out."""
        jwk = {name: value for name, value in self.public.items() if name != "kid"}
        head: dict[str, Any] = {"alg": self.algorithm, "typ": "dpop+jwt", "jwk": jwk, **(header or {})}
        said = {"htm": method, "htu": address, "iat": int(now), "jti": token_urlsafe(12), **other}
        if token and "ath" not in other:
            said["ath"] = part(hashlib.sha256(token.encode()).digest())
        return self.sign(_without_none(head), _without_none(said))


def _without_none(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


@cache
def signer(algorithm: str) -> Signer:
    """One for each algorithm, since RSA keys take a while to make."""
    return Signer.new(algorithm)


def proving(assertion: str) -> dict[str, str]:
    """The fields of a form with a client assertion."""
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

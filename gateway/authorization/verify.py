"""Judges access tokens: ours, for this audience, still valid, not called back."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from joserfc import jws
from joserfc.errors import JoseError

from gateway.authorization.keys import ALGORITHM, KeyRing
from gateway.authorization.lifetimes import Clock
from gateway.authorization.revocations import Revocations
from gateway.identity import VerifiedToken
from triptych.problems import Unauthenticated

MAX_LENGTH = 8_192


class Origin(NamedTuple):
    """A token that another one was exchanged for."""

    jti: str
    client_id: str
    issued_at: int


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A valid access token with all that it says."""

    jti: str
    subject: str
    client_id: str
    scope: str
    audience: tuple[str, ...]
    issued_at: int
    expires_at: int
    plan: str
    customer_id: str | None
    authorization_id: str | None
    thumbprint: str | None
    """Of the key that has to be proved with it (RFC 9449)."""
    actor: dict[str, Any] | None
    """Who acts for the subject (RFC 8693 section 4.1)."""
    origins: tuple[Origin, ...] = ()
    """The tokens that it was exchanged for, oldest first: it ends with any of them."""

    def check_client(self, client: Any) -> bool:
        """Whether it was issued to this client."""
        return self.client_id == client.client_id

    def is_expired(self) -> bool:
        """No, or it would not have been judged valid."""
        return False

    def is_revoked(self) -> bool:
        """No, or it would not have been judged valid."""
        return False


class AccessTokenVerifier:
    """Answers what a token says, or why it is worth nothing.

    The header has to be, byte for byte, one that the key ring writes. So there is no algorithm to confuse, no
    type to mistake and no key to inject: `alg`, `typ`, `kid`, `jku`, `x5u`, `jwk`, `crit` are never read.
    """

    def __init__(
        self, issuer: str, audience: str, keys: KeyRing, revocations: Revocations, clock: Clock
    ) -> None:
        self._issuer = issuer
        self.audience = audience
        """What a token for everything is for."""
        self._keys = keys
        self._revocations = revocations
        self._clock = clock

    async def verify(self, token: str) -> VerifiedToken:
        """What the gateway's chain needs to know; raises `Unauthenticated` with the reason."""
        judged = self.judge(token)
        return VerifiedToken(
            subject=judged.subject,
            client=judged.client_id,
            scopes=frozenset(judged.scope.split()),
            expires_at=float(judged.expires_at),
            plan=judged.plan,
            customer_id=judged.customer_id,
            jti=judged.jti,
            thumbprint=judged.thumbprint,
            services=self._services(judged.audience),
            acting=tuple(_acting(judged.actor)),
            came_of=frozenset(mark for origin in judged.origins for mark in origin[:2]),
        )

    def _services(self, audience: tuple[str, ...]) -> frozenset[str] | None:
        if self.audience in audience:
            return None
        return frozenset(one.removeprefix(self.audience) for one in audience)

    def judge(self, token: str) -> AccessToken:
        """The token, if it is valid: about 0.2 ms, no waiting. Raises `Unauthenticated` and nothing else."""
        claims = self._signed_claims(token)
        named = claims.get("aud", ())
        audience = (named,) if isinstance(named, str) else tuple(named)
        ours = [one for one in audience if one == self.audience or one.startswith(self.audience + "/")]
        if claims.get("iss") != self._issuer or not ours or len(ours) != len(audience):
            raise Unauthenticated("The access token is meant for another server")
        judged = AccessToken(
            jti=claims["jti"],
            subject=claims["sub"],
            client_id=claims["client_id"],
            scope=claims["scope"],
            audience=audience,
            issued_at=claims["iat"],
            expires_at=claims["exp"],
            plan=claims["plan"],
            customer_id=claims.get("customer_id"),
            authorization_id=claims.get("authorization_id"),
            thumbprint=claims["cnf"]["jkt"] if "cnf" in claims else None,
            actor=claims.get("act"),
            origins=tuple(Origin(*origin) for origin in claims.get("origins", ())),
        )
        if judged.expires_at <= self._clock.now():
            raise Unauthenticated("The access token has expired")
        itself = Origin(judged.jti, judged.client_id, judged.issued_at)
        if any(
            self._revocations.covers(one.jti, judged.authorization_id or "", one.client_id, one.issued_at)
            for one in (itself, *judged.origins)
        ):
            raise Unauthenticated("The access token was revoked")
        return judged

    def _signed_claims(self, token: str) -> dict[str, Any]:
        key = self._keys.by_header(token.partition(".")[0]) if len(token) <= MAX_LENGTH else None
        if key is None:
            raise Unauthenticated("This is no access token of this server")
        try:
            signed = jws.deserialize_compact(token.encode("ascii"), key.key, [ALGORITHM])
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The access token's signature is wrong") from error
        return json.loads(signed.payload)  # ours, since the signature is


def _acting(actor: Mapping[str, Any] | None) -> Iterator[str]:
    """Who acts, and for whom they do: the last one first."""
    while actor is not None:
        yield actor["sub"]
        actor = actor.get("act")

"""Clients that prove who they are by a signature: `private_key_jwt` (RFC 7523; OpenID Connect Core, 9)."""

import base64
import hashlib
from typing import cast

from joserfc.jwk import ECKey, OKPKey

from gateway.authorization.client_keys import ClientKeys
from gateway.authorization.clients import Clients
from gateway.authorization.lifetimes import MINUTE, Clock
from gateway.authorization.public_keys import PublicKey, public_key
from gateway.authorization.registration import Client
from gateway.authorization.spent import SpentIds
from gateway.authorization.untrusted import MalformedError, Untrusted, read

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE = 5 * MINUTE
SKEW = 30
"""Seconds that a client's clock may differ."""
_TYPES = (None, "JWT", "jwt", "client-authentication+jwt")


class ClientAssertions:
    """Judges client assertions: signed by the client, for this server, for a short while, never seen before.

    The audience is this server alone: its issuer, its token endpoint or the endpoint that was called. One
    that names others besides could be used there, or here by them (CVE-2025-27370).
    """

    def __init__(
        self, issuer: str, clients: Clients, keys: ClientKeys, spent: SpentIds, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._clients = clients
        self._keys = keys
        self._spent = spent
        self._clock = clock
        self._nobody = _nobodys_keys()

    async def client(self, assertion: str, endpoint: str) -> Client | None:
        """The client that this assertion, sent to this endpoint, is of; None if it does not convince."""
        try:
            said = read(assertion)
            client_id, jti = said.text("sub", 128), said.text("jti")
            until = self._until(said)
            if client_id is None or jti is None or until is None or said.text("iss", 128) != client_id:
                return None
        except MalformedError:
            return None
        if said.header.get("typ") not in _TYPES or not self._is_for_us(said.claims.get("aud"), endpoint):
            return None
        client = self._clients.known(client_id) or await self._clients.find(client_id)
        keys = await self._keys.of(client, said.header.get("kid")) if client is not None else self._nobody
        if not any(said.signed_by(key) for key in keys) or client is None:
            return None
        return client if await self._spent.spend("assertion", client_id, jti, until + SKEW) else None

    def _until(self, said: Untrusted) -> float | None:
        """When it expires; None if it is over, has not begun, or would last too long."""
        now = self._clock.now()
        until, issued, begins = said.moment("exp"), said.moment("iat"), said.moment("nbf")
        if until is None or not now - SKEW < until <= now + LONGEST_LIFE + SKEW:
            return None
        if max(issued or 0, begins or 0) > now + SKEW or (issued or now) < now - LONGEST_LIFE - SKEW:
            return None
        return until

    def _is_for_us(self, audience: object, endpoint: str) -> bool:
        named = cast(list[object], audience) if isinstance(audience, list) else [audience]
        ours = (self._issuer, f"{self._issuer}/oauth/token", endpoint)
        return bool(named) and all(one in ours for one in named)


def _nobodys_keys() -> list[PublicKey]:
    """One of each kind, so that an unknown client takes as long to refuse as a wrong signature.

    The modulus is a number that nobody can know the factors of, found faster than a key is made.
    """
    modulus = b"\x80" + hashlib.shake_256(b"nobody").digest(254) + b"\x01"
    keys = [
        ECKey.generate_key("P-256").as_dict(private=False),
        OKPKey.generate_key("Ed25519").as_dict(private=False),
        {"kty": "RSA", "n": base64.urlsafe_b64encode(modulus).rstrip(b"=").decode(), "e": "AQAB"},
    ]
    return [public_key(key) for key in keys]

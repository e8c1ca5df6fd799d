"""The tokens that are signed: access tokens (RFC 9068) and id tokens (OpenID Connect Core section 2)."""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.authorization.allowed import Authorization
from gateway.authorization.keys import ACCESS_TOKEN, ID_TOKEN, KeyRing
from gateway.authorization.lifetimes import Clock, Lifetimes
from gateway.authorization.registration import Client
from gateway.authorization.sessions import acr_of
from gateway.authorization.users import User
from gateway.authorization.verify import AccessToken


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token, fresh."""

    text: str
    jti: str
    expires_in: int


class TokenIssuer:
    """Signs tokens with the current key. Nothing is written: a signature is all that makes a token."""

    def __init__(self, issuer: str, keys: KeyRing, lifetimes: Lifetimes, clock: Clock) -> None:
        self._issuer = issuer
        self._keys = keys
        self._lifetimes = lifetimes
        self._clock = clock

    def access_token(
        self,
        client: Client,
        scope: str,
        audience: Sequence[str],
        user: User | None = None,
        authorization: Authorization | None = None,
        thumbprint: str | None = None,
    ) -> IssuedToken:
        """An access token for the user, or for the client itself where there is none.

        `customer_id` names the customer that the user is, or that the client is where there is no user;
        `plan` is the client's plan, `authorization_id` what the token came of, so that all of it can be
        called back together; `cnf.jkt` the key that has to be proved with it (RFC 9449 section 6).
        """
        claims = self._claims(client, scope, audience, thumbprint)
        claims["sub"] = user.id if user else client.client_id
        customer_id = client.customer_id if user is None else user.customer_id
        if customer_id is not None:
            claims["customer_id"] = customer_id
        if authorization is not None:
            claims |= _signed_in(authorization)
            claims["authorization_id"] = authorization.id
        return self._signed(claims)

    def exchanged_token(
        self,
        client: Client,
        subject: AccessToken,
        scope: str,
        audience: Sequence[str],
        actor: Mapping[str, Any] | None,
        thumbprint: str | None,
    ) -> IssuedToken:
        """A token for the same subject in other hands (RFC 8693): it ends with the first one, if not before.

        `actor` is who acts for the subject; without one nobody can tell the two apart.
        """
        claims = self._claims(client, scope, audience, thumbprint)
        claims |= {"sub": subject.subject, "exp": min(claims["exp"], subject.expires_at)}
        if subject.customer_id is not None:
            claims["customer_id"] = subject.customer_id
        if subject.authorization_id is not None:
            claims["authorization_id"] = subject.authorization_id
        if actor is not None:
            claims["act"] = actor
        claims["origins"] = [*subject.origins, (subject.jti, subject.client_id, subject.issued_at)]
        return self._signed(claims)

    def token_for_key(
        self,
        client: Client,
        scope: str,
        audience: Sequence[str],
        key: tuple[str, int],
        thumbprint: str | None,
    ) -> IssuedToken:
        """A token for a client that has shown an API key, of this id and end: it ends no later than that."""
        claims = self._claims(client, scope, audience, thumbprint)
        key_id, expires_at = key
        claims |= {
            "sub": client.client_id,
            "exp": min(claims["exp"], expires_at),
            "authorization_id": key_id,
        }
        if client.customer_id is not None:
            claims["customer_id"] = client.customer_id
        return self._signed(claims)

    def _claims(
        self, client: Client, scope: str, audience: Sequence[str], thumbprint: str | None
    ) -> dict[str, Any]:
        now = self._clock.now()
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": audience[0] if len(audience) == 1 else list(audience),
            "client_id": client.client_id,
            "iat": now,
            "exp": now + self._lifetimes.access_token,
            "jti": secrets.token_urlsafe(16),
            "scope": scope,
            "plan": client.plan,
        }
        if thumbprint is not None:
            claims["cnf"] = {"jkt": thumbprint}
        return claims

    def _signed(self, claims: dict[str, Any]) -> IssuedToken:
        text = self._keys.current.sign(ACCESS_TOKEN, claims)
        return IssuedToken(text, claims["jti"], claims["exp"] - claims["iat"])

    def id_token(
        self, client: Client, user: User, scope: str, authorization: Authorization, access_token: str
    ) -> str:
        """Who signed in, when and how, for the client alone."""
        now = self._clock.now()
        half = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": client.client_id,
            "iat": now,
            "exp": now + self._lifetimes.id_token,
            **_signed_in(authorization),
            "sid": authorization.session_id,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            **claims_about(user, scope),
        }
        if authorization.nonce is not None:
            claims["nonce"] = authorization.nonce
        return self._keys.current.sign(ID_TOKEN, claims)


def _signed_in(authorization: Authorization) -> dict[str, Any]:
    """When, how and how well the user proved who they are (RFC 9068 section 2.2.1)."""
    methods = authorization.methods
    return {"auth_time": authorization.signed_in_at, "acr": acr_of(methods), "amr": methods.split()}


def claims_about(user: User, scope: str) -> dict[str, str]:
    """What a client may know of the user, by its scopes (OpenID Connect Core section 5.4)."""
    granted = scope.split()
    claims = {"sub": user.id}
    if "profile" in granted:
        claims["name"] = user.name
        if user.customer_id is not None:
            claims["customer_id"] = user.customer_id
    if "email" in granted:
        claims["email"] = user.email
    return claims

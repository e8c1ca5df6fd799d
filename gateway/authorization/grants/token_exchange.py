"""A client turns a token that it was called with into one that it can call others with (RFC 8693).

Never more than before: no scope, no audience and no minute beyond those of the token that comes in. Who acts
for whom is in the new token, unless the client is trusted to be taken for the subject itself.
"""

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidRequestError,
    InvalidScopeError,
    TokenEndpointMixin,
    UnauthorizedClientError,
)
from sqlalchemy.util import await_

from gateway.authorization.client_authentication import CONFIDENTIAL_METHODS
from gateway.authorization.registration import TOKEN_EXCHANGE, Client
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.scopes import OPENID_SCOPES
from gateway.authorization.server import InvalidProofError, OAuthServer
from gateway.authorization.verify import AccessToken
from triptych.problems import Unauthenticated

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
_TYPES = (ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt")
LONGEST_CHAIN = 4
"""How many may have acted one for another."""
MOST_EXCHANGES = 8
"""How often a token may be exchanged for another, and that one for the next, whoever seems to act."""


class TokenExchange(BaseGrant, TokenEndpointMixin):
    """Takes access tokens of this server and gives access tokens; no refresh tokens, no id tokens."""

    GRANT_TYPE = TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS
    request: OAuthRequest
    server: OAuthServer
    subject: AccessToken
    acting: Mapping[str, Any] | None
    scope: str
    audience: tuple[str, ...]

    def validate_token_request(self) -> None:
        """Raises `OAuth2Error` for a token that is not valid, or not this client's to exchange."""
        request = self.request
        client = request.client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(TOKEN_EXCHANGE):
            raise UnauthorizedClientError("The client may not exchange tokens")
        self.server.check(request)
        if request.form.get("requested_token_type", ACCESS_TOKEN) not in _TYPES:
            raise InvalidRequestError("The only requested_token_type is an access token")
        await_(self.server.stores.revocations.refresh())  # what was called back elsewhere counts
        self.subject = self._token("subject_token")
        if not client.may_exchange(self.subject.client_id):
            raise UnauthorizedClientError("The client may not exchange tokens of that client")
        if self.subject.thumbprint is not None and request.proven is None:
            raise InvalidProofError("A token that is bound to a key is exchanged for a bound one only")
        if len(self.subject.origins) >= MOST_EXCHANGES:
            raise InvalidRequestError("The token was exchanged too often")
        self.acting = self._acting(client)
        self.audience = self.server.audience(request, self.subject.audience, ("resource", "audience"))
        self.scope = self._scope(client)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """The new token."""
        request, subject = self.request, self.subject
        key = request.proven.thumbprint if request.proven else None
        token = self.server.stores.tokens.exchanged_token(
            request.client, subject, self.scope, self.audience, self.acting, key
        )
        facts = {"subject": subject.subject, "authorization": subject.authorization_id}
        answer = self.server.answer(
            request, token, self.scope, **facts, exchanged=subject.jti, act=self.acting
        )
        return 200, {**answer, "issued_token_type": ACCESS_TOKEN}, self.TOKEN_RESPONSE_HEADER

    def _token(self, name: str) -> AccessToken:
        said = self.request.form
        if name not in said or said.get(f"{name}_type") not in _TYPES:
            raise InvalidRequestError(f"{name} has to be an access token, and {name}_type say so")
        try:
            return self.server.stores.verifier.judge(said[name])
        except Unauthenticated as problem:
            raise InvalidRequestError(f"The {name} is not valid") from problem

    def _acting(self, client: Client) -> Mapping[str, Any] | None:
        """Who acts for the subject, whoever acted before them inside (RFC 8693 section 4.1)."""
        before = self.subject.actor
        if "actor_token" in self.request.form:
            actor = self._token("actor_token")
            if not actor.check_client(client):
                raise InvalidRequestError("The actor_token is another client's")
            acting = {"sub": actor.subject, "client_id": client.client_id}
        elif "actor_token_type" in self.request.form:
            raise InvalidRequestError("There is an actor_token_type and no actor_token")
        elif client.impersonates:
            return before
        else:
            acting = {"sub": client.client_id, "client_id": client.client_id}
        if _depth(before) >= LONGEST_CHAIN:
            raise InvalidRequestError("Too many act one for another")
        return acting if before is None else {**acting, "act": before}

    def _scope(self, client: Client) -> str:
        """What was asked for, or all that can be had; raises `InvalidScopeError` for more than that."""
        had = [one for one in self.subject.scope.split() if one not in OPENID_SCOPES]
        user = await_(self.server.stores.users.find(self.subject.subject))
        if user is not None:
            had = user.may(" ".join(had))
        elif await_(self.server.stores.clients.find(self.subject.subject)) is None:
            raise InvalidRequestError("The subject can no longer sign in")
        possible = [one for one in had if one in client.scopes]
        wanted = list(dict.fromkeys((self.request.payload.scope or " ".join(possible)).split()))
        if not wanted or not set(wanted) <= set(possible):
            raise InvalidScopeError()
        return " ".join(wanted)


def _depth(actor: Mapping[str, Any] | None) -> int:
    return 0 if actor is None else 1 + _depth(actor.get("act"))

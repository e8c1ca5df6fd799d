"""Authlib's authorization server, made stricter, with our stores behind it.

Authlib is synchronous and our stores are not. So its code runs in a greenlet (`running`), and where it asks
for something stored, `await_` hands the coroutine to the event loop and comes back with the answer.
docs/decisions/0004-authorization-server.md says why.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
)
from sqlalchemy.util import await_, greenlet_spawn
from starlette.responses import Response

from gateway.authorization.api_keys import ApiKeys
from gateway.authorization.auditing import Audit
from gateway.authorization.authorizations import Authorizations
from gateway.authorization.client_assertions import ClientAssertions
from gateway.authorization.client_authentication import METHODS, ClientAuthentication
from gateway.authorization.clients import Clients
from gateway.authorization.registration import Client
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.revocations import Revocations
from gateway.authorization.scopes import OPENID_SCOPES
from gateway.authorization.tokens import IssuedToken, TokenIssuer
from gateway.authorization.users import User, Users
from gateway.authorization.verify import AccessTokenVerifier

T = TypeVar("T")


class InvalidTargetError(InvalidRequestError):
    """The resource that the token shall be for is not ours (RFC 8707 section 2)."""

    error = "invalid_target"


class InvalidProofError(OAuth2Error):
    """There is no proof of possession where there has to be one (RFC 9449 section 5)."""

    error = "invalid_dpop_proof"


@dataclass(frozen=True, slots=True)
class Stores:
    """What grants and endpoints work with."""

    clients: Clients
    assertions: ClientAssertions
    users: Users
    authorizations: Authorizations
    revocations: Revocations
    tokens: TokenIssuer
    verifier: AccessTokenVerifier
    api_keys: ApiKeys
    audit: Audit


async def running(work: Callable[..., T], *arguments: object) -> T:
    """Run Authlib's synchronous code; what it awaits, the event loop does, and nothing blocks."""
    return await greenlet_spawn(work, *arguments)


class OAuthServer(AuthorizationServer):
    """One for all requests: it has no state of its own."""

    def __init__(
        self, issuer: str, scopes: Mapping[str, str], stores: Stores, resources: Iterable[str] = ()
    ) -> None:
        super().__init__()
        logging.getLogger("authlib").setLevel(logging.INFO)  # when it debugs it logs whole tokens
        self.issuer = issuer
        self.scopes = {**OPENID_SCOPES, **scopes}
        """All scopes that there are, with what they mean."""
        self.resources = frozenset((issuer, *(issuer + path for path in resources)))
        """What tokens may be for: the gateway, and each service."""
        self.stores = stores
        proof = ClientAuthentication(stores.clients, stores.assertions)
        ways = (proof.basic, proof.post, proof.assertion, proof.public)
        for method, ask in zip(METHODS, ways, strict=True):
            self.register_client_auth_method(method, ask)

    # --- what Authlib asks ---

    def query_client(self, client_id: str) -> Client | None:
        """The client with this id, for the authorization endpoint."""
        return self.stores.clients.known(client_id) or await_(self.stores.clients.find(client_id))

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        """The request itself, which our endpoints have made already."""
        return request

    def send_signal(self, name: str, *_: object, **__: object) -> None:
        """Nothing: the audit log is told in plain words elsewhere."""

    def save_token(self, token: dict[str, Any], request: OAuthRequest) -> None:
        """Nothing: what has to be kept was kept when the token was issued."""

    def validate_requested_scope(self, scope: str | None) -> None:
        """Raises `InvalidScopeError` for a scope that does not exist."""
        if scope and not set(scope.split()) <= set(self.scopes):
            raise InvalidScopeError()

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Response:
        """An HTTP answer; nothing here may be cached (RFC 6749 section 5.1)."""
        fields = {name.lower(): value for name, value in headers}
        fields |= {"cache-control": "no-store", "pragma": "no-cache"}
        content = "" if body == "" else json.dumps(body)
        return Response(content, status, fields)

    def handle_error_response(self, request: OAuthRequest, error: OAuth2Error) -> Response:
        """The error as RFC 6749 has it, in words that give nothing away."""
        basic = request.authorization_header is not None
        await_(
            self.stores.audit(
                "oauth.refused",
                error=error.error,
                client=request.client.client_id if request.client else request.payload.client_id,
                grant=request.payload.grant_type,
                address=request.address,
            )
        )
        if isinstance(error, InvalidClientError):
            error = InvalidClientError("The client could not be authenticated")
            response = self.handle_response(401, dict(error.get_body()), [JSON])
            if basic:
                response.headers["www-authenticate"] = 'Basic realm="triptych"'
            return response
        status, body, headers = error(None)
        return self.handle_response(status, body, headers)

    # --- what our grants ask ---

    def check(self, request: OAuthRequest) -> None:
        """What a token request is refused for before anything is spent. Raises `OAuth2Error`."""
        self.audience(request)
        if request.client.bound_tokens_only and request.proven is None:
            raise InvalidProofError("This client's tokens are bound to a key: a DPoP proof is needed")

    def audience(
        self,
        request: OAuthRequest,
        granted: tuple[str, ...] = (),
        parameters: Sequence[str] = ("resource",),
    ) -> tuple[str, ...]:
        """Whom a token is for: what the request names (RFC 8707), else what was granted, else the gateway.

        Raises `InvalidTargetError` for what is not ours, or was not granted.
        """
        said = request.payload.datalist
        asked = dict.fromkeys(one.rstrip("/") for name in parameters for one in said.get(name, []))
        for resource in asked:
            if resource not in self.resources:
                raise InvalidTargetError("The resource is not one of this server")
            if granted and resource not in granted and self.issuer not in granted:
                raise InvalidTargetError("The resource was not granted")
        return tuple(asked) or granted or (self.issuer,)

    def issue(
        self,
        request: OAuthRequest,
        scope: str,
        *,
        user: User | None = None,
        refresh_token: str | None = None,
    ) -> dict[str, Any]:
        """The body of a token response (RFC 6749 section 5.1)."""
        client, authorization = request.client, request.authorization
        audience = self.audience(request, authorization.audience if authorization else ())
        key = request.proven.thumbprint if request.proven else None
        token = self.stores.tokens.access_token(client, scope, audience, user, authorization, key)
        answer = self.answer(
            request,
            token,
            scope,
            subject=user.id if user else client.client_id,
            authorization=authorization.id if authorization else None,
        )
        return answer if refresh_token is None else {**answer, "refresh_token": refresh_token}

    def answer(
        self, request: OAuthRequest, token: IssuedToken, scope: str, **facts: object
    ) -> dict[str, Any]:
        """The body that hands over a token, which the audit log is told of."""
        await_(
            self.stores.audit(
                "token.issued",
                grant=request.payload.grant_type,
                client=request.client.client_id,
                scope=scope,
                jti=token.jti,
                address=request.address,
                **facts,
            )
        )
        return {
            "access_token": token.text,
            "token_type": "DPoP" if request.proven else "Bearer",
            "expires_in": token.expires_in,
            "scope": scope,
        }


JSON = ("Content-Type", "application/json")

"""`POST /oauth/introspect`: what a token is worth right now, revocation included (RFC 7662)."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from gateway.authorization.allowed import RefreshToken
from gateway.authorization.client_authentication import CONFIDENTIAL_METHODS
from gateway.authorization.endpoints.exchange import FormEndpoint
from gateway.authorization.endpoints.stored_tokens import find_token
from gateway.authorization.registration import Client
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.server import OAuthServer
from gateway.authorization.verify import AccessToken

INTROSPECT = "tokens:introspect"
"""A client registered for this scope may ask about every token; others only about their own."""


class Introspection(IntrospectionEndpoint):
    """For clients that can keep a secret."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL_METHODS
    server: OAuthServer

    def check_params(self, request: OAuthRequest, client: Client) -> None:
        """Raises `InvalidRequestError` without a token. A hint is never needed, and so never wrong."""
        if "token" not in request.form:
            raise InvalidRequestError("Missing 'token' in request.")

    def query_token(
        self, token_string: str, token_type_hint: str | None
    ) -> AccessToken | RefreshToken | None:
        """The token, if it still means anything."""
        return find_token(self.server.stores, token_string)

    def check_permission(
        self, token: AccessToken | RefreshToken, client: Client, request: OAuthRequest
    ) -> bool:
        """Whether this client may know."""
        return token.check_client(client) or INTROSPECT in client.scopes

    def introspect_token(self, token: AccessToken | RefreshToken) -> dict[str, Any]:
        """What the token says (RFC 7662 section 2.2)."""
        if isinstance(token, AccessToken):
            said: dict[str, Any] = {
                "client_id": token.client_id,
                "sub": token.subject,
                "scope": token.scope,
                "aud": _one_or_more(token.audience),
                "jti": token.jti,
                "token_type": "DPoP" if token.thumbprint else "Bearer",
                "customer_id": token.customer_id,
                "cnf": {"jkt": token.thumbprint} if token.thumbprint else None,
                "act": token.actor,
            }
        else:
            authorization = token.authorization
            said = {
                "client_id": authorization.client_id,
                "sub": authorization.user_id,
                "scope": authorization.scope,
                "aud": _one_or_more(authorization.audience),
            }
        said |= {"iss": self.server.issuer, "iat": token.issued_at, "exp": token.expires_at}
        return {"active": True, **{name: value for name, value in said.items() if value is not None}}


def _one_or_more(audience: tuple[str, ...]) -> str | list[str]:
    return audience[0] if len(audience) == 1 else list(audience)


def introspection_endpoint(server: OAuthServer) -> FormEndpoint:
    """The endpoint."""
    server.register_endpoint(Introspection)
    return FormEndpoint(server, lambda request: server.create_endpoint_response("introspection", request))

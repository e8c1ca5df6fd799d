"""A client acts in its own name (RFC 6749 section 4.4)."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from gateway.authorization.client_authentication import CONFIDENTIAL_METHODS
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.scopes import OPENID_SCOPES
from gateway.authorization.server import OAuthServer


class ClientCredentials(ClientCredentialsGrant):
    """Only for clients that can keep a secret, within the scopes that they are registered for."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS
    request: OAuthRequest
    server: OAuthServer

    def validate_token_request(self) -> None:
        """Authlib looks only whether the scope exists; here the client must be allowed it too."""
        super().validate_token_request()
        self.server.check(self.request)
        scope = self.request.client.get_allowed_scope(self.request.payload.scope)
        if scope is None or set(scope.split()) & set(OPENID_SCOPES):
            raise InvalidScopeError()
        self.request.granted = " ".join(one for one in scope.split() if one in self.server.scopes)

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """An access token; there is no refresh token, since the client can simply ask again."""
        return self.server.issue(self.request, self.request.granted)

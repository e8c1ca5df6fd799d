"""OpenID Connect on top of the authorization code: an id token, and the `prompt` and `nonce` parameters."""

from typing import Any

from authlib.oidc.core import OpenIDCode

from gateway.authorization.requests import OAuthRequest
from gateway.authorization.server import OAuthServer


class OpenIdConnect(OpenIDCode):
    """Adds an id token where the scope has `openid`."""

    def __init__(self, server: OAuthServer) -> None:
        super().__init__(require_nonce=False)
        self._server = server

    def exists_nonce(self, nonce: str, request: OAuthRequest) -> bool:
        """No: a code is spent once, so its nonce comes back once."""
        return False

    def encode_id_token(self, token: dict[str, Any], request: OAuthRequest) -> str:
        """The id token that goes with this access token."""
        assert request.user is not None
        assert request.authorization is not None
        return self._server.stores.tokens.id_token(
            request.client, request.user, token["scope"], request.authorization, token["access_token"]
        )

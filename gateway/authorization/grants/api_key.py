"""A partner turns its API key into an access token, for what takes nothing else."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from sqlalchemy.util import await_

from gateway.authorization.api_keys import GRANT, ApiKey
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.server import OAuthServer
from triptych.problems import Unauthenticated


class ApiKeyExchange(ClientCredentialsGrant):
    """The key says which client it is, and proves it: nothing else does. The token ends with the key."""

    GRANT_TYPE = GRANT
    request: OAuthRequest
    server: OAuthServer
    _key: ApiKey

    def validate_token_request(self) -> None:
        """Raises `InvalidGrantError`, `InvalidScopeError`."""
        try:
            self._key, client = await_(self.server.stores.api_keys.find(self.request.form.get("api_key", "")))
        except Unauthenticated as problem:
            raise InvalidGrantError(problem.detail) from problem
        self.request.client = client
        self.server.check(self.request)
        scope = client.get_allowed_scope(self.request.payload.scope)
        if not scope:
            raise InvalidScopeError()
        self.request.granted = scope

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """An access token; there is no refresh token, since the key can simply be shown again."""
        request, key = self.request, self._key
        token = self.server.stores.tokens.token_for_key(
            request.client,
            request.granted,
            self.server.audience(request),
            (key.id, key.expires_at),
            request.proven.thumbprint if request.proven else None,
        )
        return self.server.answer(
            request, token, request.granted, subject=request.client.client_id, authorization=key.id
        )

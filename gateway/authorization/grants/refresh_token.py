"""A client goes on acting for a user (RFC 6749 section 6), with a new refresh token each time."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from sqlalchemy.util import await_

from gateway.authorization import authorizations
from gateway.authorization.client_authentication import METHODS
from gateway.authorization.grants.authorization_code import still_allowed
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.server import OAuthServer
from gateway.authorization.users import User


class RefreshToken(RefreshTokenGrant):
    """Rotation: each refresh token is spent once; one that comes twice ends the whole authorization."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True
    request: OAuthRequest
    server: OAuthServer

    def authenticate_refresh_token(self, refresh_token: str) -> authorizations.RefreshToken | None:
        """What stands behind it. It is spent later, when nothing else can go wrong."""
        self.server.check(self.request)
        found = await_(self.server.stores.authorizations.find(refresh_token))
        if found is None or not found.check_client(self.request.client):
            return None
        proven = self.request.proven
        if found.dpop_jkt is not None and (proven is None or proven.thumbprint != found.dpop_jkt):
            raise InvalidGrantError("The refresh token is bound to a key that was not proved")
        self.server.audience(self.request, found.authorization.audience)
        self.request.authorization = found.authorization
        return found

    def authenticate_user(self, refresh_token: authorizations.RefreshToken) -> User:
        """The user who allowed it; raises `InvalidGrantError` if there is no such user any more."""
        user = await_(self.server.stores.users.find(refresh_token.authorization.user_id))
        if user is None:
            raise InvalidGrantError("The user can no longer sign in")
        return user

    def issue_token(self, user: User, refresh_token: authorizations.RefreshToken) -> dict[str, Any]:
        """New tokens, with less scope if so asked; raises `InvalidGrantError` for the slower of two."""
        proven = self.request.proven
        key = proven.thumbprint if proven and self.request.client.public else None
        fresh = await_(self.server.stores.authorizations.rotate(refresh_token, key))
        if fresh is None:
            raise InvalidGrantError("The refresh token was used before")
        wanted = self.request.payload.scope or refresh_token.get_scope()
        scope = still_allowed(wanted, self.request.client, user)
        return self.server.issue(self.request, scope, user=user, refresh_token=fresh)

    def revoke_old_credential(self, refresh_token: authorizations.RefreshToken) -> None:
        """Nothing: it is spent already."""

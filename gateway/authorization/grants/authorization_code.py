"""A user lets a client act in their name (RFC 6749 section 4.1, OAuth 2.1 section 4.1)."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from sqlalchemy.util import await_

from gateway.authorization.allowed import Authorization
from gateway.authorization.client_authentication import METHODS
from gateway.authorization.registration import Client
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.server import OAuthServer
from gateway.authorization.users import User


class AuthorizationCode(AuthorizationCodeGrant):
    """A code is spent by the first who presents it, before anything else about the request is looked at.

    So a wrong verifier or redirect URI burns it, and of any number of requests at once one can succeed.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    request: OAuthRequest
    server: OAuthServer

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuthRequest, client: Client) -> str:
        """Required and registered; Authlib's own message would repeat it, and fail on odd characters."""
        uri = request.payload.redirect_uri
        if not uri or not client.check_redirect_uri(uri):
            raise InvalidRequestError("The redirect_uri is missing or not registered for this client")
        return uri

    def validate_authorization_request(self) -> str:
        """Answers the redirect URI; errors about the resource go there too."""
        redirect_uri = super().validate_authorization_request()
        try:
            self.request.audience = self.server.audience(self.request)
        except OAuth2Error as error:
            error.redirect_uri = redirect_uri
            raise
        return redirect_uri

    def save_authorization_code(self, code: str, request: OAuthRequest) -> None:
        """Nothing: see `generate_authorization_code`."""

    def generate_authorization_code(self) -> str:
        """Keep what the user allows, under a fresh code; raises `OAuth2Error` if they just signed out."""
        request, session = self.request, self.request.session
        assert request.user is not None
        assert session is not None
        code = await_(
            self.server.stores.authorizations.allow(
                client_id=request.client.client_id,
                user_id=request.user.id,
                session_id=session.id,
                redirect_uri=request.payload.redirect_uri or "",
                scope=request.granted,
                audience=request.audience,
                nonce=request.payload.data.get("nonce"),
                code_challenge=request.payload.data["code_challenge"],
                signed_in_at=session.signed_in_at,
                dpop_jkt=request.payload.data.get("dpop_jkt"),
                methods=session.methods,
            )
        )
        if code is None:
            payload = request.payload
            raise OAuth2Error(
                "The user has just signed out",
                error="login_required",
                redirect_uri=payload.redirect_uri,
                state=payload.state,
            )
        return code

    def query_authorization_code(self, code: str, client: Client) -> Authorization | None:
        """Spend the code."""
        self.request.client = client
        self.server.check(self.request)
        found = await_(self.server.stores.authorizations.spend_code(code, client.client_id))
        self.request.authorization = found
        if found is not None and found.dpop_jkt is not None and found.dpop_jkt != _key(self.request):
            raise InvalidGrantError("The code is bound to a key that was not proved")
        return found

    def delete_authorization_code(self, authorization_code: Authorization) -> None:
        """Nothing: it is spent already."""

    def authenticate_user(self, authorization_code: Authorization) -> User:
        """The user who allowed it; raises `InvalidGrantError` if there is no such user any more."""
        user = await_(self.server.stores.users.find(authorization_code.user_id))
        if user is None:
            raise InvalidGrantError("The user can no longer sign in")
        return user

    def generate_token(
        self, *, user: User, scope: str, include_refresh_token: bool, **_: Any
    ) -> dict[str, Any]:
        """Tokens for what was allowed, a refresh token with them if the client may have one."""
        authorization = self.request.authorization
        assert authorization is not None
        refresh_token = None
        if include_refresh_token:
            key = _key(self.request) if self.request.client.public else None
            refresh_token = await_(self.server.stores.authorizations.new_refresh_token(authorization, key))
        return self.server.issue(
            self.request,
            still_allowed(scope, self.request.client, user),
            user=user,
            refresh_token=refresh_token,
        )


def _key(request: OAuthRequest) -> str | None:
    return request.proven.thumbprint if request.proven else None


def still_allowed(scope: str, client: Client, user: User) -> str:
    """Of what was allowed once, what client and user may still do."""
    return " ".join(one for one in user.may(scope) if one in client.scopes)

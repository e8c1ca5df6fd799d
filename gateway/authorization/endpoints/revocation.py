"""`POST /oauth/revoke`: a client gives up a token (RFC 7009)."""

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from sqlalchemy.util import await_

from gateway.authorization.allowed import RefreshToken
from gateway.authorization.client_authentication import METHODS
from gateway.authorization.endpoints.exchange import FormEndpoint
from gateway.authorization.endpoints.stored_tokens import find_token
from gateway.authorization.registration import Client
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.server import OAuthServer
from gateway.authorization.verify import AccessToken


class Revocation(RevocationEndpoint):
    """An access token ends alone; with a refresh token ends all that the user allowed."""

    CLIENT_AUTH_METHODS = METHODS
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

    def revoke_token(self, token: AccessToken | RefreshToken, request: OAuthRequest) -> None:
        """Call it back, at once."""
        stores = self.server.stores
        if isinstance(token, AccessToken):
            await_(stores.revocations.revoke("token", token.jti))
            what = {"jti": token.jti, "subject": token.subject}
        else:
            await_(stores.authorizations.revoke(token.authorization.id))
            what = {"authorization": token.authorization.id, "subject": token.authorization.user_id}
        await_(
            stores.audit("token.revoked", client=request.client.client_id, address=request.address, **what)
        )


def revocation_endpoint(server: OAuthServer) -> FormEndpoint:
    """The endpoint."""
    server.register_endpoint(Revocation)
    return FormEndpoint(server, lambda request: server.create_endpoint_response("revocation", request))

"""`POST /oauth/par`: a client sends an authorization request ahead and gets an address for it (RFC 9126)."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from sqlalchemy.util import await_
from starlette.responses import Response

from gateway.authorization.client_authentication import METHODS
from gateway.authorization.endpoints.exchange import FormEndpoint
from gateway.authorization.endpoints.visit import PATH, refuse_oddities
from gateway.authorization.lifetimes import Lifetimes
from gateway.authorization.parameters import Pairs, Parameters
from gateway.authorization.pushed import PushedRequests
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.server import JSON, OAuthServer
from gateway.possession import Possession

_PROOFS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")


class PushingEndpoint:
    """Judges a request as the authorization endpoint will, and keeps it."""

    def __init__(self, server: OAuthServer, pushed: PushedRequests, lifetimes: Lifetimes) -> None:
        self._server = server
        self._pushed = pushed
        self._seconds = lifetimes.pushed_request

    def answer(self, request: OAuthRequest) -> Response:
        """201 with the `request_uri`, or an error of RFC 6749."""
        try:
            request.client = self._server.authenticate_client(request, METHODS)
            pairs = self._judged(request)
        except OAuth2Error as error:
            error.redirect_uri = None  # it is the client that asks, not a browser
            return self._server.handle_error_response(request, error)
        request_uri = await_(self._pushed.push(request.client.client_id, pairs))
        body = {"request_uri": request_uri, "expires_in": self._seconds}
        return self._server.handle_response(201, body, [JSON])

    def _judged(self, request: OAuthRequest) -> Pairs:
        said = request.payload.data
        if "request_uri" in said:
            raise InvalidRequestError("A request that is sent ahead cannot be another one's address")
        key = request.proven.thumbprint if request.proven else None
        if key is not None and said.get("dpop_jkt", key) != key:
            raise InvalidRequestError("dpop_jkt is not the key of the DPoP proof")
        pairs: Pairs = [("client_id", request.client.client_id), *request.payload.pairs(without=_PROOFS)]
        if key is not None and "dpop_jkt" not in said:
            pairs.append(("dpop_jkt", key))
        asked = OAuthRequest("GET", self._server.issuer + PATH, Parameters(pairs), address=request.address)
        grant = self._server.get_authorization_grant(asked)
        grant.validate_no_multiple_request_parameter(asked)
        grant.validate_authorization_request()
        refuse_oddities(asked)
        return pairs


def pushing_endpoint(
    server: OAuthServer, pushed: PushedRequests, lifetimes: Lifetimes, proofs: Possession
) -> FormEndpoint:
    """The endpoint."""
    return FormEndpoint(server, PushingEndpoint(server, pushed, lifetimes).answer, proofs)

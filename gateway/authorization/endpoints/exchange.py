"""What the endpoints that clients call have in common: a posted form in, JSON out."""

import re
from collections.abc import Callable

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.authorization.parameters import Parameters, basic_credentials, read_form
from gateway.authorization.requests import OAuthRequest
from gateway.authorization.server import OAuthServer, running
from gateway.possession import Possession, ProofError, Proven


class FormEndpoint:
    """Reads a client's request strictly and lets Authlib answer it."""

    def __init__(
        self,
        server: OAuthServer,
        answer: Callable[[OAuthRequest], Response],
        proofs: Possession | None = None,
    ) -> None:
        self._server = server
        self._answer = answer
        self._proofs = proofs

    async def answer(self, request: Request) -> Response:
        """The answer; every fault of the request is an error of RFC 6749 section 5.2."""
        try:
            asked = _oauth_request(self._server, request, Parameters(await read_form(request)))
        except OAuth2Error as error:
            return refused(error)
        try:
            asked.proven = await self._proven(request)
        except ProofError as error:
            return await self._unproven(asked, error)
        response = await running(self._answer, asked)
        if asked.proven is not None and asked.proven.nonce is not None:
            response.headers["dpop-nonce"] = asked.proven.nonce
        return response

    async def _proven(self, request: Request) -> Proven | None:
        """The key of the DPoP proof that came along (RFC 9449 section 5); raises `ProofError`."""
        sent = request.headers.getlist("dpop")
        if self._proofs is None or not sent:
            return None
        if len(sent) > 1:
            raise ProofError("There is more than one DPoP proof")
        return await self._proofs.prove(sent[0], request.method, request.scope["path"])

    async def _unproven(self, asked: OAuthRequest, error: ProofError) -> Response:
        refusal = OAuth2Error(printable(error.reason), error=error.code)
        response = await running(self._server.handle_error_response, asked, refusal)
        if error.nonce is not None:
            response.headers["dpop-nonce"] = error.nonce
        return response


def refused(error: OAuth2Error) -> Response:
    """An error of a request that could not even be read."""
    return JSONResponse(dict(error.get_body()), error.status_code, {"cache-control": "no-store"})


def _oauth_request(server: OAuthServer, request: Request, parameters: Parameters) -> OAuthRequest:
    """Raises `InvalidRequestError` for a client that proves itself in two ways (RFC 6749 section 2.3)."""
    said, headers = parameters.data, request.headers.getlist("authorization")
    header = headers[0] if headers else None
    ways = [header is not None, "client_secret" in said, "client_assertion" in said]
    if len(headers) > 1 or sum(ways) > 1:
        raise InvalidRequestError("The client authenticates in more than one way")
    named = parameters.client_id
    credentials = basic_credentials(header)
    if credentials is not None and named is not None and named != credentials[0]:
        raise InvalidRequestError("The body and the Authorization header name different clients")
    return OAuthRequest(
        "POST",
        server.issuer + request.scope["path"],
        parameters,
        authorization_header=header,
        address=address_of(request),
    )


def printable(text: str) -> str:
    """In the characters that an error's description may have (RFC 6749 section 5.2)."""
    return re.sub(r"[^ !#-\[\]-~]", "'", text)


def address_of(request: Request) -> str:
    """Where the request came from, for throttling and the audit log."""
    return request.client.host if request.client else ""

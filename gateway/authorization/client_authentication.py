"""How clients prove who they are; an unknown one and a wrong secret look the same, in time too.

A client that is remembered can only be let in faster. Whoever is not let in at once is looked up in the
database, known or not, and compared with a hash, its own or nobody's.
"""

from typing import Any

from sqlalchemy.util import await_

from gateway.authorization.client_assertions import ASSERTION_TYPE, ClientAssertions
from gateway.authorization.clients import Clients
from gateway.authorization.parameters import basic_credentials
from gateway.authorization.registration import Client
from gateway.authorization.requests import OAuthRequest

METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
CONFIDENTIAL_METHODS = METHODS[:3]


class ClientAuthentication:
    """The methods that Authlib asks in turn; each answers None if it does not apply or does not convince."""

    def __init__(self, clients: Clients, assertions: ClientAssertions) -> None:
        self._clients = clients
        self._assertions = assertions
        self._nobody = Client("", "", (), (), "")

    def basic(self, _: Any, request: OAuthRequest) -> Client | None:
        """Id and secret in the `Authorization` header (RFC 6749 section 2.3.1)."""
        credentials = basic_credentials(request.authorization_header)
        return self._proved(*credentials) if credentials else None

    def post(self, _: Any, request: OAuthRequest) -> Client | None:
        """Id and secret in the body."""
        client_id, secret = request.form.get("client_id"), request.form.get("client_secret")
        return self._proved(client_id, secret) if client_id and secret else None

    def assertion(self, _: Any, request: OAuthRequest) -> Client | None:
        """A signed statement in the body (RFC 7523 section 2.2); a `client_id` beside it must agree."""
        said = request.form
        if said.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in said:
            return None
        client = await_(self._assertions.client(said["client_assertion"], request.uri))
        return client if client and said.get("client_id", client.client_id) == client.client_id else None

    def public(self, _: Any, request: OAuthRequest) -> Client | None:
        """The id alone, of a client that can keep no secret. Authlib checks that it is such a one."""
        client_id = request.form.get("client_id")
        if not client_id or "client_secret" in request.form or request.authorization_header is not None:
            return None
        if "client_assertion" in request.form:
            return None
        return self._clients.known(client_id) or await_(self._clients.find(client_id))

    def _proved(self, client_id: str, secret: str) -> Client | None:
        known = self._clients.known(client_id)
        if known is not None and known.check_client_secret(secret):
            return known
        found = await_(self._clients.find(client_id))
        return found if (found or self._nobody).check_client_secret(secret) else None

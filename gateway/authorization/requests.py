"""A request to the authorization server, as Authlib reads it."""

from authlib.oauth2.rfc6749 import OAuth2Request

from gateway.authorization.allowed import Authorization
from gateway.authorization.parameters import Parameters
from gateway.authorization.pushed import Pushed
from gateway.authorization.registration import Client
from gateway.authorization.sessions import Session
from gateway.authorization.users import User
from gateway.possession import Proven


class OAuthRequest(OAuth2Request):
    """One request. What it says is in `payload`, and secrets count only in the body or the Basic header.

    `uri` is made from the issuer and not from the connection: behind a proxy that ends TLS the connection is
    plain, which Authlib would refuse.
    """

    payload: Parameters
    client: Client
    user: User | None

    def __init__(
        self,
        method: str,
        uri: str,
        parameters: Parameters,
        *,
        authorization_header: str | None = None,
        address: str = "",
    ) -> None:
        super().__init__(method, uri)
        self.payload = parameters
        self.authorization_header = authorization_header
        self.address = address
        """Of the peer, for the audit log."""
        self.audience: tuple[str, ...] = ()
        self.authorization: Authorization | None = None
        """What the code or refresh token in this request stands for."""
        self.granted = ""
        """The scope that the user allows, at most what was asked for."""
        self.session: Session | None = None
        self.pushed: Pushed | None = None
        """The request that was sent ahead, of which this is the rest."""
        self.proven: Proven | None = None
        """The key that a DPoP proof with this request has proved."""

    @property
    def form(self) -> dict[str, str]:
        """The posted parameters."""
        return self.payload.data if self.method == "POST" else {}

    @property
    def args(self) -> dict[str, str]:
        """The parameters in the address."""
        return self.payload.data if self.method == "GET" else {}

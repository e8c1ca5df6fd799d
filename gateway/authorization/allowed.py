"""What Authlib sees of what users allowed clients: authorization codes and refresh tokens."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, TokenMixin

from gateway.authorization.registration import Client
from gateway.authorization.sessions import PASSWORD


@dataclass(frozen=True, slots=True)
class Authorization(AuthorizationCodeMixin):
    """What one user allowed one client; Authlib sees in it the authorization code."""

    id: str
    client_id: str
    user_id: str
    session_id: str
    redirect_uri: str
    scope: str
    audience: tuple[str, ...]
    nonce: str | None
    code_challenge: str
    signed_in_at: int
    dpop_jkt: str | None = None
    """The key that has to be proved with the code."""
    methods: str = PASSWORD
    """How the user had proved who they are (RFC 8176)."""
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Where the code was sent; the token request must name the same."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What was allowed."""
        return self.scope


@dataclass(frozen=True, slots=True)
class RefreshToken(TokenMixin):
    """A refresh token as the database knows it."""

    token_hash: str
    authorization: Authorization
    issued_at: int
    expires_at: int
    spent: bool
    dpop_jkt: str | None = None
    """The key that has to be proved with it."""

    def check_client(self, client: Client) -> bool:
        """Whether it was issued to this client."""
        return self.authorization.client_id == client.client_id

    def get_scope(self) -> str:
        """What was allowed."""
        return self.authorization.scope

    def is_expired(self) -> bool:
        """Never: those that have expired are not found."""
        return False

    def is_revoked(self) -> bool:
        """Whether it can be used no more."""
        return self.spent

"""PKCE with S256 and nothing else, for every client (RFC 7636, OAuth 2.1 section 4.1.1)."""

import re

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge

from gateway.authorization.grants.authorization_code import AuthorizationCode

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url."""


class ProofKey(CodeChallenge):
    """Authlib would accept `plain`, take it as the default, and let confidential clients do without."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's own attribute

    def validate_code_challenge(self, grant: AuthorizationCode, redirect_uri: str) -> None:
        """Raises `InvalidRequestError` unless the request has an S256 challenge."""
        said = grant.request.payload.data
        challenge = said.get("code_challenge", "")
        if said.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            raise InvalidRequestError("PKCE is required: a code_challenge with code_challenge_method=S256")

"""What may stand behind `Authorization: Bearer`, and who judges it."""

from collections.abc import Mapping

from gateway.authorization.api_keys import PREFIX, ApiKeys
from gateway.authorization.foreign import ForeignTokens
from gateway.authorization.untrusted import MalformedError, read
from gateway.identity import TokenVerifier, VerifiedToken


class BearerTokens:
    """Our own access tokens, API keys, and tokens of foreign issuers; implements `TokenVerifier`.

    API keys travel in the same header as access tokens: so a request can never carry two identities that
    contradict each other, whatever hides credentials from logs hides both, and a known key costs what a known
    token does.
    """

    def __init__(
        self, tokens: TokenVerifier, api_keys: ApiKeys, foreign: Mapping[str, ForeignTokens]
    ) -> None:
        self._tokens = tokens
        self._api_keys = api_keys
        self._foreign = foreign

    async def verify(self, token: str) -> VerifiedToken:
        """What the token says; raises `Unauthenticated` with the reason, `Unavailable`."""
        if token.startswith(PREFIX):
            return await self._api_keys.verify(token)
        if not self._foreign:
            return await self._tokens.verify(token)
        try:
            came = read(token)
        except MalformedError:
            return await self._tokens.verify(token)
        issuer = came.claims.get("iss")
        judge = self._foreign.get(issuer) if isinstance(issuer, str) else None
        return await (self._tokens.verify(token) if judge is None else judge.verify(came))

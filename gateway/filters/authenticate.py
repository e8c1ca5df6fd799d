"""Whose request this is: the token, verified once and remembered."""

import re
from collections.abc import Awaitable, Callable

from gateway.challenge import Challenge
from gateway.exchange import Exchange, refusal
from gateway.filters import Filter, Outcome
from gateway.filters.bound import bound
from gateway.identity import RememberedTokens
from gateway.possession import Possession
from triptych.problems import Problem, Unauthenticated

_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
TOKEN_LIMIT = 8192
"""Bytes of the longest token that is looked at."""


def authenticate(
    tokens: RememberedTokens, challenge: Challenge, possession: Possession | None = None
) -> Filter:
    """Sets `exchange.token`; a request without one goes on as anonymous, one with a bad one ends here.

    A token that is bound to a key counts only with the scheme DPoP and a proof (RFC 9449 section 7.1), and
    where `possession` judges those.
    """
    prove = bound(tokens, challenge, possession) if possession is not None else None

    def identify(exchange: Exchange) -> Outcome | Awaitable[Outcome]:
        header = exchange.named.get(b"authorization")
        if header is None:
            return None
        known = tokens.known(header)
        if known is not None and known.thumbprint is None and header[:7].lower() == b"bearer ":
            exchange.token = known
            return None
        way: Callable[[Exchange, bytes], Awaitable[Outcome]] = verify
        token = header[7:]
        if header[:5].lower() == b"dpop " and prove is not None:
            way, token = prove, header[5:]
        elif header[:7].lower() != b"bearer ":
            problem = Unauthenticated("The Authorization header carries no Bearer token.")
            return refusal(exchange, problem, challenge.missing())
        if len(token) > TOKEN_LIMIT or not _TOKEN.fullmatch(token):
            return challenge.refused(exchange, Unauthenticated("The token is malformed."))
        return way(exchange, token)

    async def verify(exchange: Exchange, token: bytes) -> Outcome:
        try:
            found = await tokens.verify(token, exchange.named[b"authorization"])
        except Problem as problem:
            return challenge.refused(exchange, problem)
        if found.thumbprint is not None:
            bare = Unauthenticated("This token is bound to a key, and comes as DPoP with a proof.")
            return challenge.refused(exchange, bare, "DPoP")
        exchange.token = found
        return None

    return identify

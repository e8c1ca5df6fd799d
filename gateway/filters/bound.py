"""Whose request this is, where the token is bound to a key: it counts only with a proof (RFC 9449)."""

from collections.abc import Awaitable, Callable

from gateway.challenge import Challenge
from gateway.exchange import Exchange, refusal
from gateway.filters import Outcome
from gateway.identity import RememberedTokens, VerifiedToken
from gateway.possession import Possession, ProofError, Proven
from triptych.problems import Problem, Unauthenticated


def bound(
    tokens: RememberedTokens, challenge: Challenge, possession: Possession
) -> Callable[[Exchange, bytes], Awaitable[Outcome]]:
    """Sets `exchange.token` to a token that came with the scheme DPoP, its key being proved."""

    async def prove(exchange: Exchange, token: bytes) -> Outcome:
        header = exchange.named[b"authorization"]
        try:
            found = tokens.known(header) or await tokens.verify(token, header)
            proven = await _proved(exchange, token, found, possession)
        except Problem as problem:
            return challenge.refused(exchange, problem, "DPoP")
        except ProofError as error:
            fields = [challenge.invalid(error.reason, "DPoP", error.code)]
            if error.nonce is not None:
                fields.append((b"dpop-nonce", error.nonce.encode()))
            return refusal(exchange, Unauthenticated(f"{error.reason}."), *fields)
        if proven.nonce is not None:
            exchange.added.append((b"dpop-nonce", proven.nonce.encode()))
        exchange.token = found
        return None

    return prove


async def _proved(exchange: Exchange, token: bytes, found: VerifiedToken, possession: Possession) -> Proven:
    """Raises `Unauthenticated` for a token of the other kind, `ProofError` where its key was not proved."""
    if found.thumbprint is None:
        raise Unauthenticated("This token is bound to no key, and comes as Bearer.")
    proof = exchange.named.get(b"dpop")
    if proof is None:
        raise ProofError("A DPoP proof is needed")
    return await possession.prove(
        proof.decode("latin-1"),
        exchange.method,
        exchange.path,
        token=token.decode("ascii"),
        thumbprint=found.thumbprint,
    )

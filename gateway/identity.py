"""Who a token speaks for: the seam between the chain and whatever issues and verifies tokens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from typing import Protocol

from triptych.context import Caller


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What an access token says (RFC 9068), its signature, issuer, audience and expiry being checked."""

    subject: str
    """The user, or the client itself where it acts in its own name."""
    client: str
    """`client_id` that the token was issued to."""
    scopes: frozenset[str] = field(default_factory=frozenset[str])
    expires_at: float = 0.0
    """Moment in Unix seconds after which the token is worth nothing."""
    plan: str = "free"
    """Name of the client's plan: `free`, `partner`, `internal`, or one from the settings."""
    customer_id: str | None = None
    """Canonical id of the customer that the subject is, where the user is one."""
    jti: str = ""
    """The token's own id, by which it is revoked."""
    thumbprint: str | None = None
    """Of the key that has to be proved with every use (RFC 9449); None for a bearer token."""
    services: frozenset[str] | None = None
    """Paths of the services that it is for, `/shop/v1`; None where it is for all."""
    came_of: frozenset[str] = frozenset()
    """Ids of the tokens that it was exchanged for, and of their clients: it ends with any of them."""
    acting: tuple[str, ...] = ()
    """Who acts for the subject (RFC 8693 section 4.1), the one that holds the token first."""
    caller: Caller = field(init=False, repr=False, compare=False)
    """As whom the gateway calls a service for whoever holds it."""

    def __post_init__(self) -> None:
        customer = self.customer_id or ""
        caller = Caller(self.subject, self.client, "gateway", self.scopes, customer, self.acting)
        object.__setattr__(self, "caller", caller)


class TokenVerifier(Protocol):
    """Judges access tokens. The gateway remembers its answers until the token expires."""

    async def verify(self, token: str) -> VerifiedToken:
        """What the token says; raises `triptych.problems.Unauthenticated` with the reason otherwise."""
        ...


class Callers(Protocol):
    """Makes the internal tokens that prove a caller to a service: `InternalTokens` of `triptych.calling`."""

    def issue(self, caller: Caller, audience: str) -> str:
        """A compact JWT that says who calls, for `audience` alone; reused while it is fresh."""
        ...


class RememberedTokens:
    """Verified tokens by the credentials that they came as, so that a known one costs a dictionary look-up.

    Bounded: when full, the oldest goes first. A revocation is felt at once through `forget`.
    """

    def __init__(
        self, verifier: TokenVerifier, capacity: int = 50_000, now: Callable[[], float] = time
    ) -> None:
        self._verifier = verifier
        self._capacity = capacity
        self._now = now
        self._known: dict[bytes, VerifiedToken] = {}
        self._forgotten = 0

    def known(self, credentials: bytes) -> VerifiedToken | None:
        """The verified token, if it came with these credentials before and has not expired."""
        found = self._known.get(credentials)
        if found is not None and found.expires_at <= self._now():
            del self._known[credentials]
            return None
        return found

    async def verify(self, token: bytes, credentials: bytes = b"") -> VerifiedToken:
        """Asks the verifier, and remembers the answer for the credentials that the token came in.

        Raises `Unauthenticated`.
        """
        forgotten = self._forgotten
        verified = await self._verifier.verify(token.decode("ascii"))
        if self._capacity and forgotten == self._forgotten and verified.expires_at > self._now():
            if len(self._known) >= self._capacity:
                del self._known[next(iter(self._known))]
            self._known[credentials or token] = verified
        return verified

    def forget(self, *, jti: str = "", client: str = "", subject: str = "") -> None:
        """Drop what is revoked: one token, or all of a client or subject; the next use is verified anew."""
        self._forgotten += 1
        self._known = {
            text: token
            for text, token in self._known.items()
            if not (
                (jti and (token.jti == jti or jti in token.came_of))
                or (client and (token.client == client or client in token.came_of))
                or (subject and token.subject == subject)
            )
        }

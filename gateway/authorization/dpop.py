"""DPoP proofs (RFC 9449): each says, signed, which request it is for, and counts once."""

import base64
import hashlib
import hmac
from urllib.parse import urlsplit

from gateway.authorization.lifetimes import MINUTE, Clock
from gateway.authorization.public_keys import ALGORITHMS, PublicKey, UnusableKeyError, public_key
from gateway.authorization.redirects import origin
from gateway.authorization.spent import SpentIds
from gateway.authorization.untrusted import MalformedError, Untrusted, read
from gateway.paths import canonical_path
from gateway.possession import ProofError, Proven
from triptych.problems import BadRequest

OLDEST, NEWEST = MINUTE, 10
"""Seconds that a proof may lie behind us or, as clocks differ, before us."""
NONCE_SECONDS = 5 * MINUTE
"""How long a nonce is given out; it counts for as long again."""


class Nonces:
    """Nonces that nobody has to remember: a keyed hash of the time, the same at every gateway."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def current(self) -> str:
        """What proofs should have in them now."""
        return self._at(self._step())

    def accepts(self, nonce: str) -> bool:
        """Whether it was given out lately."""
        step = self._step()
        given = nonce.encode()
        return any(hmac.compare_digest(given, self._at(at).encode()) for at in (step, step - 1))

    def _step(self) -> int:
        return self._clock.now() // NONCE_SECONDS

    def _at(self, step: int) -> str:
        digest = hmac.new(self._key, str(step).encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:18]).decode()


class DpopProofs:
    """Implements `gateway.possession.Possession`. `issuer` is the public address of everything behind us."""

    algorithms = ALGORITHMS

    def __init__(self, issuer: str, spent: SpentIds, nonces: Nonces, clock: Clock, *, strict: bool) -> None:
        self._origin = origin(issuer)
        self._spent = spent
        self._nonces = nonces
        self._clock = clock
        self._strict = strict
        """Whether a proof without a nonce is refused."""

    async def prove(
        self, proof: str, method: str, path: str, *, token: str = "", thumbprint: str = ""
    ) -> Proven:
        """See `Possession`. The one thing that is written comes last: proofs that fail cost a signature."""
        try:
            said = read(proof)
            key = _key(said)
            if thumbprint and key.thumbprint != thumbprint:
                raise ProofError("The token is bound to another key")
            jti, issued, nonce = said.text("jti"), said.moment("iat"), said.text("nonce")
        except MalformedError as error:
            raise ProofError(f"The DPoP proof is malformed: {error}") from error
        if jti is None or issued is None:
            raise ProofError("The DPoP proof lacks jti or iat")
        self._check_request(said, method, path, token)
        if not self._clock.now() - OLDEST <= issued <= self._clock.now() + NEWEST:
            raise ProofError("The DPoP proof is too old, or from the future")
        fresh = self._checked(nonce)
        if not await self._spent.spend("dpop", key.thumbprint, jti, issued + OLDEST + NEWEST):
            raise ProofError("The DPoP proof was used before")
        return Proven(key.thumbprint, fresh)

    def _check_request(self, said: Untrusted, method: str, path: str, token: str) -> None:
        if said.claims.get("htm") != method:
            raise ProofError("The DPoP proof is for another method (htm)")
        if not self._leads_to(said.claims.get("htu"), path):
            raise ProofError("The DPoP proof is for another address (htu)")
        digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        if said.claims.get("ath") != digest if token else "ath" in said.claims:
            raise ProofError("The DPoP proof is for another token (ath)")

    def _leads_to(self, address: object, path: str) -> bool:
        """Query and fragment do not count (RFC 9449 section 4.3); the path does in any spelling of it."""
        if not isinstance(address, str) or not address.isascii() or len(address) > 8_192:
            return False
        try:
            parts = urlsplit(address)
            if "@" in parts.netloc or origin(address) != self._origin:
                return False
            return canonical_path(parts.path.encode() or b"/") == path
        except (ValueError, BadRequest):
            return False

    def _checked(self, nonce: str | None) -> str | None:
        """The nonce for next time if it is another one; raises `ProofError` for one that does not count."""
        current = self._nonces.current()
        if nonce is None and self._strict:
            raise ProofError("The DPoP proof needs a nonce of this server", "use_dpop_nonce", current)
        if nonce is not None and not self._nonces.accepts(nonce):
            raise ProofError("The DPoP proof's nonce is too old", "use_dpop_nonce", current)
        return None if nonce == current else current


def _key(said: Untrusted) -> PublicKey:
    """The key that came along, if it has signed."""
    if said.header.get("typ") != "dpop+jwt":
        raise ProofError("This is no DPoP proof (typ)")
    try:
        key = public_key(said.header.get("jwk"))
    except UnusableKeyError as error:
        raise ProofError(f"The DPoP proof's key cannot be used: {error}") from error
    if not said.signed_by(key):
        raise ProofError("The DPoP proof's signature is wrong")
    return key

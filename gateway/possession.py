"""Proof that a caller holds the key that its token is bound to: the seam between chain and DPoP."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Proven:
    """A key that was proved."""

    thumbprint: str
    """RFC 7638, SHA-256, base64url."""
    nonce: str | None = None
    """What the next proof should have in it, where that has changed."""


class ProofError(Exception):
    """The proof does not convince; the message says why. `nonce` is what the next one has to have in it."""

    def __init__(
        self,
        reason: str,
        code: Literal["invalid_dpop_proof", "use_dpop_nonce"] = "invalid_dpop_proof",
        nonce: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.nonce = nonce


class Possession(Protocol):
    """Judges proofs."""

    algorithms: list[str]
    """What proofs may be signed with."""

    async def prove(
        self, proof: str, method: str, path: str, *, token: str = "", thumbprint: str = ""
    ) -> Proven:
        """The key of a proof for this request (`path` decoded), with this token, once; raises `ProofError`.

        With `thumbprint`, any other key is refused.
        """
        ...

"""Passwords as argon2id hashes, computed in threads: one takes 20 ms and 19 MB."""

import base64

import anyio.to_thread
from anyio import CapacityLimiter
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_LENGTH = 1_024
"""Characters of a password; more is refused unread."""


class Passwords:
    """Hashes and checks passwords, a few at a time.

    By default as the OWASP Password Storage Cheat Sheet has it: 19 MiB, two passes, one lane.
    """

    def __init__(self, memory_kib: int = 19_456, passes: int = 2, lanes: int = 1, at_once: int = 2) -> None:
        self._hasher = PasswordHasher(passes, memory_kib, lanes)
        self._limiter = CapacityLimiter(at_once)
        zeros = [base64.b64encode(bytes(size)).rstrip(b"=").decode() for size in (16, 32)]
        costs = f"m={memory_kib},t={passes},p={lanes}"
        self._nobodys = f"$argon2id$v=19${costs}${zeros[0]}${zeros[1]}"

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        return await anyio.to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def fits(self, password: str, hashed: str | None) -> bool:
        """Whether the password belongs to the hash. Without one the answer is no, after the same work."""
        fits = await anyio.to_thread.run_sync(
            self._verify, password, hashed or self._nobodys, limiter=self._limiter
        )
        return fits and hashed is not None

    def _verify(self, password: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, password[:MAX_LENGTH]) and len(password) <= MAX_LENGTH
        except (VerificationError, InvalidHashError):
            return False

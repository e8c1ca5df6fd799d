"""What must not lie in the database in the clear: AES-256-GCM, each text tied to the row it belongs to."""

import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class BrokenSealError(Exception):
    """Sealed with another key, for another row, or changed since."""


class Seal:
    """`key` has 32 bytes; without it what was sealed is noise."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def sealed(self, plain: bytes, row: str) -> str:
        """A text to keep; `row` is authenticated too, so that rows cannot be swapped."""
        nonce = os.urandom(12)
        return b64encode(nonce + self._cipher.encrypt(nonce, plain, row.encode())).decode()

    def opened(self, sealed: str, row: str) -> bytes:
        """What was sealed for this row; raises `BrokenSealError`."""
        raw = b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:12], raw[12:], row.encode())
        except InvalidTag as error:
            raise BrokenSealError(row) from error

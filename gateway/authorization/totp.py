"""One-time passwords from authenticator apps (RFC 6238 over RFC 4226): SHA-1, six digits, thirty seconds.

Apps ignore other parameters, or refuse them, so these are the ones that work everywhere.
"""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

PERIOD = 30
"""Seconds of a time step."""
DIGITS = 6
DRIFT = 1
"""Steps that a phone's clock may be off, either way (RFC 6238 section 5.2)."""
SECRET_BYTES = 20
"""As long as the hash, which RFC 4226 section 4 recommends."""
_LONGEST_LABEL = 60


def new_secret() -> bytes:
    """160 random bits."""
    return secrets.token_bytes(SECRET_BYTES)


def code(secret: bytes, step: int) -> str:
    """The code of a time step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8), hashlib.sha1)
    at = digest[-1] & 0xF
    number = int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, given: str, now: int) -> int | None:
    """The time step around now whose code this is, the latest if there are two; None for a wrong code."""
    latest = now // PERIOD + DRIFT
    found = None
    for step in range(latest - 2 * DRIFT, latest + 1):
        if hmac.compare_digest(code(secret, step).encode(), given.encode()):
            found = step
    return found


def typed(secret: bytes) -> str:
    """The secret for people to type: base32, in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(secret: bytes, account: str, issuer: str) -> str:
    """What a QR code says: the otpauth URI that every app reads (Key URI Format of Google Authenticator)."""
    label = quote(f"{issuer}:{account[:_LONGEST_LABEL]}", safe=":@")
    query = urlencode({"secret": base64.b32encode(secret).decode(), "issuer": issuer})
    return f"otpauth://totp/{label}?{query}"

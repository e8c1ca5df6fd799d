"""Whether a webhook comes from whom it says: Standard Webhooks, and an HMAC of the body."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from time import time

from triptych.hook_keys import HookKeys
from triptych.problems import Unauthenticated

TOLERANCE = 300
"""Seconds that the clocks of both sides may differ, and a webhook may travel."""
MOST_SIGNATURES = 10
_ID = re.compile(rb"[!-~]{1,200}")
_SECONDS = re.compile(rb"[0-9]{1,12}")


def proved(keys: HookKeys, headers: Mapping[bytes, bytes], body: bytes, now: float | None = None) -> str:
    """What names this delivery, the same when it is repeated. Raises Unauthenticated, with the reason."""
    if keys.scheme == "standard":
        return _standard(keys, headers, body, time() if now is None else now)
    return _plain(keys, headers, body)


def _standard(keys: HookKeys, headers: Mapping[bytes, bytes], body: bytes, now: float) -> str:
    """As the specification of Standard Webhooks has it (standardwebhooks.com)."""
    id = _shaped(headers, b"webhook-id", _ID)
    sent = _shaped(headers, b"webhook-timestamp", _SECONDS)
    given = [
        _decoded(signature.partition(b",")[2], "base64")
        for signature in _field(headers, b"webhook-signature").split(b" ")[:MOST_SIGNATURES]
        if signature.startswith(b"v1,")
    ]
    _check(keys, b".".join((id, sent, body)), given)
    # only after the signature: a stranger learns nothing of our clock
    if abs(now - int(sent)) > TOLERANCE:
        raise Unauthenticated(
            f"The webhook-timestamp is more than {TOLERANCE // 60} minutes away from our clock."
        )
    return id.decode()


def _plain(keys: HookKeys, headers: Mapping[bytes, bytes], body: bytes) -> str:
    value = _field(headers, keys.signature_header.encode())
    if not value.startswith(keys.prefix.encode()):
        raise Unauthenticated(f"The {keys.signature_header} does not begin with {keys.prefix!r}.")
    _check(keys, body, [_decoded(value[len(keys.prefix.encode()) :], keys.encoding)])
    if keys.id_header is None:
        return hashlib.sha256(body).hexdigest()
    return _shaped(headers, keys.id_header.encode(), _ID).decode()


def _check(keys: HookKeys, content: bytes, given: list[bytes]) -> None:
    """Raise Unauthenticated unless a signature is by one of the secrets; takes as long either way."""
    right = False
    for key in keys.decoded():
        expected = hmac.new(key, content, hashlib.sha256).digest()
        for signature in given:
            right |= hmac.compare_digest(expected, signature)
    if not right:
        raise Unauthenticated("The signature is not by a secret that we share, or the body was changed.")


def _field(headers: Mapping[bytes, bytes], name: bytes) -> bytes:
    value = headers.get(name, b"")
    if not value:
        raise Unauthenticated(f"The header {name.decode()} is missing.")
    return value


def _shaped(headers: Mapping[bytes, bytes], name: bytes, shape: re.Pattern[bytes]) -> bytes:
    value = _field(headers, name)
    if not shape.fullmatch(value):
        raise Unauthenticated(f"The header {name.decode()} cannot be read.")
    return value


def _decoded(signature: bytes, encoding: str) -> bytes:
    """The signature's bytes; none where it cannot be read, which is as wrong as any other."""
    try:
        return (
            binascii.unhexlify(signature) if encoding == "hex" else base64.b64decode(signature, validate=True)
        )
    except (binascii.Error, ValueError):
        return b""

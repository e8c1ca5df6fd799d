"""Makes large answers small for clients that ask for it (gzip, RFC 1952)."""

import asyncio
import re
import zlib

from gateway.exchange import Exchange, Headers

SMALLEST = 1024
"""Bytes below which compression costs more than it saves."""
_LARGE = 256 * 1024
"""Bytes above which a thread compresses, so that the event loop need not wait."""
_LEVEL = 5
_KINDS = re.compile(
    rb"(?:text/(?!event-stream)|application/(?:[\w.-]+\+)?(?:json|xml|yaml)\b|image/svg\+xml)"
)
_REFUSED = re.compile(rb"gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)")


def accepts_gzip(exchange: Exchange) -> bool:
    """Whether the client takes gzip (RFC 9110, 12.5.3)."""
    accepted = exchange.named.get(b"accept-encoding")
    return accepted is not None and b"gzip" in accepted and not _REFUSED.search(accepted)


class Gzip:
    """The compression of one answer, whole or piece by piece."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)

    async def whole(self, body: bytes) -> bytes:
        """A body that is there at once."""
        if len(body) > _LARGE:
            return await asyncio.to_thread(self.piece, body, True)
        return self.piece(body, True)

    def piece(self, body: bytes, last: bool) -> bytes:
        """The next piece; each can be read as soon as it arrives."""
        compressed = self._stream.compress(body)
        return compressed + self._stream.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def compressible(headers: Headers) -> bool:
    """Whether an answer with these fields may be compressed, and is not already."""
    named = dict(headers)
    length = named.get(b"content-length")
    return (
        (length is None or int(length) >= SMALLEST)
        and _KINDS.match(named.get(b"content-type", b"")) is not None
        and b"content-encoding" not in named
        and b"no-transform" not in named.get(b"cache-control", b"")
    )


def compressed_fields(headers: Headers, length: int | None) -> Headers:
    """The fields of the compressed answer. A strong ETag becomes weak: the octets are others now."""
    fields: Headers = []
    for name, value in headers:
        if name == b"content-length" or name == b"accept-ranges":
            continue
        if name == b"etag" and not value.startswith(b"W/"):
            value = b"W/" + value
        fields.append((name, value))
    fields.append((b"content-encoding", b"gzip"))
    if length is not None:
        fields.append((b"content-length", b"%d" % length))
    return fields

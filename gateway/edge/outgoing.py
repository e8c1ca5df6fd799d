"""The bytes of an answer as they come together: head, body or chunks, compressed where that is wanted."""

from collections.abc import Iterable
from http import HTTPStatus

from gateway.compression import SMALLEST, Gzip, accepts_gzip, compressed_fields, compressible
from gateway.exchange import Exchange, Headers

WHOLE = 256 * 1024
"""Bytes of an answer that is held back to be compressed as a whole; larger ones are compressed in pieces."""

_STATUS = {status.value: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}
VARY = (b"vary", b"accept-encoding")


def status_line(status: int) -> bytes:
    """The first line of an answer."""
    return _STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status


class Outgoing:
    """What is to be sent of one answer; `take` hands over what has come together."""

    __slots__ = ("_bare", "_chunked", "_exchange", "_gzip", "_held", "_pieces", "_tail")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._pieces: list[bytes] = []
        self._held: Headers | None = None
        """Fields of an answer that is held back until it is whole, to be compressed."""
        self._gzip: Gzip | None = None
        self._chunked = False
        self._bare = False
        self._tail = b""

    def head(self, fields: Headers, keep_alive: bool) -> None:
        """The header fields of the answer whose status the exchange has."""
        exchange = self._exchange
        empty = exchange.answered in (204, 304)
        self._bare = empty or exchange.method == "HEAD"
        self._tail = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
        if not empty and compressible(fields):
            fields.append(VARY)
            if accepts_gzip(exchange) and not self._bare:
                self._held = fields
                return
        self._write_head(fields)

    def body(self, pieces: list[bytes], last: bool) -> None:
        """More of the body, and whether that was the end of it."""
        if self._held is not None:
            self._hold(self._held, pieces, last)
        elif not self._bare:
            for piece in pieces:
                self._write(piece if self._gzip is None else self._gzip.piece(piece, last=False))
            if last and self._gzip is not None:
                self._write(self._gzip.piece(b"", last=True))
        if last and self._chunked:
            self._pieces.append(b"0\r\n\r\n")

    def take(self) -> bytes:
        """What can be sent now; empty while the answer is held back."""
        if self._held is not None or not self._pieces:
            return b""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken

    def _hold(self, fields: Headers, pieces: list[bytes], last: bool) -> None:
        """Wait until the answer is whole, or too large for that; then compress it."""
        self._pieces += pieces
        size = sum(map(len, self._pieces))
        if not last and size <= WHOLE and any(name == b"content-length" for name, _ in fields):
            return
        held, self._pieces, self._held = self._pieces, [], None
        if not last:
            self._gzip = Gzip()
            self._write_head(compressed_fields(fields, None))
            self._write(self._gzip.piece(b"".join(held), last=False))
        elif size < SMALLEST:
            self._write_head(fields)
            self._write(b"".join(held))
        else:
            whole = Gzip().piece(b"".join(held), last=True)
            self._write_head(compressed_fields(fields, len(whole)))
            self._write(whole)

    def _write_head(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        parts, sized = [status_line(self._exchange.answered)], self._bare
        for name, value in fields:
            parts += (name, b": ", value, b"\r\n")
            if name == b"content-length":
                sized = True
        if not sized:
            self._chunked = True
            parts.append(b"transfer-encoding: chunked\r\n")
        parts.append(self._tail)
        self._pieces += parts

    def _write(self, piece: bytes) -> None:
        if not piece:
            return
        if self._chunked:
            self._pieces += (b"%x\r\n" % len(piece), piece, b"\r\n")
        else:
            self._pieces.append(piece)

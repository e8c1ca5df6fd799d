"""Heads of answers that came before, found by their octets: services give the same ones within a second."""

from typing import Final

from gateway.compression import compressible
from gateway.exchange import Headers

COUNT = 512
"""Heads that are remembered for a replica; the oldest one goes first."""
LARGEST = 2048
"""Bytes of the largest head that is worth remembering."""
END: Final = b"\r\n\r\n"


class AnswerHead:
    """Status and fields of an answer that says its length, and after which the connection goes on."""

    __slots__ = ("compressible", "dressed", "fields", "length", "status")

    def __init__(self, status: int, fields: Headers, length: int) -> None:
        self.status = status
        self.fields = fields
        self.length = length
        """Bytes of the body."""
        self.compressible = compressible(fields)
        self.dressed = b""
        """The head as clients see it, but for what differs each time; empty until it is made."""


class AnswerHeads:
    """Those of one replica."""

    def __init__(self) -> None:
        self._known: dict[bytes, AnswerHead] = {}

    def find(self, octets: bytes) -> AnswerHead | None:
        """The head with these octets."""
        return self._known.get(octets)

    def remember(self, octets: bytes, status: int, fields: Headers) -> AnswerHead | None:
        """The head of an answer that was complete with these octets, which is kept; None for others."""
        at = octets.find(END) + len(END)
        length = len(octets) - at
        named = dict(fields)
        if at > LARGEST or status in (204, 304) or named.get(b"content-length") != b"%d" % length:
            return None
        if len(self._known) >= COUNT:
            del self._known[next(iter(self._known))]
        head = self._known[octets[:at]] = AnswerHead(status, fields, length)
        return head

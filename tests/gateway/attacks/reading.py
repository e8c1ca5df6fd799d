"""A second reader of requests, written from RFC 9112 and from nothing else, to hold the gateway's against."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.paths import canonical_path, encoded_path
from triptych.problems import BadRequest

_LINE = re.compile(rb"([A-Z-]+) +([!-\"$-~]+) +HTTP/1\.[01]")  # more than one blank may be taken for one
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[\t -~\x80-\xff]*)?")
_TARGET = re.compile(rb"(?:[Hh][Tt][Tt][Pp][Ss]?://([^/?]*))?([^?]*)(?:\?(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """One request of a stream of octets."""

    method: str
    target: bytes
    """The path in the one spelling that is passed on, and the query; empty where there is none."""
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def only(self, name: bytes) -> bytes | None:
        """The value of a field that comes once."""
        values = [value for found, value in self.fields if found == name]
        return values[0] if len(values) == 1 else None


class Reader:
    """Takes a stream apart until it is no request any more."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def requests(self) -> Iterator[Asked]:
        """Every request that is whole and well-formed, up to the first that is not."""
        while (found := self._one()) is not None:
            yield found

    def _one(self) -> Asked | None:
        while self._octets[self._at : self._at + 1] in (b"\r", b"\n"):
            self._at += 1  # empty lines before a request (RFC 9112, 2.2)
        line = self._line()
        matched = _LINE.fullmatch(line) if line else None
        fields = self._fields() if matched else None
        if matched is None or fields is None:
            return None
        body = self._body(fields)
        return None if body is None else Asked(matched[1].decode(), _target(matched[2]), fields, body)

    def _line(self) -> bytes | None:
        end = self._octets.find(b"\r\n", self._at)
        if end < 0:
            return None
        line, self._at = self._octets[self._at : end], end + 2
        return line

    def _fields(self) -> tuple[tuple[bytes, bytes], ...] | None:
        fields: list[tuple[bytes, bytes]] = []
        while line := self._line():
            matched = _FIELD.fullmatch(line)
            if matched is None:
                return None
            fields.append((matched[1].lower(), matched[2].rstrip(b" \t")))
        return tuple(fields) if line == b"" else None

    def _body(self, fields: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
        lengths = [value for name, value in fields if name == b"content-length"]
        encodings = [value.lower() for name, value in fields if name == b"transfer-encoding"]
        if encodings:
            return self._chunks() if encodings == [b"chunked"] and not lengths else None
        if not lengths:
            return b""
        if len(lengths) > 1 or not re.fullmatch(rb"[0-9]{1,18}", lengths[0]):
            return None
        return self._taken(int(lengths[0]))

    def _taken(self, size: int) -> bytes | None:
        if self._at + size > len(self._octets):
            return None
        taken, self._at = self._octets[self._at : self._at + size], self._at + size
        return taken

    def _chunks(self) -> bytes | None:
        body = b""
        while (line := self._line()) is not None:
            matched = _CHUNK.fullmatch(line)
            if matched is None:
                return None
            size = int(matched[1], 16)
            if size == 0:
                return body if self._fields() is not None else None
            piece = self._taken(size)
            if piece is None or self._taken(2) != b"\r\n":
                return None
            body += piece
        return None


def _target(raw: bytes) -> bytes:
    matched = _TARGET.fullmatch(raw)
    assert matched is not None, "everything is optional in it"
    try:
        path = encoded_path(canonical_path(matched[2]))
    except BadRequest:
        return b""
    return path + (b"?" + matched[3] if matched[3] else b"")

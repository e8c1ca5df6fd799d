"""A shop that writes down what reaches it: an ASGI application, and a server with a parser of its own."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from gateway.fields import Headers
from triptych.calling.internal_token import InternalTokens
from triptych.context import Caller
from triptych.serving.callers import CALLER

_LINE = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.1")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([^\x00-\x08\x0a-\x1f\x7f]*)")
_ONCE = (b"host", b"content-length", b"transfer-encoding", b"authorization", b"x-request-id", b"traceparent")
_SIZE = re.compile(rb"[0-9a-f]{1,8}")


class Malformed(Exception):
    """What came is no request as RFC 9112 has it, to the letter."""


@dataclass(frozen=True)
class Arrived:
    """One request as the shop saw it."""

    method: str
    target: bytes
    headers: Headers
    body: bytes
    caller: Caller
    client: str
    """Address of the client, as the gateway tells it."""

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return [value for found, value in self.headers if found == name]


@dataclass
class Shop:
    """What arrived, and what came that was no request."""

    internal: InternalTokens
    arrived: list[Arrived] = field(default_factory=list[Arrived])
    malformed: list[str] = field(default_factory=list[str])
    answer: bytes = b"{}"

    def forget(self) -> None:
        """Begin with an empty book."""
        self.arrived.clear()
        self.malformed.clear()

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """The shop in the gateway's own process."""
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        caller, client = scope[CALLER], scope["client"][0]
        self.arrived.append(Arrived(scope["method"], target, list(scope["headers"]), body, caller, client))
        fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.answer))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": self.answer})

    async def server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The shop elsewhere: one connection, read without any library and without mercy."""
        try:
            while (head := await _head(reader)) is not None:
                self.arrived.append(await self._read(head, reader))
                head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                writer.write(head % len(self.answer) + self.answer)
                await writer.drain()
        except Malformed as error:
            self.malformed.append(str(error))
        except asyncio.IncompleteReadError:
            pass  # a body that was not sent to its end is no request

    async def _read(self, head: bytes, reader: asyncio.StreamReader) -> Arrived:
        line, *lines = head.split(b"\r\n")
        matched, headers = _LINE.fullmatch(line), [_field(one) for one in lines]
        if matched is None:
            raise Malformed(f"no request line: {line!r}")
        names = [name for name, _ in headers]
        if names.count(b"host") != 1 or any(names.count(name) > 1 for name in _ONCE):
            raise Malformed(f"a field that may come once: {names}")
        named = dict(headers)
        body = await _body(named, reader)
        token = named.get(b"authorization", b"").removeprefix(b"Bearer ").decode("ascii")
        caller = self.internal.verify(token, "shop")
        client = named[b"x-forwarded-for"].decode("ascii")
        return Arrived(matched[1].decode(), matched[2], headers, body, caller, client)


async def _head(reader: asyncio.StreamReader) -> bytes | None:
    """The request line and the header lines; None at the end of the connection."""
    try:
        return (await reader.readuntil(b"\r\n\r\n"))[:-4]
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Malformed(f"half a head: {error.partial[:80]!r}") from error
        return None


def _field(line: bytes) -> tuple[bytes, bytes]:
    matched = _FIELD.fullmatch(line)
    if matched is None:
        raise Malformed(f"no header line: {line!r}")
    return matched[1].lower(), matched[2].strip(b" \t")


async def _body(named: dict[bytes, bytes], reader: asyncio.StreamReader) -> bytes:
    length, encoding = named.get(b"content-length"), named.get(b"transfer-encoding")
    if encoding is None:
        if length is not None and not re.fullmatch(rb"[0-9]+", length):
            raise Malformed(f"no length: {length!r}")
        return await reader.readexactly(int(length or b"0"))
    if length is not None or encoding != b"chunked":
        raise Malformed(f"two framings or an unknown one: {encoding!r}")
    body = b""
    while True:
        line = (await reader.readuntil(b"\r\n"))[:-2]
        if not _SIZE.fullmatch(line):
            raise Malformed(f"no chunk size: {line!r}")
        body += await reader.readexactly(int(line, 16))
        if await reader.readexactly(2) != b"\r\n":
            raise Malformed("a chunk is longer than it says, or the trailer is not empty")
        if int(line, 16) == 0:
            return body

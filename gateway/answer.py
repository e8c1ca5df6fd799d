"""One answer on its way out of the ASGI front: dressed, compressed where asked for, and seen by the audit."""

from collections.abc import Callable

from starlette.types import Message, Send

from gateway.compression import SMALLEST, Gzip, accepts_gzip, compressed_fields, compressible
from gateway.dress import Dress
from gateway.exchange import Exchange, Headers, Reply

_VARY = (b"vary", b"accept-encoding")
_CLOSE = (b"connection", b"close")

Begun = Callable[[Exchange, int], None]
"""Told the status of an answer before anything of it leaves."""


class Answer:
    """The `send` that a service is given."""

    __slots__ = ("_begun", "_dress", "_exchange", "_gzip", "_held", "_send", "started")

    def __init__(self, exchange: Exchange, send: Send, dress: Dress, begun: Begun) -> None:
        self._exchange = exchange
        self._send = send
        self._dress = dress
        self._begun = begun
        self._gzip: Gzip | None = None
        self._held: Headers | None = None
        """Fields of an answer that may be compressed: they wait until its size is known."""
        self.started = False
        """Whether anything has left for the client."""

    async def reply(self, reply: Reply) -> None:
        """Answer with a reply of the gateway itself."""
        headers = [field for field in reply.headers if field != _CLOSE]
        if reply.status != 204 and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(reply.body)))
        await self._start(reply.status, headers, closing=_CLOSE in reply.headers)
        await self._continue(reply.body, more=False)

    async def __call__(self, message: Message) -> None:
        """ASGI `send`."""
        kind = message["type"]
        if kind == "http.response.body":
            await self._continue(message.get("body", b""), message.get("more_body", False))
        elif kind == "http.response.start":
            await self._start(message["status"], list(message.get("headers", ())))
        else:
            await self._send(message)

    async def _start(self, status: int, headers: Headers, closing: bool = False) -> None:
        exchange = self._exchange
        if not exchange.answered:
            self._begun(exchange, status)
        exchange.answered = status
        headers = self._dress.outward(exchange, headers)
        if closing:
            headers.append(_CLOSE)
        self._held = None
        if status not in (204, 304) and compressible(headers):
            headers.append(_VARY)
            if accepts_gzip(exchange) and exchange.method != "HEAD":
                self._held = headers
                return
        await self._send_start(headers)

    async def _continue(self, body: bytes, more: bool) -> None:
        if self._held is not None:
            body = await self._first(self._held, body, more)
        elif self._gzip is not None:
            body = self._gzip.piece(body, last=not more)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _first(self, headers: Headers, body: bytes, more: bool) -> bytes:
        """Decide, now that the first piece is there, and send the fields that waited for it."""
        self._held = None
        length: int | None = None
        if more:
            self._gzip = Gzip()
            body = self._gzip.piece(body, last=False)
        elif len(body) >= SMALLEST:
            body = await Gzip().whole(body)
            length = len(body)
        else:
            await self._send_start(headers)
            return body
        await self._send_start(compressed_fields(headers, length))
        return body

    async def _send_start(self, headers: Headers) -> None:
        self.started = True
        await self._send(
            {"type": "http.response.start", "status": self._exchange.answered, "headers": headers}
        )

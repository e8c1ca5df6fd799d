"""The ASGI front's way to a service for clients of an older version: whole bodies in, whole answers back."""

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from gateway.exchange import Exchange
from gateway.fields import Headers
from gateway.upstream import Upstream, inward_scope
from gateway.versions import Translation
from triptych.problems import PayloadTooLarge


def upgrade(exchange: Exchange, translation: Translation, body: bytes) -> bytes:
    """The body as the service knows it; `exchange.inward` says its size. Every front calls this.

    Raises BadRequest or InvalidInput in the words of the older version.
    """
    fields = translation.request_headers(exchange.inward or [])
    if translation.takes_body and body and _is_json(exchange):
        body = translation.request(body)
    if b"content-length" in exchange.named or b"transfer-encoding" in exchange.named:
        fields = [field for field in fields if field[0] != b"content-length"]
        fields.append((b"content-length", b"%d" % len(body)))
        exchange.named.pop(b"transfer-encoding", None)  # the size is known now
        exchange.named[b"content-length"] = fields[-1][1]
    exchange.inward = fields
    return body


async def translated(
    upstream: Upstream,
    exchange: Exchange,
    translation: Translation,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Ask the service in its words, and answer in those of the older version."""
    body = upgrade(exchange, translation, await _whole(exchange, receive))
    rest = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def request() -> Message:
        return next(rest, None) or await receive()

    answer = _Answer(translation, send)
    await upstream(inward_scope(scope, exchange), request, answer)


class _Answer:
    """Holds the service's answer back until it is whole."""

    def __init__(self, translation: Translation, send: Send) -> None:
        self._translation = translation
        self._send = send
        self._status = 0
        self._headers: Headers = []
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """ASGI `send`."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message.get("headers", ()))
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        headers, body = self._translation.response(self._status, self._headers, self._body)
        await self._send({"type": "http.response.start", "status": self._status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


async def _whole(exchange: Exchange, receive: Receive) -> bytes:
    limit = exchange.endpoint.body_limit if exchange.endpoint else 0
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise PayloadTooLarge(f"The body has more than {limit} bytes.")
        more = message.get("more_body", False)
    return body


def _is_json(exchange: Exchange) -> bool:
    kind = exchange.named.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind in (b"application/json", b"application/merge-patch+json")

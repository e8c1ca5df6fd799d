"""The two ways in which a service is reached: in this process, or over HTTP; both are ASGI applications."""

import asyncio
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.exchange import Exchange, Headers
from gateway.filters.forward import HOP_BY_HOP, identified
from gateway.identity import Callers
from triptych.context import Caller
from triptych.problems import DeadlineExceeded, Unavailable
from triptych.serving.callers import CALLER, DEADLINE_HEADER

EXCHANGE = "triptych.exchange"
"""Key of the ASGI scope under which an upstream finds the whole exchange."""

_log = logging.getLogger(__name__)
_DEADLINE = DEADLINE_HEADER.encode()
CONNECT = 2.0
"""Seconds in which a connection must come about."""


def inward_scope(scope: Scope, exchange: Exchange) -> Scope:
    """The ASGI scope that a service is given: the canonical path, cleaned fields, and who calls."""
    return {
        **scope,
        "method": "GET" if exchange.method == "HEAD" else exchange.method,
        "path": exchange.path,
        "raw_path": exchange.raw_path,
        "query_string": exchange.query,
        "root_path": "",
        "client": (exchange.client, 0),
        "scheme": exchange.scheme,
        "headers": identified(exchange),
        CALLER: exchange.caller,
        EXCHANGE: exchange,
    }


def own_fields(exchange: Exchange, callers: Callers, audience: str) -> Headers:
    """What the gateway itself tells a service over HTTP: as whom it calls, for whom, and until when.

    A proof of who calls holds for half a minute at least.
    """
    caller = exchange.caller or Caller(service="gateway")
    fields: Headers = [
        (b"authorization", b"Bearer " + callers.issue(caller, audience).encode()),
        (b"x-forwarded-for", exchange.client.encode()),
        (b"x-forwarded-proto", exchange.scheme.encode()),
        (b"x-forwarded-host", exchange.named.get(b"host", b"")),
    ]
    if exchange.endpoint is not None and not exchange.endpoint.streams:
        fields.append((_DEADLINE, b"%d" % int(exchange.endpoint.timeout * 1000)))
    return fields


class HttpUpstream:
    """A service at another address: streams both ways and keeps nothing.

    Raises `Unavailable` when it cannot be reached and `DeadlineExceeded` when it does not answer in time;
    both only before the answer has begun. Later failures break the answer off.
    """

    def __init__(
        self, url: str, audience: str, callers: Callers, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{audience}: {url!r} is no address of a service, such as http://crm:8000")
        self._url = httpx.URL(url)
        self._audience = audience
        self._callers = callers
        self._transport = transport or httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=512, max_keepalive_connections=128, keepalive_expiry=4),
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]
        response = await self._asked(exchange, scope, receive)
        try:
            headers = outward_headers(response)
            start: Message = {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": headers,
            }
            await send(start)
            endless = not any(name == b"content-length" for name, _ in headers)
            await _relay(response, receive if endless else None, send)
        finally:
            await response.aclose()

    async def _asked(self, exchange: Exchange, scope: Scope, receive: Receive) -> httpx.Response:
        """The head of the answer. A dead connection is replaced once, where a repeat does no harm."""
        has_body = b"content-length" in exchange.named or b"transfer-encoding" in exchange.named
        for last in (False, True):
            request = self._request(exchange, scope, _body(receive) if has_body else None)
            try:
                async with asyncio.timeout(self._timeout(exchange)):
                    return await self._transport.handle_async_request(request)
            except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
                raise DeadlineExceeded(f"{self._audience} did not answer in time.") from None
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                _log.warning("%s cannot be reached: %s", self._audience, type(error).__name__)
                raise Unavailable(f"{self._audience} cannot be reached.", retry_after=1) from None
            except httpx.TransportError as error:
                if last or has_body or scope["method"] != "GET":
                    _log.warning("%s broke off: %s", self._audience, type(error).__name__)
                    raise Unavailable(
                        f"{self._audience} broke off before it answered.", retry_after=1
                    ) from None
        raise AssertionError("the second attempt returns or raises")

    def _timeout(self, exchange: Exchange) -> float:
        return exchange.patience

    def _request(self, exchange: Exchange, scope: Scope, body: AsyncIterator[bytes] | None) -> httpx.Request:
        target = scope["raw_path"] + (b"?" + exchange.query if exchange.query else b"")
        headers: Headers = [field for field in identified(exchange) if field[0] != b"host"]
        headers.insert(0, (b"host", self._url.netloc))
        headers += own_fields(exchange, self._callers, self._audience)
        if b"transfer-encoding" in exchange.named:
            headers.append((b"transfer-encoding", b"chunked"))
        timeout = {"connect": CONNECT, "pool": CONNECT, "read": None, "write": 30.0}
        return httpx.Request(
            scope["method"],
            self._url,
            headers=headers,
            content=body,
            extensions={"timeout": timeout, "target": target},
        )


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx.ReadError("the client went away")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _relay(response: httpx.Response, receive: Receive | None, send: Send) -> None:
    """The body, piece by piece. With `receive`, the end of the client ends an answer that has no end."""

    async def relay() -> None:
        async for piece in response.aiter_raw():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    if receive is None:
        return await relay()

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    relaying, watching = asyncio.create_task(relay()), asyncio.create_task(watch())
    try:
        await asyncio.wait((relaying, watching), return_when=asyncio.FIRST_COMPLETED)
        if relaying.done():
            relaying.result()
    finally:
        relaying.cancel()
        watching.cancel()
        await asyncio.gather(relaying, watching, return_exceptions=True)
    return None


def outward_headers(response: httpx.Response) -> Headers:
    """The service's fields, names in lower case, without those of the connection to it."""
    return [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in HOP_BY_HOP]


Upstream = ASGIApp
"""How a service is reached: an ASGI application that answers under the service's full path."""

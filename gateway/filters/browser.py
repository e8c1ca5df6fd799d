"""Lets registered web pages call from a browser (CORS, Fetch standard 3.2)."""

from collections.abc import Callable, Iterable

from gateway.exchange import Exchange, Headers, Reply
from gateway.filters import Filter

AllowedOrigins = Callable[[str], bool]
"""Whether pages of that origin, `https://shop.example`, may call."""

_EXPOSED = (
    b"etag, link, location, retry-after, ratelimit, ratelimit-policy, x-request-id, traceparent, "
    b"dpop-nonce, idempotency-replayed, deprecation, sunset, triptych-version, www-authenticate"
)
_ALLOWED = (
    b"authorization",
    b"dpop",
    b"content-type",
    b"accept",
    b"idempotency-key",
    b"if-match",
    b"if-none-match",
    b"last-event-id",
    b"x-request-id",
    b"traceparent",
    b"tracestate",
    b"triptych-version",
)
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_VARY = (b"vary", b"origin")


def browser(allowed: AllowedOrigins, headers: Iterable[bytes] = ()) -> Filter:
    """Answers preflights, and lets the page read the answer. Tokens travel in headers, never in cookies.

    `headers` are further ones that pages may send: those that operations have declared.
    """
    sendable = b", ".join((*_ALLOWED, *sorted(headers)))

    def admit_page(exchange: Exchange) -> Reply | None:
        origin = exchange.named.get(b"origin")
        if origin is None:
            return None
        known = origin.isascii() and allowed(origin.decode("ascii"))
        asked = exchange.named.get(b"access-control-request-method")
        fields: Headers = [_VARY]
        if known:
            fields += [
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", _EXPOSED),
            ]
        exchange.added += fields
        if exchange.method != "OPTIONS" or asked is None:
            return None
        if known:
            exchange.added += [
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", sendable),
                (b"access-control-max-age", b"600"),
            ]
        return Reply(204, [])

    return admit_page


def loopback_origins(origin: str) -> bool:
    """Pages served from this machine, at any port: the default of the embedded topology."""
    scheme, found, host = origin.partition("://")
    name, _, port = host.partition(":") if not host.startswith("[") else (host[:5], "", host[6:])
    known = name in ("localhost", "127.0.0.1", "[::1]")
    return bool(found) and scheme in ("http", "https") and known and (port == "" or port.isdigit())

"""What goes inward: the canonical request, without what only the gateway is told, and as whom."""

from typing import Final

from gateway.exchange import Exchange, Headers, Reply, refusal
from gateway.filters import Filter
from triptych.context import Caller
from triptych.problems import PayloadTooLarge

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Fields that concern one connection only (RFC 9110, 7.6.1)."""

_FOR_THE_GATEWAY = HOP_BY_HOP | {
    b"accept-encoding",
    b"authorization",
    b"baggage",
    b"dpop",
    b"expect",
    b"forwarded",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
    b"x-http-method",
    b"x-http-method-override",
    b"x-method-override",
    b"x-original-url",
    b"x-real-ip",
    b"x-request-id",
    b"x-rewrite-url",
    b"traceparent",
}


_NEEDED = {b"host", b"content-length", b"content-type", b"idempotency-key", b"if-match"}
"""What no client can have us drop by naming it in `Connection`."""


_ANYBODY: Final = Caller(service="gateway")


def forward() -> Filter:
    """Sets `exchange.inward` and `exchange.caller`, and holds the body to the operation's limit."""

    def prepare(exchange: Exchange) -> Reply | None:
        endpoint = exchange.endpoint
        if endpoint is None:
            raise RuntimeError("forward runs after route")
        length = exchange.named.get(b"content-length")
        if length is not None and int(length) > endpoint.body_limit:
            detail = f"The body has {int(length)} bytes; this operation takes {endpoint.body_limit}."
            return refusal(exchange, PayloadTooLarge(detail))
        if exchange.inward is None:
            exchange.inward = inward(exchange, endpoint.headers)
        exchange.caller = exchange.token.caller if exchange.token is not None else _ANYBODY
        return None

    return prepare


def inward(exchange: Exchange, declared: frozenset[bytes] = frozenset()) -> Headers:
    """The header fields for the service: none that speaks of identity comes from outside.

    Of those whose names are ours, `triptych-…`, only the ones that the operation has declared go in.
    """
    dropped = _FOR_THE_GATEWAY
    connection = exchange.named.get(b"connection")
    if connection is not None and connection.lower() not in (b"keep-alive", b"close"):
        lines = [value for name, value in exchange.headers if name == b"connection"]
        named = {name.strip().lower() for name in b",".join(lines).split(b",")}
        dropped = dropped | (named - _NEEDED - declared)
    return [
        field
        for field in exchange.headers
        if field[0] not in dropped and (field[0][:9] != b"triptych-" or field[0] in declared)
    ]


def identified(exchange: Exchange) -> Headers:
    """The client's fields that go inward, and the ids by which the service knows the request again."""
    return [
        *(exchange.inward or ()),
        (b"x-request-id", exchange.request_id.encode()),
        (b"traceparent", exchange.traceparent.encode()),
    ]

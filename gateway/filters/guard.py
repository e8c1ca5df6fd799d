"""Refuses requests that two servers could read differently, or that are too large to read at all."""

import re
from collections.abc import Iterable
from itertools import chain

from gateway.exchange import Exchange, Reply, refusal
from gateway.filters import Filter
from gateway.paths import canonical_path, check_query, encoded_path
from triptych.problems import BadRequest, PayloadTooLarge, Problem

HEADER_LIMIT = 16 * 1024
"""Bytes that the request line and the header fields may have together."""

_SINGLE = (
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"authorization",
    b"dpop",
    b"content-type",
    b"origin",
    b"idempotency-key",
    b"if-match",
    b"last-event-id",
    b"triptych-version",
)
"""What may come once only: two readers could take different ones."""
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_CLOSE = (b"connection", b"close")


class HeadersTooLarge(Problem, status=431):
    """The request line and the header fields together are larger than 16 KB."""


def guard(body_limit: int, headers: Iterable[bytes] = ()) -> Filter:
    """Checks what a parser lets through, and decides the one canonical path.

    `body_limit` is the most that any operation takes, in bytes; `forward` knows the operation's own.
    `headers` are those that are parameters of operations.
    """
    single = (*_SINGLE, *headers)

    def check(exchange: Exchange) -> Reply | None:
        try:
            _check_size(exchange)
            _check_fields(exchange, single)
            _check_framing(exchange, body_limit)
            if exchange.query:
                check_query(exchange.query)
            exchange.path = canonical_path(exchange.raw_path)
            if b"%" in exchange.raw_path:
                exchange.raw_path = encoded_path(exchange.path)
        except PayloadTooLarge as problem:
            return refusal(exchange, problem)
        except Problem as problem:
            return refusal(exchange, problem, _CLOSE)  # where this request ends is in doubt
        exchange.segments = exchange.path.split("/")
        return None

    return check


def _check_size(exchange: Exchange) -> None:
    headers = exchange.headers
    size = len(exchange.raw_path) + len(exchange.query) + 4 * len(headers)
    if size + sum(map(len, chain.from_iterable(headers))) > HEADER_LIMIT:
        raise HeadersTooLarge("The request line and the header fields together are larger than 16 KB.")


def _check_fields(exchange: Exchange, alone: Iterable[bytes]) -> None:
    named = exchange.named
    if len(named) != len(exchange.headers):
        names = [name for name, _ in exchange.headers]
        for name in alone:
            if names.count(name) > 1:
                raise BadRequest(f"The header {name.decode()} comes more than once.")
    host = named.get(b"host")
    if host is None:
        raise BadRequest("The header Host is missing.")
    if not _HOST.fullmatch(host):
        raise BadRequest("The header Host is no host name.")
    if exchange.target is not None:
        _check_target(exchange.target, host)


def _check_target(target: bytes, host: bytes) -> None:
    """An absolute-form target (RFC 9112, 3.2.2) must name the same host as the Host header."""
    scheme, found, rest = target.partition(b"://")
    authority = re.split(rb"[/?]", rest, maxsplit=1)[0]
    if not found or scheme.lower() not in (b"http", b"https") or authority.lower() != host.lower():
        raise BadRequest("The request target names another host than the header Host.")


def _check_framing(exchange: Exchange, body_limit: int) -> None:
    named = exchange.named
    encoding = named.get(b"transfer-encoding")
    length = named.get(b"content-length")
    if encoding is not None:
        if length is not None:
            raise BadRequest("Content-Length and Transfer-Encoding exclude each other.")
        if encoding.lower() != b"chunked":
            raise BadRequest("The only Transfer-Encoding is chunked.")
    if length is not None:
        if not length.isdigit() or len(length) > 18:
            raise BadRequest("Content-Length is no length.")
        if int(length) > body_limit:
            raise PayloadTooLarge(f"The body has {int(length)} bytes; at most {body_limit} are taken.")

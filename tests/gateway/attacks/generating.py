"""Streams of octets that are nearly requests: mutations, splices, mixtures, cut into pieces anywhere."""

import random
from collections.abc import Sequence

from tests.gateway.attacks.spelling import REFUSED, TOLERATED
from tests.gateway.raw import HOST, ORDER

TOKENS = (b"Bearer reader", *[b"Bearer writer"] * 4, b"Bearer nobody", b"bearer writer", b"DPoP writer")
"""Stand-ins; tokens that are good are put in their place at the end."""
_PIECES = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b",", b";", b"%2f", b"%2e", b"..", b"/",
    b"\\", b"#", b"?", b"\xff", b"\xc3\xa4", b"0", b"15", b"chunked", b"HTTP/1.1", b"HTTP/1.0", b"GET ",
    b"POST ", b"0\r\n\r\n", b"http://gateway.test",
    b"Content-Length: 0\r\n", b"Content-Length: 15\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Host: other.test\r\n", b"Connection: close\r\n", b"Connection: authorization\r\n",
    b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n", b"Expect: 100-continue\r\n",
    b"Authorization: Bearer writer\r\n", b"Idempotency-Key: k\r\n", b"X-A: b\r\n c\r\n",
    b"Triptych-Caller: root\r\n",
)  # fmt: skip
_FIELDS = (
    b"Accept: */*", b"Accept-Encoding: gzip", b"X-A: b", b"Cookie: a=b", b"Connection: keep-alive",
    b"Origin: https://shop.example", b"Idempotency-Key: k", b"X-Request-Id: 12345678", b"If-Match: \"1\"",
    b"Connection: close", b"Triptych-Session: s", b"User-Agent: test",
)  # fmt: skip
_PATHS = (
    b"/shop/v1/hours", b"/shop/v1/hours", b"/shop/v1/products", b"/shop/v1/products/TEA-1?a=b",
    b"/shop/v1/products/a%20b", b"/shop/v1/basket", b"/ledger/v1/balance", b"/healthz", b"/nothing",
    b"http://gateway.test/shop/v1/hours", b"/shop/v1/h%6furs",
)  # fmt: skip
_ODD = [text for spellings in REFUSED.values() for text in spellings.values()] + list(TOLERATED.values())


class Generator:
    """The same streams for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def pieces(self) -> Sequence[bytes]:
        """One connection's worth of octets, as they are sent one after the other."""
        chance = self._chance
        parts = [self._request() for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
            at = chance.randrange(len(parts))
            parts[at] = self._mutated(parts[at])
        if chance.random() < 0.1:
            parts = [self._spliced(b"".join(parts), self._request())]
        return parts if chance.random() < 0.3 else self._cut(b"".join(parts))

    def _cut(self, stream: bytes) -> Sequence[bytes]:
        """The stream in one to five pieces."""
        chance = self._chance
        ends = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.choice((0, 0, 1, 2, 4))))
        starts = [0, *ends]
        return [stream[start:end] for start, end in zip(starts, [*ends, len(stream)], strict=True)]

    def _request(self) -> bytes:
        chance = self._chance
        if chance.random() < 0.07:
            return chance.choice(_ODD).replace(b"Bearer acme", b"Bearer writer")
        fields = [*chance.sample(_FIELDS, chance.randrange(4))]
        if chance.random() < 0.9:
            fields.append(b"Authorization: " + chance.choice(TOKENS))
        body = b""
        method, path = (
            chance.choice((*[b"GET"] * 9, b"HEAD", b"OPTIONS", b"DELETE")),
            chance.choice(_PATHS),
        )
        if chance.random() < 0.5:
            method, path = b"POST", b"/shop/v1/orders"
            body = chance.choice(
                (ORDER, ORDER, b"", b"x" * chance.randrange(3_000), b"GET /shop/v1/hours HTTP/1.1\r\n")
            )
            body = self._framed(fields, body)
        chance.shuffle(fields)
        return (
            method
            + b" "
            + path
            + b" HTTP/1.1\r\n"
            + HOST
            + b"".join(one + b"\r\n" for one in fields)
            + b"\r\n"
            + body
        )

    def _framed(self, fields: list[bytes], body: bytes) -> bytes:
        chance = self._chance
        if chance.random() < 0.6:
            fields.append(b"Content-Length: %d" % len(body))
            return body
        fields.append(b"Transfer-Encoding: chunked")
        at = chance.randrange(len(body) + 1)
        chunks = [b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:at], body[at:]) if one]
        return b"".join(chunks) + b"0\r\n\r\n"

    def _mutated(self, request: bytes) -> bytes:
        chance = self._chance
        at = chance.randrange(len(request) + 1)
        match chance.randrange(6):
            case 0:
                return request[:at] + bytes([chance.randrange(256)]) + request[at + 1 :]
            case 1:
                return request[:at] + request[at + chance.randint(1, 8) :]
            case 2 | 3:
                return request[:at] + chance.choice(_PIECES) + request[at:]
            case 4:
                lines = request.split(b"\r\n")
                lines.insert(chance.randrange(1, len(lines) + 1), chance.choice(lines))
                return b"\r\n".join(lines)
            case _:
                lines = request.split(b"\r\n")
                one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
                lines[one], lines[other] = lines[other], lines[one]
                return b"\r\n".join(lines)

    def _spliced(self, one: bytes, other: bytes) -> bytes:
        chance = self._chance
        return one[: chance.randrange(len(one) + 1)] + other[chance.randrange(len(other)) :]

"""A head that came before, octet for octet, takes the short way: with the same answers, and judged anew."""

import asyncio
import re
from datetime import date

import pytest

from gateway.edge.heads import LARGEST, Head, Heads
from gateway.exchange import Exchange
from gateway.front_uvicorn import GuardedProtocol
from gateway.identity import VerifiedToken
from gateway.routes import Route
from tests.gateway.edge.conftest import Clock, Open
from tests.gateway.edge.services import HOURS, answering, whole
from tests.gateway.landscape import Landscape
from tests.gateway.raw import get, line, raw
from triptych.contract import ExperienceApi, Lifecycle

PRODUCTS = b"/shop/v1/products"


class Staying(ExperienceApi, name="kiosk", version=2, owner="press"):
    """Papers."""


class Leaving(
    ExperienceApi,
    name="kiosk",
    version=1,
    owner="press",
    lifecycle=Lifecycle(deprecated_on=date(2026, 6, 1), migration="https://kiosk.example/moving"),
):
    """Papers of yesterday: each request may fall into a brown-out."""


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What went to the parser of requests."""
    seen: list[bytes] = []
    feed = GuardedProtocol.data_received

    def data_received(self: GuardedProtocol, data: bytes) -> None:
        seen.append(data)
        feed(self, data)

    monkeypatch.setattr(GuardedProtocol, "data_received", data_received)
    return seen


def without_ids(heard: bytes) -> bytes:
    return re.sub(rb"\r\n(x-request-id|traceparent): [0-9a-f-]+", rb"\r\n\1: -", heard)


async def test_a_request_that_comes_again_is_the_same_to_the_service_but_for_its_ids(
    edge: Open, landscape: Landscape, parsed: list[bytes]
):
    heard: list[bytes] = []
    token = landscape.token("acme", "shop:read")["authorization"].encode()
    request = get(PRODUCTS, b"Authorization: " + token, b"Accept: */*", b"X-Forwarded-For: 9.9.9.9")
    async with raw(answering(whole(b"[]"), heard=heard)) as there, edge(there) as port, line(port) as one:
        answers = [await one.ask(request) for _ in range(5)]
    # the first one waits for its token to be verified, the second is remembered
    assert parsed == [request, request]
    assert len(heard) == 5
    assert len(set(map(sorted_lines, heard))) == 1
    assert len(set(heard)) == 5, "every request has ids of its own"
    assert [status for status, _, _ in answers] == [200] * 5
    assert len({tuple(sorted(fields)) for _, fields, _ in answers}) == 1
    ids = [fields[b"x-request-id"] for _, fields, _ in answers]
    assert len(set(ids)) == 5
    for request_id, request_heard in zip(ids, heard, strict=True):
        assert b"x-request-id: " + request_id in request_heard


def sorted_lines(heard: bytes) -> tuple[bytes, ...]:
    return tuple(sorted(without_ids(heard).split(b"\r\n")))


async def test_a_revoked_token_is_refused_although_its_head_is_known(edge: Open, landscape: Landscape):
    request = get(
        PRODUCTS, b"Authorization: " + landscape.token("acme", "shop:read")["authorization"].encode()
    )
    async with raw(answering(whole(b"[]"))) as there, edge(there) as port, line(port) as one:
        assert [(await one.ask(request))[0] for _ in range(4)] == [200] * 4
        del landscape.tokens.known["acme"]
        landscape.remembered.forget(client="client-acme")
        assert (await one.ask(request))[0] == 401


async def test_a_token_with_other_scopes_is_judged_by_them(edge: Open, landscape: Landscape):
    request = get(
        PRODUCTS, b"Authorization: " + landscape.token("acme", "shop:read")["authorization"].encode()
    )
    async with raw(answering(whole(b"[]"))) as there, edge(there) as port, line(port) as one:
        assert [(await one.ask(request))[0] for _ in range(4)] == [200] * 4
        landscape.token("acme", "shop:write")
        landscape.remembered.forget(client="client-acme")
        assert (await one.ask(request))[0] == 403


async def test_limits_count_what_comes_again(edge: Open, landscape: Landscape):
    request = get(
        PRODUCTS,
        b"Authorization: " + landscape.token("small", "shop:read", plan="free")["authorization"].encode(),
    )
    async with raw(answering(whole(b"[]"))) as there, edge(there) as port, line(port) as one:
        found = [(await one.ask(request))[0] for _ in range(40)]
    assert found[:20] == [200] * 20
    assert 429 in found


async def test_whoever_sends_the_same_from_elsewhere_is_not_taken_for_the_first(
    edge: Open, landscape: Landscape
):
    heard: list[bytes] = []
    request = get(HOURS.encode())
    async with (
        raw(answering(whole(b"{}"), heard=heard)) as there,
        edge(there) as port,
        line(port) as one,
        line(port, "127.0.0.2") as other,
    ):
        for _ in range(3):
            await one.ask(request)
            await other.ask(request)
    assert [re.findall(rb"x-forwarded-for: (\S+)", one)[0] for one in heard] == [
        b"127.0.0.1",
        b"127.0.0.2",
    ] * 3


async def test_a_known_head_with_something_behind_it_goes_to_the_parser(edge: Open, parsed: list[bytes]):
    request = get(HOURS.encode())
    async with raw(answering(whole(b"{}"))) as there, edge(there) as port, line(port) as one:
        for _ in range(3):
            await one.ask(request)
        del parsed[:]
        assert (await one.ask(request[:30], request[30:]))[0] == 200
        assert parsed == [request[:30], request[30:]]
        assert (await one.ask(request + request))[0] == 200
        assert (await one.answer())[0] == 200
        assert parsed[2:] == [request + request]
        assert (await one.ask(request))[0] == 200
        assert parsed[3:] == [request]  # what was read together went the other way
        assert (await one.ask(request))[0] == 200
        assert len(parsed) == 4


async def test_what_is_there_of_a_request_when_the_one_before_is_refused_at_once_is_its_beginning(
    edge: Open, parsed: list[bytes]
):
    """A known head may not be taken out of the middle of a request, whatever has just been answered."""
    known = get(HOURS.encode())
    refused = b"GET /shop/v1/orders HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
    begun = b"GET /shop/v1/hours HTTP/1.1\r\nHost: gateway.test\r\nX-Whole: "
    async with raw(answering(whole(b"{}"))) as there, edge(there) as port, line(port) as one:
        for _ in range(3):
            await one.ask(known)
        del parsed[:]
        assert (await one.ask(refused + begun))[0] == 405
        assert (await one.ask(known))[0] == 400
        assert parsed == [refused + begun, known]


async def test_a_known_head_in_the_midst_of_another_request_is_its_body(edge: Open, landscape: Landscape):
    heard: list[bytes] = []
    known = get(HOURS.encode())
    token = landscape.token("acme", "shop:write")["authorization"].encode()
    fields = (
        b"Host: gateway.test\r\nAuthorization: %b\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n"
    )
    order = b"POST /shop/v1/orders HTTP/1.1\r\n" + fields % token + b"Content-Length: %d\r\n\r\n" % len(known)
    async with raw(answering(whole(b"{}"), heard=heard)) as there, edge(there) as port, line(port) as one:
        for _ in range(3):
            await one.ask(known)
        del heard[:]
        assert (await one.ask(order, known))[0] == 200
    assert len(heard) == 1
    assert heard[0].startswith(b"POST /shop/v1/orders HTTP/1.1\r\n")
    assert heard[0].endswith(b"\r\n\r\n" + known)


@pytest.mark.parametrize(
    "field",
    [
        b"Connection: close",
        b"Content-Length: 0",
        b"Traceparent: 00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-00",
        b"X-Request-Id: 12345678",
        b"X-Pad: " + b"x" * LARGEST,
    ],
    ids=["connection", "length", "trace", "id", "large"],
)
async def test_a_head_that_speaks_of_more_than_itself_is_not_remembered(
    edge: Open, parsed: list[bytes], field: bytes
):
    request = get(HOURS.encode(), field)
    async with raw(answering(whole(b"{}"))) as there, edge(there) as port:
        for _ in range(4):
            async with line(port) as one:
                assert (await one.ask(request))[0] == 200
    assert len(parsed) == 4


async def test_an_answer_that_only_begins_as_one_before_is_read_to_its_end(edge: Open, clock: Clock):
    answers = iter([b"one", b"two", b"three", b"four"])

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            body = next(answers)
            head, piece = whole(b"=" * 5)[:-5], body.ljust(5)
            if body in (b"one", b"two"):
                writer.write(head + piece)
            else:
                writer.write(head + piece[:2])
                await writer.drain()
                await asyncio.sleep(0.05)
                writer.write(piece[2:])
            await writer.drain()

    async with raw(handle) as there, edge(there) as port, line(port) as one:
        found = [(await one.ask(get(HOURS.encode())))[2].strip() for _ in range(4)]
    assert found == [b"one", b"two", b"three", b"four"]


async def test_the_answer_of_a_known_head_is_told_apart_by_every_octet(edge: Open):
    heads = [b"etag: 1", b"etag: 2", b"etag: 1", b"etag: 3"]
    left = iter(heads)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            writer.write(whole(b"{}", next(left)))
            await writer.drain()

    async with raw(handle) as there, edge(there) as port, line(port) as one:
        found = [(await one.ask(get(HOURS.encode())))[1][b"etag"] for _ in range(4)]
    assert [b"etag: " + tag for tag in found] == heads


def test_the_oldest_heads_make_room():
    heads = Heads(room=1_000)
    for number in range(30):
        exchange = Exchange("GET", b"/%d" % number, b"", [(b"host", b"a")], "")
        exchange.segments = ["", "shop"]
        exchange.caller = VerifiedToken("a", "a").caller
        heads.remember(b"%d" % number * 50, exchange)
    known = [number for number in range(30) if isinstance(heads.find(b"%d" % number * 50), Head)]
    assert known == list(range(20, 30))


@pytest.mark.parametrize("on_its_way_out", [False, True], ids=["stays", "on its way out"])
def test_a_head_is_remembered_only_where_the_moment_does_not_decide(on_its_way_out: bool):
    route = Route(Leaving if on_its_way_out else Staying, "everyone", [])
    exchange = Exchange("GET", b"/kiosk/v1/papers", b"", [(b"host", b"a")], "")
    exchange.segments, exchange.route = ["", "kiosk", "v1", "papers"], route
    exchange.caller = VerifiedToken("a", "a").caller
    heads = Heads()
    heads.remember(b"octets", exchange)
    assert (heads.find(b"octets") is None) == on_its_way_out

"""The edge front: answers and streams, compressed where asked for."""

import asyncio
import gzip
import io

import httpx
import orjson
import pytest

from gateway.access import AccessLog
from gateway.edge import lane
from tests.gateway.edge.conftest import Clock, Open
from tests.gateway.edge.services import HOURS, answering, whole
from tests.gateway.landscape import Landscape
from tests.gateway.raw import get, raw, statuses, talk


async def test_connections_to_a_service_are_used_again(edge: Open):
    ports: set[object] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.add(writer.get_extra_info("peername"))
        await answering(whole(b"{}"))(reader, writer)

    async with raw(handle) as there, edge(there) as port, httpx.AsyncClient() as client:
        for _ in range(5):
            assert (await client.get(f"http://127.0.0.1:{port}{HOURS}")).json() == {}
    assert len(ports) == 1


async def test_a_connection_that_has_rested_for_long_is_not_used_again(
    edge: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lane, "TICK", 0.01)
    ports: set[object] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.add(writer.get_extra_info("peername"))
        await answering(whole(b"{}"))(reader, writer)

    async with raw(handle) as there, edge(there) as port, httpx.AsyncClient() as client:
        await client.get(f"http://127.0.0.1:{port}{HOURS}")
        await asyncio.sleep(0.1)
        clock.ahead = 5
        await asyncio.sleep(0.1)
        await client.get(f"http://127.0.0.1:{port}{HOURS}")
    assert len(ports) == 2


async def test_an_answer_of_unknown_size_is_passed_on_piece_by_piece(edge: Open):
    more = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await more.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(60)

    async with (
        raw(handle) as there,
        edge(there) as port,
        httpx.AsyncClient() as client,
        client.stream("GET", f"http://127.0.0.1:{port}{HOURS}") as answer,
    ):
        pieces = answer.aiter_bytes()
        assert await anext(pieces) == b"one"
        more.set()
        assert b"".join([piece async for piece in pieces]) == b"two"


async def test_what_comes_before_the_answer_is_not_the_answer(edge: Open):
    early = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + whole(b"{}")
    async with raw(answering(early)) as there, edge(there) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}{HOURS}")
    assert (answer.status_code, answer.json()) == (200, {})


async def test_an_answer_that_nobody_asked_for_is_given_to_nobody(edge: Open):
    twice = whole(b'{"mine":1}') + whole(b'{"mine":0}')
    async with raw(answering(twice)) as there, edge(there) as port, httpx.AsyncClient() as client:
        for _ in range(3):
            answer = await client.get(f"http://127.0.0.1:{port}{HOURS}")
            assert answer.status_code == 503 or answer.json() == {"mine": 1}


@pytest.mark.parametrize("size", [10, 2_000, 300_000])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_answer_is_compressed_for_who_takes_it(edge: Open, size: int, chunked: bool):
    body = orjson.dumps({"text": "tea " * (size // 4)})
    answer = whole(body, b"content-type: application/json")
    if chunked:
        answer = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
            + b"%x\r\n" % len(body)
            + body
            + b"\r\n0\r\n\r\n"
        )
    async with raw(answering(answer)) as there, edge(there) as port:
        plain = await talk(port, get(HOURS.encode()))
        packed = await talk(port, get(HOURS.encode(), b"Accept-Encoding: gzip"))
        bare = await talk(port, b"HEAD" + get(HOURS.encode(), b"Accept-Encoding: gzip")[3:])
    assert (statuses(plain), statuses(packed), statuses(bare)) == ([200], [200], [200])
    sent = plain.partition(b"\r\n\r\n")[2]
    assert (_unchunked(sent) if chunked else sent) == body
    assert bare.endswith(b"\r\n\r\n")
    head, _, sent = packed.partition(b"\r\n\r\n")
    if size < 1_024:
        assert b"content-encoding" not in head
    else:
        assert b"content-encoding: gzip" in head
        assert len(sent) < len(body) / 2
        assert gzip.decompress(_unchunked(sent) if b"chunked" in head else sent) == body


def _unchunked(sent: bytes) -> bytes:
    found, source = b"", io.BytesIO(sent)
    while size := int(source.readline(), 16):
        found += source.read(size)
        source.read(2)
    return found


async def test_a_client_that_reads_slowly_slows_the_service_down(edge: Open):
    sent = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n")
        for _ in range(2000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000

    async with raw(handle) as there, edge(there) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(get(HOURS.encode()))
        await reader.read(100)
        last = -1
        while sent != last:
            last = sent
            await asyncio.sleep(0.2)
        writer.transport.abort()
    assert 0 < sent < 50_000_000


async def test_a_client_that_leaves_ends_the_call(edge: Open):
    left, heard = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.set()
        await reader.read()
        left.set()

    async with raw(handle) as there, edge(there) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(HOURS.encode()))
        await heard.wait()
        writer.transport.abort()
        async with asyncio.timeout(5):
            await left.wait()


async def test_a_connection_that_rests_for_long_is_closed(
    edge: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lane, "TICK", 0.01)
    async with raw(answering(whole(b"{}"))) as there, edge(there) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(HOURS.encode()))
        await reader.readuntil(b"\r\n\r\n")
        clock.ahead = 80
        async with asyncio.timeout(5):
            assert (await reader.read()).endswith(b"{}")
        writer.close()


async def test_each_request_has_its_line_in_the_access_log(edge: Open, landscape: Landscape):
    stream = io.BytesIO()
    header = landscape.token("acme", "shop:read")
    async with (
        raw(answering(whole(b"{}"))) as there,
        edge(there, access=AccessLog(stream)) as port,
        httpx.AsyncClient() as client,
    ):
        await client.get(f"http://127.0.0.1:{port}/shop/v1/products?card=4711", headers=header)
        await client.get(f"http://127.0.0.1:{port}/shop/v1/nothing")
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["path"], line["status"], line["client"]) for line in lines] == [
        ("/shop/v1/products", 200, "client-acme"),
        ("/shop/v1/nothing", 404, None),
    ]
    assert b"4711" not in stream.getvalue()

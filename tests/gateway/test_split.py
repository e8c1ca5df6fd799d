"""The gateway before services that HTTP reaches: the same answers, streams both ways, clear failures."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from gateway.upstream import HttpUpstream
from tests.gateway.conftest import Browse, Serve
from tests.gateway.landscape import Landscape
from tests.gateway.raw import raw


@asynccontextmanager
async def split(landscape: Landscape, address: str, **overrides: Any) -> AsyncGenerator[Any]:
    """The gateway before one address for the shop."""
    upstream = HttpUpstream(address, "shop", landscape.internal)
    try:
        yield landscape.gateway(upstreams={"shop": upstream}, **overrides)
    finally:
        await upstream.aclose()


async def test_the_same_answers_come_from_another_process_as_from_this_one(
    landscape: Landscape, browse: Browse, serve: Serve
):
    header = landscape.token("acme", "shop:read", "shop:write")

    async def asked(client: httpx.AsyncClient) -> list[tuple[int, Any, dict[str, str]]]:
        found: list[tuple[int, Any, dict[str, str]]] = []
        for method, path, body in (
            ("GET", "/shop/v1/products", None),
            ("GET", "/shop/v1/products/a%20b%3F%C3%A9?", None),
            ("GET", "/shop/v1/products/NONE", None),
            ("GET", "/shop/v1/products?unknown=1", None),
            ("HEAD", "/shop/v1/hours", None),
            ("POST", "/shop/v1/orders", {"sku": "TEA-1"}),
            ("POST", "/shop/v1/orders", {"quantity": "many"}),
        ):
            answer = await client.request(
                method,
                path,
                json=body,
                headers={**header, "idempotency-key": "k", "x-request-id": "request-0001"},
            )
            document: Any = answer.json() if answer.content else None
            if method == "POST":
                document.pop("id", None)
            kept = {
                name: value for name, value in answer.headers.items() if name not in ("ratelimit", "date")
            }
            found.append((answer.status_code, document, kept))
        return found

    async with (
        serve(landscape.apps["shop"]) as port,
        split(landscape, f"http://127.0.0.1:{port}") as gateway,
        browse(gateway) as client,
    ):
        apart = await asked(client)
    async with browse(landscape.gateway()) as client:
        together = await asked(client)
    assert [status for status, _, _ in apart] == [200, 200, 404, 422, 200, 201, 422]
    for one, other in zip(apart, together, strict=True):
        one[2].pop("content-length", None)
        other[2].pop("content-length", None)
        assert one == other
    assert {(order.subject, order.client) for order in landscape.shop.orders} == {("sub-acme", "client-acme")}


async def test_a_service_that_cannot_be_reached_is_unavailable_at_once(landscape: Landscape, browse: Browse):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    async with split(landscape, f"http://127.0.0.1:{port}") as gateway, browse(gateway) as client:
        answer = await client.get("/shop/v1/hours")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/unavailable"
    assert answer.headers["retry-after"] == "1"


async def test_a_service_that_does_not_answer_in_time_is_a_deadline_exceeded(
    landscape: Landscape, browse: Browse, monkeypatch: pytest.MonkeyPatch
):
    def soon(upstream: HttpUpstream, exchange: object) -> float:
        return 0.2

    async with raw(lambda reader, writer: asyncio.sleep(10)) as port:
        gateway_of = split(landscape, f"http://127.0.0.1:{port}")
        async with gateway_of as gateway, browse(gateway) as client:
            monkeypatch.setattr(HttpUpstream, "_timeout", soon)
            answer = await client.get("/shop/v1/hours")
    assert answer.status_code == 504
    assert answer.json()["type"] == "/problems/deadline-exceeded"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbroken",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ],
)
async def test_a_service_that_answers_nonsense_is_unavailable(
    landscape: Landscape, browse: Browse, answer: bytes
):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with (
        raw(handle) as port,
        split(landscape, f"http://127.0.0.1:{port}") as gateway,
        browse(gateway) as client,
    ):
        found = await client.get("/shop/v1/hours")
    assert found.status_code == 503


async def test_an_answer_that_breaks_off_breaks_off_for_the_client(landscape: Landscape, serve: Serve):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()

    async with (
        raw(handle) as there,
        split(landscape, f"http://127.0.0.1:{there}") as gateway,
        serve(gateway) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/shop/v1/hours")


async def test_a_read_is_repeated_on_a_connection_that_died_and_a_write_is_not(
    landscape: Landscape, browse: Browse
):
    header = landscape.token("acme", "shop:read", "shop:write")
    asked: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b" ", 1)[0])
        if len(asked) % 2:  # every other connection breaks before it answers
            return
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with (
        raw(handle) as port,
        split(landscape, f"http://127.0.0.1:{port}") as gateway,
        browse(gateway) as client,
    ):
        read = await client.get("/shop/v1/hours")
        write = await client.post("/shop/v1/orders", json={"sku": "TEA-1"}, headers=header)
    assert read.status_code == 204
    assert write.status_code == 503
    assert asked == [b"GET", b"GET", b"POST"]


async def test_events_arrive_as_they_happen_and_end_when_the_client_leaves(
    landscape: Landscape, serve: Serve
):
    async with (
        serve(landscape.apps["shop"]) as there,
        split(landscape, f"http://127.0.0.1:{there}") as gateway,
        serve(gateway) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        seen = await watched(client, 5)
        running = [landscape.shop.streams]
        while running[-1] and len(running) < 100:
            await asyncio.sleep(0.02)
            running.append(landscape.shop.streams)
    assert [line for line in seen if line.startswith("data")]
    assert running[-1] == 0


async def test_events_of_a_service_in_this_process_end_likewise(landscape: Landscape, serve: Serve):
    async with (
        serve(landscape.gateway()) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        seen = await watched(client, 5)
        running = [landscape.shop.streams]
        while running[-1] and len(running) < 100:
            await asyncio.sleep(0.02)
            running.append(landscape.shop.streams)
    assert [line for line in seen if line.startswith("data")]
    assert running[-1] == 0


async def watched(client: httpx.AsyncClient, count: int) -> list[str]:
    """The first lines of a stream, which is then left."""
    async with client.stream("GET", "/shop/v1/ticks", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        return [line async for line in first(answer.aiter_lines(), count)]


async def first(lines: Any, count: int) -> AsyncGenerator[str]:
    """The first few."""
    async for line in lines:
        yield line
        count -= 1
        if not count:
            return


async def test_large_bodies_stream_both_ways(landscape: Landscape, serve: Serve):
    header = landscape.token("acme", "shop:write")
    largest = 0

    async def echo(scope: Any, receive: Any, send: Any) -> None:
        nonlocal largest
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            message = await receive()
            largest = max(largest, len(message["body"]))
            more = message.get("more_body", False)
            await send({"type": "http.response.body", "body": message["body"], "more_body": more})
            if not more:
                return

    async def upload() -> AsyncGenerator[bytes]:
        for number in range(64):
            yield bytes([number]) * 65_536

    settings = landscape.settings.model_copy(update={"max_body": 8 * 1024 * 1024})
    async with (
        serve(echo) as there,
        split(landscape, f"http://127.0.0.1:{there}", settings=settings) as gateway,
        serve(gateway) as port,
        httpx.AsyncClient() as client,
    ):
        address = f"http://127.0.0.1:{port}/shop/v1/orders"
        unsized = await client.post(address, content=upload(), headers=header)
        sized = await client.post(address, content=b"x" * 4_000_000, headers=header)
        too_large = await client.post(address, content=b"x" * 9_000_000, headers=header)
    assert unsized.content == b"".join([bytes([number]) * 65_536 for number in range(64)])
    assert sized.content == b"x" * 4_000_000
    assert too_large.status_code == 413
    assert largest < 1_000_000


async def test_a_service_is_told_who_calls_and_until_when_and_nothing_else(
    landscape: Landscape, serve: Serve, browse: Browse
):
    seen: dict[str, str] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update({name.decode(): value.decode() for name, value in scope["headers"]})
        seen["target"] = scope["raw_path"].decode() + "?" + scope["query_string"].decode()
        await send({"type": "http.response.start", "status": 204, "headers": [(b"server", b"inside")]})
        await send({"type": "http.response.body"})

    header = landscape.token("acme", "shop:read")
    async with (
        serve(app) as port,
        split(landscape, f"http://127.0.0.1:{port}") as gateway,
        browse(gateway) as client,
    ):
        answer = await client.get(
            "/shop/v1/products/%7e%2B%20x?q=%2F&q=b+c", headers={**header, "triptych-deadline": "1"}
        )
    assert answer.status_code == 204
    assert "server" not in answer.headers
    assert seen["target"] == "/shop/v1/products/~+%20x?q=%2F&q=b+c"
    assert seen["host"] == f"127.0.0.1:{port}"
    assert seen["triptych-deadline"] == "10000"
    assert seen["x-forwarded-for"] == "203.0.113.7"
    assert seen["x-request-id"] == answer.headers["x-request-id"]
    caller = landscape.internal.verify(seen["authorization"].removeprefix("Bearer "), "shop")
    assert (caller.subject, caller.client, caller.service) == ("sub-acme", "client-acme", "gateway")
    assert caller.scopes == {"shop:read"}


async def test_a_service_that_is_asked_directly_does_not_answer(landscape: Landscape, serve: Serve):
    async with serve(landscape.apps["shop"]) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/shop/v1/hours")
    assert answer.status_code == 401


@pytest.mark.parametrize("address", ["crm:8000", "ftp://crm", "http://", ""])
async def test_an_address_that_is_none_is_refused_at_once(landscape: Landscape, address: str):
    with pytest.raises(ValueError, match="shop: "):
        HttpUpstream(address, "shop", landscape.internal)

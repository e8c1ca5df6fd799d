"""A gateway that stops lets the requests that it has taken come to their end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx
import pytest

from gateway.edge import EdgeProtocol, EdgeUpstream, Lane
from gateway.front_uvicorn import GuardedProtocol
from gateway.upstream import HttpUpstream
from tests.gateway.edge.services import answering
from tests.gateway.landscape import Landscape
from tests.gateway.raw import get, raw, statuses
from triptych.serving.server import listen, serving

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


async def test_what_has_been_taken_is_answered_and_the_connection_then_closed(landscape: Landscape):
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go_on.wait()
        writer.write(ANSWER)
        await writer.drain()
        await reader.read()

    async with raw(handle) as there, AsyncExitStack() as stack:
        gateway, listening = landscape.gateway(), listen("127.0.0.1", 0)
        port = listening.getsockname()[1]
        lane = Lane(gateway, [EdgeUpstream("shop", [f"http://127.0.0.1:{there}"], landscape.internal)])
        await stack.enter_async_context(lane.running())
        await stack.enter_async_context(serving(gateway, listening, protocol=partial(EdgeProtocol, lane)))

        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(b"/shop/v1/hours"))
        await asked.wait()
        stopping = asyncio.create_task(stack.aclose())
        await asyncio.sleep(0.3)
        go_on.set()
        async with asyncio.timeout(5):
            answer = await reader.read()
        await stopping
        writer.close()
        assert statuses(answer) == [200]
        assert b"connection: close" in answer

        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as client:
                await client.get(f"http://127.0.0.1:{port}/shop/v1/hours")


@asynccontextmanager
async def stoppable(landscape: Landscape, front: str) -> AsyncGenerator[tuple[int, AsyncExitStack]]:
    """A gateway on one of the fronts, its port, and how to stop it."""
    async with raw(answering(ANSWER)) as there, AsyncExitStack() as stack:
        address = f"http://127.0.0.1:{there}"
        upstream = HttpUpstream(address, "shop", landscape.internal)
        stack.push_async_callback(upstream.aclose)
        gateway, listening = landscape.gateway(upstreams={"shop": upstream}), listen("127.0.0.1", 0)
        lane = Lane(gateway, [EdgeUpstream("shop", [address], landscape.internal)])
        await stack.enter_async_context(lane.running())
        protocol = partial(EdgeProtocol, lane) if front == "edge" else GuardedProtocol
        await stack.enter_async_context(serving(gateway, listening, protocol=protocol))
        yield listening.getsockname()[1], stack


FRONTS = pytest.mark.parametrize("front", ["asgi", "edge"])


@FRONTS
async def test_a_request_that_was_on_its_way_is_answered_and_is_the_last_one(
    landscape: Landscape, front: str
):
    async with stoppable(landscape, front) as (port, stack):
        used, fresh = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        used[1].write(get(b"/shop/v1/hours"))
        await used[0].readuntil(b"{}")
        stopping = asyncio.create_task(stack.aclose())
        await asyncio.sleep(0.3)
        for reader, writer in (used, fresh):
            writer.write(get(b"/shop/v1/hours"))
            async with asyncio.timeout(30):
                answer = await reader.read()
            writer.close()
            assert statuses(answer) == [200]
            assert b"connection: close" in answer
        await stopping


@FRONTS
async def test_a_connection_on_which_nothing_comes_is_closed_after_a_moment(landscape: Landscape, front: str):
    async with stoppable(landscape, front) as (port, stack):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get(b"/shop/v1/nothing"))
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(30):
            await stack.aclose()
            await reader.read()
        writer.close()


@FRONTS
async def test_half_a_request_is_waited_for(
    landscape: Landscape, front: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("triptych.serving.lingering.LINGER", 0.2)
    async with stoppable(landscape, front) as (port, stack):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = get(b"/shop/v1/hours")
        writer.write(request[:20])
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(stack.aclose())
        await asyncio.sleep(0.6)
        writer.write(request[20:])
        async with asyncio.timeout(30):
            assert statuses(await reader.read()) == [200]
        writer.close()
        await stopping

"""A gateway that stops lets the requests that it has taken come to their end."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

import httpx
import pytest

from gateway.edge import EdgeProtocol, EdgeUpstream, Lane
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


async def test_connections_that_rest_are_closed_at_once(landscape: Landscape):
    async with raw(lambda reader, writer: reader.read()) as there, AsyncExitStack() as stack:
        gateway, listening = landscape.gateway(), listen("127.0.0.1", 0)
        lane = Lane(gateway, [EdgeUpstream("shop", [f"http://127.0.0.1:{there}"], landscape.internal)])
        await stack.enter_async_context(lane.running())
        await stack.enter_async_context(serving(gateway, listening, protocol=partial(EdgeProtocol, lane)))
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
        writer.write(get(b"/shop/v1/nothing"))
        await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(2):
            await stack.aclose()
            await reader.read()
        writer.close()

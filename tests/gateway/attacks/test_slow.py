"""Slowloris in every form: slow ones are cut off, and a healthy client is served beside them."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from gateway import front_uvicorn
from tests.gateway.attacks.conftest import Door, opened
from tests.gateway.attacks.recording import Shop
from tests.gateway.authorization.conftest import House
from tests.gateway.raw import get, post, statuses
from triptych.calling.internal_token import InternalTokens

SLOW_ONES = 200
LARGE = b"x" * 8_000_000


@pytest.fixture
async def hasty(
    besieged: House,
    standing: Door,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Door]:
    """A door on each front that waits for a second where others wait for ten, or for a minute."""
    monkeypatch.setattr(front_uvicorn, "SLOW", 1.0)
    monkeypatch.setattr(front_uvicorn, "UNREAD", 1.0)
    shop = Shop(InternalTokens(b"k" * 32))
    async with opened(standing.front, besieged, tmp_path, shop) as port:
        yield Door(standing.front, port, besieged, shop, standing.token, standing.client_id)


async def dribbled(door: Door, head: bytes, drop: Callable[[int], bytes], opening: asyncio.Event) -> bytes:
    """A connection on which little comes, and what the gateway says to it before it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    opening.set()
    writer.write(head.replace(b"Bearer acme", b"Bearer " + door.token))
    text, number = b"", 0
    with contextlib.suppress(ConnectionError):
        while True:
            with contextlib.suppress(TimeoutError):
                piece = await asyncio.wait_for(reader.read(65_536), 0.1)
                text += piece
                if not piece:
                    break
            writer.write(drop(number))
            number += 1
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return text


KINDS: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
    "nothing": (b"", lambda _: b""),
    "empty lines": (b"", lambda _: b"\r\n"),
    "a request line": (b"", lambda number: b"GET /shop/v1/hours HTTP/1.1"[number % 20 : number % 20 + 1]),
    "header fields": (get(b"/shop/v1/hours")[:-2], lambda number: b"X-%d: x\r\n" % number),
    "a body of a length": (post(b"Content-Length: 50000", body=b""), lambda _: b"x"),
    "a body in chunks": (post(b"Transfer-Encoding: chunked", body=b""), lambda _: b"1\r\nx\r\n"),
    "half a chunk": (post(b"Transfer-Encoding: chunked", body=b"ffff\r\n"), lambda _: b"x"),
    "a second request": (get(b"/healthz") + b"GET /shop", lambda _: b"x"),
    "empty lines behind a request": (get(b"/healthz"), lambda _: b"\r\n"),
}


async def test_slow_connections_are_cut_off_and_a_healthy_client_is_served_beside_them(hasty: Door):
    """Until the last of them is gone; each is told 408, or closed where it has asked for nothing."""
    kinds = list(KINDS.values())
    begun = [asyncio.Event() for _ in range(SLOW_ONES)]
    async with asyncio.timeout(120):
        slow = [
            asyncio.create_task(dribbled(hasty, *kinds[number % len(kinds)], begun[number]))
            for number in range(SLOW_ONES)
        ]
        await asyncio.gather(*(one.wait() for one in begun))
        open_ones: list[int] = []
        while not all(task.done() for task in slow):
            assert (await hasty.send(get(b"/shop/v1/hours"))).statuses == [200]
            open_ones.append(len([task for task in slow if not task.done()]))
        said = [await task for task in slow]
    assert max(open_ones) > SLOW_ONES / 2, "the healthy client was served while they were open"
    ends = Counter(
        (number % len(kinds), statuses(text)[-1] if text else 0) for number, text in enumerate(said)
    )
    assert {end for _, end in ends} <= {0, 200, 408}, ends
    told = {list(KINDS)[kind] for kind, end in ends if end == 408}
    assert told >= {
        "header fields",
        "a body of a length",
        "a body in chunks",
        "half a chunk",
        "a second request",
    }
    assert not [one for one in hasty.shop.arrived if one.method == "POST"]


@pytest.mark.parametrize("closing", [b"Connection: keep-alive", b"Connection: close"], ids=["stays", "goes"])
async def test_a_client_that_never_reads_is_cut_off(hasty: Door, closing: bytes):
    hasty.shop.answer = LARGE
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    taken.setblocking(False)
    await asyncio.get_running_loop().sock_connect(taken, ("127.0.0.1", hasty.port))
    reader, writer = await asyncio.open_connection(sock=taken, limit=1024)
    writer.write(get(b"/shop/v1/hours", closing))
    async with asyncio.timeout(60):
        while not hasty.shop.arrived:  # noqa: ASYNC110 - the shop rings no bell
            await asyncio.sleep(0.02)
        with contextlib.suppress(ConnectionError):
            while not writer.transport.is_closing():
                assert (await hasty.send(get(b"/healthz"))).statuses == [200]
                writer.write(b"\r\n")  # to hear that nobody is there any more
                await writer.drain()
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65_536):
            received += piece
    assert len(received) < len(LARGE)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_client_that_reads_slowly_gets_everything(hasty: Door):
    hasty.shop.answer = LARGE
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port, limit=65_536)
    writer.write(get(b"/shop/v1/hours", b"Connection: close"))
    received = b""
    async with asyncio.timeout(60):
        while piece := await reader.read(400_000):
            received += piece
            await asyncio.sleep(0.02)
    assert received.endswith(LARGE), received[:500]
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_goes_on_slowly_and_steadily_arrives(hasty: Door):
    body = b"x" * 6_000
    pieces = [body[at : at + 300] for at in range(0, len(body), 300)]
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    head = post(b"Content-Length: 6000", b"Connection: close", body=b"")
    writer.write(head.replace(b"Bearer acme", b"Bearer " + hasty.token))
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.15)
    answer = await asyncio.wait_for(reader.read(), 30)
    assert statuses(answer) == [200]
    assert hasty.shop.arrived[-1].body == body
    writer.close()
    await writer.wait_closed()

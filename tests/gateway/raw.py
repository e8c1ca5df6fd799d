"""Bytes over sockets of one's own: requests to the gateway, and a server behind it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable

HOST = b"Host: gateway.test\r\n"


async def talk(port: int, *pieces: bytes, wait: float = 5.0) -> bytes:
    """Send the bytes, and read until the server closes or says nothing more for a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with contextlib.suppress(TimeoutError, ConnectionError):  # an end of the answer, as good as any other
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        while piece := await asyncio.wait_for(reader.read(65536), wait if not answer else 0.05):
            answer += piece
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


def statuses(answer: bytes) -> list[int]:
    """The status of every response in these bytes."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer)]


def get(path: bytes, *fields: bytes) -> bytes:
    """A request for a path, with more header lines."""
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


ORDER = b'{"sku":"TEA-1"}'


def post(*fields: bytes, body: bytes = ORDER, host: bytes = HOST) -> bytes:
    """An order, framed by the given header lines only."""
    head = b"POST /shop/v1/orders HTTP/1.1\r\n" + host
    known = b"Authorization: Bearer acme\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n"
    return head + known + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]


@contextlib.asynccontextmanager
async def raw(handle: Handle, port: int = 0) -> AsyncGenerator[int]:
    """A server of bare bytes."""
    tasks: set[asyncio.Task[object]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(handle(reader, writer))
        tasks.add(task)  # pyright: ignore[reportArgumentType]
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):  # either side may leave first
            await task
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


class Line:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, *pieces: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, fields and body of the answer to a request that is sent in these pieces."""
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0.02 if len(pieces) > 1 else 0)
        return await self.answer()

    async def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """The next answer, which has to say its size."""
        async with asyncio.timeout(30):
            head = await self._reader.readuntil(b"\r\n\r\n")
            first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
            fields = {name: value for name, _, value in (line.partition(b": ") for line in lines)}
            body = await self._reader.readexactly(int(fields[b"content-length"]))
        return int(first.split(b" ")[1]), fields, body


@contextlib.asynccontextmanager
async def line(port: int, address: str = "127.0.0.1") -> AsyncGenerator[Line]:
    """A connection from that address."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        yield Line(reader, writer)
    finally:
        writer.close()

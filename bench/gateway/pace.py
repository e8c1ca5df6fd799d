"""Requests at a steady pace, whether or not earlier ones are answered, and how long each answer takes."""

import asyncio
import statistics
import time
from itertools import cycle
from urllib.parse import urlsplit

import uvloop

CONNECTIONS = 16
SECONDS = 4
ROUNDS = 3


class _Asking(asyncio.Protocol):
    """A connection that is kept; knows when the answer to its request is whole by its length."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answered: asyncio.Future[None] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # pyright: ignore[reportAttributeAccessIssue] - uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().index(b"\r\ncontent-length: ") + 18
        if len(body) < int(head[at : at + 12].split(b"\r\n")[0]):
            return
        self._buffer = b""
        if self.answered is not None and not self.answered.done():
            if head.startswith(b"HTTP/1.1 200 "):
                self.answered.set_result(None)
            else:
                self.answered.set_exception(RuntimeError(head.decode("latin-1")))


def added_latency(
    direct: str, through: list[str], path: str, tokens: list[str], rate: int
) -> list[tuple[float, float]]:
    """Milliseconds that each gateway adds, at the median and the 99th percentile, in rounds taken in turn."""
    addresses = [direct, *through]
    seen: dict[str, list[tuple[float, float]]] = {address: [] for address in addresses}
    for counted in range(ROUNDS + 1):
        for address in addresses:
            found = uvloop.run(_paced(address, path, tokens, rate))
            if counted:
                seen[address].append(found)
    medians = {
        address: tuple(statistics.median(one[which] for one in rounds) for which in (0, 1))
        for address, rounds in seen.items()
    }
    return [
        (medians[address][0] - medians[direct][0], medians[address][1] - medians[direct][1])
        for address in through
    ]


async def _paced(address: str, path: str, tokens: list[str], rate: int) -> tuple[float, float]:
    """Milliseconds at the median and at the 99th percentile; counted from when a request was due."""
    parts = urlsplit(address)
    loop = asyncio.get_running_loop()
    idle: asyncio.LifoQueue[_Asking] = asyncio.LifoQueue()
    for _ in range(CONNECTIONS):
        _, asking = await loop.create_connection(_Asking, "127.0.0.1", parts.port or 80)
        idle.put_nowait(asking)
    took: list[float] = []
    head = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer "

    async def ask(token: str, due: float) -> None:
        asking = await idle.get()
        asking.answered = loop.create_future()
        assert asking.transport is not None
        asking.transport.write(f"{head}{token}\r\n\r\n".encode())
        async with asyncio.timeout(30):
            await asking.answered
        took.append(time.perf_counter() - due)
        idle.put_nowait(asking)

    began, supply = time.perf_counter() + 0.05, cycle(tokens)
    async with asyncio.TaskGroup() as group:
        for number in range(rate * SECONDS):
            due = began + number / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            group.create_task(ask(next(supply), due))
    while not idle.empty():
        asking = idle.get_nowait()
        if asking.transport is not None:
            asking.transport.close()
    took.sort()
    return took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3

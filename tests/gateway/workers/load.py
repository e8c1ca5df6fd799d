"""Clients that keep their connections and ask again and again, while something is done to who answers.

They repeat nothing, with one exception that HTTP leaves to every client (RFC 9112, 9.3.1): a request that a
connection had no byte of an answer for, after resting so long that it may have been closed meanwhile.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from time import monotonic

from triptych.serving.lingering import LINGER

CONNECTIONS = 32
"""So many that each of two workers has some."""


class Broken(Exception):
    """The connection ended before the answer did."""


@dataclass
class Client:
    """One connection at a time to a port of this machine."""

    port: int
    tls: SSLContext | None = None
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    rested: float = 0.0
    """Since when the connection is idle."""

    async def ask(self, request: bytes) -> int:
        """The status of the answer; raises Broken where there is none."""
        if self.reader is None or self.reader.at_eof():
            await self._connect()
            return await self._asked(request)
        rested = monotonic() - self.rested
        try:
            return await self._asked(request)
        except Broken as broken:
            if broken.args or rested < LINGER / 2:
                raise
            await self._connect()
            return await self._asked(request)

    async def _connect(self) -> None:
        self.close()
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.tls, server_hostname="localhost" if self.tls else None
        )

    async def _asked(self, request: bytes) -> int:
        assert self.reader is not None
        assert self.writer is not None
        try:
            self.writer.write(request)
            head = await self.reader.readuntil(b"\r\n\r\n")
            status, fields = head[9:12], head.lower()
            size = fields.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await self.reader.readexactly(int(size))
        except asyncio.IncompleteReadError as error:
            raise Broken(*([error.partial] if error.partial else [])) from error
        except ConnectionError as error:
            raise Broken from error
        self.rested = monotonic()
        if b"connection: close" in fields:
            self.close()
        return int(status)

    def close(self) -> None:
        """Give the connection up."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


@asynccontextmanager
async def connections(port: int, count: int = CONNECTIONS) -> AsyncGenerator[list[Client]]:
    """Clients that are about to ask; with so many, each worker has some."""
    clients = [Client(port) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


async def statuses(clients: list[Client], request: bytes) -> list[int]:
    """What each of them is answered, all asking at once."""
    return await asyncio.gather(*(client.ask(request) for client in clients))


@dataclass
class Load:
    """What became of the requests so far."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    broken: list[str] = field(default_factory=list[str])
    longest: float = 0.0
    """Seconds that the slowest answer took."""

    @property
    def failed(self) -> list[str]:
        """Every request that was not answered as it should be."""
        return [*self.broken, *(f"{status}" for status in self.statuses.elements() if status >= 400)]

    async def more(self, requests: int) -> None:
        """Wait until so many more are answered, or have failed."""
        until = self.statuses.total() + len(self.broken) + requests
        while self.statuses.total() + len(self.broken) < until:  # noqa: ASYNC110 - several count
            await asyncio.sleep(0.01)


@asynccontextmanager
async def load(port: int, request: bytes, clients: int = 16, pause: float = 0.005) -> AsyncGenerator[Load]:
    """So many clients that ask until the block ends."""
    found, stopping = Load(), asyncio.Event()

    async def client() -> None:
        connection = Client(port)
        while not stopping.is_set():
            began = monotonic()
            try:
                found.statuses[await connection.ask(request)] += 1
            except (Broken, OSError) as error:
                found.broken.append(repr(error))
            found.longest = max(found.longest, monotonic() - began)
            await asyncio.sleep(pause)
        connection.close()

    tasks = [asyncio.create_task(client()) for _ in range(clients)]
    try:
        yield found
    finally:
        stopping.set()
        await asyncio.gather(*tasks)

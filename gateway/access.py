"""The access log of both fronts: a line of JSON for each request, written in batches."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from time import gmtime, strftime, time
from typing import BinaryIO, Final

import orjson

from gateway.beside import beside
from gateway.exchange import Exchange

AT_ONCE: Final = 1_000
"""Lines after which a batch is written though its time has not come."""


REMEMBERED: Final = 1_000
"""Requests of which is remembered how they are written."""
EVERY = 0.25
"""Seconds between two batches."""
NOBODY: Final = 499
"""What is written for the status where nothing was answered, since the client had gone."""


class AccessLog:
    """Collects lines, which are written within `running()`.

    Queries are left out: they may hold what no log should.
    """

    def __init__(self, stream: BinaryIO | None = None, replica: str = "local") -> None:
        self._stream = stream or sys.stderr.buffer
        self._replica = orjson.dumps(replica)
        self._lines: list[bytes] = []
        self._second = 0
        self._moment = b""
        """That second, as it is written; what is below it differs from line to line."""
        self._known: dict[tuple[str, str, str | None], tuple[bytes, bytes]] = {}
        """Method and path, and the client, as they are written."""

    def __call__(self, exchange: Exchange, seconds: float) -> None:
        """Note a request that is over."""
        now = int(time() * 1e6)
        second, took = now // 1_000_000, int(seconds * 1e6)
        if second != self._second:
            self._second, self._moment = second, strftime("%Y-%m-%dT%H:%M:%S", gmtime(second)).encode()
        asked, client = self._written(exchange)
        self._lines.append(
            b'{"event":"request","level":"info","replica":%b,"at":"%b.%06dZ",%b,'
            b'"status":%d,"seconds":%d.%06d,"client":%b,"request_id":"%b"}'
            % (
                self._replica,
                self._moment,
                now % 1_000_000,
                asked,
                exchange.answered or NOBODY,
                took // 1_000_000,
                took % 1_000_000,
                client,
                exchange.request_id.encode(),
            )
        )
        if len(self._lines) >= AT_ONCE:
            self.flush()

    def _written(self, exchange: Exchange) -> tuple[bytes, bytes]:
        token = exchange.token
        key = (exchange.method, exchange.path, token.client if token is not None else None)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            asked = b'"method":%b,"path":%b' % (orjson.dumps(key[0]), orjson.dumps(key[1]))
            found = self._known[key] = asked, orjson.dumps(key[2])
        return found

    def running(self) -> AbstractAsyncContextManager[None]:
        """Write what comes together, and in the end what is left."""
        return beside(self._write, "access log", self.flush)

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self.flush()

    def flush(self) -> None:
        """Write what has come together."""
        if self._lines:
            self._stream.write(b"\n".join(self._lines) + b"\n")
            self._stream.flush()
            self._lines.clear()

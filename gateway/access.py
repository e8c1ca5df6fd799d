"""The access log of both fronts: a line of JSON for each request, written in batches."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import gmtime, strftime, time
from typing import BinaryIO

import orjson

from gateway.exchange import Exchange

AT_ONCE = 1_000
"""Lines after which a batch is written though its time has not come."""


EVERY = 0.25
"""Seconds between two batches."""
NOBODY = 499
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
        self._moment = ""
        """That second, as it is written; what is below it differs from line to line."""

    def __call__(self, exchange: Exchange, seconds: float) -> None:
        """Note a request that is over."""
        now = time()
        second = int(now)
        if second != self._second:
            self._second, self._moment = second, strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        client = orjson.dumps(exchange.token.client) if exchange.token else b"null"
        self._lines.append(
            b'{"event":"request","level":"info","replica":%b,"at":"%b.%06dZ","method":%b,"path":%b,'
            b'"status":%d,"seconds":%.6f,"client":%b,"request_id":"%b"}'
            % (
                self._replica,
                self._moment.encode(),
                (now - second) * 1e6,
                orjson.dumps(exchange.method),
                orjson.dumps(exchange.path),
                exchange.answered or NOBODY,
                seconds,
                client,
                exchange.request_id.encode(),
            )
        )
        if len(self._lines) >= AT_ONCE:
            self.flush()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Write what comes together, and in the end what is left."""
        writing = asyncio.create_task(self._write(), name="access log")
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            self.flush()

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

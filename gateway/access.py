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
        self._begins = f'{{"event":"request","level":"info","replica":{_json(replica)},"at":"'
        self._lines: list[str] = []
        self._second = 0
        self._moment = ""
        """How a line of that second begins."""
        self._known: dict[tuple[str, str, str | None], tuple[str, str]] = {}
        """Method and path, and the client, as they are written."""

    def __call__(self, exchange: Exchange, seconds: float) -> None:
        """Note a request that is over."""
        now, took = int(time() * 1e6), int(seconds * 1e6)
        second = now // 1_000_000
        if second != self._second:
            self._second = second
            self._moment = self._begins + strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        asked, client = self._written(exchange)
        self._lines.append(
            f'{self._moment}.{_millionths(now)}Z",{asked},"status":{exchange.answered or NOBODY},'
            f'"seconds":{took // 1_000_000}.{_millionths(took)},"client":{client},'
            f'"request_id":"{exchange.request_id}"}}'
        )
        if len(self._lines) >= AT_ONCE:
            self.flush()

    def _written(self, exchange: Exchange) -> tuple[str, str]:
        token = exchange.token
        key = (exchange.method, exchange.path, token.client if token is not None else None)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[key] = f'"method":{_json(key[0])},"path":{_json(key[1])}', _json(key[2])
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
            self._stream.write("\n".join([*self._lines, ""]).encode())
            self._stream.flush()
            self._lines.clear()


def _json(value: str | None) -> str:
    return orjson.dumps(value).decode()


def _millionths(microseconds: int) -> str:
    """What of them is no whole second, in six digits."""
    return str(1_000_000 + microseconds % 1_000_000)[1:]

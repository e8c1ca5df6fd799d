"""The access log of the edge front: a line of JSON for each request, written in batches."""

import sys
from datetime import UTC, datetime
from typing import BinaryIO

import orjson

from gateway.exchange import Exchange

AT_ONCE = 1_000
"""Lines after which a batch is written though its time has not come."""


class AccessLog:
    """Collects lines; `flush` writes them. Queries are left out: they may hold what no log should."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stderr.buffer
        self._lines: list[bytes] = []

    def write(self, exchange: Exchange, seconds: float) -> None:
        """Note a request that was answered."""
        line = {
            "event": "request",
            "level": "info",
            "timestamp": datetime.now(UTC),
            "method": exchange.method,
            "path": exchange.path,
            "status": exchange.answered,
            "seconds": round(seconds, 6),
            "client": exchange.token.client if exchange.token else None,
            "request_id": exchange.request_id,
        }
        self._lines.append(orjson.dumps(line, option=orjson.OPT_UTC_Z))
        if len(self._lines) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what has come together."""
        if self._lines:
            self._stream.write(b"\n".join(self._lines) + b"\n")
            self._stream.flush()
            self._lines.clear()

"""Writes that leave together, once for each turn of the event loop.

A write wakes up whoever waits for it on the other side, and drives what Python needs out of the processor's
caches. Under load a turn brings dozens of requests and answers: all of them are worked on first, and what
comes of them is written then. When little goes on, a turn is one request, and nothing waits.
"""

import asyncio
from typing import Any


class Outbox:
    """What is to be written in this turn."""

    def __init__(self) -> None:
        self._waiting: list[Batched] = []

    def add(self, transport: "Batched") -> None:
        """Something waits to be written there."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(transport)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for transport in waiting:
            transport.flush()


class Batched:
    """A transport whose writes wait for the end of the turn; what ends it writes first."""

    __slots__ = (
        "_outbox",
        "_pieces",
        "_transport",
        "get_extra_info",
        "is_closing",
        "pause_reading",
        "resume_reading",
    )

    def __init__(self, transport: asyncio.Transport, outbox: Outbox) -> None:
        self._transport = transport
        self._outbox = outbox
        self._pieces: list[bytes] = []
        self.get_extra_info: Any = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Write at the end of this turn."""
        if not self._pieces:
            self._outbox.add(self)
        self._pieces.append(data)

    def flush(self) -> None:
        """Write now what waits."""
        pieces = self._pieces
        if pieces and not self.is_closing():
            self._pieces = []
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def close(self) -> None:
        """Close once everything is written."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._pieces = []
        self._transport.abort()

    def get_write_buffer_size(self) -> int:
        """Bytes that are not written yet."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._pieces))

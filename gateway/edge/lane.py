"""What all connections of an edge front share: the chain, the upstreams, and one clock for all deadlines."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import Final, Protocol

from gateway.beside import beside
from gateway.edge.answers import AnswerHead
from gateway.edge.batch import Outbox
from gateway.edge.heads import Heads
from gateway.edge.outgoing import VARY, status_line
from gateway.edge.upstream import EdgeUpstream
from gateway.exchange import Headers
from gateway.front_asgi import Gateway

COMPILED: Final = not __file__.endswith(".py")
"""Whether this is `tools/compiled.py`'s."""
TICK = 0.25
"""Seconds between two looks at what is late: nothing ends too early, and at most this much too late."""
KEEP_ALIVE: Final = 75.0
"""Seconds that a connection may rest between two requests."""


class Swept(Protocol):
    """Something with a deadline."""

    def sweep(self, now: float) -> None:
        """End what is late."""
        ...


class Lane:
    """The fast way of one process. `async with lane.running():` while requests come."""

    def __init__(
        self,
        gateway: Gateway,
        upstreams: Iterable[EdgeUpstream],
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.gateway = gateway
        self.upstreams = {upstream.name.encode(): upstream for upstream in upstreams}
        self.now = now
        self.swept: set[Swept] = set()
        """The connections of clients."""
        self.heads = Heads()
        self.outbox = Outbox()
        self._stamped: Headers = []
        self._stamp = b""

    def dressed(self, head: AnswerHead) -> bytes:
        """The head of an answer as clients see it, but for what differs from request to request."""
        if not head.dressed:
            fields = self.gateway.dress.plain(head.fields)
            if head.compressible:
                fields.append(VARY)
            head.dressed = status_line(head.status) + b"".join(b"%b: %b\r\n" % field for field in fields)
        return head.dressed

    def stamp(self, fields: Headers) -> bytes:
        """The server's own fields, such as `Date`, which are others every second, as bytes."""
        if self._stamped is not fields:
            self._stamped, self._stamp = fields, b"".join(b"%b: %b\r\n" % field for field in fields)
        return self._stamp

    def running(self) -> AbstractAsyncContextManager[None]:
        """Look after deadlines until the block ends, and close the connections to services then."""
        return beside(self._sweep, "edge sweeper", self._close)

    def _close(self) -> None:
        for upstream in self.upstreams.values():
            upstream.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = self.now()
            for one in (*self.swept, *self.upstreams.values()):
                one.sweep(now)

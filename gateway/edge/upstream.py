"""A service behind the edge front: its replicas, and the connections to them."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from time import monotonic
from typing import Any, Final, cast
from urllib.parse import urlsplit

from gateway.edge.connection import FAILURES, LONGEST, Asking, Connection, Replica
from gateway.edge.heads import Head
from gateway.exchange import Exchange
from gateway.filters.forward import identified
from gateway.identity import Callers
from gateway.upstream import CONNECT, own_fields

_log = logging.getLogger(__name__)

RESTING: Final = 4.0
"""Seconds that a connection may rest; services close theirs after 5."""


PROOF: Final = 15.0
"""Seconds for which a service is told again who calls, in the words of before."""


class EdgeUpstream:
    """The replicas of one service; a request goes to the one with the fewest that wait."""

    def __init__(self, name: str, addresses: Sequence[str], callers: Callers) -> None:
        self.name = name
        self._callers = callers
        self.replicas = [_replica(name, address) for address in addresses]
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(
        self,
        asking: Asking,
        exchange: Exchange,
        body: bytes,
        avoid: Replica | None = None,
        head: Head | None = None,
    ) -> Replica:
        """Send a request to a replica; answers which one it is.

        `head` is what is kept of the request's head, where the same one came before.
        `avoid` is one that has just failed: another one is taken if there is any, and a new connection.
        """
        replica = self._least_busy(avoid)
        if head is not None and exchange.translation is None:
            request = self._again(exchange, head, replica.netloc)
        else:
            request = self._request(exchange, body, replica.netloc)
        replica.active += 1
        while replica.idle and avoid is None:
            connection = replica.idle.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                connection.ask(asking, request)
                return replica
        self._spawn(self._connect(replica, asking, request))
        return replica

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _least_busy(self, avoid: Replica | None) -> Replica:
        replicas = self.replicas
        if len(replicas) == 1:
            return replicas[0]
        others = [found for found in replicas if found is not avoid]
        there = [found for found in others if found.failures < FAILURES]
        return min(there or others, key=lambda found: found.active)

    async def _connect(self, replica: Replica, asking: Asking, request: bytes) -> None:
        loop, connection = asyncio.get_running_loop(), Connection(replica)
        protocol = cast(asyncio.Protocol, connection)  # in all but inheritance
        try:
            async with asyncio.timeout(CONNECT):
                await loop.create_connection(lambda: protocol, replica.host, replica.port)
        except (OSError, TimeoutError) as error:
            _log.warning("%s cannot be reached: %s", self.name, type(error).__name__)
            return asking.lost(False)
        if not asking.gone:
            connection.ask(asking, request)
        else:
            replica.idle.append(connection)
        return None

    async def _probe(self, replica: Replica) -> None:
        """See whether a replica that was left alone takes connections again."""
        try:
            async with asyncio.timeout(CONNECT):
                _, writer = await asyncio.open_connection(replica.host, replica.port)
        except (OSError, TimeoutError):
            replica.failed(asyncio.get_running_loop().time())
            return
        writer.close()
        replica.failures = 0
        _log.info("%s answers again at %s:%d", self.name, replica.host, replica.port)

    def _request(self, exchange: Exchange, body: bytes, netloc: bytes) -> bytes:
        method = "GET" if exchange.method == "HEAD" else exchange.method
        parts = [method.encode(), b" ", exchange.raw_path]
        if exchange.query:
            parts += (b"?", exchange.query)
        parts += (b" HTTP/1.1\r\nhost: ", netloc)
        for name, value in (*identified(exchange), *own_fields(exchange, self._callers, self.name)):
            if name != b"host":
                parts += (b"\r\n", name, b": ", value)
        parts += (b"\r\n\r\n", body)
        return b"".join(parts)

    def _again(self, exchange: Exchange, head: Head, netloc: bytes) -> bytes:
        """The request where all but its ids came before."""
        token, client, scheme, until = head.proved
        now = monotonic()
        if (
            token is not exchange.token
            or client != exchange.client
            or scheme != exchange.scheme
            or now > until
        ):
            fields = own_fields(exchange, self._callers, self.name)
            head.proof = b"".join(b"\r\n%b: %b" % field for field in fields)
            head.proved = (exchange.token, exchange.client, exchange.scheme, now + PROOF)
        ids = f"\r\nx-request-id: {exchange.request_id}\r\ntraceparent: {exchange.traceparent}\r\n\r\n"
        return b"".join((head.start, netloc, head.lines, head.proof, ids.encode()))

    def sweep(self, now: float) -> None:
        """Close connections that their service is about to close; look after replicas that failed."""
        for replica in self.replicas:
            if replica.failures >= FAILURES and now > replica.ejected_until:
                replica.ejected_until = now + LONGEST  # until the probe knows better
                self._spawn(self._probe(replica))
            for connection in replica.idle:
                if not connection.rested:
                    connection.rested = now
            while replica.idle and now - replica.idle[0].rested > RESTING:
                replica.idle.popleft().drop()

    def close(self) -> None:
        """Close every connection that rests, and give up those that are coming about."""
        for task in self._tasks:
            task.cancel()
        for replica in self.replicas:
            while replica.idle:
                replica.idle.pop().drop()


def _replica(name: str, address: str) -> Replica:
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{name}: {address!r} is no address of a service, such as http://crm:8000")
    return Replica(parts.hostname, parts.port or 80, parts.netloc)

"""One request on the lane: through the chain, to a service, and its answer back, without a task."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, Final

from gateway.compression import accepts_gzip
from gateway.edge.answers import AnswerHead
from gateway.edge.connection import Asking, Connection, Replica
from gateway.edge.heads import Head
from gateway.edge.older import OlderAnswer
from gateway.edge.outgoing import Outgoing
from gateway.edge.upstream import EdgeUpstream
from gateway.exchange import Exchange, Headers, Reply, refusal
from gateway.filters import Outcome
from gateway.translating import upgrade
from triptych.problems import DeadlineExceeded, InternalError, Problem, Unavailable

if TYPE_CHECKING:
    from gateway.edge.client import Client

_log = logging.getLogger(__name__)

ATTEMPTS: Final = 3
"""How often a service is asked that breaks off before it answers, where asking again is safe."""

_CLOSE: Final = (b"connection", b"close")


class _Deaf:
    """The event that uvicorn sets on what it takes for its own kind of request."""

    def set(self) -> None:
        """Nobody waits."""


class Passage(Asking):
    """A request whose body is small and complete, from the end of its header fields to that of its answer.

    It has what uvicorn and the guard look at on the present request of a connection.
    """

    message_event: ClassVar = _Deaf()
    body = b""
    more_body = True
    connection: Connection | None = None
    deadline = 0.0
    """Until when the answer has to begin; 0 while nothing is waited for."""
    response_started = False
    response_complete = False
    disconnected = False
    _replica: Replica | None = None
    _attempts = 1
    _task: asyncio.Task[None] | None = None
    _outgoing: Outgoing | None = None

    def __init__(
        self,
        client: "Client",
        exchange: Exchange,
        upstream: EdgeUpstream,
        keep_alive: bool = True,
        head: Head | None = None,
    ) -> None:
        self.exchange = exchange
        self.keep_alive = keep_alive
        self._client = client
        self.upstream = upstream
        self._head = head
        """What is kept of the request's head, where the same one came before."""
        self._began = client.lane.now()

    # --- inward ---

    def begin(self) -> None:
        """The header fields are complete; a small request waits for its body."""

    def more(self, piece: bytes) -> None:
        """A piece of the body."""
        self.body += piece

    def end(self) -> None:
        """The request is complete."""
        self.more_body = False
        self._judge()

    def _judge(self) -> None:
        """Through the chain and to the service."""
        gateway, exchange = self._client.lane.gateway, self.exchange
        try:
            outcome = gateway.door.run(exchange)
            if outcome is None:
                outcome = gateway.api.run(exchange)
        except Exception as error:  # noqa: BLE001 - whatever a filter raises is answered
            return self._failed(error)
        if outcome is None:
            return self._ask()
        if isinstance(outcome, Reply):
            return self.reply(outcome)
        self._task = asyncio.ensure_future(self._wait(outcome))
        return None

    async def _wait(self, outcome: Awaitable[Outcome]) -> None:
        try:
            found = await outcome
        except Exception as error:  # noqa: BLE001 - whatever a filter raises is answered
            return None if self.disconnected else self._failed(error)
        if self.disconnected:  # meanwhile; what filters began is over
            return self.exchange.ended()
        return self._ask() if found is None else self.reply(found)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, Problem):
            return self.reply(refusal(self.exchange, error))
        _log.error("request %s failed", self.exchange.request_id, exc_info=error)
        return self.reply(refusal(self.exchange, InternalError("Something failed on our side.")))

    @property
    def gone(self) -> bool:
        """Whether nobody waits for the service any more."""
        return self.response_complete

    def _ask(self, avoid: Replica | None = None) -> None:
        exchange = self.exchange
        self.deadline = self.deadline or self._began + exchange.patience
        asking: Asking = self
        try:
            if (translation := exchange.translation) is not None:
                asking = OlderAnswer(self, exchange, translation)
                if self._attempts == 1:
                    self.body = upgrade(exchange, translation, self.body)
            self._replica = self.upstream.ask(asking, exchange, self.body, avoid, self._head)
        except Exception as error:  # noqa: BLE001 - such as an internal token that cannot be made
            self._failed(error)

    # --- the service's answer ---

    def asked(self, connection: Connection) -> None:
        """The request has gone to this connection; the answer will come by it."""
        self.connection = connection

    def head(self, status: int, headers: Headers) -> None:
        """The service has begun to answer."""
        if self._replica is not None:
            self._replica.failures = 0
        self._begin(status, headers)

    def pieces(self, body: list[bytes], last: bool) -> None:
        """More of the service's answer."""
        if last:
            self._release()
        self._send(body, last)
        if last:
            self._finish()

    def whole(self, head: AnswerHead, body: bytes) -> None:
        """The service's answer, with a head that came before."""
        exchange, client = self.exchange, self._client
        if not self.keep_alive or exchange.method == "HEAD" or (head.compressible and accepts_gzip(exchange)):
            self.head(head.status, head.fields)
            return self.pieces([body], last=True)
        replica, lane = self._replica, client.lane
        if replica is not None:
            replica.failures = 0
            replica.active -= 1
            self._replica = None
        self.connection, self.deadline = None, 0.0
        lane.gateway.begun(exchange, head.status)
        exchange.answered = head.status
        self.response_started = True
        parts = [head.dressed or lane.dressed(head), lane.stamp(client.server_state.default_headers)]
        for name, value in exchange.added:
            parts += (name, b": ", value, b"\r\n")
        parts += (b"x-request-id: ", exchange.request_id.encode(), b"\r\n\r\n", body)
        client.out.write(b"".join(parts))
        return self._finish()

    def lost(self, reused: bool) -> None:
        """The service cannot be reached, or broke off."""
        replica, exchange = self._replica, self.exchange
        self._release()
        if self.gone:
            return None
        if replica is not None and not reused:
            replica.failed(self._client.lane.now())
        if exchange.answered:
            return self.cut()
        if self._attempts < ATTEMPTS and self._repeatable():
            self._attempts += 1
            return self._ask(avoid=replica)
        what = "broke off before it answered" if reused else "cannot be reached"
        problem = Unavailable(f"{self.upstream.name} {what}.", retry_after=1)
        return self.reply(refusal(exchange, problem))

    def _repeatable(self) -> bool:
        """Whether the service may be asked again; a write with a key is done once, however often it comes."""
        return self.exchange.method in ("GET", "HEAD") or b"idempotency-key" in self.exchange.named

    def slow(self, slow: bool) -> None:
        """The service does not keep up with what is sent; what is small is sent all the same."""

    # --- outward ---

    def reply(self, reply: Reply) -> None:
        """Answer with a reply of the gateway itself."""
        headers = [field for field in reply.headers if field != _CLOSE]
        if _CLOSE in reply.headers:
            self.keep_alive = False
        if reply.status not in (204, 304) and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(reply.body)))
        self._begin(reply.status, headers)
        self._send([reply.body], last=True)
        self._finish()

    def _begin(self, status: int, headers: Headers) -> None:
        exchange, client = self.exchange, self._client
        self.deadline = 0.0
        if not exchange.answered:
            client.lane.gateway.begun(exchange, status)
        exchange.answered = status
        fields = client.lane.gateway.dress.outward(exchange, headers)
        self._outgoing = Outgoing(exchange)
        self._outgoing.head([*client.server_state.default_headers, *fields], self.keep_alive)
        self.response_started = True

    def _send(self, body: list[bytes], last: bool) -> None:
        """Hand to the client what has come together for it."""
        assert self._outgoing is not None, "an answer has a head"
        self._outgoing.body(body, last)
        if there := self._outgoing.take():
            self._client.out.write(there)

    # --- ends ---

    def sweep(self, now: float) -> None:
        """Give the service up when its answer has not begun in time."""
        if self.deadline and now > self.deadline:
            self._give_up()
            self.reply(
                refusal(self.exchange, DeadlineExceeded(f"{self.upstream.name} did not answer in time."))
            )

    def abandon(self) -> None:
        """The client has gone: nobody waits for the answer."""
        self.disconnected = True
        if not self.response_complete:
            if not self.exchange.answered:
                self._client.lane.gateway.begun(self.exchange, 0)
            self._give_up()
            self._over()

    def cut(self) -> None:
        """End an answer that cannot be completed, so that nobody takes it for a whole one."""
        self.keep_alive = False
        self._give_up()
        self._client.out.abort()
        self._over()

    def _give_up(self) -> None:
        connection = self.connection
        self._release()
        if connection is not None:
            connection.drop()

    def _release(self) -> None:
        if self._replica is not None:
            self._replica.active -= 1
            self._replica = None
        self.connection = None

    def _finish(self) -> None:
        now = self._over()
        self._client.passed(self, self.keep_alive, now)

    def _over(self) -> float:
        self.response_complete = True
        self.exchange.ended()
        lane = self._client.lane
        now = lane.now()
        lane.gateway.over(self.exchange, now - self._began)
        return now

"""A connection of a client at the edge: the guarded protocol of the ASGI front, with the lane beside it."""

from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.edge.batch import Batched
from gateway.edge.client import Client
from gateway.edge.lane import Lane
from gateway.edge.passage import Passage
from gateway.edge.upload import Upload
from gateway.edge.upstream import EdgeUpstream
from gateway.exchange import Exchange
from gateway.front_uvicorn import GuardedProtocol

SMALL = 64 * 1024
"""Bytes of a request's body that are waited for; larger ones are passed on as they come."""


class EdgeProtocol(GuardedProtocol):
    """Hand `partial(EdgeProtocol, lane)` to `uvicorn.Config(http=…)`."""

    def __init__(self, lane: Lane, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.near = Client(lane, self, self.server_state)
        self.data_received = self.near.data_received
        self._passed: Passage | None = None
        """The last request of the octets that are read at present, if its head may come again."""

    def connection_made(self, transport: Any) -> None:
        near = self.near
        near.out = Batched(transport, near.lane.outbox)
        super().connection_made(near.out)
        near.address, near.scheme = self.client[0] if self.client else "", self.scheme or "http"
        near.certificate = self.certificate
        near.lane.swept.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.near.lane.swept.discard(self)
        super().connection_lost(exc)
        if self.near.passage is not None:
            self.near.passage.abandon()
            self.near.passage = None

    def pause_writing(self) -> None:
        """The client reads slowly: what the service sends has to wait."""
        super().pause_writing()
        if (transport := self._service()) is not None:
            transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if (transport := self._service()) is not None:
            transport.resume_reading()

    def _service(self) -> Any:
        connection = self.near.passage.connection if self.near.passage is not None else None
        return connection.transport if connection is not None else None

    def shutdown(self) -> None:
        self.near.leave()
        super().shutdown()

    def read(self, data: bytes, rested: bool) -> None:
        """Have the parser read what has come; a head that it is done with at once may come again."""
        begun, self._passed = self._begun, None
        super().data_received(data)
        passage = self._passed
        if rested and passage is not None and self._begun - begun == 1 and not self._open:
            # from one rest to the next, the parser has read this and nothing else
            self.near.lane.heads.remember(data, passage.exchange)

    # --- the parser ---

    def on_message_begin(self) -> None:
        self._check_open()
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._open, self._head = True, 0
        self.near.resting, self.near.rests = 0.0, False
        self._begun += 1

    def on_headers_complete(self) -> None:
        upstream = self._lane_to()
        if upstream is None:
            return self._other_way()
        assert self.parser is not None, "there is one until the connection is lost"
        self._head, self._wire, self._payload = -1, 0, 0
        self._stop_timer()
        path, _, query = self.url.partition(b"?")
        method = self.parser.get_method().decode("ascii")
        near = self.near
        exchange = Exchange(method, path, query, self.headers, near.address, scheme=near.scheme)
        exchange.certificate = near.certificate
        keep_alive = self.parser.should_keep_alive() and not self.leaving
        if _small(exchange):
            passage = Passage(near, exchange, upstream, keep_alive)
        else:
            passage = Upload(near, exchange, upstream, keep_alive, self.expect_100_continue)
        near.passage = passage
        self.cycle = cast(Any, passage)
        return passage.begin()

    def _lane_to(self) -> EdgeUpstream | None:
        """The service, if this request is one for the lane."""
        cycle = self.cycle
        if (cycle and not cycle.response_complete) or self.pipeline:
            return None
        segments = self.url.split(b"/", 2)
        upstream = (
            self.near.lane.upstreams.get(segments[1]) if len(segments) > 2 and not segments[0] else None
        )
        assert self.parser is not None, "there is one until the connection is lost"
        if upstream is None or self.parser.should_upgrade() or self.parser.get_http_version() != "1.1":
            return None
        return None if b"#" in self.url else upstream

    def _other_way(self) -> None:
        """By ASGI: uvicorn's own beginning of a message, now that it is needed, and its way from there."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        passage = self.near.passage
        if passage is None or self.cycle is not cast(Any, passage):
            return super().on_body(body)
        self._payload += len(body)
        return passage.more(body)

    def on_message_complete(self) -> None:
        passage = self.near.passage
        if passage is None or self.cycle is not cast(Any, passage):
            return super().on_message_complete()
        self._open = False
        if passage.keep_alive and not passage.body:
            self._passed = passage
        return passage.end()

    def passed(self, keep_alive: bool, now: float) -> None:
        """A request of the lane is answered; the next one may begin, if the connection goes on."""
        if not keep_alive:
            self.transport.close()
            self._watch()
        elif self.pipeline:
            self.on_response_complete()
        else:
            self.near.resting, self.near.rests = now, not (self._open or self.leaving)

    def wait(self) -> None:
        """Read no more of what the client sends, for now."""
        self.flow.pause_reading()

    def hear(self) -> None:
        """Go on reading."""
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def sweep(self, now: float) -> None:
        """End what is late: an answer that has not begun, a connection that has rested for long."""
        if self.near.late(now):
            self.transport.close()
            self._watch()


def _small(exchange: Exchange) -> bool:
    """Whether the body, if there is any, is small and says so, and the client does not wait with it."""
    named = exchange.named
    if b"transfer-encoding" in named or b"expect" in named:
        return False
    length = named.get(b"content-length")
    return length is None or (length.isdigit() and len(length) < 6 and int(length) <= SMALL)

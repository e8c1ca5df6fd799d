"""uvicorn's HTTP protocol, with what it leaves open closed: slow requests, endless headers, odd targets.

Hand it to `uvicorn.Config(http=GuardedProtocol)`. The filters see what gets through; what does not parse at
all is answered here, as problem+json like everything else.
"""

from asyncio import TimerHandle
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.certificate import ClientCertificate, shown
from gateway.exchange import Exchange, refusal
from gateway.filters.guard import HEADER_LIMIT, HeadersTooLarge
from gateway.filters.request_id import request_id
from gateway.front_asgi import CERTIFICATE, TARGET
from triptych.problems import BadRequest, Problem
from triptych.serving.lingering import LingeringProtocol

SLOW = 10.0
"""Seconds for the header fields to be complete, and for a body to make progress."""
SLOWEST = 500
"""Bytes per second that count as progress of a body."""
UNREAD = 60.0
"""Seconds in which a client has to take something of what is there for it."""


DISCARDED = 16 * 1024 * 1024
"""Bytes of a refused body that are read, so that the client comes to reading the refusal."""


class RequestTimeout(Problem, status=408, retryable=True):
    """The request did not arrive in time."""


class GuardedProtocol(LingeringProtocol):
    """One connection of a client."""

    _head = 0
    """Bytes of header fields that have come and are not complete; -1 while a body is read."""
    _begun: int = 0
    """How many requests have begun."""
    _heard: int = 0
    """Bytes that have come on this connection."""
    _wire = 0
    """Bytes that have come since the header fields were complete."""
    _payload = 0
    """Bytes of them that were body; the rest are chunk sizes, chunk extensions and trailers."""
    _timer: TimerHandle | None = None
    """Runs while something that has begun has to go on."""
    _reading: TimerHandle | None = None
    """Runs while the client has to take what is there for it."""
    certificate: ClientCertificate | None = None
    """What the client has shown."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.scheme == "https":
            try:
                self.certificate = shown(transport)
            except ValueError:  # good enough for TLS, but not to be told who it is
                transport.close()
        self._timer = self.loop.call_later(SLOW, self._late, 0)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._reading is not None:
            self._reading.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._heard += len(data)
        self._unset_keepalive_if_required()
        assert self.parser is not None, "there is one until the connection is lost"
        waited, begun = not self._open, self._begun
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            if self.transport.is_closing():
                return self._stop_timer()
            return self._refuse(BadRequest("The request is not valid HTTP/1.1."))
        except httptools.HttpParserUpgrade:  # no other protocol is spoken here, and none smuggled in
            self.cycle.keep_alive = False
        if waited and self._begun == begun:
            return self._go_on()  # empty lines keep no connection open
        if self.transport.is_closing() or not self._open:
            return self._stop_timer()
        if self._head >= 0:
            self._head += len(data)
            if self._head > HEADER_LIMIT:
                return self._refuse(HeadersTooLarge())
        else:
            self._wire += len(data)
            if self._wire > HEADER_LIMIT + 8 * self._payload:
                return self._refuse(BadRequest("The body is mostly chunk extensions or trailers."))
        return self._go_on()

    def _go_on(self) -> None:
        """What has begun has to go on."""
        if self._timer is None and not self.transport.is_closing():
            self._timer = self.loop.call_later(SLOW, self._late, self._heard)

    def on_message_begin(self) -> None:
        self._check_open()
        super().on_message_begin()
        self._head = 0
        self._begun += 1

    def _check_open(self) -> None:
        """What comes after the last answer is no request, least of all where framing was in doubt.

        Raises ConnectionAbortedError, at which the parser stops.
        """
        if self.transport.is_closing():
            raise ConnectionAbortedError

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head >= 0:  # what comes later is a trailer, and those are dropped
            super().on_header(name, value.rstrip(b" \t"))  # no part of it (RFC 9112, 5.1), and httpx minds

    def on_body(self, body: bytes) -> None:
        self._payload += len(body)
        if self.cycle.response_complete and self._payload > DISCARDED:
            self.transport.close()
        super().on_body(body)

    def on_headers_complete(self) -> None:
        self._check_head()
        self._head, self._wire, self._payload = -1, 0, 0
        self._stop_timer()
        super().on_headers_complete()
        if not self.url.startswith(b"/"):
            self.scope[TARGET] = self.url  # pyright: ignore[reportGeneralTypeIssues] - a key of our own
        if self.certificate is not None:
            self.scope[CERTIFICATE] = self.certificate  # pyright: ignore[reportGeneralTypeIssues] - likewise

    def _check_head(self) -> None:
        """What the parser lets through, or reads in a way of its own.

        Raises BadRequest, which the parser turns into an error of its own.
        """
        assert self.parser is not None, "there is one until the connection is lost"
        version, names = self.parser.get_http_version(), [name for name, _ in self.headers]
        chunked = b"transfer-encoding" in names
        if version != "1.1" and (version != "1.0" or chunked):
            raise BadRequest(f"HTTP/{version} is not spoken here.")
        if self.parser.should_upgrade() and (chunked or b"content-length" in names):
            raise BadRequest("A request with a body cannot ask for another protocol.")
        if b"#" in self.url:
            raise BadRequest("The request target has a fragment.")

    def _late(self, heard: int) -> None:
        """The request is slow: its header fields are incomplete, or its body hardly goes on."""
        self._timer = None
        goes_on = self._heard - heard >= SLOW * SLOWEST or self.flow.read_paused
        if self._open and self._head < 0 and goes_on:
            self._timer = self.loop.call_later(SLOW, self._late, self._heard)
        elif self._heard == 0:
            self.transport.close()
        else:
            self._refuse(RequestTimeout(f"The request hardly went on for {SLOW:.0f} s."))

    # --- a client that does not read ---

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch()

    def _watch(self) -> None:
        """From now on the client has to take what is there for it."""
        if self._reading is None and (waiting := self.transport.get_write_buffer_size()):
            self._reading = self.loop.call_later(UNREAD, self._unread, waiting)

    def _unread(self, waited: int) -> None:
        self._reading = None
        if self.transport.get_write_buffer_size() == waited:
            self.transport.abort()
        else:
            self._watch()

    def _refuse(self, problem: Problem) -> None:
        """Answer and close; only close where another answer is under way.

        Whole requests before this one are answered first, as if it had never come.
        """
        self._stop_timer()
        cycle = cast(RequestResponseCycle | None, self.cycle)
        behind = self._head >= 0 or not self._open
        if cycle is not None and not cycle.response_complete:
            if behind:
                cycle.keep_alive = False
                return
            cycle.disconnected = True
            cycle.message_event.set()
        unanswered = cycle is None or not (cycle.response_started or self.pipeline)
        if unanswered or (behind and self.cycle.response_complete):
            self.transport.write(_problem_response(problem))
        self.transport.close()
        self._watch()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _problem_response(problem: Problem) -> bytes:
    exchange = Exchange("GET", b"", b"", [], "")
    request_id()(exchange)
    reply = refusal(exchange, problem, (b"x-request-id", exchange.request_id.encode()))
    fields = [*reply.headers, (b"cache-control", b"no-store"), (b"connection", b"close")]
    lines = b"".join(b"%s: %s\r\n" % field for field in fields)
    return STATUS_LINE[problem.status] + lines + b"\r\n" + reply.body

"""A connection of the edge front to a replica of a service, and what is known of that replica."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from typing import Final, cast

import httptools

from gateway.edge.answers import END, AnswerHead, AnswerHeads
from gateway.edge.batch import Batched, Outbox
from gateway.exchange import Headers

_log = logging.getLogger(__name__)

FAILURES: Final = 3
"""Failures in a row after which a replica is left alone."""
EJECTED: Final = 1.0
"""Seconds that a failing replica is left alone at first; doubled each time, up to `LONGEST`."""
LONGEST: Final = 30.0


class Asking(ABC):
    """Who waits for an answer: a passage. It is told of an answer piece by piece."""

    @property
    @abstractmethod
    def gone(self) -> bool:
        """Whether nobody waits any more."""
        ...

    @abstractmethod
    def asked(self, connection: "Connection") -> None:
        """The request has gone to this connection; the answer will come by it."""
        ...

    @abstractmethod
    def head(self, status: int, headers: Headers) -> None:
        """The status and the header fields, names in lower case."""
        ...

    @abstractmethod
    def pieces(self, body: list[bytes], last: bool) -> None:
        """More of the body, and whether that was the end of it."""
        ...

    @abstractmethod
    def whole(self, head: AnswerHead, body: bytes) -> None:
        """All of it at once; instead of `head` and `pieces`."""
        ...

    @abstractmethod
    def slow(self, slow: bool) -> None:
        """The service does not keep up with what is sent to it, or does again."""
        ...

    @abstractmethod
    def lost(self, reused: bool) -> None:
        """No (further) answer will come. `reused`: the connection had rested and may have been closed."""
        ...


class Replica:
    """One address of a service, and what is known of it."""

    __slots__ = ("active", "answers", "ejected_until", "failures", "host", "idle", "netloc", "outbox", "port")

    def __init__(self, host: str, port: int, netloc: str) -> None:
        self.host = host
        self.port = port
        self.netloc = netloc.encode()
        self.idle: deque[Connection] = deque()
        self.active = 0
        """Requests that wait for it."""
        self.failures = 0
        self.ejected_until = 0.0
        self.answers = AnswerHeads()
        self.outbox = Outbox()

    def failed(self, now: float) -> None:
        """Note a connection that did not come about, or that broke off."""
        self.failures += 1
        if self.failures >= FAILURES:
            self.ejected_until = now + min(LONGEST, EJECTED * 2.0 ** (self.failures - FAILURES))


class Connection:
    """A connection to a replica, as event loops ask of a protocol. It carries one request at a time."""

    __slots__ = (
        "_body",
        "_done",
        "_fields",
        "_lasts",
        "_parser",
        "_status",
        "_told",
        "_under_way",
        "asking",
        "replica",
        "rested",
        "sending",
        "transport",
        "used",
    )

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.asking: Asking | None = None
        self.transport: Batched | None = None
        self.rested = 0.0
        """Since when it is idle."""
        self.used = False
        self.sending = False
        """Whether more of the request is to come."""
        self._parser = httptools.HttpResponseParser(self)
        self._fields: Headers = []
        self._body: list[bytes] = []
        self._status = 0
        """That of the answer whose head has been read."""
        self._told = False
        """Whether whoever asked knows the head."""
        self._done = False
        self._lasts = True
        """Whether the connection can carry another request after this one."""
        self._under_way = False
        """Whether the parser has begun with an answer and not come to its end."""

    def ask(self, asking: Asking, request: bytes) -> None:
        """Send a request; the answer goes to `asking`."""
        assert self.transport is not None, "a connection is asked once it is there"
        self.asking = asking
        self._done = self._told = self.sending = False
        self.transport.write(request)
        asking.asked(self)

    def send(self, piece: bytes) -> None:
        """More of the request."""
        if self.transport is not None:
            self.transport.write(piece)

    def drop(self) -> None:
        """Close it, whatever is under way; nobody is told."""
        self.asking = None
        if self.transport is not None:
            self.transport.abort()

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        there = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.transport = Batched(there, self.replica.outbox)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        asking, self.asking = self.asking, None
        if asking is not None:
            asking.lost(self.used)

    def eof_received(self) -> None:
        """The service writes no more: the transport closes itself."""

    def pause_writing(self) -> None:
        if self.asking is not None:
            self.asking.slow(True)

    def resume_writing(self) -> None:
        if self.asking is not None:
            self.asking.slow(False)

    def data_received(self, data: bytes) -> None:
        asking = self.asking
        if asking is None:  # nothing was asked: whatever this is, nobody must take it for an answer
            return self.drop()
        begins = not self._under_way
        if begins and not self.sending:
            at = data.find(END) + len(END)
            known = self.replica.answers.find(data[:at])
            if known is not None and len(data) - at == known.length:
                self._rest()
                return asking.whole(known, data[at:])
        self._under_way = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            _log.warning("%s:%d does not speak HTTP", self.replica.host, self.replica.port)
            self.drop()
            return asking.lost(False)
        if self._status:
            self._tell(asking, data if begins else b"")
        return None

    def _tell(self, asking: Asking, octets: bytes) -> None:
        """Hand on what has been read of the answer; `octets` are those of all of it, if they came at once."""
        status, fields, done = self._status, self._fields, self._done
        body, self._body = self._body, []
        if done:
            self._status, self._under_way = 0, False
            if not self._lasts or self.transport is None or self.sending:
                self.drop()
            else:
                self._rest()
                head = self.replica.answers.remember(octets, status, fields) if octets else None
                if head is not None:
                    return asking.whole(head, b"".join(body))
        if not self._told:
            self._told = True
            asking.head(status, fields)
        return asking.pieces(body, done)

    def _rest(self) -> None:
        """Before whoever asked goes on, the connection is ready for others."""
        self.asking = None
        self.used = True
        self.rested = 0.0
        self.replica.idle.append(self)

    # --- the parser ---

    def on_message_begin(self) -> None:
        self._fields = []
        if self._done:  # a second answer to one request: whatever comes now belongs to nobody
            self._lasts = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200 and not self._done and self.asking is not None:  # 1xx: it is still to come
            self._status = status

    def on_body(self, body: bytes) -> None:
        if not self._done:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._status and not self._done:
            self._done = True
            self._lasts = self._parser.should_keep_alive()

"""The connection of a client, as requests that come by it see it; heads that came before need no parser."""

from typing import Any, Protocol

from uvicorn.server import ServerState

from gateway.certificate import ClientCertificate
from gateway.edge.batch import Batched
from gateway.edge.lane import KEEP_ALIVE, Lane
from gateway.edge.passage import Passage


class Reader(Protocol):
    """What reads everything else that comes: the protocol with the parser."""

    cycle: Any
    """The present request, as uvicorn and the guard look at it."""

    def read(self, data: bytes, rested: bool) -> None:
        """Octets have come; `rested` says whether a request begins with them."""
        ...

    def passed(self, keep_alive: bool, now: float) -> None:
        """A request of the lane is answered; the next one may begin, if the connection goes on."""
        ...

    def wait(self) -> None:
        """Read no more of what the client sends, for now."""
        ...

    def hear(self) -> None:
        """Go on reading."""
        ...


class Client:
    """One connection of a client; `data_received` is the event loop's own door."""

    out: Batched
    """Where the answer goes; from the connection's beginning on."""

    def __init__(self, lane: Lane, reader: Reader, server_state: ServerState) -> None:
        self.lane = lane
        self.server_state = server_state
        self.reader = reader
        self.address = ""
        self.scheme = "http"
        self.certificate: ClientCertificate | None = None
        self.passage: Passage | None = None
        """The request of the lane that is under way."""
        self.rests = False
        """Whether the parser has nothing of a next request, and nothing is under way."""
        self.resting = 0.0
        """Since when the connection waits for its next request; 0 while one is under way."""
        self._straight = False
        """Whether nothing has come since the head that came before, and nothing has happened."""

    def data_received(self, data: bytes) -> None:
        """A head that came before takes the short way; everything else goes to the parser."""
        rested, self.rests = self.rests, False
        head = self.lane.heads.find(data) if rested else None
        if head is None:
            self._straight = False
            return self.reader.read(data, rested)
        self.resting, self._straight = 0.0, True
        exchange = head.exchange.again(self.address, self.scheme)
        exchange.certificate = self.certificate
        self.passage = passage = Passage(self, exchange, self.lane.upstreams[head.service], True, head)
        self.reader.cycle = passage
        return passage.end()

    def passed(self, passage: Passage, keep_alive: bool, now: float) -> None:
        """The request of this passage is answered; the next one may begin, if the connection goes on."""
        if self.passage is passage:
            self.passage = None
        if self.out.is_closing():
            return
        if keep_alive and self._straight:
            self.resting, self.rests = now, True
        else:
            self.reader.passed(keep_alive, now)

    def leave(self) -> None:
        """The present or next request is the last one here."""
        self.rests = self._straight = False

    def late(self, now: float) -> bool:
        """End an answer that has not begun in time; whether the connection has rested for long."""
        if self.passage is not None:
            self.passage.sweep(now)
            return False
        return self.resting > 0 and now - self.resting > KEEP_ALIVE and not self.out.is_closing()

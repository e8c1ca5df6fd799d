"""Heads of requests that came before: what was parsed, checked and routed once is not done again.

Clients that keep a connection send the same octets again and again. A head is remembered once a request with
it has passed the whole chain, and is found by its octets, all of them; so nothing but an exact repetition
takes the short way, and httptools has read every head that is answered. Tokens, limits and whatever else
depends on the moment are judged each time.
"""

from gateway.exchange import Exchange
from gateway.identity import VerifiedToken

ROOM = 8 * 1024 * 1024
"""Bytes of heads that are remembered; the oldest one goes first."""
LARGEST = 2048
"""Bytes of the largest head that is worth remembering."""
_NEVER_AGAIN = frozenset(
    (
        b"connection",
        b"content-length",
        b"dpop",
        b"expect",
        b"idempotency-key",
        b"traceparent",
        b"transfer-encoding",
        b"upgrade",
        b"x-request-id",
    )
)
"""Fields that differ from request to request, or speak of more than the head."""


Proved = tuple[VerifiedToken | None, str, str, float]


class Head:
    """A request without a body whose head came before."""

    __slots__ = ("exchange", "lines", "proof", "proved", "service", "start")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.service = exchange.segments[1].encode()
        """Name of the service that it is for."""
        query = b"?" + exchange.query if exchange.query else b""
        self.start = b"%b %b%b HTTP/1.1\r\nhost: " % (exchange.method.encode(), exchange.raw_path, query)
        self.lines = b"".join(b"\r\n%b: %b" % field for field in exchange.inward or () if field[0] != b"host")
        """The client's own fields, as they go to the service."""
        self.proof = b""
        """What the gateway itself tells the service."""
        self.proved: Proved = (None, "", "", 0.0)
        """For which token, from which address and by which scheme, and until when it may be told again."""


class Heads:
    """Those of one process."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._known: dict[bytes, Head] = {}

    def find(self, octets: bytes) -> Head | None:
        """The head with these octets."""
        return self._known.get(octets)

    def remember(self, octets: bytes, exchange: Exchange) -> None:
        """Keep the head of a request that was complete with these octets and has passed the chain."""
        if (
            len(octets) > LARGEST
            or octets in self._known
            or exchange.method != "GET"
            or exchange.caller is None
            or (exchange.route is not None and exchange.route.headers)  # on its way out: the moment decides
            or exchange.translation is not None
            or not _NEVER_AGAIN.isdisjoint(exchange.named)
        ):
            return
        known = self._known
        self._room -= len(octets)
        while self._room < 0:
            oldest = next(iter(known))
            del known[oldest]
            self._room += len(oldest)
        known[octets] = Head(exchange)

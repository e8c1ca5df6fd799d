"""A client of an older version at the edge: the service's answer is held back until it is whole."""

import logging

from gateway.edge.answers import AnswerHead
from gateway.edge.connection import Asking, Connection
from gateway.exchange import Exchange, Headers, refusal
from gateway.versions import Translation
from triptych.problems import InternalError

_log = logging.getLogger(__name__)


class OlderAnswer(Asking):
    """Stands between whoever asks and the service, and makes the answer that of the older version."""

    def __init__(self, asking: Asking, exchange: Exchange, translation: Translation) -> None:
        self._asking = asking
        self._exchange = exchange
        self._translation = translation
        self._status = 0
        self._headers: Headers = []
        self._pieces: list[bytes] = []

    @property
    def gone(self) -> bool:
        """Whether nobody waits any more."""
        return self._asking.gone

    def asked(self, connection: Connection) -> None:
        """The request has gone to this connection."""
        self._asking.asked(connection)

    def head(self, status: int, headers: Headers) -> None:
        """Noted until the body is there."""
        self._status, self._headers = status, headers

    def pieces(self, body: list[bytes], last: bool) -> None:
        """At the end, the whole answer."""
        self._pieces += body
        if not last:
            return
        status, whole = self._status, b"".join(self._pieces)
        try:
            headers, whole = self._translation.response(status, self._headers, whole)
        except Exception:  # noqa: BLE001 - whatever is wrong with a change, the client gets an answer
            _log.exception("request %s: its answer has no older version", self._exchange.request_id)
            reply = refusal(self._exchange, InternalError("Something failed on our side."))
            status, headers, whole = reply.status, reply.headers, reply.body
        self._asking.head(status, headers)
        self._asking.pieces([whole] if whole else [], last=True)

    def whole(self, head: AnswerHead, body: bytes) -> None:
        """The same, at once."""
        self.head(head.status, head.fields)
        self.pieces([body], last=True)

    def slow(self, slow: bool) -> None:
        """Whether the service keeps up."""
        self._asking.slow(slow)

    def lost(self, reused: bool) -> None:
        """No (further) answer will come."""
        self._asking.lost(reused)

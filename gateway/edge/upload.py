"""Requests whose bodies are passed on as they come: large ones, and those that do not say their size."""

from gateway.edge.client import Client
from gateway.edge.connection import Connection, Replica
from gateway.edge.passage import Passage
from gateway.edge.upstream import EdgeUpstream
from gateway.exchange import Exchange, refusal
from triptych.problems import PayloadTooLarge

HELD = 64 * 1024
"""Bytes that wait for a connection to the service before the client is asked to wait."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CHUNKED = (b"transfer-encoding", b"chunked")


class Upload(Passage):
    """It is judged before its body comes, and of a body without a size the service sees what is allowed.

    A service that breaks off when some of the body has gone to it is not asked again.
    """

    def __init__(
        self, client: Client, exchange: Exchange, upstream: EdgeUpstream, keep_alive: bool, expects: bool
    ) -> None:
        super().__init__(client, exchange, upstream, keep_alive)
        self._expects = expects
        """Whether the client waits for a word before it sends the body (RFC 9110, 10.1.1)."""
        self._chunked = b"transfer-encoding" in exchange.named
        self._came = 0
        """Bytes of the body that have come."""
        self._held: list[bytes] = []
        """What cannot be passed on yet."""
        self._went = False
        """Whether any of it was passed on."""
        self._admitted = False

    def asked(self, connection: Connection) -> None:
        """The head has gone to this connection; the body follows."""
        super().asked(connection)
        if self.exchange.translation is not None:
            return
        connection.sending = True
        held, self._held = self._held, []
        for piece in held:
            self._pass_on(connection, piece)
        if not self.more_body:
            self._close(connection)
        self._client.reader.hear()

    def begin(self) -> None:
        """The header fields are complete: whether the body may come is up to the chain."""
        self._judge()

    def more(self, piece: bytes) -> None:
        """A piece of the body."""
        self._came += len(piece)
        exchange = self.exchange
        if exchange.endpoint is not None and self._came > exchange.endpoint.body_limit:
            return self._too_large(exchange.endpoint.body_limit)
        if self.connection is not None and exchange.translation is None:
            return self._pass_on(self.connection, piece)
        self._held.append(piece)
        if self._came > HELD and exchange.translation is None:
            self._client.reader.wait()
        return None

    def end(self) -> None:
        """The body is complete."""
        self.more_body = False
        if self.exchange.translation is not None and self._admitted:
            self._ask()
        elif self.connection is not None:
            self._close(self.connection)

    def slow(self, slow: bool) -> None:
        """The service does not keep up, or does again."""
        if slow:
            self._client.reader.wait()
        else:
            self._client.reader.hear()

    def _ask(self, avoid: Replica | None = None) -> None:
        exchange = self.exchange
        if not self._admitted:
            self._admitted = True
            if exchange.endpoint is not None and self._came > exchange.endpoint.body_limit:
                return self._too_large(exchange.endpoint.body_limit)
            if self._expects and not self._came:
                self._client.out.write(_CONTINUE)
            if self._chunked and exchange.translation is None:
                exchange.inward = [*(exchange.inward or ()), _CHUNKED]
        if exchange.translation is not None:  # as a whole: an older version of it is translated
            self._client.reader.hear()
            if self.more_body:
                return None
            self.body, self._held = b"".join(self._held), []
        return super()._ask(avoid)

    def _repeatable(self) -> bool:
        return not self._went and super()._repeatable()

    def _pass_on(self, connection: Connection, piece: bytes) -> None:
        self._went = True
        self.deadline = self._client.lane.now() + self.exchange.patience
        connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)

    def _close(self, connection: Connection) -> None:
        connection.sending = False
        self.deadline = self._client.lane.now() + self.exchange.patience
        if self._chunked:
            connection.send(b"0\r\n\r\n")

    def _too_large(self, limit: int) -> None:
        if self.exchange.answered:
            return self.cut()
        self._give_up()
        problem = PayloadTooLarge(f"The body has more than {limit} bytes.")
        return self.reply(refusal(self.exchange, problem))

    def _finish(self) -> None:
        self._client.reader.hear()  # what is left of the body is read, and dropped
        super()._finish()

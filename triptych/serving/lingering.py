"""uvicorn's HTTP protocol, left open for a moment when the server stops."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER = 1.0
"""Seconds that a connection without a request stays open when the server stops."""
STOPPING = "triptych.stopping"
"""Key of the server's state, once it stops."""


class LingeringProtocol(HttpToolsProtocol):
    """One connection of a client.

    uvicorn closes connections without a request the moment it stops, and with them requests that are on
    their way to it. Here the next request of each is still answered, with `Connection: close`; only a
    connection on which none comes for `LINGER` seconds is closed without a word.
    """

    leaving = False
    """Whether the server stops: the answer to the present or next request is the last one here."""
    _open = False
    """Whether a request has begun and not ended."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if STOPPING in self.app_state:  # taken at the last moment, or its TLS handshake took until now
            self.shutdown()

    def shutdown(self) -> None:
        """uvicorn says that the server stops."""
        self.leaving = True
        if self._open or (self.cycle and not self.cycle.response_complete):
            if self.cycle:
                self.cycle.keep_alive = False
        else:
            self.loop.call_later(LINGER, self._leave)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._open = True

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.leaving:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._open = False

    def _leave(self) -> None:
        """Close, unless a request came while we waited: its answer does."""
        if not self._open and (not self.cycle or self.cycle.response_complete):
            self.transport.close()

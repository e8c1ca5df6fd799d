"""The connection of a client, as a request that came by it sees it."""

from typing import Protocol

from uvicorn.server import ServerState

from gateway.edge.batch import Batched
from gateway.edge.lane import Lane


class Client(Protocol):
    """The connection that a request came by."""

    lane: Lane
    out: Batched
    """Where the answer goes."""
    server_state: ServerState

    def passed(self, passage: object, keep_alive: bool, now: float) -> None:
        """The request of this passage is answered; the next one may begin, if the connection goes on."""
        ...

    def wait(self) -> None:
        """Read no more of what the client sends, for now."""
        ...

    def hear(self) -> None:
        """Go on reading."""
        ...

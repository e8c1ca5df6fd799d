"""Lets a write through only while it can be recorded."""

from typing import Protocol

from gateway.exchange import Exchange, Reply, refusal
from gateway.filters import Filter
from triptych.problems import Overloaded


class Recording(Protocol):
    """Notes down what is done through the gateway: `gateway.audit.AuditLog`."""

    @property
    def has_room(self) -> bool:
        """Whether more can be recorded."""
        ...

    def write(self, exchange: Exchange, outcome: str) -> None:
        """Queue the record of a write; it is durable within moments, and the answer does not wait."""
        ...


def record(recording: Recording | None) -> Filter:
    """Refuses writes while too many records wait; the front writes the record when the answer begins."""

    def ask(exchange: Exchange) -> Reply | None:
        endpoint = exchange.endpoint
        if recording is None or endpoint is None or endpoint.safe or recording.has_room:
            return None
        return refusal(exchange, Overloaded("The audit log cannot be written right now.", retry_after=1))

    return ask

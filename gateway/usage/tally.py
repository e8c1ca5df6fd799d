"""Calls by client, version, operation and outcome, in memory."""

from collections.abc import Mapping

from gateway.exchange import Exchange
from gateway.routes import Endpoint, Route

Key = tuple[str, Route, Endpoint, str, int]
"""Client, route, endpoint, dated version, and the first digit of the status; 0 where nothing was answered."""


class Tally:
    """What was counted and is not written yet."""

    def __init__(self) -> None:
        self.calls: dict[Key, int] = {}

    def count(self, exchange: Exchange, status: int) -> None:
        """Count one call, when its answer begins. Only calls of an operation count."""
        route, endpoint = exchange.route, exchange.endpoint
        if route is None or endpoint is None:
            return
        token = exchange.token
        key = (token.client if token is not None else "", route, endpoint, exchange.version, status // 100)
        calls = self.calls
        calls[key] = calls.get(key, 0) + 1

    def take(self) -> dict[Key, int]:
        """Hand over what was counted, and begin anew."""
        taken, self.calls = self.calls, {}
        return taken

    def give_back(self, taken: Mapping[Key, int]) -> None:
        """Count what was taken with what came meanwhile."""
        for key, calls in taken.items():
            self.calls[key] = self.calls.get(key, 0) + calls

"""Which version of which service, and which of its operations."""

from collections.abc import Awaitable

from gateway.exchange import Exchange, Reply, refusal
from gateway.filters import Filter, Outcome
from gateway.routes import Route, Routes
from triptych.problems import MethodNotAllowed, NotFound


def route(routes: Routes, end: Filter) -> Filter:
    """Sets `exchange.route` and `exchange.endpoint`; `end` judges versions on their way out in between."""

    def find(exchange: Exchange) -> Outcome | Awaitable[Outcome]:
        segments = exchange.segments
        found = routes.at(segments[1], segments[2]) if len(segments) > 2 else None
        if found is None:
            return refusal(exchange, NotFound(_nothing_there(exchange, routes)))
        exchange.route = found
        exchange.endpoint = endpoint = found.find(exchange.method, segments)
        if found.headers and (outcome := end(exchange)) is not None:
            return outcome
        return None if endpoint is not None else _no_endpoint(exchange, found)

    return find


def _nothing_there(exchange: Exchange, routes: Routes) -> str:
    name = exchange.segments[1]
    versions = [found.prefix for found in routes.versions(name)]
    if versions:
        return f"There is no such version of {name}; there is {', '.join(versions)}."
    return "There is nothing at this path."


def _no_endpoint(exchange: Exchange, found: Route) -> Reply:
    allowed = found.allowed(exchange.segments)
    if not allowed:
        return refusal(exchange, NotFound("There is nothing at this path."))
    allow = (b"allow", ", ".join(allowed).encode())
    if exchange.method == "OPTIONS":
        return Reply(204, [allow])
    return refusal(exchange, MethodNotAllowed(f"This path takes {', '.join(allowed)}."), allow)

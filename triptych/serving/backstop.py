"""The in-service rate limit: a backstop for a caller that runs wild inside, far above any plan.

slowapi's own middleware skips the routes of included routers, so each endpoint is decorated. A call that
the gateway hands over in process was limited there already, and is not counted twice.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from starlette.requests import Request
from starlette.responses import Response

from triptych.contract import Operation
from triptych.problems import QuotaExceeded
from triptych.serving.answers import problem_response
from triptych.serving.callers import CALLER

Endpoint = Callable[[Request], Awaitable[Response]]


def _peer(request: Request) -> str:
    """Services are told apart by their token, which they reuse; anything else by its address."""
    return request.headers.get("authorization") or (request.client.host if request.client else "unknown")


class Backstop:
    """Limits each endpoint of a service for each caller: `2000/second` unless settings say otherwise."""

    def __init__(self, limit: str) -> None:
        self._limiter = Limiter(key_func=_peer, key_style="endpoint")
        self._limit = limit

    def limited(self, operation: Operation, endpoint: Endpoint) -> Any:
        """The endpoint behind its limit."""
        decorate = cast("Callable[[Endpoint], Endpoint]", self._limiter.limit(self._limit))  # pyright: ignore[reportUnknownMemberType] - slowapi is untyped
        counted = decorate(endpoint)

        async def guarded(request: Request) -> Response:
            if CALLER in request.scope:
                return await endpoint(request)
            try:
                return await counted(request)
            except RateLimitExceeded:
                problem = QuotaExceeded(
                    f"{operation.full_name} was called more often than {self._limit}.", retry_after=1
                )
                return problem_response(request, problem, request.headers.get("x-request-id", ""))

        guarded.__name__ = operation.name
        return guarded

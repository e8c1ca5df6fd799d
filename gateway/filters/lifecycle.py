"""Versions on their way out: headers, brown-outs, refusal after the sunset, 410 in the end."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import time

from gateway.exchange import Exchange, Reply, refusal
from gateway.filters import Filter
from gateway.routes import Route
from triptych.problems import Gone, Unavailable


class BrownOut(Unavailable):
    """This version is on its way out, and takes a planned break so that clients notice; see `migration`."""


def lifecycle(*, refuse_sunset: bool = False, now: Callable[[], float] = time) -> Filter:
    """Says on every answer when a version ends, and refuses what has ended. An active version costs one look.

    With `refuse_sunset` a version past its sunset is refused as a retired one is; otherwise it is answered
    until it is retired.
    """

    def judge(exchange: Exchange) -> Reply | None:
        route = exchange.route
        if route is None:
            raise RuntimeError("lifecycle runs after route")
        if not route.headers:
            return None
        exchange.added += route.headers
        if route.retired:
            return refusal(exchange, _gone(route, "is retired"))
        moment = now()
        if refuse_sunset and route.sunset is not None and moment > route.sunset:
            return refusal(exchange, _gone(route, "has ended"))
        for begins, ends in route.brownouts:
            if begins <= moment < ends:
                return refusal(exchange, _break(route, ends, moment))
        return None

    return judge


def _gone(route: Route, what: str) -> Gone:
    planned = route.api.lifecycle
    where = f"; it is replaced by {planned.successor}" if planned.successor else ""
    return Gone(f"{route.prefix} {what}{where}.", migration=planned.migration)


def _break(route: Route, ends: float, moment: float) -> BrownOut:
    until = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    planned = route.api.lifecycle
    ending = f", which ends on {planned.sunset_on}" if planned.sunset_on else ""
    return BrownOut(
        f"{route.prefix}{ending}, takes a planned break until {until}: move to what replaces it.",
        retry_after=ends - moment,
        migration=planned.migration,
        until=until,
    )

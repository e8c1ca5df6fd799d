"""Which dated version the client gets: the one that it asks for, else the one that it is pinned to."""

from collections.abc import Callable

from gateway.exchange import Exchange, Reply, refusal
from gateway.filters import Filter
from gateway.versions import HEADER, RouteVersions, Translation
from triptych.problems import BadRequest, Problem

Pins = Callable[[str], str | None]
"""The day that a client is pinned to, `2026-11-01`; None for one that always gets the latest version."""


class UnknownVersion(BadRequest):
    """`Triptych-Version` names no version of this API; `versions` lists those that there are."""


def version(pins: Pins) -> Filter:
    """Sets `exchange.version`, and for an older one `exchange.translation`; upgrades the query.

    The latest version costs a look at a header, one at the pins, and the header of the answer.
    """

    def choose(exchange: Exchange) -> Reply | None:
        route, endpoint = exchange.route, exchange.endpoint
        if route is None or endpoint is None:
            raise RuntimeError("version runs after route")
        versions, asked = route.versions, exchange.named.get(HEADER)
        if versions is None:
            return None if asked is None else refusal(exchange, unknown("", route.prefix, None))
        if asked is not None:
            found = versions.named.get(asked)
            if found is None:
                return refusal(exchange, unknown(asked.decode("latin-1"), route.prefix, versions))
        else:
            found = versions.latest
            pin = pins(exchange.token.client) if exchange.token is not None else None
            if pin is not None and pin < found.day:
                found = versions.pinned(pin)
        exchange.version = found.day
        exchange.added += found.headers
        if not found.translations:
            return None
        return _translated(exchange, found.translations.get(endpoint.name))

    return choose


def unpinned(client: str) -> None:
    """Everybody gets the latest version."""


def _translated(exchange: Exchange, translation: Translation | None) -> Reply | None:
    exchange.translation = translation
    if translation is not None and exchange.query:
        try:
            exchange.query = translation.query(exchange.query)
        except Problem as problem:
            return refusal(exchange, problem)
    return None


def unknown(asked: str, prefix: str, versions: RouteVersions | None) -> UnknownVersion:
    """The problem with a version that there is not; it lists those that there are."""
    if versions is None:
        return UnknownVersion(f"{prefix} has no dated versions: ask for none.", versions=[])
    return UnknownVersion(
        f"{prefix} has no version {asked[:40]!r}; ask for one of {versions}, or for none.",
        versions=str(versions).split(", "),
    )

"""Puts the gateway together from everything that it needs; nothing of it is global."""

from collections.abc import Callable, Iterable, Mapping
from time import time

from starlette.types import ASGIApp

from gateway.chain import Parts, api, door
from gateway.challenge import Challenge
from gateway.dress import Dress
from gateway.exchange import Exchange, Reply
from gateway.filters.address import Proxies
from gateway.filters.browser import AllowedOrigins, loopback_origins
from gateway.filters.limit import limit_addresses
from gateway.filters.page import Pages, any_page
from gateway.filters.record import Recording
from gateway.filters.version import Pins, unpinned
from gateway.front_asgi import Count, Gateway, Observer, Running
from gateway.house import (
    Documents,
    House,
    Page,
    Readiness,
    Shelf,
    application,
    health,
    limited,
    made_once,
    readiness,
    sheet,
)
from gateway.identity import RememberedTokens
from gateway.limits import Accounts, accounts
from gateway.plans import Plans
from gateway.portal.front import Portal
from gateway.possession import Possession
from gateway.routes import Routes
from gateway.upstream import Upstream
from triptych.contract import Api
from triptych.documents import asyncapi
from triptych.settings import Settings


def build_gateway(
    settings: Settings,
    contracts: Iterable[type[Api]],
    upstreams: Mapping[str, Upstream],
    tokens: RememberedTokens,
    *,
    ready: Readiness,
    documents: Documents,
    authorization: ASGIApp | None = None,
    allowed_origins: AllowedOrigins = loopback_origins,
    plans: Plans | None = None,
    counted: Accounts | None = None,
    recording: Recording | None = None,
    possession: Possession | None = None,
    running: Iterable[Running] = (),
    pins: Pins = unpinned,
    web_pages: Pages = any_page,
    now: Callable[[], float] = time,
    count: Count | None = None,
    observers: Iterable[Observer] = (),
    hooks: Page | None = None,
) -> Gateway:
    """The ASGI application of the gateway; what is in `running` runs from its start to its stop.

    `upstreams` by service name: what answers under `/crm/v1/…`, the service itself or an `HttpUpstream`.
    """
    routes = Routes.of(contracts, settings.open_systems, settings.max_body)
    plans, counted = plans or Plans(settings.plans), counted or accounts(settings)
    parts = Parts(
        routes,
        tokens,
        counted,
        plans,
        Challenge(settings.base_url, possession.algorithms if possession else ()),
        allowed_origins,
        settings.max_body,
        recording,
        sampled=settings.trace_share if settings.otlp_endpoint else 0.0,
        pins=pins,
        pages=web_pages,
        refuse_sunset=settings.sunset == "refuse",
        proxies=Proxies(settings.proxies),
        now=now,
        possession=possession,
    )
    pages = _pages(routes, documents, ready, settings.base_url)
    pages |= _limited_pages(authorization, hooks, counted, plans)
    house, dress, beside = House(pages), Dress(settings.base_url), (counted.running, *running)
    told = tuple(observers)
    return Gateway(door(parts), api(parts), upstreams, house, dress, recording, beside, count, told)


def _pages(routes: Routes, documents: Documents, ready: Readiness, base_url: str) -> dict[str, Page]:
    """What the gateway answers itself."""
    shelf = Shelf(documents, [(route.name, route.api.version) for route in routes.all], routes.all)
    return {
        "": sheet(_home),
        "healthz": sheet(health),
        "readyz": readiness(ready),
        "openapi": shelf.page,
        "asyncapi.json": made_once(lambda: asyncapi.document(route.api for route in routes.all)),
        **Portal(routes.all, shelf, base_url).pages(),
    }


def _limited_pages(
    authorization: ASGIApp | None, hooks: Page | None, counted: Accounts, plans: Plans
) -> dict[str, Page]:
    """The authorization server's paths, where what is posted counts by address, and the door for webhooks."""
    pages: dict[str, Page] = {}
    if authorization is not None:
        pages["oauth"] = application(authorization, limit_addresses(counted, plans.oauth))
        pages[".well-known"] = application(authorization, None)
    if hooks is not None:
        pages["hooks"] = limited(hooks, limit_addresses(counted, plans.hooks))
    return pages


def _home(exchange: Exchange) -> Reply:
    return Reply(303, [(b"location", b"/portal")])

"""The chain: the order in which a request is judged, written once, for every front."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from time import time

from gateway.challenge import Challenge
from gateway.exchange import Exchange, Reply
from gateway.filters import Filter, Outcome
from gateway.filters.address import Proxies, address
from gateway.filters.authenticate import authenticate
from gateway.filters.authorise import authorise
from gateway.filters.browser import AllowedOrigins, browser
from gateway.filters.forward import forward
from gateway.filters.guard import guard
from gateway.filters.lifecycle import lifecycle
from gateway.filters.limit import limit
from gateway.filters.page import Pages, any_page, page
from gateway.filters.record import Recording, record
from gateway.filters.request_id import request_id
from gateway.filters.route import route
from gateway.filters.trace import trace
from gateway.filters.version import Pins, unpinned, version
from gateway.identity import RememberedTokens
from gateway.limits import Accounts
from gateway.plans import Plans
from gateway.possession import Possession
from gateway.routes import Routes


@dataclass(frozen=True, slots=True)
class Parts:
    """What the filters need."""

    routes: Routes
    tokens: RememberedTokens
    accounts: Accounts
    plans: Plans
    challenge: Challenge
    allowed_origins: AllowedOrigins
    body_limit: int
    recording: Recording | None = None
    sampled: float = 0.0
    """The part of the traces that begin here which are recorded."""
    possession: Possession | None = None
    pins: Pins = unpinned
    pages: Pages = any_page
    refuse_sunset: bool = False
    proxies: Proxies = field(default_factory=lambda: Proxies(()))
    now: Callable[[], float] = time


class Chain:
    """Filters, run in order until one of them answers.

    Those that judge the head alone are not asked again about one that came before.
    """

    __slots__ = ("_again", "_all")

    def __init__(self, filters: Sequence[Filter], of_the_head: Collection[Filter] = ()) -> None:
        self._all = tuple(filters)
        self._again = tuple(judge for judge in filters if judge not in of_the_head)

    def run(self, exchange: Exchange) -> Outcome | Awaitable[Outcome]:
        """The refusal, or None to go on; an awaitable of it only where a filter has to wait."""
        filters = self._again if exchange.repeated else self._all
        for step in filters:
            outcome = step(exchange)
            if outcome is not None:
                if isinstance(outcome, Reply):
                    return outcome
                return self._go_on(exchange, outcome, filters[filters.index(step) + 1 :])
        return None

    async def _go_on(
        self, exchange: Exchange, awaited: Awaitable[Outcome], rest: Sequence[Filter]
    ) -> Outcome:
        outcome = await awaited
        for step in rest:
            if outcome is not None:
                return outcome
            found = step(exchange)
            outcome = found if found is None or isinstance(found, Reply) else await found
        return outcome


def door(parts: Parts) -> Chain:
    """What every request passes, whatever it asks for. Nothing in it waits."""
    guarded = guard(parts.body_limit, parts.routes.headers)
    return Chain(
        [
            request_id(),
            trace(parts.sampled),
            *([address(parts.proxies)] if parts.proxies else []),
            guarded,
            browser(parts.allowed_origins, parts.routes.headers),
        ],
        of_the_head=[guarded],
    )


def api(parts: Parts) -> Chain:
    """What a request to a service passes after the door."""
    routed = route(parts.routes, lifecycle(refuse_sunset=parts.refuse_sunset, now=parts.now))
    recorded = record(parts.recording)
    return Chain(
        [
            authenticate(parts.tokens, parts.challenge, parts.possession),
            page(parts.pages),
            routed,
            authorise(parts.challenge),
            version(parts.pins),
            limit(parts.accounts, parts.plans),
            recorded,
            forward(),
        ],
        of_the_head=[routed, recorded],
    )

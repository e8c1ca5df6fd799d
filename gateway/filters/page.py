"""A token works in the web pages of its own client only."""

from collections.abc import Callable

from gateway.exchange import Exchange, Reply, refusal
from gateway.filters import Filter
from triptych.problems import Forbidden

Pages = Callable[[str, str], bool]
"""Whether pages of an origin, the second argument, may use the tokens of a client, the first."""

_READABLE = (b"access-control-allow-origin", b"access-control-expose-headers")


def page(pages: Pages) -> Filter:
    """Refuses a token in pages that its client has not registered; they cannot read the refusal either.

    `browser` lets in pages of every client, since a preflight has no token.
    """

    def judge(exchange: Exchange) -> Reply | None:
        origin, token = exchange.named.get(b"origin"), exchange.token
        if origin is None or token is None or pages(token.client, origin.decode("latin-1")):
            return None
        exchange.added = [field for field in exchange.added if field[0] not in _READABLE]
        return refusal(exchange, Forbidden("Pages of this origin may not use this client's tokens."))

    return judge


def any_page(client: str, origin: str) -> bool:
    """Whatever `browser` lets in."""
    return True

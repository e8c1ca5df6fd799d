"""Every request has an id: the client's, if it is a sane token, else a fresh one."""

import re

from gateway.exchange import Exchange
from gateway.filters import Filter
from gateway.ids import fresh_hex

_SANE = re.compile(rb"[A-Za-z0-9._:-]{8,128}")


def request_id() -> Filter:
    """Sets `exchange.request_id`, which is answered, logged, passed on and named in every problem."""

    def give_id(exchange: Exchange) -> None:
        offered = exchange.named.get(b"x-request-id")
        if offered is not None and _SANE.fullmatch(offered):
            exchange.request_id = offered.decode("ascii")
        else:
            exchange.request_id = fresh_hex(32)

    return give_id

"""Every request belongs to a trace: the client's, if it names one, else a fresh one."""

import re

from gateway.exchange import Exchange
from gateway.filters import Filter
from gateway.ids import fresh_hex

_VALID = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def trace(sampled: bool) -> Filter:
    """Continues a W3C `traceparent` or begins one, marked as sampled or not.

    One of a later version is read as far as version 00 goes (Trace Context, 3.2.2). `baggage` from outside
    never goes in: see `forward`.
    """
    flags = "01" if sampled else "00"

    def continue_trace(exchange: Exchange) -> None:
        offered = exchange.named.get(b"traceparent")
        if offered is not None and _VALID.fullmatch(offered) and (offered[:2] != b"00" or len(offered) == 55):
            exchange.traceparent = "00" + offered[2:55].decode("ascii")
        else:
            fresh = fresh_hex(48)
            exchange.traceparent = f"00-{fresh[:32]}-{fresh[32:]}-{flags}"

    return continue_trace

"""Every request belongs to a trace: the client's, if it names one, else a fresh one."""

import re
from random import random

from gateway.exchange import Exchange
from gateway.filters import Filter
from gateway.ids import fresh_hex

_VALID = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def trace(sampled: float) -> Filter:
    """Continues a W3C `traceparent`, or begins one; this part of those that begin here is marked as sampled.

    One of a later version is read as far as version 00 goes (Trace Context, 3.2.2). In a sampled trace, what
    comes after is a child of the gateway's span, and `exchange.parent` is the client's. Where nothing is
    recorded (0) the client's own mark goes on. `baggage` from outside never goes in: see `forward`.
    """

    def continue_trace(exchange: Exchange) -> None:
        offered = exchange.named.get(b"traceparent")
        if offered is not None and _VALID.fullmatch(offered) and (offered[:2] != b"00" or len(offered) == 55):
            given = exchange.traceparent = "00" + offered[2:55].decode("ascii")
            if sampled and int(given[-2:], 16) & 1:
                exchange.parent = given
                exchange.traceparent = f"{given[:36]}{fresh_hex(16)}{given[52:]}"
        else:
            fresh = fresh_hex(48)
            flags = "01" if sampled and random() < sampled else "00"  # noqa: S311 - only which ones are recorded
            exchange.traceparent = f"00-{fresh[:32]}-{fresh[32:]}-{flags}"

    return continue_trace

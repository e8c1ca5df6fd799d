"""Where a request comes from, where trusted proxies stand before the gateway."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from gateway.exchange import Exchange
from gateway.filters import Filter

_REMEMBERED = 4096


class Proxies:
    """Addresses that are believed. Raises ValueError for one that is neither address nor network."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ip_network(network) for network in networks)
        self._judged: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: str) -> bool:
        found = self._judged.get(address)
        if found is None:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            found = self._judged[address] = _within(address, self._networks)
        return found


def _within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def address(proxies: Proxies) -> Filter:
    """Sets `exchange.client` and `exchange.scheme` to what a trusted proxy says of them, and nobody else.

    The client is the last address of `X-Forwarded-For` that is no proxy of ours: whatever stands before it,
    the client may have written itself.
    """

    def believe(exchange: Exchange) -> None:
        if exchange.client not in proxies:
            return
        lines = [value for name, value in exchange.headers if name == b"x-forwarded-for"]
        for said in reversed(b",".join(lines).decode("latin-1").split(",")):
            found = _address(said.strip())
            if found is None:
                break
            exchange.client = found
            if found not in proxies:
                break
        scheme = exchange.named.get(b"x-forwarded-proto")
        if scheme in (b"http", b"https"):
            exchange.scheme = scheme.decode()

    return believe


def _address(said: str) -> str | None:
    """`203.0.113.7` or `2001:db8::1`, either with a port (`203.0.113.7:4711`, `[2001:db8::1]:4711`)."""
    host = said
    if said.startswith("["):
        host = said[1:].partition("]")[0]
    elif said.count(":") == 1:
        host = said.partition(":")[0]
    try:
        return str(ip_address(host))
    except ValueError:
        return None

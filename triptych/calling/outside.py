"""Speaks with addresses that others have given us, which must not lead into our own network.

An address is judged after its name was resolved, and the connection goes to exactly the address that was
judged: a name that changes its mind in between gains nothing (server-side request forgery, DNS rebinding).
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx

T = TypeVar("T")
SECONDS = 3.0
"""For the whole of it: name, connection, answer."""
POSTING = 10.0
"""The same for telling something: who is told may have to do something with it."""
LARGEST = 64 * 1024
_WRAPPED = [IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]
"""Addresses of version 6 that stand for one of version 4 (NAT64, 6to4, Teredo), whichever it is."""


class OutsideError(Exception):
    """Nothing was fetched; the message says why, and may be shown to whoever gave the address."""


Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Turns a host name and a port into every address; raises OSError where there is none."""


async def resolve(host: str, port: int) -> list[str]:
    """As the system does it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, proto=6)
    return [str(address[4][0]) for address in found]


def is_public(address: str) -> bool:
    """Whether an address is one of the whole internet's, and not of ours, of this machine or of a group."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if any(found in net for net in _WRAPPED):
            return False
        found = found.ipv4_mapped or found
    return found.is_global and not found.is_multicast and not found.is_reserved


def address_fault(url: str, *, allow_private: bool = False) -> str:
    """What keeps us from ever fetching from this address, without asking for its name; empty if nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it is not a URL"
    if len(url) > 2_000 or not url.isascii() or not url.isprintable() or set(url) & set(" \\^`{|}<>\"'"):
        return "it is not a URL, or a very long one"
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        return "it is not https"
    if not parts.hostname or "@" in parts.netloc or parts.fragment or port == 0:
        return "it has no host, or a user or a fragment"
    if not allow_private and _is_literal(parts.hostname) and not is_public(parts.hostname):
        return "it leads to an address that is not public"
    return ""


class Outside:
    """Fetches. `allow_private` lets addresses of our own network pass, and http: for laptops and tests."""

    def __init__(self, *, allow_private: bool = False, resolver: Resolver = resolve) -> None:
        self.allow_private = allow_private
        self._resolve = resolver
        self._trust: ssl.SSLContext | None = None

    async def get(self, url: str) -> bytes:
        """What is at a URL: no redirects, no proxies, no cookies, no compression. Raises `OutsideError`."""
        return await self._within(url, SECONDS, "GET", b"", {"accept": "application/json"}, _read)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Tell an address something, which it has to take with a 2xx. Raises `OutsideError`."""
        await self._within(url, POSTING, "POST", body, headers, _taken)

    async def _within(
        self,
        url: str,
        seconds: float,
        method: str,
        body: bytes,
        headers: Mapping[str, str],
        read: Callable[[str, httpx.Response], Awaitable[T]],
    ) -> T:
        if fault := address_fault(url, allow_private=self.allow_private):
            raise OutsideError(f"{url!r} cannot be fetched: {fault}")
        if self._trust is None:  # read once, and on nobody's time
            self._trust = await asyncio.to_thread(ssl.create_default_context)
        try:
            async with asyncio.timeout(seconds):
                async with self._asked(url, self._trust, method, body, headers) as answer:
                    return await read(url, answer)
        except (TimeoutError, OSError, httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise OutsideError(f"{url!r} cannot be fetched: {type(error).__name__}") from error

    @asynccontextmanager
    async def _asked(
        self, url: str, trust: ssl.SSLContext, method: str, body: bytes, headers: Mapping[str, str]
    ) -> AsyncGenerator[httpx.Response]:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = await self._judged(url, host, port)
        netloc = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        target = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
        sent = {**headers, "host": parts.netloc, "accept-encoding": "identity"}
        async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=POSTING) as client:
            extensions = {"sni_hostname": host}
            async with client.stream(
                method, target, headers=sent, content=body or None, extensions=extensions
            ) as answer:
                yield answer

    async def _judged(self, url: str, host: str, port: int) -> str:
        addresses = await self._resolve(host, port)
        if not addresses:
            raise OutsideError(f"{url!r} cannot be fetched: its host has no address")
        if not self.allow_private and not all(is_public(address) for address in addresses):
            raise OutsideError(f"{url!r} cannot be fetched: it leads to an address that is not public")
        return addresses[0]


async def _read(url: str, answer: httpx.Response) -> bytes:
    if answer.status_code != 200:
        raise OutsideError(f"{url!r} answers {answer.status_code}, not 200")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise OutsideError(f"{url!r} answers compressed, unasked")
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > LARGEST:
            raise OutsideError(f"{url!r} answers more than {LARGEST} bytes")
    return bytes(body)


async def _taken(url: str, answer: httpx.Response) -> None:
    if not answer.is_success:
        raise OutsideError(f"{url!r} answers {answer.status_code}, not 2xx")


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True

"""Whatever octets arrive, the shop sees nothing, or one well-formed request for each that was authorised.

`TRIPTYCH_TEST_EXAMPLES=100000` sends as many streams to each front; by default it is a thousand.
"""

import asyncio
import contextlib
import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tests.gateway.attacks.conftest import Door
from tests.gateway.attacks.generating import Generator
from tests.gateway.attacks.reading import Asked, Reader
from tests.gateway.attacks.recording import Arrived
from tests.gateway.authorization.browsing import Registered
from tests.gateway.raw import get, statuses
from triptych.context import Caller

STREAMS = int(os.environ.get("TRIPTYCH_TEST_EXAMPLES", "1000"))
AT_ONCE = 50
FIRST, QUIET = 0.25, 0.02
"""Seconds that are waited for the first answer, which may never come, and for more of it."""
SEEDS = 2026
NEEDS = {"/products": "shop:read", "/orders": "shop:write"}


async def client(door: Door, *scopes: str) -> tuple[str, bytes]:
    """A client with these scopes, and its token."""
    made = Registered(
        *await door.house.server.clients.add(
            "Somebody", grants=["client_credentials"], scopes=scopes, plan="partner"
        )
    )
    given = await door.house.token(made, grant_type="client_credentials")
    return made.client_id, given.json()["access_token"].encode()


def address(number: int) -> str:
    """A source address of its own for each connection, by which the shop's book knows them apart."""
    return f"127.{1 + number // 62_500}.{1 + number // 250 % 250}.{1 + number % 250}"


async def said(port: int, source: str, pieces: Sequence[bytes]) -> list[int]:
    """Send the pieces one by one; the statuses of what came back until it was quiet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    text = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)  # so that the gateway reads them apart
        while piece := await asyncio.wait_for(reader.read(65_536), QUIET if text else FIRST):
            text += piece
    writer.transport.abort()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return statuses(text)


def agreed(arrived: list[Arrived], asked: list[Asked], clients: Mapping[bytes, str]) -> bool:
    """Whether what arrived is, in order and octet for octet, among what was asked, and was allowed."""
    remaining = iter(asked)
    return all(any(same(one, other, clients) for other in remaining) for one in arrived)


def same(arrived: Arrived, asked: Asked, clients: Mapping[bytes, str]) -> bool:
    """Whether the shop saw this very request, as its own caller, who may."""
    scheme, _, token = (asked.only(b"authorization") or b"").partition(b" ")
    caller = clients.get(token, "?") if scheme.lower() == b"bearer" else "?" if scheme else "anonymous"
    path = arrived.target.decode("latin-1").partition("?")[0].removeprefix("/shop/v1")
    needed = next((scope for start, scope in NEEDS.items() if path.startswith(start)), "")
    method = "GET" if asked.method == "HEAD" else asked.method
    return (
        (arrived.method, arrived.target, arrived.body) == (method, asked.target, asked.body)
        and arrived.caller.client == caller
        and (not needed or needed in arrived.caller.scopes)
        and len(arrived.all(b"host")) == 1
    )


async def test_whatever_arrives_the_shop_sees_only_what_was_authorised(door: Door):
    tokens = {
        b"reader": await client(door, "shop:read"),
        b"writer": await client(door, "shop:read", "shop:write"),
    }
    clients = {token: found for found, token in tokens.values()}
    generator, sent = Generator(SEEDS), dict[str, bytes]()
    gate = asyncio.Semaphore(AT_ONCE)
    answers: Counter[int] = Counter()

    async def one(number: int) -> None:
        pieces = generator.pieces()
        for name, (_, token) in tokens.items():
            pieces = [piece.replace(b"earer " + name, b"earer " + token) for piece in pieces]
        stream = sent[address(number)] = b"".join(pieces)
        async with gate:
            found = [status for status in await said(door.port, address(number), pieces) if status >= 200]
        assert max(found, default=0) < 500, f"{found} {door.shop.malformed} {stream!r}"
        assert len(found) <= len(list(Reader(stream).requests())) + 1, (found, stream)
        answers.update(found)

    for start in range(0, STREAMS, 1_000):
        await asyncio.gather(*map(one, range(start, min(start + 1_000, STREAMS))))
        assert (await door.send(get(b"/healthz", b"Connection: close"))).statuses == [200]
    assert door.shop.malformed == []
    for source, arrived in by_client(door.shop.arrived).items():
        asked = list(Reader(sent[source]).requests())
        assert agreed(arrived, asked, clients), (sent[source], arrived, asked)
    print(f"{door.front}: {STREAMS} streams, {len(door.shop.arrived)} at the shop, {sorted(answers.items())}")
    assert len(door.shop.arrived) > STREAMS / 3, "or the generator makes nothing but garbage"
    assert answers[400] > STREAMS / 10


def by_client(arrived: list[Arrived]) -> dict[str, list[Arrived]]:
    """What arrived, by the address that it came from."""
    book: defaultdict[str, list[Arrived]] = defaultdict(list)
    for one in arrived:
        book[one.client].append(one)
    return book


SEEN = Arrived(
    "POST",
    b"/shop/v1/orders",
    [(b"host", b"x")],
    b"{}",
    Caller("c", "c", "gateway", frozenset({"shop:write"})),
    "",
)
OTHERS = {
    "another method": replace(SEEN, method="PUT"),
    "another path": replace(SEEN, target=b"/shop/v1/orders/x"),
    "a query": replace(SEEN, target=b"/shop/v1/orders?x"),
    "another body": replace(SEEN, body=b"{} "),
    "another caller": replace(SEEN, caller=Caller("d", "d", "gateway", frozenset({"shop:write"}))),
    "a caller who may not": replace(SEEN, caller=Caller("c", "c", "gateway", frozenset({"shop:read"}))),
    "two hosts": replace(SEEN, headers=[*SEEN.headers, *SEEN.headers]),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_shop_that_saw_something_else_would_be_noticed(other: str):
    head = b"POST /shop/v1/orders HTTP/1.1\r\nAuthorization: Bearer t\r\nContent-Length: 2\r\n\r\n"
    asked = list(Reader(head + b"{}" + head).requests())
    assert len(asked) == 1
    assert agreed([SEEN], asked, {b"t": "c"})
    assert not agreed([SEEN, SEEN], asked, {b"t": "c"})
    assert not agreed([OTHERS[other]], asked, {b"t": "c"})

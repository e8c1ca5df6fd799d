"""Keys that clients publish: fetched seldom, in bounds, and never from inside our own network."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tests.gateway.authorization.conftest import ISSUER, House, open_house
from tests.gateway.authorization.signing import Signer, proving, signer
from tests.gateway.conftest import Serve
from triptych.calling import outside
from triptych.calling.outside import Outside, OutsideError, is_public
from triptych.settings import Settings


@dataclass
class Publisher:
    """A web server of somebody else, which notes who asks."""

    answer: Response = field(default_factory=lambda: Response("{}"))
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    port: int = 0
    hold: asyncio.Event | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        self.asked.append((request.headers["host"], request.url.path))
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        await self.answer(scope, receive, send)

    def publish(self, *signers: Signer) -> None:
        self.answer = Response(json.dumps({"keys": [key.public for key in signers]}))

    def url(self, path: str = "/jwks") -> str:
        return f"http://keys.example:{self.port}{path}"


def leading_to(*addresses: str) -> outside.Resolver:
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.fixture
async def publisher(serve: Serve) -> AsyncGenerator[Publisher]:
    made = Publisher()
    async with serve(made) as port:
        made.port = port
        yield made


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    """One that takes private addresses for public ones."""
    reaching = Outside(allow_private=True, resolver=leading_to("127.0.0.1"))
    async with open_house(Settings(data=tmp_path, public_url=ISSUER), outside=reaching) as house:
        yield house


async def registered(house: House, url: str) -> str:
    made = await house.server.clients.add(
        "Publishes", grants=["client_credentials"], scopes=["partner:read"], plan="partner", jwks_uri=url
    )
    return made.client_id


async def ask(house: House, key: Signer, client: str) -> int:
    form = proving(key.assertion(client, ISSUER, house.clock.read()))
    data = {"grant_type": "client_credentials", **form}
    return (await house.http.post("/oauth/token", data=data)).status_code


async def test_a_client_may_publish_its_keys_and_change_them(house: House, publisher: Publisher):
    client, first, second = await registered(house, publisher.url()), Signer.new(), Signer.new()
    publisher.publish(first)
    assert [await ask(house, first, client) for _ in range(3)] == [200, 200, 200]
    assert publisher.asked == [(f"keys.example:{publisher.port}", "/jwks")]
    house.clock.ahead += 31
    publisher.publish(first, second)
    assert await ask(house, second, client) == 200
    house.clock.ahead += 301
    publisher.publish(second)
    assert [await ask(house, key, client) for key in (first, second)] == [401, 200]


async def test_keys_are_fetched_once_under_a_stampede(house: House, publisher: Publisher):
    client, key = await registered(house, publisher.url()), Signer.new()
    publisher.publish(key)
    publisher.hold = asyncio.Event()
    asking = [asyncio.create_task(ask(house, key, client)) for _ in range(20)]
    await publisher.arrived.wait()
    publisher.hold.set()
    assert set(await asyncio.gather(*asking)) == {200}
    assert len(publisher.asked) == 1


async def test_unknown_key_ids_make_us_ask_seldom(house: House, publisher: Publisher):
    client, key = await registered(house, publisher.url()), Signer.new()
    publisher.publish(key)
    assert {await ask(house, Signer.new(), client) for _ in range(10)} == {401}
    assert await ask(house, key, client) == 200
    assert len(publisher.asked) == 1


async def test_a_publisher_that_fails_is_not_asked_at_once_again_and_its_keys_last(
    house: House, publisher: Publisher
):
    client, key = await registered(house, publisher.url()), Signer.new()
    publisher.publish(key)
    assert await ask(house, key, client) == 200
    publisher.answer = Response("out of order", 500)
    house.clock.ahead += 400
    assert [await ask(house, key, client) for _ in range(5)] == [200] * 5
    assert len(publisher.asked) == 2
    house.clock.ahead += 3_000
    assert await ask(house, key, client) == 401


def drops() -> Iterable[bytes]:
    while True:
        yield b" " * 1024


ODD = {
    "a redirect": RedirectResponse("/other"),
    "no JSON": Response("<html>"),
    "deep JSON": Response("[" * 50_000),
    "no UTF-8": Response(b'{"keys":"\xff"}'),
    "no keys": Response('{"keys":[]}'),
    "a private key": Response(json.dumps({"keys": [Signer.new().key.as_dict(private=True)]})),
    "a body without end": StreamingResponse(drops()),
    "a compressed body": Response(b"\x1f\x8b", headers={"content-encoding": "gzip"}),
    "an error": Response("no", 404),
}


@pytest.mark.parametrize("odd", ODD)
async def test_odd_answers_are_no_keys(house: House, publisher: Publisher, odd: str):
    client = await registered(house, publisher.url())
    publisher.answer = ODD[odd]
    assert await ask(house, signer("ES256"), client) == 401
    assert [path for _, path in publisher.asked] == ["/jwks"]


async def test_a_publisher_that_never_answers_is_given_up(
    house: House, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outside, "SECONDS", 0.2)
    publisher.hold = asyncio.Event()
    client = await registered(house, publisher.url())
    assert await ask(house, signer("ES256"), client) == 401
    publisher.hold.set()


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "localhost",
    "",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_these_addresses_are_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "203.0.114.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_these_addresses_are_public(address: str):
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE[:-2])
async def test_a_name_that_leads_inside_is_not_followed(publisher: Publisher, address: str):
    for addresses in [(address,), ("8.8.8.8", address)]:
        fetch = Outside(resolver=leading_to(*addresses))
        with pytest.raises(OutsideError, match="not public"):
            await fetch.get(f"https://keys.example:{publisher.port}/jwks")
    assert publisher.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example/jwks",
        "file:///etc/passwd",
        "gopher://keys.example",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://user:password@keys.example/",
        "https://keys.example/#fragment",
        "https:///jwks",
        "https://keys.example:0/",
        "https://keys.example:99999/",
        "https://keys.example/\r\nhost: evil",
        "https://[::1",
        "https://" + "x" * 2_000,
    ],
)
async def test_no_such_address_is_asked_for_its_name_even(url: str):
    async def resolve(_host: str, _port: int) -> list[str]:
        raise AssertionError("nobody should ask")

    with pytest.raises(OutsideError):
        await Outside(resolver=resolve).get(url)


async def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch):
    went: list[tuple[str, str, object]] = []

    async def stop(_: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        said = request.headers["host"], request.extensions["sni_hostname"]
        went.append((str(request.url), *said))
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", stop)
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    async def changing(_host: str, _port: int) -> list[str]:
        return next(answers)

    assert await Outside(resolver=changing).get("https://keys.example/jwks?x=1") == b"{}"
    assert went == [("https://8.8.8.8/jwks?x=1", "keys.example", "keys.example")]


async def test_a_name_that_leads_nowhere_is_an_answer_too():
    async def nowhere(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(OutsideError, match="OSError"):
        await Outside(resolver=nowhere).get("https://keys.example/")
    with pytest.raises(OutsideError, match="no address"):
        await Outside(resolver=leading_to()).get("https://keys.example/")

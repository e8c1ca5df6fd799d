"""The edge front before services that fail: they are asked again elsewhere, or the client is told."""

import asyncio
import socket

import httpx
import pytest

from gateway.edge import EdgeUpstream, lane
from tests.gateway.conftest import serving
from tests.gateway.edge.conftest import Clock, Open
from tests.gateway.edge.services import HOURS, answering, whole
from tests.gateway.landscape import Landscape
from tests.gateway.raw import raw


@pytest.fixture
def closed() -> int:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_a_service_that_cannot_be_reached_is_unavailable_at_once(edge: Open, closed: int):
    async with edge(closed) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}{HOURS}")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_a_replica_that_is_down_is_left_alone_and_found_again(
    edge: Open, clock: Clock, closed: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lane, "TICK", 0.01)
    heard: list[bytes] = []
    async with raw(answering(whole(b"{}"))) as up, edge(closed, up) as port, httpx.AsyncClient() as client:
        address = f"http://127.0.0.1:{port}{HOURS}"
        answers = await asyncio.gather(*(client.get(address) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}, "each is asked of the other one again"
        async with raw(answering(whole(b"{}"), heard=heard), closed):
            clock.ahead = 60
            for _ in range(500):
                await asyncio.gather(*(client.get(address) for _ in range(4)))
                if heard:
                    break
    assert heard


async def test_a_rolling_restart_of_replicas_loses_no_request(edge: Open, landscape: Landscape):
    shop = landscape.apps["shop"]
    landscape.settings = landscape.settings.model_copy(update={"plans": {"internal": {"burst": 100_000}}})
    order = landscape.token("acme", "shop:read", "shop:write", plan="internal")
    found: list[int] = []
    restarting = True

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        turn = 0
        while restarting:
            turn += 1
            key = {**order, "idempotency-key": f"key-{number}-{turn}"}
            found.append((await client.get("/shop/v1/products", headers=order)).status_code)
            found.append(
                (await client.post("/shop/v1/orders", json={"sku": "TEA-1"}, headers=key)).status_code
            )

    ports = [_free(), _free()]
    async with edge(*ports) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        first = serving(shop, "httptools", ports[0])
        second = serving(shop, "httptools", ports[1])
        await first.__aenter__()
        await second.__aenter__()
        asking = [asyncio.create_task(ask(client, number)) for number in range(4)]
        for _ in range(3):
            await asyncio.sleep(0.2)
            await first.__aexit__(None, None, None)
            await asyncio.sleep(0.1)
            first = serving(shop, "httptools", ports[0])
            await first.__aenter__()
            first, second, ports = second, first, ports[::-1]
        restarting = False
        await asyncio.gather(*asking)
        for one in (first, second):
            await one.__aexit__(None, None, None)
    assert len(found) > 20
    assert set(found) == {200, 201}


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("close", [b"", b"HTTP/1.1 200 OK\r\nbroken", b"nonsense\r\n\r\n"])
async def test_a_service_that_answers_nonsense_or_nothing_is_unavailable(edge: Open, close: bytes):
    async with (
        raw(answering(close, close=True)) as there,
        edge(there) as port,
        httpx.AsyncClient() as client,
    ):
        answer = await client.get(f"http://127.0.0.1:{port}{HOURS}")
    assert answer.status_code == 503


async def test_a_service_that_does_not_answer_in_time_is_a_deadline_exceeded(
    edge: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lane, "TICK", 0.01)
    heard = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.set()
        await asyncio.sleep(60)

    async with raw(handle) as there, edge(there) as port, httpx.AsyncClient() as client:
        asking = asyncio.create_task(client.get(f"http://127.0.0.1:{port}{HOURS}"))
        await heard.wait()
        clock.ahead = 11
        answer = await asking
    assert (answer.status_code, answer.json()["type"]) == (504, "/problems/deadline-exceeded")


async def test_an_answer_that_breaks_off_breaks_off_for_the_client(edge: Open):
    half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"
    async with raw(answering(half, close=True)) as there, edge(there) as port:
        with pytest.raises(httpx.RemoteProtocolError):
            async with httpx.AsyncClient() as client:
                await client.get(f"http://127.0.0.1:{port}{HOURS}")


@pytest.mark.parametrize("address", ["crm:8000", "ftp://crm", "http://", "", "https://crm"])
def test_an_address_that_is_none_is_refused_at_once(landscape: Landscape, address: str):
    with pytest.raises(ValueError, match="shop: "):
        EdgeUpstream("shop", [address], landscape.internal)

"""Large bodies, and those that do not say their size, on their way through the edge front."""

import asyncio
import contextlib

import pytest

from gateway.edge import lane
from tests.gateway.edge.conftest import Clock, Open
from tests.gateway.edge.services import HOURS, answering, whole
from tests.gateway.edge.test_failing_services import closed as closed
from tests.gateway.landscape import Landscape
from tests.gateway.raw import get, line, post, raw, statuses, talk

LARGE = b"x" * 500_000
CHUNKED = b"Transfer-Encoding: chunked"


@pytest.fixture(autouse=True)
def acme(landscape: Landscape) -> None:
    """A client that may order, with the token that `post` sends."""
    landscape.token("acme", "shop:write")


def sized(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


def chunks(*pieces: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + last


class Service:
    """Reads requests to their end, whatever their framing, and says what it has read."""

    def __init__(self, answer: bytes = whole(b"{}")) -> None:
        self.heard: list[tuple[bytes, bytes]] = []
        self.connections = 0
        self._answer = answer

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heard.append((head, await self._body(head, reader)))
                writer.write(self._answer)
                await writer.drain()

    async def _body(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        if b"transfer-encoding: chunked" not in head:
            length = next(
                (line for line in head.split(b"\r\n") if line.startswith(b"content-length: ")), b": 0"
            )
            return await reader.readexactly(int(length.partition(b": ")[2]))
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            assert await reader.readexactly(2) == b"\r\n"
        assert await reader.readexactly(2) == b"\r\n", "there are no trailers"
        return body


async def test_a_large_body_arrives_whole_in_whatever_pieces_it_came(edge: Open):
    service = Service()
    pieces = [LARGE[at : at + 70_000] for at in range(0, len(LARGE), 70_000)]
    async with raw(service) as there, edge(there) as port:
        said = await talk(port, post(sized(LARGE), body=b""), *pieces)
        again = await talk(
            port, post(CHUNKED, body=b""), *[chunks(piece, last=b"") for piece in pieces], b"0\r\n\r\n"
        )
        small = await talk(
            port, post(CHUNKED, body=chunks(b'{"sku":', b'"TEA-1"}', last=b"0\r\nX-Late: 1\r\n\r\n"))
        )
    assert (statuses(said), statuses(again), statuses(small)) == ([200], [200], [200])
    assert [body for _, body in service.heard] == [LARGE, LARGE, b'{"sku":"TEA-1"}']
    assert b"content-length: 500000" in service.heard[0][0]
    assert all(b"content-length" not in head for head, _ in service.heard[1:])
    assert service.connections == 1, "what was read to its end leaves the connection for others"


async def test_uploads_and_other_requests_take_turns_on_one_connection(edge: Open):
    service = Service()
    upload = post(CHUNKED, body=chunks(LARGE))
    async with raw(service) as there, edge(there) as port, line(port) as one:
        said = [(await one.ask(request))[0] for request in (upload, get(HOURS.encode()), upload)]
    assert said == [200, 200, 200]
    assert [len(body) for _, body in service.heard] == [len(LARGE), 0, len(LARGE)]


async def test_a_client_that_asks_first_is_answered_by_the_chain(edge: Open, landscape: Landscape):
    service = Service()
    asking = post(sized(LARGE), b"Expect: 100-continue", body=b"")
    async with raw(service) as there, edge(there) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asking)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(LARGE)
        assert b" 200 " in await reader.readuntil(b"\r\n")
        writer.close()
        refused = await talk(port, asking.replace(b"Bearer acme", b"Bearer nobody"))
    assert statuses(refused) == [401]
    assert [len(body) for _, body in service.heard] == [len(LARGE)]


async def test_a_body_without_a_size_is_cut_where_it_is_too_large(edge: Open, landscape: Landscape):
    landscape.settings = landscape.settings.model_copy(update={"max_body": 200_000})
    service = Service()
    async with raw(service) as there, edge(there) as port:
        said = await talk(port, post(CHUNKED, body=chunks(*[LARGE[:50_000]] * 5)))
        just = await talk(port, post(CHUNKED, body=chunks(*[LARGE[:50_000]] * 4)))
    assert (statuses(said), statuses(just)) == ([413], [200])
    assert [len(body) for _, body in service.heard] == [200_000], "the first one never came to its end"


async def test_a_refused_body_is_read_and_dropped(edge: Open):
    service = Service()
    refused = post(sized(LARGE), body=LARGE).replace(b"Bearer acme", b"Bearer nobody")
    async with raw(service) as there, edge(there) as port:
        said = await talk(port, refused + get(HOURS.encode()))
    assert statuses(said) == [401, 200]
    assert len(service.heard) == 1


async def test_an_answer_before_the_end_of_the_body_is_passed_on_and_ends_that_connection(edge: Open):
    seen = 0

    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        while head := await reader.read(1_000):
            if b"HTTP/1.1\r\n" in head:
                writer.write(whole(b'{"enough":1}'))
                await writer.drain()

    async with raw(hasty) as there, edge(there) as port:
        said = await talk(port, post(sized(LARGE), body=LARGE[:100_000]))
        await talk(port, get(HOURS.encode()))
    assert statuses(said) == [200]
    assert said.endswith(b'{"enough":1}')
    assert seen == 2, "the rest of the body is in the way of the next request"


async def test_a_service_that_breaks_off_in_the_midst_is_not_asked_again(edge: Open):
    asked = 0

    async def breaking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readexactly(100_000)

    async with raw(breaking) as there, edge(there) as port:
        said = await talk(port, post(sized(LARGE), body=LARGE))
    assert statuses(said) == [503]
    assert asked == 1


async def test_a_replica_that_cannot_be_reached_costs_no_upload(edge: Open, closed: int):
    service = Service()
    async with raw(service) as there, edge(closed, there) as port:
        for _ in range(4):
            assert statuses(await talk(port, post(sized(LARGE), body=LARGE))) == [200]
    assert [len(body) for _, body in service.heard] == [len(LARGE)] * 4


async def test_a_service_that_does_not_read_makes_the_client_wait_and_is_given_up(
    edge: Open, clock: Clock, landscape: Landscape, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lane, "TICK", 0.01)
    landscape.settings = landscape.settings.model_copy(update={"max_body": 1_000_000_000})
    sent = 0

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3_600)

    async with raw(deaf) as there, edge(there) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(b"Content-Length: 900000000", body=b""))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                while sent < 900_000_000:
                    writer.write(LARGE)
                    sent += len(LARGE)
                    await writer.drain()
        assert sent < 300_000_000, "somebody took it all in"
        clock.ahead = 60
        assert b" 504 " in await reader.readuntil(b"\r\n")
        writer.close()


async def test_a_client_that_goes_away_takes_its_upload_along(edge: Open):
    gone = asyncio.Event()

    async def service(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                pass
        gone.set()

    async with raw(service) as there, edge(there) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(sized(LARGE), body=LARGE[:200_000]))
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        async with asyncio.timeout(30):
            await gone.wait()


async def test_an_upload_of_nothing_is_a_request_without_a_body(edge: Open):
    heard: list[bytes] = []
    async with raw(answering(whole(b"{}"), heard=heard)) as there, edge(there) as port:
        assert statuses(await talk(port, get(HOURS.encode(), CHUNKED) + b"0\r\n\r\n")) == [200]
    assert b"".join(heard).endswith(b"\r\n\r\n0\r\n\r\n")

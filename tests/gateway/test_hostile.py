"""Bounds of what is read at the real door, uvicorn with httptools on a loopback socket, and of how long."""

from typing import Any

import pytest

from gateway import front_uvicorn
from tests.gateway.conftest import Serve
from tests.gateway.landscape import Landscape
from tests.gateway.raw import ORDER, get, post, statuses, talk


async def test_headers_are_bounded_whether_they_end_or_not(landscape: Landscape, serve_both: Serve):
    async with serve_both(landscape.gateway()) as port:
        whole = await talk(port, get(b"/shop/v1/hours", b"X-Large: " + b"x" * 17_000))
        many = await talk(port, get(b"/shop/v1/hours", *[b"X-%d: %s" % (n, b"x" * 50) for n in range(400)]))
        endless = await talk(port, get(b"/shop/v1/hours")[:-2] + b"X-Large: " + b"x" * 70_000)
        fitting = await talk(port, get(b"/shop/v1/hours", b"X-Large: " + b"x" * 15_000))
        long_path = await talk(port, get(b"/shop/v1/products/" + b"x" * 17_000))
    assert statuses(whole) == [431]
    assert statuses(many) == [431]
    assert statuses(endless) == [431]
    assert statuses(fitting) == [200]
    assert statuses(long_path) == [431]


async def test_a_body_is_bounded_whether_it_says_its_size_or_not(landscape: Landscape, serve_both: Serve):
    landscape.token("acme", "shop:write")
    settings = landscape.settings.model_copy(update={"max_body": 2048})
    large = b"x" * 5000
    async with serve_both(landscape.gateway(settings=settings)) as port:
        said = await talk(port, post(b"Content-Length: 5000", body=large))
        unsaid = await talk(
            port, post(b"Transfer-Encoding: chunked", body=b"1388\r\n" + large + b"\r\n0\r\n\r\n")
        )
        small = await talk(
            port, post(b"Transfer-Encoding: chunked", body=b"f\r\n" + ORDER + b"\r\n0\r\n\r\n")
        )
    assert statuses(said) == [413]
    assert statuses(unsaid) == [413]
    assert statuses(small) == [201]
    assert len(landscape.shop.orders) == 1


async def test_a_refused_body_is_read_for_a_while_and_then_no_longer(
    landscape: Landscape, serve_both: Serve, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(front_uvicorn, "DISCARDED", 100_000)
    landscape.token("acme", "shop:write")
    large = 2_000_000
    next_one = get(b"/shop/v1/hours")
    async with serve_both(landscape.gateway()) as port:
        within = await talk(port, post(b"Content-Length: %d" % large, body=b""), b"x" * 50_000)
        beyond = await talk(port, post(b"Content-Length: %d" % large, body=b"x" * large + next_one))
    assert statuses(within) == [413]
    assert statuses(beyond) in ([413], [])


@pytest.mark.parametrize(
    "filler", [b"5;" + b"x" * 40_000 + b"\r\nhello\r\n0\r\n\r\n", b"0\r\nX-T: " + b"x" * 40_000 + b"\r\n\r\n"]
)
async def test_chunk_extensions_and_trailers_are_bounded(
    landscape: Landscape, serve_both: Serve, filler: bytes
):
    landscape.token("acme", "shop:write")
    head = post(b"Transfer-Encoding: chunked", body=b"")
    pieces = [filler[at : at + 4000] for at in range(0, len(filler), 4000)]
    async with serve_both(landscape.gateway()) as port:
        answer = await talk(port, head, *pieces)
    assert set(statuses(answer)) <= {400, 413}, answer
    assert landscape.shop.orders == []


async def test_trailers_are_dropped(landscape: Landscape, serve_both: Serve):
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        seen.extend(part for field in scope["headers"] for part in field)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    landscape.token("acme", "shop:write")
    body = b"f\r\n" + ORDER + b"\r\n0\r\nX-Late: 1\r\nAuthorization: Bearer other\r\n\r\n"
    async with serve_both(landscape.gateway(upstreams={"shop": app})) as port:
        assert statuses(await talk(port, post(b"Transfer-Encoding: chunked", body=body))) == [204]
    assert b"x-late" not in seen
    assert b"Bearer other" not in seen


async def test_pipelined_requests_are_answered_in_order(landscape: Landscape, serve_both: Serve):
    async with serve_both(landscape.gateway()) as port:
        answer = await talk(port, get(b"/shop/v1/hours") + get(b"/nothing") + get(b"/kiosk/v1/status"))
    assert statuses(answer) == [200, 404, 200]


async def test_nothing_of_identity_comes_in_from_outside(landscape: Landscape, serve_both: Serve):
    seen: dict[bytes, bytes] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope["headers"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    header = landscape.token("acme", "shop:read")["authorization"].encode()
    fields = [
        b"Authorization: " + header,
        b"Triptych-Caller: root",
        b"Triptych-Deadline: 999999",
        b"X-Forwarded-For: 10.0.0.1",
        b"Forwarded: for=10.0.0.1",
        b"X-HTTP-Method-Override: DELETE",
        b"Baggage: user=root",
        b"Connection: keep-alive, X-Private, Authorization",
        b"X-Private: 1",
        b"X-Public: 1",
        b"Keep-Alive: 5",
    ]
    async with serve_both(landscape.gateway(upstreams={"shop": app})) as port:
        assert statuses(await talk(port, get(b"/shop/v1/products", *fields))) == [204]
    ours = {
        b"authorization": header,
        b"triptych-deadline": b"999999",
        b"x-forwarded-for": b"10.0.0.1",
        b"x-forwarded-proto": b"",
        b"x-forwarded-host": b"",
    }
    assert seen.keys() - ours == {b"host", b"x-public", b"x-request-id", b"traceparent"}
    assert all(seen.get(name) != theirs for name, theirs in ours.items()), "of the gateway's own making"


async def test_a_header_that_an_operation_declares_reaches_it_once(landscape: Landscape, serve_both: Serve):
    async with serve_both(landscape.gateway()) as port:
        given = await talk(port, get(b"/shop/v1/basket", b"Triptych-Session: s-1"))
        hidden = await talk(
            port, get(b"/shop/v1/basket", b"Triptych-Session: s-1", b"Connection: triptych-session")
        )
        twice = await talk(port, get(b"/shop/v1/basket", b"Triptych-Session: 1", b"Triptych-Session: 2"))
    assert b'"sku":"s-1"' in given
    assert b'"sku":"s-1"' in hidden
    assert statuses(twice) == [400]


async def test_a_client_that_dawdles_is_sent_away(
    landscape: Landscape, serve_both: Serve, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(front_uvicorn, "SLOW", 0.2)
    landscape.token("acme", "shop:write")
    async with serve_both(landscape.gateway()) as port:
        silent = await talk(port)
        header = await talk(port, get(b"/shop/v1/hours")[:-4])
        body = await talk(port, post(b"Content-Length: 15", body=b'{"sku":'))
    assert silent == b""
    assert statuses(header) == [408]
    assert statuses(body) == [408]
    assert landscape.shop.orders == []

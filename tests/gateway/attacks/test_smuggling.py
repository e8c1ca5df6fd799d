"""Request smuggling: what two servers could read differently reaches nobody, whatever hides in it."""

import pytest

from tests.gateway.attacks.conftest import Door
from tests.gateway.attacks.spelling import HIDDEN, REFUSED, TOLERATED
from tests.gateway.raw import ORDER, get, post

CLOSE = b"Connection: close"
LAST = get(b"/healthz", CLOSE)
REFUSALS = {400, 404, 405, 408, 413, 431}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, spellings in REFUSED.items() for name in spellings]
)
async def test_smuggling_is_refused_whole(door: Door, kind: str, name: str):
    answers = await door.send(REFUSED[kind][name])
    assert len(answers.statuses) == 1, answers
    assert set(answers.statuses) <= REFUSALS, answers
    assert b"application/problem+json" in answers.text
    assert answers.header(b"x-request-id")
    assert door.shop.arrived == []
    assert door.shop.malformed == []


@pytest.mark.parametrize("name", TOLERATED)
async def test_an_odd_spelling_that_is_allowed_is_one_request_in_plain_words(door: Door, name: str):
    answers = await door.send(TOLERATED[name])
    assert answers.statuses[-1:] == [200], answers
    assert door.shop.malformed == []
    (order,) = door.shop.arrived
    assert (order.method, order.target, order.body) == ("POST", b"/shop/v1/orders", ORDER)
    assert order.caller.client == door.client_id
    names = [name for name, _ in order.headers]
    assert not {b"expect", b"trailer", b"upgrade", b"http2-settings", b"connection", b"te"} & set(names)
    assert list(map(int, order.all(b"content-length"))) in ([15], [])
    assert b"evil.test" not in order.all(b"host")


@pytest.mark.parametrize("name", TOLERATED)
async def test_what_follows_an_odd_spelling_is_a_request_of_its_own_or_none(door: Door, name: str):
    """Both requests are the attacker's own here; what counts is that both are seen as what they are."""
    answers = await door.send(TOLERATED[name] + HIDDEN + LAST)
    assert set(answers.statuses) - {100} == {200}, answers
    assert answers.closed
    assert door.shop.malformed == []
    assert [order.body for order in door.shop.arrived] in ([ORDER], [ORDER, b'{"sku":"EVIL"}'])
    assert answers.statuses.count(200) in (1, len(door.shop.arrived) + 1)


async def test_a_request_in_the_body_of_another_stays_a_body(door: Door):
    hidden = HIDDEN.replace(b"Bearer acme", b"Bearer " + door.token)
    answers = await door.send(post(b"Content-Length: %d" % len(hidden), body=hidden))
    assert answers.statuses == [200]
    assert [order.body for order in door.shop.arrived] == [hidden]


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"DELETE", b"OPTIONS"])
async def test_a_body_where_none_belongs_is_no_request_behind_it(door: Door, method: bytes):
    hidden = HIDDEN.replace(b"Bearer acme", b"Bearer " + door.token)
    fields = [b"Authorization: Bearer acme", b"Content-Length: %d" % len(hidden)]
    first = method + get(b"/shop/v1/products", *fields)[3:]
    answers = await door.send(first + hidden + get(b"/shop/v1/hours", CLOSE))
    assert len(answers.statuses) in (1, 2), answers
    assert door.shop.malformed == []
    assert [(one.method, one.target) for one in door.shop.arrived] in (
        [("GET", b"/shop/v1/products"), ("GET", b"/shop/v1/hours")],  # HEAD is asked as GET
        [("GET", b"/shop/v1/hours")],
        [],
    )


async def test_garbage_behind_a_request_leaves_its_answer_alone(door: Door):
    """Or the answer to the second would be taken for that to the first."""
    order = post(b"Content-Length: 15")
    for garbage in (b"\0\0\0\r\n\r\n", post(b"Content-Length: 1", b"Content-Length: 2"), b"X" * 70_000):
        door.shop.forget()
        answers = await door.send(order + garbage)
        assert answers.statuses[:1] == [200], answers
        assert set(answers.statuses[1:]) <= {400, 431}
        assert answers.closed
        assert len(door.shop.arrived) == 1


@pytest.mark.parametrize("body", [ORDER, b"f\r\n" + ORDER + b"\r\n0\r\n\r\n"], ids=["sized", "chunked"])
async def test_what_comes_after_the_end_of_a_connection_is_nothing(door: Door, body: bytes):
    """Whether the last request is served or refused."""
    framed = b"Content-Length: 15" if body == ORDER else b"Transfer-Encoding: chunked"
    last = post(b"Connection: close", framed, body=body)
    served = await door.send(last + HIDDEN)
    assert (served.statuses, served.closed) == ([200], True)
    assert len(door.shop.arrived) == 1
    door.shop.forget()
    for refused in (last.replace(b"Bearer acme", b"Bearer x"), last.replace(b"/orders", b"/x")):
        answers = await door.send(refused + HIDDEN)
        assert answers.statuses in ([401], [404])
        assert answers.closed
    assert door.shop.arrived == []


@pytest.mark.parametrize(
    "fields",
    [
        [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"],
        [
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: x",
        ],
        [b"Connection: Upgrade", b"Upgrade: TLS/1.2"],
    ],
    ids=["HTTP/2", "WebSocket", "TLS"],
)
async def test_an_upgrade_leads_to_no_other_protocol_and_hides_nothing(door: Door, fields: list[bytes]):
    answers = await door.send(get(b"/shop/v1/hours", *fields) + HIDDEN)
    assert answers.statuses == [200]
    assert answers.closed
    assert [(one.method, one.target) for one in door.shop.arrived] == [("GET", b"/shop/v1/hours")]
    (hours,) = door.shop.arrived
    assert not {b"upgrade", b"http2-settings", b"connection"} & {name for name, _ in hours.headers}

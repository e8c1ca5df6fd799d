"""Header fields as weapons: hop-by-hop tricks, spoofed fields of our own, floods."""

import pytest

from tests.gateway.attacks.conftest import Door
from tests.gateway.raw import get, post

TOKEN = b"Authorization: Bearer acme"

NAMED_IN_CONNECTION = [
    b"authorization",
    b"host",
    b"content-length",
    b"content-type",
    b"idempotency-key",
    b"if-match",
    b"triptych-caller",
    b"triptych-deadline",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-request-id",
    b"traceparent",
    b"transfer-encoding",
    b"cookie",
    b"connection",
]


@pytest.mark.parametrize("name", NAMED_IN_CONNECTION, ids=bytes.decode)
@pytest.mark.parametrize("spelling", [b"Connection: close, %s", b"Connection: %s", b"connection:\t, %s ,"])
async def test_hop_by_hop_no_field_that_counts_is_dropped_by_naming_it(
    door: Door, name: bytes, spelling: bytes
):
    fields = [b"Content-Length: 15", b'If-Match: "1"', spelling % name.upper()]
    answers = await door.send(post(*fields))
    assert answers.statuses == [200], answers
    (order,) = door.shop.arrived
    assert (order.caller.client, order.caller.scopes) == (door.client_id, {"shop:read", "shop:write"})
    assert order.body == b'{"sku":"TEA-1"}'
    assert order.all(b"idempotency-key") == [b"k"]
    assert order.all(b"content-type") == [b"application/json"]
    assert order.all(b"if-match") == [b'"1"']
    assert len(order.all(b"x-request-id")) == len(order.all(b"traceparent")) == 1
    assert not order.all(b"connection")


async def test_hop_by_hop_without_a_token_naming_the_token_gains_nothing(door: Door):
    for named in (b"authorization", b"Authorization, close", b"triptych-caller"):
        answers = await door.send(get(b"/shop/v1/products", b"Connection: " + named))
        assert answers.statuses == [401]
    assert door.shop.arrived == []


async def test_hop_by_hop_what_is_named_more_than_once_or_oddly_is_still_dropped(door: Door):
    fields = [
        b"Connection: x-a",
        b"Connection: x-b , X-C",
        b"X-A: 1",
        b"X-B: 1",
        b"Keep-Alive: 1",
        b"TE: trailers",
    ]
    answers = await door.send(get(b"/shop/v1/hours", *fields, b"Trailer: x-a", b"Proxy-Connection: x"))
    assert answers.statuses == [200]
    (hours,) = door.shop.arrived
    names = {name for name, _ in hours.headers}
    assert not names & {b"x-a", b"x-b", b"keep-alive", b"te", b"trailer", b"proxy-connection", b"connection"}


SPOOFED = [
    b"Triptych-Caller: root",
    b"Triptych-Deadline: 999999999",
    b"Triptych-Anything: x",
    b"X-Forwarded-For: 10.0.0.1",
    b"X-Forwarded-Host: evil.test",
    b"X-Forwarded-Proto: https",
    b"X-Forwarded-Port: 1",
    b"X-Real-IP: 10.0.0.1",
    b"Forwarded: for=10.0.0.1;host=evil.test",
    b"X-HTTP-Method-Override: DELETE",
    b"X-HTTP-Method: DELETE",
    b"X-Method-Override: DELETE",
    b"X-Original-URL: /ledger/v1/balance",
    b"X-Rewrite-URL: /ledger/v1/balance",
    b"Baggage: user=root",
    b"Proxy-Authorization: Bearer x",
    b"DPoP: x",
]


@pytest.mark.parametrize("field", SPOOFED, ids=[field.partition(b":")[0].decode() for field in SPOOFED])
async def test_spoofed_fields_do_not_go_in(door: Door, field: bytes):
    answers = await door.send(get(b"/shop/v1/products", TOKEN, field))
    assert answers.statuses == [200], answers
    (asked,) = door.shop.arrived
    name, _, value = field.lower().partition(b": ")
    assert value not in asked.all(name)
    assert (asked.method, asked.target) == ("GET", b"/shop/v1/products")
    assert asked.caller.subject == door.client_id
    assert asked.caller.service == "gateway"


@pytest.mark.parametrize(
    "token",
    [
        b"Bearer internal",
        b"Basic cm9vdDpyb290",
        b"Negotiate x",
        b"bearer",
        b"Bearer",
        b"",
        b"Bearer a b",
        b"DPoP x",
    ],
    ids=[
        "a made up one",
        "basic",
        "another scheme",
        "no token",
        "no blank",
        "nothing",
        "two words",
        "no proof",
    ],
)
async def test_spoofed_tokens_are_refused(door: Door, token: bytes):
    answers = await door.send(get(b"/shop/v1/products", b"Authorization: " + token))
    assert answers.statuses == [401]
    assert answers.header(b"www-authenticate")
    assert door.shop.arrived == []


async def test_spoofed_an_internal_token_is_worth_nothing_at_the_door(door: Door):
    """Such as one that a service has written into its log."""
    await door.send(get(b"/shop/v1/products", TOKEN))
    seen = door.shop.arrived[0]
    inner = door.shop.internal.issue(seen.caller, "shop").encode()
    assert (await door.send(get(b"/shop/v1/products", b"Authorization: Bearer " + inner))).statuses == [401]


async def test_a_flood_of_header_fields_is_cut_off(door: Door):
    many = [b"X-%d: %s" % (number, b"x" * 50) for number in range(400)]
    tiny = [b"a:"] * 5_000
    for fields in (
        many,
        tiny,
        [b"X-Large: " + b"x" * 17_000],
        [b"X" * 17_000 + b": 1"],
        [b"Cookie: a=b"] * 2_000,
    ):
        answers = await door.send(get(b"/shop/v1/hours", *fields))
        assert answers.statuses == [431], fields[0][:20]
        assert answers.closed
    assert door.shop.arrived == []


async def test_a_flood_without_an_end_is_cut_off(door: Door):
    endless = get(b"/shop/v1/hours")[:-2] + b"X-Large: " + b"x" * 70_000
    slowly = [get(b"/shop/v1/hours")[:-2], *[b"X-%d: %s\r\n" % (number, b"x" * 500) for number in range(40)]]
    for pieces in ([endless], slowly, [b"GET /" + b"x" * 70_000], [b"X" * 70_000]):
        answers = await door.send(*pieces)
        assert set(answers.statuses) <= {400, 431}, pieces[0][:20]
        assert answers.closed
    assert door.shop.arrived == []


async def test_a_flood_that_fits_is_served(door: Door):
    fields = [b"X-%d: %s" % (number, b"x" * 100) for number in range(130)]
    assert (await door.send(get(b"/shop/v1/hours", *fields))).statuses == [200]

"""Bodies as weapons: bombs, bodies without end, expectations, and nesting without end."""

import gzip
import zlib

import httpx
import pytest

from tests.gateway.attacks.conftest import LIMIT, Door
from tests.gateway.raw import ORDER, get, post

ZEROS = gzip.compress(bytes(50_000_000), 9)
BOMBS = {
    "gzip": (b"gzip", ZEROS),
    "gzip twice": (b"gzip, gzip", gzip.compress(ZEROS)),
    "deflate": (b"deflate", zlib.compress(bytes(50_000_000), 9)),
    "brotli by name": (b"br", ORDER),
    "a name in capitals": (b"GZIP", ZEROS),
    "an unknown name": (b"x-bomb", ORDER),
}


@pytest.mark.parametrize("kind", BOMBS)
async def test_decompression_bombs_are_never_unpacked(door: Door, kind: str):
    """The gateway passes a body on as it came, coded or not; what it is for is between client and service."""
    coding, body = BOMBS[kind]
    fields = [b"Content-Encoding: " + coding, b"Content-Length: %d" % len(body)]
    answers = await door.send(post(*fields, body=body))
    assert answers.statuses == [200], answers
    assert [one.body for one in door.shop.arrived] == [body]
    assert [one.all(b"content-encoding") for one in door.shop.arrived] == [[coding]]


@pytest.mark.parametrize("path", [b"/oauth/token", b"/oauth/register", b"/oauth/par"], ids=bytes.decode)
async def test_decompression_bombs_open_nothing_at_the_authorization_server(door: Door, path: bytes):
    body = gzip.compress(b"grant_type=client_credentials&x=" + b"x" * 1_000_000)
    head = b"POST " + path + b" HTTP/1.1\r\nHost: gateway.test\r\nContent-Encoding: gzip\r\n"
    kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
    answers = await door.send(head + kind + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert len(answers.statuses) == 1
    assert 400 <= answers.statuses[0] < 500, answers


@pytest.mark.parametrize("chunk", [1, 1_000, 40_000])
async def test_a_body_without_end_ends_at_its_limit(door: Door, chunk: int):
    piece = b"%x\r\n%s\r\n" % (chunk, b"x" * chunk)
    many = 1 + 2 * LIMIT // chunk
    answers = await door.send(post(b"Transfer-Encoding: chunked", body=piece * many))
    assert answers.statuses in ([413], [400]), answers
    assert door.shop.arrived == []


async def test_a_length_over_the_limit_is_refused_before_the_body_comes(door: Door):
    for length in (LIMIT + 1, 10**17):
        answers = await door.send(post(b"Content-Length: %d" % length, body=b""))
        assert answers.statuses == [413]
    assert door.shop.arrived == []


EXPECTATIONS = {
    "nothing": b"Expect:",
    "something else": b"Expect: 200-ok",
    "a list": b"Expect: 100-continue, x",
    "twice": b"Expect: 100-continue\r\nExpect: 100-continue",
    "capitals": b"EXPECT: 100-CONTINUE",
}


@pytest.mark.parametrize("kind", EXPECTATIONS)
async def test_an_expectation_changes_neither_the_request_nor_who_may(door: Door, kind: str):
    expecting = post(b"Content-Length: 15", EXPECTATIONS[kind])
    answers = await door.send(expecting)
    assert [status for status in answers.statuses if status != 100] in ([200], [417])
    refused = await door.send(expecting.replace(b"Bearer acme", b"Bearer nobody"))
    assert [status for status in refused.statuses if status != 100] == [401]
    assert len(door.shop.arrived) <= 1
    assert all(one.body == ORDER and not one.all(b"expect") for one in door.shop.arrived)


async def test_who_expects_to_be_refused_is_refused_without_sending_a_body(door: Door):
    asked = post(b"Content-Length: 15", b"Expect: 100-continue", body=b"").replace(
        b"Bearer acme", b"Bearer x"
    )
    answers = await door.send(asked)
    assert answers.statuses == [401]


async def test_an_expectation_without_a_body_waits_for_nothing(door: Door):
    answers = await door.send(get(b"/shop/v1/hours", b"Expect: 100-continue"))
    assert answers.statuses[-1:] == [200]


async def test_a_small_answer_does_not_become_a_bomb_for_the_client(door: Door):
    """What is accepted is gzip, once: nobody can ask for more layers."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}") as client:
        for accepted in ("gzip, gzip, gzip", "gzip;q=1, *;q=1", "x-gzip, deflate, br", "*"):
            answer = await client.get("/portal", headers={"accept-encoding": accepted})
            assert answer.headers.get("content-encoding", "gzip") == "gzip"

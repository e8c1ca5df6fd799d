"""Cache poisoning, pages from elsewhere, and ranges: what others keep of our answers is theirs to have."""

import pytest

from tests.gateway.attacks.conftest import Door
from tests.gateway.raw import get

TOKEN = b"Authorization: Bearer acme"
CLOSE = b"Connection: close"

UNKEYED = [
    b"X-Forwarded-Host: evil.test",
    b"X-Forwarded-Proto: gopher",
    b"X-Forwarded-Port: 1",
    b"X-Forwarded-Prefix: /evil",
    b"X-Host: evil.test",
    b"X-Original-URL: /ledger/v1/balance",
    b"X-Rewrite-URL: /ledger/v1/balance",
    b"X-HTTP-Method-Override: POST",
    b"Forwarded: host=evil.test",
    b"X-Request-Id: evil.test",
]
PUBLIC = [
    b"/",
    b"/portal",
    b"/oauth/jwks",
    b"/.well-known/oauth-authorization-server",
    b"/openapi/shop.v1.json",
]


@pytest.mark.parametrize("field", UNKEYED, ids=[field.decode().replace(": ", "=") for field in UNKEYED])
async def test_cache_poisoning_no_field_that_caches_do_not_know_changes_an_answer(door: Door, field: bytes):
    for path in PUBLIC:
        plain, poisoned = await door.send(get(path, CLOSE)), await door.send(get(path, CLOSE, field))
        assert poisoned.statuses == plain.statuses
        assert poisoned.text.partition(b"\r\n\r\n")[2] == plain.text.partition(b"\r\n\r\n")[2]
        for name in (b"location", b"link", b"cache-control", b"content-type", b"vary"):
            assert poisoned.header(name) == plain.header(name)


@pytest.mark.parametrize("host", [b"evil.test", b"gateway.test:1", b"[::1]"], ids=["name", "port", "address"])
async def test_cache_poisoning_the_host_is_repeated_nowhere(door: Door, host: bytes):
    for path in (*PUBLIC, b"/nothing", b"/shop/v1/products", b"/shop/v1/orders/", b"/oauth/authorize"):
        answers = await door.send(get(path, CLOSE).replace(b"gateway.test", host))
        assert host not in answers.text


async def test_cache_poisoning_what_a_token_opened_is_kept_by_nobody(door: Door):
    for path in (b"/shop/v1/products", b"/shop/v1/hours", b"/shop/v1/nothing"):
        answers = await door.send(get(path, TOKEN))
        assert answers.header(b"cache-control") == [b"private, no-store"]


async def test_cache_poisoning_a_refusal_is_kept_by_nobody(door: Door):
    for request in (
        get(b"/shop/v1/products"),
        get(b"/nothing.css"),
        get(b"/shop/v1/products/x.css"),
        get(b"/shop/v1/../x"),
        get(b"/shop/v1/hours", b"X-Large: " + b"x" * 17_000),
        b"nonsense\r\n\r\n",
    ):
        answers = await door.send(request)
        assert answers.statuses[0] >= 400
        assert b"no-store" in b"".join(answers.header(b"cache-control")), answers


async def test_cache_deception_a_path_that_looks_like_a_file_is_no_file(door: Door):
    for tail in (b"/x.css", b"%2Fx.css", b";x.css", b".css", b"%00.css", b"%23x.css"):
        answers = await door.send(get(b"/shop/v1/hours" + tail, TOKEN))
        assert set(answers.statuses) <= {400, 404}
    assert door.shop.arrived == []


async def test_what_depends_on_the_page_says_so_to_caches(door: Door):
    answers = await door.send(get(b"/shop/v1/hours", b"Origin: https://evil.test"))
    assert b"origin" in b", ".join(answers.header(b"vary")).lower()


ORIGINS = [
    b"null",
    b"*",
    b"https://shop.example.evil.test",
    b"https://evil-shop.example",
    b"https://shop.example@evil.test",
    b"https://shop.exampleevil.test",
    b"http://shop.example",
    b"https://shop.example:8443",
    b"https://sub.shop.example",
    b"https://SHOP.EXAMPLE.",
    b"https://shop.example/",
    b"https://shop.example, https://evil.test",
    b"https://shop.example\tx",
    b"https://sh\xc3\xb6p.example",
    b"http://localhost.evil.test",
    b"http://127.0.0.1.evil.test",
    b"file://",
    b"",
]


@pytest.mark.parametrize("origin", ORIGINS, ids=[origin.decode() for origin in ORIGINS])
async def test_cors_no_origin_that_only_looks_like_ours_may_read(door: Door, origin: bytes):
    preflight = [b"Access-Control-Request-Method: POST", b"Access-Control-Request-Headers: authorization"]
    asked = b"OPTIONS" + get(b"/shop/v1/orders", b"Origin: " + origin, *preflight)[3:]
    for request in (asked, get(b"/shop/v1/products", TOKEN, b"Origin: " + origin)):
        answers = await door.send(request)
        assert not answers.header(b"access-control-allow-origin"), answers
        assert not answers.header(b"access-control-allow-credentials")


async def test_cors_a_page_that_may_read_gets_no_credentials_and_no_star(door: Door):
    answers = await door.send(get(b"/shop/v1/hours", b"Origin: https://shop.example"))
    assert answers.header(b"access-control-allow-origin") == [b"https://shop.example"]
    assert not answers.header(b"access-control-allow-credentials")


RANGES = [
    b"bytes=0-0",
    b"bytes=0-",
    b"bytes=-1",
    b"bytes=" + b",".join(b"%d-" % at for at in range(1_000)),
    b"bytes=" + b"0-0," * 1_000 + b"0-0",
    b"bytes=5-2",
    b"bytes=99999999999999999999-",
    b"bytes=a-b",
    b"bytes=",
    b"lines=0-1",
]


@pytest.mark.parametrize("asked", RANGES, ids=lambda asked: asked[:16].decode())
async def test_ranges_cost_one_whole_answer_at_most(door: Door, asked: bytes):
    for path in (b"/.well-known/oauth-authorization-server", b"/oauth/jwks", b"/shop/v1/hours"):
        plain, ranged = (
            await door.send(get(path, CLOSE)),
            await door.send(get(path, CLOSE, b"Range: " + asked)),
        )
        assert ranged.statuses == [200]
        assert not ranged.header(b"content-range")
        assert ranged.text.partition(b"\r\n\r\n")[2] == plain.text.partition(b"\r\n\r\n")[2]

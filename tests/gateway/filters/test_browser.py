"""What web pages may do, by the page's origin."""

import httpx
import pytest

from gateway.filters.browser import loopback_origins
from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape

ORIGIN = "http://localhost:5173"


async def preflight(client: httpx.AsyncClient, path: str, origin: str) -> httpx.Response:
    """What a browser asks before it sends an order."""
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type, idempotency-key",
    }
    return await client.options(path, headers=asked)


async def test_a_page_on_this_machine_may_order_and_read_the_answer(landscape: Landscape, browse: Browse):
    header = landscape.token("acme", "shop:write")
    async with browse(landscape.gateway()) as client:
        asked = await preflight(client, "/shop/v1/orders", ORIGIN)
        answer = await client.post(
            "/shop/v1/orders",
            json={"sku": "TEA-1"},
            headers={**header, "origin": ORIGIN, "idempotency-key": "k"},
        )
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in asked.headers["access-control-allow-methods"]
    for name in (
        "authorization",
        "content-type",
        "idempotency-key",
        "if-match",
        "last-event-id",
        "triptych-session",
    ):
        assert name in asked.headers["access-control-allow-headers"]
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "etag" in answer.headers["access-control-expose-headers"]
    assert "origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_refusal_can_be_read_by_the_page_too(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        for path in ("/shop/v1/products", "/shop/v1/nothing", "/nothing", "/healthz"):
            answer = await client.get(path, headers={"origin": ORIGIN})
            assert answer.headers["access-control-allow-origin"] == ORIGIN, path


async def test_a_page_from_elsewhere_is_not_let_in(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        asked = await preflight(client, "/shop/v1/orders", "https://evil.test")
        answer = await client.get("/shop/v1/hours", headers={"origin": "https://evil.test"})
    for found in (asked, answer):
        assert "access-control-allow-origin" not in found.headers
        assert "origin" in found.headers["vary"]


async def test_registered_origins_replace_the_default(landscape: Landscape, browse: Browse):
    gateway = landscape.gateway(allowed_origins={"https://shop.example"}.__contains__)
    async with browse(gateway) as client:
        ours = await client.get("/shop/v1/hours", headers={"origin": "https://shop.example"})
        local = await client.get("/shop/v1/hours", headers={"origin": ORIGIN})
    assert ours.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in local.headers


async def test_the_token_endpoint_and_the_metadata_answer_pages_as_well(landscape: Landscape, browse: Browse):
    async def server(scope: object, receive: object, send: object) -> None:
        raise AssertionError("a preflight ends at the door")

    async with browse(landscape.gateway(authorization=server)) as client:
        for path in ("/oauth/token", "/.well-known/openid-configuration"):
            assert (await preflight(client, path, ORIGIN)).headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("http://localhost", True),
        ("http://localhost:5173", True),
        ("https://localhost:8443", True),
        ("http://127.0.0.1:3000", True),
        ("http://[::1]:3000", True),
        ("http://[::1]", True),
        ("http://localhost.evil.test", False),
        ("http://localhost:80.evil.test", False),
        ("http://evil.test", False),
        ("http://[::1].evil.test", False),
        ("http://127.0.0.1.evil.test:80", False),
        ("file://localhost", False),
        ("localhost", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_this_machine_is_a_loopback_origin(origin: str, ours: bool):
    assert loopback_origins(origin) is ours

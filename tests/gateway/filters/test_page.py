"""Which web pages may use a client's token."""

import pytest

from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape

PAGES = {"client-acme": {"https://acme.example"}, "client-other": {"https://other.example"}}


def registered(client: str, origin: str) -> bool:
    return origin in PAGES[client]


def known(origin: str) -> bool:
    return any(origin in pages for pages in PAGES.values())


@pytest.mark.parametrize(
    ("origin", "status", "readable"),
    [
        ("https://acme.example", 200, True),
        ("https://other.example", 403, False),
        ("https://nobody.example", 403, False),
        (None, 200, False),
    ],
)
async def test_a_token_works_in_its_own_clients_pages_and_outside_of_browsers(
    landscape: Landscape, browse: Browse, origin: str | None, status: int, readable: bool
) -> None:
    headers = landscape.token("acme", "shop:read") | ({"origin": origin} if origin else {})
    async with browse(landscape.gateway(allowed_origins=known, web_pages=registered)) as client:
        answer = await client.get("/shop/v1/products", headers=headers)
    assert answer.status_code == status
    assert ("access-control-allow-origin" in answer.headers) is readable


async def test_a_page_of_any_client_may_ask_beforehand_and_use_what_is_open_to_all(
    landscape: Landscape, browse: Browse
) -> None:
    headers = {"origin": "https://other.example"}
    async with browse(landscape.gateway(allowed_origins=known, web_pages=registered)) as client:
        asked = await client.options(
            "/shop/v1/orders", headers={**headers, "access-control-request-method": "POST"}
        )
        answer = await client.get("/shop/v1/hours", headers=headers)
    for found in (asked, answer):
        assert found.headers["access-control-allow-origin"] == "https://other.example"

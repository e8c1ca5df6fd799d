"""Authorization requests that clients send ahead: nobody can change one, and one is answered once."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.gateway.authorization.browsing import SHOP_REDIRECT, Browser, Flow, Registered, returned
from tests.gateway.authorization.conftest import House, MovableClock, open_house
from tests.gateway.authorization.signing import proving, signer
from triptych.settings import Settings

PREFIX = "urn:ietf:params:oauth:request_uri:"


async def push(house: House, flow: Flow, **more: str) -> httpx.Response:
    client = flow.client
    data = {**flow.parameters(), **more}
    if client.secret is None:
        return await house.http.post("/oauth/par", data=data)
    return await house.http.post("/oauth/par", data=data, auth=client.basic)


async def pushed(house: House, flow: Flow, **more: str) -> str:
    """The address to send the user to."""
    answer = await push(house, flow, **more)
    assert answer.status_code == 201, answer.text
    return address(flow.client.client_id, answer.json()["request_uri"])


def address(client_id: str, request_uri: str, **more: str) -> str:
    return "/oauth/authorize?" + urlencode({"client_id": client_id, "request_uri": request_uri, **more})


async def walked(house: House, url: str, browser: Browser | None = None) -> httpx.Response:
    """Ada signs in and allows; the redirect back to the client, or the page where it ends."""
    browser = browser or house.browser()
    page = await browser.get(url)
    if 'name="password"' in page.text:
        page = await browser.sign_in(page, house.ada.email)
    if 'value="allow"' in page.text:
        page = await browser.submit(page, action="allow")
    return page


async def test_a_request_that_was_sent_ahead_leads_to_tokens(either_house: House):
    house = either_house
    for client in [house.shop, house.office]:
        flow = Flow(client, "openid storefront:read", {"nonce": "n-0S6"})
        answer = await push(house, flow)
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        assert set(answer.json()) == {"request_uri", "expires_in"}
        assert answer.json()["request_uri"].startswith(PREFIX)
        assert answer.json()["expires_in"] == 60
        page = await walked(house, address(client.client_id, answer.json()["request_uri"]))
        flow.answer = returned(page)
        assert flow.answer["state"] == flow.state
        tokens = await house.token(client, **flow.exchange())
        assert tokens.status_code == 200, tokens.text


async def test_nothing_of_it_is_in_the_browsers_address(house: House):
    flow = Flow(house.shop, "openid storefront:read")
    page = await house.browser().get(await pushed(house, flow))
    assert 'name="password"' in page.text
    assert flow.state not in page.text
    assert flow.challenge not in page.text


async def test_what_the_address_says_besides_does_not_count(house: House):
    flow = Flow(house.shop, "storefront:read")
    url = await pushed(house, flow)
    more = urlencode({"scope": "storefront:write", "state": "mine", "redirect_uri": "https://evil.example"})
    page = await walked(house, f"{url}&{more}")
    assert page.headers["location"].startswith(SHOP_REDIRECT + "?")
    flow.answer = returned(page)
    assert flow.answer["state"] == flow.state
    tokens = await house.token(house.shop, **flow.exchange())
    assert tokens.json()["scope"] == "storefront:read"


async def test_it_is_answered_once(house: House):
    flow = Flow(house.shop, "storefront:read")
    url, browser = await pushed(house, flow), house.browser()
    assert "code" in returned(await walked(house, url, browser))
    again = await walked(house, url, browser)
    assert (again.status_code, "invalid_request_uri" in again.text) == (400, True)


async def test_it_belongs_to_the_browser_that_came_with_it_first(house: House):
    flow = Flow(house.shop, "storefront:read")
    url, browser = await pushed(house, flow), house.browser()
    await browser.get(url)
    thief = await house.browser().get(url)
    assert (thief.status_code, "invalid_request_uri" in thief.text) == (400, True)
    assert "code" in returned(await walked(house, url, browser))


async def test_of_twenty_browsers_one_opens_it_and_of_twenty_clicks_one_gets_a_code(either_house: House):
    house = either_house
    url = await pushed(house, Flow(house.shop, "storefront:read"))
    pages = await asyncio.gather(*(house.browser().get(url) for _ in range(20)))
    assert sorted(page.status_code for page in pages) == [200] + [400] * 19
    browser = house.browser()
    await walked(house, Flow(house.shop, "storefront:read").url(), browser)  # from now on nobody asks
    url = await pushed(house, Flow(house.shop, "storefront:read"))
    clicks = await asyncio.gather(*(browser.get(url) for _ in range(20)))
    assert sorted(page.status_code for page in clicks) == [302] + [400] * 19


async def test_it_waits_a_minute_for_its_browser_and_then_for_its_user(fresh_house: House):
    house = fresh_house
    late, browser = await pushed(house, Flow(house.shop, "storefront:read")), house.browser()
    house.clock.ahead += 61
    assert (await browser.get(late)).status_code == 400
    url = await pushed(house, Flow(house.shop, "storefront:read"))
    await browser.get(url)
    house.clock.ahead += 600
    assert "code" in returned(await walked(house, url, browser))
    await house.server.pushed.sweep()


async def test_another_client_cannot_use_it(house: House):
    answer = await push(house, Flow(house.shop, "storefront:read"))
    page = await house.browser().get(address(house.office.client_id, answer.json()["request_uri"]))
    assert page.status_code == 400


async def test_a_demand_to_sign_in_again_is_met_once(fresh_house: House):
    house, browser = fresh_house, fresh_house.browser()
    await walked(house, Flow(house.shop, "storefront:read").url(), browser)
    house.clock.ahead += 100
    for demand in [{"prompt": "login"}, {"max_age": "10"}]:
        url = await pushed(house, Flow(house.shop, "storefront:read", demand))
        page = await browser.get(url)
        assert 'name="password"' in page.text
        page = await browser.sign_in(page, house.ada.email)
        assert "code" in returned(page)
        house.clock.ahead += 100


async def test_nobody_can_take_the_demand_to_sign_in_away(fresh_house: House):
    house, browser = fresh_house, fresh_house.browser()
    await walked(house, Flow(house.shop, "storefront:read").url(), browser)
    house.clock.ahead += 100
    url = await pushed(house, Flow(house.shop, "storefront:read", {"prompt": "login"}))
    for more in ["&prompt=", "&prompt=none", "&max_age=9999999", ""]:
        assert 'name="password"' in (await browser.get(url + more)).text


Change = Callable[[Flow], dict[str, str]]
FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "no response_type": ({"response_type": ""}, "unsupported_response_type"),
    "the implicit flow": ({"response_type": "token"}, "unsupported_response_type"),
    "another redirect_uri": ({"redirect_uri": "https://evil.example"}, "invalid_request"),
    "no PKCE": ({"code_challenge": ""}, "invalid_request"),
    "plain PKCE": ({"code_challenge_method": "plain"}, "invalid_request"),
    "a scope that it lacks": ({"scope": "console:admin"}, "invalid_scope"),
    "another's resource": ({"resource": "https://elsewhere.example"}, "invalid_target"),
    "a request_uri in a request_uri": ({"request_uri": PREFIX + "x"}, "invalid_request"),
    "a request object": ({"request": "e30.e30.e30"}, "request_not_supported"),
    "another response_mode": ({"response_mode": "fragment"}, "invalid_request"),
    "an odd thumbprint": ({"dpop_jkt": "x"}, "invalid_request"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_faulty_request_is_refused_at_once(house: House, fault: str):
    change, error = FAULTS[fault]
    answer = await push(house, Flow(house.shop, "storefront:read"), **change)
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text


@pytest.mark.parametrize("secret", ["wrong", ""])
async def test_only_the_client_itself_sends_requests_ahead(house: House, secret: str):
    flow = Flow(Registered(house.office.client_id, secret or None), "storefront:read")
    answer = await push(house, flow)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_client_that_signs_sends_requests_ahead(house: House):
    key = signer("ES256")
    made = await house.server.clients.add(
        "Signs",
        grants=["authorization_code"],
        scopes=["storefront:read"],
        plan="free",
        redirect_uris=[SHOP_REDIRECT],
        jwks=key.jwks,
    )
    flow = Flow(Registered(*made), "storefront:read")
    for audience in [house.server.issuer, f"{house.server.issuer}/oauth/par"]:
        proof = proving(key.assertion(made.client_id, audience, house.clock.read()))
        answer = await house.http.post("/oauth/par", data={**flow.parameters(), **proof})
        assert answer.status_code == 201
        page = await house.browser().get(address(made.client_id, answer.json()["request_uri"]))
        assert page.status_code == 200


async def test_a_client_may_be_held_to_it(house: House):
    made = Registered(
        *await house.server.clients.add(
            "Careful",
            grants=["authorization_code"],
            scopes=["storefront:read"],
            plan="free",
            redirect_uris=[SHOP_REDIRECT],
            public=True,
            pushed_only=True,
        )
    )
    flow = Flow(made, "storefront:read")
    refused = returned(await house.browser().get(flow.url()))
    assert refused["error"] == "invalid_request"
    flow.answer = returned(await walked(house, await pushed(house, flow)))
    assert (await house.token(made, **flow.exchange())).status_code == 200


@pytest.mark.parametrize("uri", ["x", "", "\u2603", "../..", "0" * 500])
async def test_a_request_that_never_was_is_refused(house: House, uri: str):
    page = await house.browser().get(address(house.shop.client_id, PREFIX + uri))
    assert page.status_code == 400
    assert "location" not in page.headers


async def test_two_gateways_know_the_same_requests(tmp_path: Any):
    settings = Settings(data=tmp_path, public_url="http://127.0.0.1:8000")
    async with open_house(settings) as one, open_house(settings, one.name) as other:
        assert isinstance(one.clock, MovableClock)
        url = await pushed(one, Flow(one.shop, "storefront:read"))
        assert (await other.browser().get(url)).status_code == 200
        assert (await one.browser().get(url)).status_code == 400

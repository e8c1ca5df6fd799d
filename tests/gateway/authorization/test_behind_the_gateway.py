"""The authorization server where it stands in life: behind the gateway, on a socket, before a browser."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from playwright.async_api import async_playwright

from gateway.authorization import totp
from gateway.authorization.second_factors import RECOVERY_CODES
from gateway.front_uvicorn import GuardedProtocol
from gateway.identity import RememberedTokens
from tests.gateway.authorization.browsing import PASSWORD, Browser, Flow, Registered
from tests.gateway.authorization.conftest import House, open_house
from tests.gateway.landscape import Landscape
from triptych.serving.server import listen, serving
from triptych.settings import Settings


@dataclass
class Front:
    """A gateway with a shop behind it, and the server that says who may enter."""

    house: House
    address: str
    here: httpx.AsyncClient
    browser: Browser

    async def call(self, token: str) -> httpx.Response:
        return await self.here.get("/shop/v1/products", headers={"authorization": f"Bearer {token}"})


@asynccontextmanager
async def opened(folder: Path, landscape: Landscape) -> AsyncGenerator[Front]:
    listening = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with open_house(Settings(data=folder, public_url=address)) as house:
        remembered = RememberedTokens(house.server.verifier)
        house.server.revocations.tell(remembered.forget)
        gateway = landscape.gateway(
            settings=Settings(data=folder, public_url=address),
            tokens=remembered,
            authorization=house.server,
            allowed_origins=house.server.allowed_origins,
            possession=house.server.proofs,
        )
        async with (
            serving(gateway, listening, protocol=GuardedProtocol),
            httpx.AsyncClient(base_url=address) as here,
            httpx.AsyncClient(base_url=address) as browsing,
        ):
            yield Front(house, address, here, Browser(browsing))


@pytest.fixture
async def front(tmp_path: Path, landscape: Landscape) -> AsyncGenerator[Front]:
    async with opened(tmp_path, landscape) as front:
        yield front


async def test_a_customer_reaches_the_shop_and_no_longer_after_signing_out(front: Front):
    shop, flow = front.house.shop, Flow(front.house.shop, "openid shop:read")
    browser = front.browser
    await browser.allow(flow, front.house.ada.email)
    assert flow.answer["iss"] == front.address
    form = {**flow.exchange(), "client_id": shop.client_id}
    tokens = (await front.here.post("/oauth/token", data=form)).json()
    assert (await front.call(tokens["access_token"])).status_code == 200
    assert (await front.call(tokens["access_token"])).status_code == 200
    await browser.http.get(f"/oauth/logout?id_token_hint={tokens['id_token']}")
    refused = await front.call(tokens["access_token"])
    assert refused.status_code == 401
    assert "revoked" in refused.json()["detail"]


async def test_a_token_of_another_issuer_is_refused(front: Front, house: House):
    token = (await house.token(house.partner, grant_type="client_credentials")).json()["access_token"]
    assert (await front.call(token)).status_code == 401


async def test_a_page_of_a_public_client_may_ask_for_tokens_from_the_browser(front: Front):
    origin = {"origin": "https://shop.example"}
    preflight = await front.here.options(
        "/oauth/token", headers={**origin, "access-control-request-method": "POST"}
    )
    assert preflight.status_code == 204
    answers = [preflight]
    for path in ["/oauth/jwks", "/.well-known/openid-configuration", "/oauth/userinfo"]:
        answers.append(await front.here.get(path, headers=origin))
    answers.append(await front.here.post("/oauth/token", headers=origin))
    for answer in answers:
        assert answer.headers.get_list("access-control-allow-origin") == ["https://shop.example"]
        assert "access-control-allow-credentials" not in answer.headers
    stranger = await front.here.get("/oauth/jwks", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers


async def test_the_pages_keep_their_own_policy_behind_the_gateway(front: Front):
    page = await front.here.get(Flow(front.house.shop, "shop:read").url())
    assert page.headers.get_list("content-security-policy") != []
    assert all("form-action 'self'" in policy for policy in page.headers.get_list("content-security-policy"))
    assert page.headers["referrer-policy"] == "same-origin"


@pytest.mark.blocking("Playwright starts its driver and looks for it on the disk")
async def test_a_person_signs_in_and_consents_in_a_real_browser_without_scripts(front: Front):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed here")
    back = f"{front.address}/callback"
    client = Registered(front.house.shop.client_id, None, back)
    flow = Flow(client, "openid shop:read")
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await (await browser.new_context(java_script_enabled=False)).new_page()
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(front.address + flow.url())
        assert await page.title() == "Sign in · Triptych"
        await page.get_by_label("E-mail address").fill(front.house.ada.email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Allow The Shop to act for you?").wait_for()
        assert await page.get_by_role("listitem").all_inner_texts() == [
            "Know that it is you",
            "See the offer",
        ]
        await page.get_by_role("button", name="Allow", exact=True).click()
        await page.wait_for_url(f"{back}?*")
        answer = dict(parse_qsl(urlsplit(page.url).query))
        await browser.close()
    assert answer["state"] == flow.state
    flow.answer = answer
    form = {**flow.exchange(), "client_id": client.client_id}
    assert (await front.here.post("/oauth/token", data=form)).status_code == 200
    assert [text for text in complaints if "Content Security Policy" in text] == []


@pytest.mark.blocking("Playwright starts its driver and looks for it on the disk")
async def test_a_person_adds_a_second_factor_in_a_real_browser_without_scripts(front: Front):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed here")
    house, complaints = front.house, list[str]()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await (await browser.new_context(java_script_enabled=False)).new_page()
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(f"{front.address}/oauth/account")
        await page.get_by_label("E-mail address").fill(house.ada.email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Add an authenticator app").click()
        picture = page.get_by_role("img", name="QR code for your authenticator app")
        drawn = await picture.bounding_box()
        secret = await house.server.factors.begin(house.ada.id)
        step = int(house.clock.read()) // totp.PERIOD
        await page.get_by_label("The six digits that the app shows").fill(totp.code(secret, step))
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Your recovery codes").wait_for()
        codes = await page.get_by_role("listitem").all_inner_texts()
        await page.get_by_role("link", name="I have kept them").click()
        await page.get_by_role("button", name="Sign out everywhere").click()
        await page.get_by_role("heading", name="You are signed out").wait_for()
        await browser.close()
    assert drawn is not None
    assert drawn["width"] > 150
    assert abs(drawn["width"] - drawn["height"]) < 1
    assert len(codes) == RECOVERY_CODES
    assert await house.server.factors.has(house.ada.id)
    assert complaints == []

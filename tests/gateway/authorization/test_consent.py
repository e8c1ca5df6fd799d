"""What users are asked, and how often."""

import pytest

from tests.gateway.authorization.browsing import Flow, Registered, returned
from tests.gateway.authorization.conftest import ISSUER, House
from triptych.problems import Unauthenticated


async def test_a_user_who_does_not_allow_it_sends_the_client_away(house: House):
    browser, flow = house.browser(), Flow(house.shop, "storefront:read")
    email = (await house.someone()).email
    consent = await browser.sign_in(await browser.get(flow.url()), email)
    answer = returned(await browser.submit(consent, action="deny"))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", flow.state, ISSUER)


async def test_who_has_consented_before_is_not_asked_again_but_for_more(house: House):
    browser, email = house.browser(), (await house.someone()).email
    await browser.allow(Flow(house.shop, "storefront:read"), email)
    assert "code" in returned(await browser.get(Flow(house.shop, "storefront:read").url()))
    more = await browser.get(Flow(house.shop, "storefront:read storefront:write").url())
    assert 'value="allow"' in more.text


async def test_a_client_can_have_the_user_asked_again(house: House):
    browser, email = house.browser(), (await house.someone()).email
    await browser.allow(Flow(house.shop, "storefront:read"), email)
    page = await browser.get(Flow(house.shop, "storefront:read", {"prompt": "consent"}).url())
    assert 'value="allow"' in page.text


async def test_consent_is_not_remembered_for_whatever_listens_on_a_port(house: House):
    browser, email = house.browser(), (await house.someone()).email
    on_a_port = Registered(house.shop.client_id, None, "http://127.0.0.1:51234/callback")
    await browser.allow(Flow(on_a_port, "storefront:read"), email)
    page = await browser.get(Flow(on_a_port, "storefront:read").url())
    assert 'value="allow"' in page.text


async def test_a_client_that_wants_no_page_is_told_that_one_is_needed(house: House):
    browser, email = house.browser(), (await house.someone()).email
    await browser.allow(Flow(house.shop, "storefront:read"), email)
    wanted = Flow(house.shop, "storefront:write", {"prompt": "none"})
    assert returned(await browser.get(wanted.url()))["error"] == "consent_required"
    silent = Flow(house.shop, "storefront:read", {"prompt": "none"})
    assert "code" in returned(await browser.get(silent.url()))


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
async def test_a_client_can_have_the_user_sign_in_again_once(house: House, prompt: str):
    browser, email = house.browser(), (await house.someone()).email
    await browser.allow(Flow(house.shop, "storefront:read"), email)
    again = Flow(house.shop, "storefront:read", {"prompt": prompt})
    assert 'name="password"' in (await browser.get(again.url())).text
    await browser.allow(again, email)
    assert "code" in again.answer


async def test_a_sign_in_that_is_too_old_for_the_client_is_done_again(fresh_house: House):
    house, browser = fresh_house, fresh_house.browser()
    await browser.allow(Flow(house.shop, "openid"), house.ada.email)
    house.clock.ahead = 120
    assert "code" in returned(await browser.get(Flow(house.shop, "openid", {"max_age": "180"}).url()))
    recent = Flow(house.shop, "openid", {"max_age": "60"})
    assert 'name="password"' in (await browser.get(recent.url())).text
    await browser.allow(recent, house.ada.email)
    tokens = (await house.token(house.shop, **recent.exchange())).json()
    keys = (await house.http.get("/oauth/jwks")).json()
    said = house.claims(tokens["id_token"], keys)
    assert said["iat"] - said["auth_time"] <= 60


async def test_a_user_can_withdraw_what_they_allowed_a_client(house: House):
    browser, user = house.browser(), await house.someone()
    flow = Flow(house.shop, "offline_access storefront:read")
    await browser.allow(flow, user.email)
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    await house.server.withdraw_consent(user.id, house.shop.client_id)
    with pytest.raises(Unauthenticated, match="revoked"):
        house.server.verifier.judge(tokens["access_token"])
    page = await browser.get(flow.url())
    assert 'value="allow"' in page.text

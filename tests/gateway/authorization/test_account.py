"""The account page: what was allowed and how it is taken back, and signing out everywhere."""

import httpx

from gateway.authorization.endpoints.account import PATH
from gateway.authorization.users import User
from tests.gateway.authorization.browsing import Browser, Flow, Form
from tests.gateway.authorization.conftest import Answers, House


async def at_home(house: House, user: User) -> tuple[Browser, httpx.Response]:
    browser = house.browser()
    return browser, await browser.sign_in(await browser.get(PATH), user.email)


async def allowed(
    house: House, browser: Browser, user: User, scope: str = "openid storefront:read"
) -> Answers:
    """What the shop got from this person."""
    flow = Flow(house.shop, scope)
    await browser.allow(flow, user.email)
    return (await house.token(house.shop, **flow.exchange())).json()


async def works(house: House, tokens: Answers) -> bool:
    answer = await house.http.get(
        "/oauth/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    return answer.status_code == 200


async def refreshes(house: House, tokens: Answers) -> bool:
    answer = await house.token(house.shop, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    return answer.status_code == 200


async def test_a_stranger_is_asked_to_sign_in(house: House):
    page = await house.browser().get(PATH)
    assert (page.status_code, 'name="password"' in page.text) == (200, True)
    assert "to continue to <strong>your account</strong>" in page.text


async def test_what_was_allowed_is_told_in_words_with_whom_and_since_when(house: House):
    user = await house.someone()
    browser, _ = await at_home(house, user)
    assert "No application may act for you" in (await browser.get(PATH)).text
    await allowed(house, browser, user)
    page = (await browser.get(PATH)).text
    assert "The Shop" in page
    assert "See what the shop sells" in page
    assert "Know that it is you" in page


async def test_what_is_withdrawn_ends_at_once_and_is_asked_for_again(house: House):
    user = await house.someone()
    browser, _ = await at_home(house, user)
    tokens = await allowed(house, browser, user)
    assert 'value="allow"' not in (await browser.get(Flow(house.shop, "openid storefront:read").url())).text
    page = await browser.submit(await browser.get(PATH), action="withdraw")
    assert "No application may act for you" in page.text
    assert not await works(house, tokens)
    assert not await refreshes(house, tokens)
    assert 'value="allow"' in (await browser.get(Flow(house.shop, "openid storefront:read").url())).text


async def test_signing_out_everywhere_ends_every_session_and_every_token(house: House):
    user = await house.someone()
    here, home = await at_home(house, user)
    there, _ = await at_home(house, user)
    tokens = [
        await allowed(house, browser, user, "openid storefront:read offline_access")
        for browser in (here, there)
    ]
    assert "in 2 browsers" in (await here.get(PATH)).text
    left = await here.submit(home, action="leave")
    assert "You are signed out" in left.text
    for browser in (here, there):
        assert 'name="password"' in (await browser.get(PATH)).text
    for one in tokens:
        assert not await works(house, one)
        assert not await refreshes(house, one)


async def test_other_peoples_sessions_and_tokens_stay(house: House):
    user, other = await house.someone(), await house.someone()
    browser, home = await at_home(house, user)
    elsewhere, _ = await at_home(house, other)
    tokens = await allowed(house, elsewhere, other)
    await browser.submit(home, action="leave")
    assert await works(house, tokens)
    assert "You are signed in" in (await elsewhere.get(PATH)).text


async def test_a_form_from_elsewhere_changes_nothing(house: House):
    user = await house.someone()
    browser, home = await at_home(house, user)
    fields = {**Form(home.text).fields, "action": "leave"}
    for change in ({"form_token": "x"}, {}):
        headers = {} if change else {"sec-fetch-site": "cross-site"}
        answer = await browser.http.post(PATH, data={**fields, **change}, headers=headers)
        assert answer.status_code == 403
    assert "You are signed in" in (await browser.get(PATH)).text


async def test_a_form_that_says_nothing_known_changes_nothing(house: House):
    user = await house.someone()
    browser, home = await at_home(house, user)
    for action in ("", "fly"):
        assert (await browser.submit(home, action=action)).status_code in (200, 400)
    withdrawn = await browser.submit(home, action="withdraw", client_id="client_none")
    assert withdrawn.status_code == 200
    assert "You are signed in" in (await browser.get(PATH)).text


async def test_the_page_may_run_no_script_and_nobody_may_frame_it(house: House):
    _, home = await at_home(house, await house.someone())
    policy = home.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in home.text
    assert "style=" not in home.text

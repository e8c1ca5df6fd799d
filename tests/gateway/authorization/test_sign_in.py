"""The pages: who gets in, who is slowed down, and what other sites cannot do."""

import asyncio
from pathlib import Path

import httpx
import pytest

from gateway.authorization.throttle import PAIR
from tests.gateway.authorization.browsing import PASSWORD, Flow, Form, Registered, returned
from tests.gateway.authorization.conftest import House, open_house
from triptych.settings import Settings


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(house: House):
    texts: list[str] = []
    for email in [(await house.someone()).email, "nobody@example.com"]:
        browser = house.browser()
        page = await browser.get(Flow(house.shop, "storefront:read", verifier="v" * 43, state="s").url())
        answer = await browser.sign_in(page, email, "not the password")
        assert answer.status_code == 400
        assert "do not belong together" in answer.text
        texts.append(answer.text.replace(email, "").replace(Form(answer.text).fields["form_token"], ""))
    assert texts[0] == texts[1]


async def test_who_guesses_has_to_wait_longer_each_time(fresh_house: House):
    house, browser = fresh_house, fresh_house.browser()
    page = await browser.get(Flow(house.shop, "storefront:read").url())
    for _ in range(PAIR.free):
        page = await browser.sign_in(page, house.ada.email, "guess")
        assert page.status_code == 400
    waits: list[int] = []
    for _ in range(5):
        page = await browser.sign_in(page, house.ada.email, "guess")
        assert page.status_code == 400
        page = await browser.sign_in(page, house.ada.email, PASSWORD)
        assert page.status_code == 429
        waits.append(int(page.headers["retry-after"]))
        assert f"try again in {waits[-1]} second" in page.text
        house.clock.ahead += waits[-1]
    assert waits == [1, 2, 4, 8, 16]
    page = await browser.sign_in(page, house.ada.email, PASSWORD)
    assert "code" in returned(await browser.submit(page, action="allow"))


async def test_success_makes_former_failures_forgotten(fresh_house: House):
    house, browser = fresh_house, fresh_house.browser()
    url = Flow(house.shop, "storefront:read", {"prompt": "login"}).url()
    for _ in range(3):
        page = await browser.get(url)
        for _ in range(PAIR.free - 1):
            page = await browser.sign_in(page, house.ada.email, "typo")
            assert page.status_code == 400
        page = await browser.sign_in(page, house.ada.email, PASSWORD)
        assert page.status_code == 200


async def test_many_guesses_at_once_gain_nothing(either_house: House):
    house, browser = either_house, either_house.browser()
    page = await browser.get(Flow(house.shop, "storefront:read").url())
    answers = await asyncio.gather(*(browser.sign_in(page, house.ada.email, f"guess {n}") for n in range(20)))
    looked_at = [answer for answer in answers if answer.status_code == 400]
    assert len(looked_at) == PAIR.free + 1
    assert {answer.status_code for answer in answers} == {400, 429}


async def test_guessing_one_account_does_not_slow_down_another(fresh_house: House):
    house, browser = fresh_house, fresh_house.browser()
    page = await browser.get(Flow(house.shop, "storefront:read").url())
    for _ in range(PAIR.free + 2):
        page = await browser.sign_in(page, "victim@example.com", "guess")
    assert page.status_code == 429
    assert (await browser.sign_in(page, house.ada.email, PASSWORD)).status_code == 200


async def test_the_audit_log_learns_of_logins_and_never_of_passwords(fresh_house: House):
    house, browser = fresh_house, fresh_house.browser()
    page = await browser.get(Flow(house.shop, "storefront:read").url())
    page = await browser.sign_in(page, house.ada.email, "guess-me")
    await browser.submit(await browser.sign_in(page, house.ada.email), action="allow")
    assert [name for name, _ in house.audit.events] == [
        "login.failed",
        "login.succeeded",
        "authorization.given",
    ]
    told = str(house.audit.events)
    assert house.ada.id in told
    assert "203.0.113.7" in told
    assert "guess-me" not in told
    assert PASSWORD not in told
    assert house.ada.email not in str(house.audit.of("login.failed"))


# --- what other sites cannot do ---


async def test_a_form_from_another_browser_is_refused(house: House):
    page = await house.browser().get(Flow(house.shop, "storefront:read").url())
    answer = await house.browser().sign_in(page, house.ada.email)
    assert answer.status_code == 403
    assert "Try again" in answer.text


async def test_a_form_of_one_request_does_not_serve_another(house: House):
    browser = house.browser()
    harmless = await browser.get(Flow(house.shop, "openid").url())
    greedy = Flow(house.shop, "storefront:write")
    fields = {**Form(harmless.text).fields, "action": "allow"}
    answer = await browser.http.post(greedy.url(), data=fields)
    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_posted_by_another_site_is_refused(house: House, site: str):
    browser = house.browser()
    page = await browser.get(Flow(house.shop, "storefront:read").url())
    form = Form(page.text)
    answer = await browser.http.post(
        form.action,
        data={**form.fields, "action": "sign-in", "email": house.ada.email, "password": PASSWORD},
        headers={"sec-fetch-site": site},
    )
    assert answer.status_code == 403
    assert "triptych-session" not in answer.headers.get("set-cookie", "")


async def test_a_session_that_the_browser_brought_along_is_not_taken_over(house: House):
    browser = house.browser()
    browser.http.cookies.set("triptych-session", "session_planted", domain="127.0.0.1")
    page = await browser.get(Flow(house.shop, "storefront:read").url())
    await browser.sign_in(page, house.ada.email)
    values = [cookie.value for cookie in browser.http.cookies.jar if cookie.name == "triptych-session"]
    assert "session_planted" not in values or len(values) == 2
    assert await house.server.sessions.find("session_planted") is None


async def test_who_signs_in_again_ends_the_former_session(house: House):
    browser = house.browser()
    await browser.allow(Flow(house.shop, "storefront:read"), house.ada.email)
    former = browser.http.cookies["triptych-session"]
    await browser.allow(Flow(house.shop, "storefront:read", {"prompt": "login"}), house.ada.email)
    assert browser.http.cookies["triptych-session"] != former
    assert await house.server.sessions.find(former) is None


async def test_somebody_else_can_sign_in_from_the_consent_page(house: House):
    browser = house.browser()
    flow = Flow(house.shop, "storefront:read", {"prompt": "consent"})
    consent = await browser.sign_in(await browser.get(flow.url()), house.ada.email)
    login = await browser.submit(consent, action="switch")
    assert 'name="password"' in login.text
    other = await house.someone()
    consent = await browser.sign_in(login, other.email)
    assert other.email in consent.text


async def test_allowing_after_the_session_has_ended_asks_to_sign_in_first(fresh_house: House):
    house, browser = fresh_house, fresh_house.browser()
    consent = await browser.sign_in(
        await browser.get(Flow(house.shop, "storefront:read").url()), house.ada.email
    )
    await house.server.sign_out_everywhere(house.ada.id)
    page = await browser.submit(consent, action="allow")
    assert page.status_code == 400
    assert "Please sign in again" in page.text


# --- the pages themselves ---


async def test_pages_run_no_scripts_and_may_not_be_framed(house: House):
    page = await house.browser().get(Flow(house.shop, "storefront:read").url())
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'self' https://shop.example" in policy
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text


async def test_pages_name_their_language_and_label_every_field(house: House):
    page = await house.browser().get(Flow(house.shop, "storefront:read").url())
    assert '<html lang="en">' in page.text
    for name in ["email", "password"]:
        assert f'<label for="{name}">' in page.text
        assert f'id="{name}"' in page.text
    assert "autofocus" in page.text


async def test_hostile_words_stay_words(house: House):
    made = await house.server.clients.add(
        "<script>alert(1)</script>",
        grants=["authorization_code"],
        scopes=["storefront:read"],
        plan="free",
        redirect_uris=["https://shop.example/callback"],
        public=True,
    )
    flow = Flow(Registered(*made), "storefront:read", {"login_hint": '"><img src=x>'})
    page = await house.browser().get(flow.url())
    assert "<script" not in page.text
    assert "<img" not in page.text


async def test_the_stylesheet_is_there_and_changes_its_address_with_its_content(house: House):
    page = await house.browser().get(Flow(house.shop, "storefront:read").url())
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    style = await house.http.get(address)
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]
    assert "?v=" in address


async def test_cookies_on_https_belong_to_this_host_alone(tmp_path: Path):
    settings = Settings(data=tmp_path, public_url="https://api.example")
    async with open_house(settings) as house:
        browser = house.browser()
        browser.http.base_url = httpx.URL("https://api.example")
        page = await browser.get(Flow(house.shop, "storefront:read").url())
        form = Form(page.text)
        fields = {**form.fields, "action": "sign-in", "email": house.ada.email, "password": PASSWORD}
        signed_in = await browser.http.post(form.action, data=fields)
    cookies = [*page.headers.get_list("set-cookie"), *signed_in.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "__Host-triptych-browser",
        "__Host-triptych-session",
    }
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "secure", "path=/", "samesite=lax"} == attributes


async def test_an_issuer_on_plain_http_is_refused_at_the_start(tmp_path: Path):
    for url in ["http://api.example", "https://api.example/base", "ftp://api.example"]:
        with pytest.raises(ValueError, match="TRIPTYCH_PUBLIC_URL"):
            async with open_house(Settings(data=tmp_path, public_url=url)):
                pass

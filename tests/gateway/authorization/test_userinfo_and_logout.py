"""Who the user is, and how they leave."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.gateway.authorization.browsing import Flow, returned
from tests.gateway.authorization.conftest import House
from triptych.problems import Unauthenticated

BYE = "https://shop.example/bye"


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", {"sub"}),
        ("openid profile", {"sub", "name", "customer_id"}),
        ("openid email", {"sub", "email"}),
    ],
)
async def test_a_client_learns_what_its_scopes_allow(house: House, scope: str, claims: set[str]):
    tokens = await house.tokens(house.shop, scope)
    for method in ["GET", "POST"]:
        answer = await house.http.request(
            method, "/oauth/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
        )
        assert answer.status_code == 200
        assert set(answer.json()) == claims
        assert answer.json()["sub"] == house.ada.id
        assert answer.headers["cache-control"] == "private, no-store"


async def test_a_token_without_openid_does_not_suffice(house: House):
    tokens = await house.tokens(house.shop, "storefront:read")
    answer = await house.http.get(
        "/oauth/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "bearer a.b.c", "DPoP x"])
async def test_without_a_valid_token_nobody_is_told_anything(house: House, header: str):
    answer = await house.http.get("/oauth/userinfo", headers={"authorization": header} if header else {})
    assert answer.status_code == 401
    way = "DPoP " if header.startswith("DPoP") else "Bearer "
    assert answer.headers["www-authenticate"].startswith(way)


async def test_a_client_signs_its_user_out_with_the_id_token(house: House):
    browser, flow = house.browser(), Flow(house.shop, "openid storefront:read")
    await browser.allow(flow, house.ada.email)
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    session = browser.http.cookies["triptych-session"]
    query = urlencode({"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE, "state": "s&1"})
    answer = await browser.http.get(f"/oauth/logout?{query}")
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == BYE
    assert parse_qs(target.query) == {"state": ["s&1"]}
    assert "triptych-session" not in browser.http.cookies
    assert await house.server.sessions.find(session) is None
    with pytest.raises(Unauthenticated, match="revoked"):
        house.server.verifier.judge(tokens["access_token"])
    page = await browser.get(Flow(house.shop, "storefront:read").url())
    assert 'name="password"' in page.text


async def test_access_while_away_outlives_signing_out(house: House):
    browser, flow = house.browser(), Flow(house.shop, "openid offline_access storefront:read")
    await browser.allow(flow, house.ada.email)
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    await browser.http.get(f"/oauth/logout?id_token_hint={tokens['id_token']}")
    answer = await house.token(house.shop, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.status_code == 200


async def test_signing_out_does_not_touch_other_sessions(house: House):
    here, there = Flow(house.shop, "openid storefront:read"), Flow(house.shop, "openid storefront:read")
    await house.browser().allow(here, house.ada.email)
    elsewhere = house.browser()
    await elsewhere.allow(there, house.ada.email)
    first = (await house.token(house.shop, **here.exchange())).json()
    second = (await house.token(house.shop, **there.exchange())).json()
    await house.http.get(f"/oauth/logout?id_token_hint={first['id_token']}")
    house.server.verifier.judge(second["access_token"])
    assert "code" in returned(await elsewhere.get(Flow(house.shop, "openid").url()))


async def test_without_an_id_token_the_user_is_asked_first(house: House):
    browser = house.browser()
    await browser.allow(Flow(house.shop, "storefront:read"), house.ada.email)
    session = browser.http.cookies["triptych-session"]
    question = await browser.get(f"/oauth/logout?{urlencode({'post_logout_redirect_uri': BYE})}")
    assert "Sign out?" in question.text
    assert await house.server.sessions.find(session) is not None
    gone = await browser.submit(question)
    assert gone.status_code == 200
    assert "You are signed out" in gone.text
    assert await house.server.sessions.find(session) is None


async def test_another_site_cannot_sign_the_user_out(house: House):
    browser = house.browser()
    await browser.allow(Flow(house.shop, "storefront:read"), house.ada.email)
    session = browser.http.cookies["triptych-session"]
    for token in ["", "x" * 64]:
        await browser.http.post("/oauth/logout", data={"form_token": token, "state": "x"})
    assert await house.server.sessions.find(session) is not None


@pytest.mark.parametrize(
    "uri",
    ["https://evil.example/bye", "https://shop.example/bye/", "https://shop.example/callback", "//evil"],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered_for_it(house: House, uri: str):
    tokens = await house.tokens(house.shop, "openid")
    query = urlencode({"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri})
    answer = await house.http.get(f"/oauth/logout?{query}")
    assert answer.status_code == 200
    assert "location" not in answer.headers


async def test_a_client_that_names_itself_in_two_ways_is_refused(house: House):
    tokens = await house.tokens(house.shop, "openid")
    query = urlencode({"id_token_hint": tokens["id_token"], "client_id": house.office.client_id})
    answer = await house.http.get(f"/oauth/logout?{query}")
    assert answer.status_code == 400


@pytest.mark.parametrize("hint", ["x", "a.b.c", "e30.e30.e30"])
async def test_a_hint_that_is_no_id_token_of_ours_counts_as_none(house: House, hint: str):
    tokens = await house.tokens(house.shop, "openid")
    for text in [hint, tokens["access_token"]]:
        answer = await house.http.get(
            f"/oauth/logout?{urlencode({'id_token_hint': text, 'post_logout_redirect_uri': BYE})}"
        )
        assert answer.status_code == 200
        assert "location" not in answer.headers
    house.server.verifier.judge(tokens["access_token"])


async def test_an_id_token_that_has_expired_still_signs_out(fresh_house: House):
    house = fresh_house
    tokens = await house.tokens(house.shop, "openid storefront:read")
    house.clock.ahead += 599
    house.server.verifier.judge(tokens["access_token"])
    house.clock.ahead += 10
    await house.http.get(f"/oauth/logout?id_token_hint={tokens['id_token']}")
    answer = await house.token(house.shop, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"


async def test_signing_out_everywhere_ends_all_sessions_and_tokens(fresh_house: House):
    house = fresh_house
    tokens = [await house.tokens(house.shop, "openid offline_access storefront:read") for _ in range(3)]
    await house.server.sign_out_everywhere(house.ada.id)
    for each in tokens:
        with pytest.raises(Unauthenticated, match="revoked"):
            house.server.verifier.judge(each["access_token"])
    assert house.audit.of("logout.everywhere") == [{"subject": house.ada.id}]

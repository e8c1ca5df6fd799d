"""The authorization code flow with PKCE, through the pages that a user sees."""

import asyncio
import logging
from urllib.parse import urlencode

import pytest

from gateway.authorization.lifetimes import Lifetimes
from tests.gateway.authorization.browsing import Flow, Registered, returned
from tests.gateway.authorization.conftest import ISSUER, House
from triptych.problems import Unauthenticated


async def test_a_customer_signs_in_consents_and_the_shop_gets_tokens_for_them(house: House):
    flow = Flow(house.shop, "openid profile storefront:read", {"nonce": "n-1"})
    browser = house.browser()
    login = await browser.get(flow.url())
    assert login.status_code == 200
    assert "The Shop" in login.text
    consent = await browser.sign_in(login, house.ada.email)
    assert "See what the shop sells" in consent.text
    flow.answer = returned(await browser.submit(consent, action="allow"))
    assert (flow.answer["state"], flow.answer["iss"]) == (flow.state, ISSUER)
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", Lifetimes().access_token)
    keys = (await house.http.get("/oauth/jwks")).json()
    said = house.claims(tokens["access_token"], keys)
    assert (said["sub"], said["client_id"]) == (house.ada.id, house.shop.client_id)
    assert (said["iss"], said["aud"], said["plan"]) == (ISSUER, ISSUER, "free")
    assert (said["customer_id"], said["scope"]) == ("cus_ada", "openid profile storefront:read")
    who = house.claims(tokens["id_token"], keys)
    assert (who["sub"], who["aud"], who["nonce"]) == (house.ada.id, house.shop.client_id, "n-1")
    assert (who["name"], who["customer_id"]) == ("Ada Lovelace", "cus_ada")


async def test_no_log_has_a_token_in_it_however_much_is_logged(
    house: House, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("authlib").getChild("oauth2").warning("this is heard")
        tokens = await house.tokens(house.shop, "openid storefront:read")
    assert "this is heard" in caplog.text
    for name in ["access_token", "refresh_token", "id_token"]:
        assert tokens[name] not in caplog.text


async def test_without_the_openid_scope_there_is_no_id_token(house: House):
    tokens = await house.tokens(house.shop, "storefront:read")
    assert "id_token" not in tokens


async def test_a_client_without_the_refresh_grant_gets_no_refresh_token(house: House):
    made = await house.server.clients.add(
        "Short",
        grants=["authorization_code"],
        scopes=["storefront:read"],
        plan="free",
        redirect_uris=["https://shop.example/callback"],
        public=True,
    )
    tokens = await house.tokens(Registered(*made), "storefront:read")
    assert "refresh_token" not in tokens


# --- state ---


async def test_the_state_comes_back_exactly_as_it_was_sent(house: House):
    state = "a b&c=d#e%41+\"'<script>/?:~"
    flow = Flow(house.shop, "storefront:read", state=state)
    await house.browser().allow(flow, house.ada.email)
    assert flow.answer["state"] == state


async def test_an_answer_to_another_request_is_told_by_its_state(house: House):
    one, other = Flow(house.shop, "storefront:read"), Flow(house.shop, "storefront:read")
    await house.browser().allow(one, house.ada.email)
    assert one.answer["state"] != other.state


async def test_a_request_without_state_is_answered_without_one(house: House):
    flow = await house.code(house.shop, "storefront:read", state="")
    assert set(flow.answer) == {"code", "iss"}


@pytest.mark.parametrize("state", ["caf\u00e9", "line\nbreak", "\x00", "\u202e"])
async def test_a_state_with_characters_that_none_may_have_is_refused_on_a_page(house: House, state: str):
    page = await house.browser().get(Flow(house.shop, "storefront:read", state=state).url())
    assert page.status_code == 400
    assert "location" not in page.headers


# --- the code is spent once, and bound to its request ---


async def test_a_wrong_verifier_burns_the_code(house: House):
    flow = await house.code(house.shop, "storefront:read")
    wrong = await house.token(house.shop, **flow.exchange(code_verifier="x" * 43))
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    right = await house.token(house.shop, **flow.exchange())
    assert (right.status_code, right.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "https://shop.example/other"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code": "code_unknown"}, "invalid_grant"),
        ({"code": ""}, "invalid_request"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ],
)
async def test_a_token_request_that_does_not_fit_its_code_is_refused(
    house: House, change: dict[str, str], error: str
):
    flow = await house.code(house.shop, "storefront:read")
    answer = await house.token(house.shop, **flow.exchange(**change))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_code_that_comes_twice_ends_what_came_of_it(house: House):
    flow = await house.code(house.shop, "storefront:read")
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    house.server.verifier.judge(tokens["access_token"])
    again = await house.token(house.shop, **flow.exchange())
    assert again.json()["error"] == "invalid_grant"
    with pytest.raises(Unauthenticated, match="revoked"):
        house.server.verifier.judge(tokens["access_token"])
    refreshed = await house.token(
        house.shop, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert refreshed.json()["error"] == "invalid_grant"


async def test_another_client_cannot_use_a_code_and_does_not_spoil_it(house: House):
    flow = await house.code(house.shop, "storefront:read")
    assert (await house.token(house.office, **flow.exchange())).json()["error"] == "invalid_grant"
    assert (await house.token(house.shop, **flow.exchange())).status_code == 200


async def test_a_code_expires_after_a_minute(fresh_house: House):
    flow = await fresh_house.code(fresh_house.shop, "storefront:read")
    fresh_house.clock.ahead = 61
    assert (await fresh_house.token(fresh_house.shop, **flow.exchange())).json()["error"] == "invalid_grant"


async def test_of_twenty_who_spend_one_code_at_once_one_succeeds(either_house: House):
    house = either_house
    for _ in range(3):
        flow = await house.code(house.shop, "storefront:read")
        answers = await asyncio.gather(*(house.token(house.shop, **flow.exchange()) for _ in range(20)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200, *[400] * 19]


async def test_a_confidential_client_needs_its_secret_and_pkce_too(house: House):
    flow = await house.code(house.office, "storefront:read")
    form = {**flow.exchange(), "client_id": house.office.client_id}
    assert (await house.http.post("/oauth/token", data=form)).json()["error"] == "invalid_client"
    assert (await house.token(house.office, **flow.exchange())).status_code == 200
    naked = Flow(house.office, "storefront:read", {"code_challenge": "", "code_challenge_method": ""})
    answer = returned(await house.browser().get(naked.url()))
    assert answer["error"] == "invalid_request"
    assert "PKCE" in answer["error_description"]


# --- what a client may ask for ---


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "too-short"}, "invalid_request"),
        ({"scope": "storefront:read nonsense"}, "invalid_scope"),
        ({"scope": "console:admin"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"max_age": "soon"}, "invalid_request"),
    ],
)
async def test_a_client_that_asks_for_what_it_may_not_is_told_so(
    house: House, more: dict[str, str], error: str
):
    flow = Flow(house.shop, "storefront:read", more)
    answer = returned(await house.browser().get(flow.url()))
    assert answer["error"] == error
    assert (answer["state"], answer["iss"]) == (flow.state, ISSUER)


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "https://shop.example/callback/"},
        {"redirect_uri": "https://shop.example/callback?x=1"},
        {"redirect_uri": "https://shop.example:443/callback"},
        {"redirect_uri": "https://shop.example@evil.example/callback"},
        {"redirect_uri": "https://shop.example/callback#x"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://localhost/callback"},
        {"redirect_uri": "http://127.0.0.1.evil.example/callback"},
        {"redirect_uri": "https://shop.example/call\"back'"},
    ],
)
async def test_nobody_is_ever_sent_to_an_address_that_is_not_registered(house: House, more: dict[str, str]):
    page = await house.browser().get(Flow(house.shop, "storefront:read", more).url())
    assert page.status_code == 400
    assert "location" not in page.headers
    assert "text/html" in page.headers["content-type"]


async def test_a_repeated_parameter_is_refused(house: House):
    flow = Flow(house.shop, "storefront:read")
    page = await house.browser().get(flow.url() + "&" + urlencode({"redirect_uri": "https://evil.example"}))
    assert page.status_code == 400
    assert "location" not in page.headers


async def test_a_program_on_the_users_machine_may_listen_on_any_port(house: House):
    on_a_port = Registered(house.shop.client_id, None, "http://127.0.0.1:51234/callback")
    flow = await house.code(on_a_port, "storefront:read")
    assert (await house.token(on_a_port, **flow.exchange())).status_code == 200


async def test_without_a_wish_the_client_gets_its_own_scopes_and_nothing_of_openid(house: House):
    tokens = await house.tokens(house.shop, "")
    assert tokens["scope"] == "storefront:read storefront:write shop:read"


async def test_a_user_gives_away_no_more_than_they_have(house: House):
    tokens = await house.tokens(house.office, "storefront:read partner:read console:admin")
    assert tokens["scope"] == "storefront:read"


async def test_a_user_who_may_do_nothing_of_what_is_asked_gives_no_access(house: House):
    browser, flow = house.browser(), Flow(house.office, "console:admin")
    answer = returned(await browser.sign_in(await browser.get(flow.url()), house.ada.email))
    assert answer["error"] == "access_denied"

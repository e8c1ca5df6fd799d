"""Attacks on OAuth by their names (RFC 9700, RFC 6819), each as the attacker would go about it."""

import base64
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.gateway.authorization.browsing import PASSWORD, SHOP_REDIRECT, Flow, Registered, returned
from tests.gateway.authorization.conftest import ISSUER, House
from triptych.problems import Unauthenticated


async def userinfo(house: House, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return (await house.http.get("/oauth/userinfo", headers=headers)).status_code


# --- mix-up (RFC 9700 section 4.4) ---


async def test_mix_up_every_answer_names_who_gives_it(house: House):
    given = (await house.code(house.shop, "openid")).answer
    wrong = returned(await house.browser().get(Flow(house.shop, "console:admin").url()))
    silent = Flow(house.shop, "openid", {"prompt": "none"})
    for answer in [given, wrong, returned(await house.browser().get(silent.url()))]:
        assert answer["iss"] == ISSUER
    metadata = (await house.http.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["issuer"] == ISSUER


# --- code injection (RFC 9700 section 4.5) ---


async def test_code_injection_a_stolen_code_is_worth_nothing_in_the_attackers_session(house: House):
    victim = await house.code(house.shop, "openid", nonce="the victim's")
    attacker = Flow(house.shop, "openid", {"nonce": "the attacker's"})
    stolen = {**victim.exchange(), "code_verifier": attacker.verifier}
    answer = await house.token(house.shop, **stolen)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert (await house.token(house.shop, **victim.exchange())).status_code == 400  # and it is burnt


async def test_code_injection_the_nonce_is_that_of_the_request(house: House):
    flow = await house.code(house.shop, "openid", nonce="of the request")
    tokens = (await house.token(house.shop, **flow.exchange(), nonce="of the attacker")).json()
    payload = tokens["id_token"].split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["nonce"] == "of the request"


async def test_code_injection_a_code_is_of_the_client_that_it_was_given_to(house: House):
    flow = await house.code(house.shop, "openid")
    answer = await house.token(house.office, **flow.exchange())
    assert answer.json()["error"] == "invalid_grant"


# --- PKCE downgrade (RFC 9700 section 4.8.2) ---


@pytest.mark.parametrize(
    "less",
    [
        {"code_challenge": ""},
        {"code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "x"},
        {"code_challenge": "", "code_challenge_method": ""},
    ],
)
async def test_pkce_downgrade_no_request_does_without(house: House, less: dict[str, str]):
    for client in [house.shop, house.office]:
        answer = returned(await house.browser().get(Flow(client, "openid", less).url()))
        assert answer["error"] == "invalid_request"


@pytest.mark.parametrize("verifier", ["", "x", "x" * 129, None])
async def test_pkce_downgrade_no_code_is_exchanged_without_its_verifier(house: House, verifier: str | None):
    for client in [house.shop, house.office]:
        form = (await house.code(client, "openid")).exchange()
        form.pop("code_verifier")
        answer = await house.token(
            client, **form, **({} if verifier is None else {"code_verifier": verifier})
        )
        assert answer.json()["error"] in ("invalid_grant", "invalid_request")


async def test_pkce_downgrade_the_challenge_itself_is_no_verifier(house: House):
    flow = await house.code(house.shop, "openid")
    answer = await house.token(house.shop, **{**flow.exchange(), "code_verifier": flow.challenge})
    assert answer.json()["error"] == "invalid_grant"


# --- redirect tricks (RFC 9700 section 4.1) ---


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        "https://shop.example.evil.example/callback",
        "https://shop.example@evil.example/callback",
        "https://evil.example/https://shop.example/callback",
        "https://shop.example/callback/",
        "https://shop.example/callback/../evil",
        "https://shop.example/callback?next=https://evil.example",
        "https://shop.example/callback#x",
        "https://shop.example/CALLBACK",
        "https://SHOP.example/callback",
        "https://shop.example:443/callback",
        "https://shop.example/%63allback",
        "https://shop.example\\@evil.example/callback",
        "https://shop.example/callback\r\nlocation: https://evil.example",
        "https://shop.example/callback\x00",
        "https://shop.example/callback ",
        "http://shop.example/callback",
        "//shop.example/callback",
        "javascript:alert(1)//https://shop.example/callback",
        "https://sh\u043ep.example/callback",
        "http://localhost/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1/callback/x",
        "http://[::1]/callback",
        "",
    ],
)
async def test_redirect_tricks_nobody_is_sent_there(house: House, uri: str):
    url = Flow(house.shop, "openid", {"redirect_uri": "X"}).url()
    page = await house.browser().get(url.replace("redirect_uri=X", f"redirect_uri={quote(uri, safe='')}"))
    assert page.status_code == 400
    assert "location" not in page.headers


async def test_redirect_tricks_a_code_is_exchanged_with_the_address_that_it_went_to(house: House):
    flow = await house.code(house.shop, "openid")
    form = {**flow.exchange(), "redirect_uri": "http://127.0.0.1/callback"}
    assert (await house.token(house.shop, **form)).json()["error"] == "invalid_grant"


async def test_redirect_tricks_a_posted_password_is_never_repeated_elsewhere(house: House):
    """A 307 would have the browser post it on (RFC 9700 section 4.12)."""
    person, browser = await house.someone(), house.browser()
    page = await browser.get(Flow(house.shop, "storefront:read").url())
    page = await browser.sign_in(page, person.email, PASSWORD)
    page = await browser.submit(page, action="allow")
    assert page.status_code == 303
    assert page.headers["location"].startswith(SHOP_REDIRECT + "?")


# --- scope upgrade ---


async def test_scope_upgrade_not_at_the_token_endpoint(house: House):
    flow = await house.code(house.shop, "storefront:read")
    tokens = await house.token(house.shop, **flow.exchange(), scope="storefront:read storefront:write")
    assert tokens.json().get("scope", "storefront:read") == "storefront:read"


async def test_scope_upgrade_not_in_the_form_that_is_posted(house: House):
    person, browser = await house.someone(), house.browser()
    flow = Flow(house.shop, "storefront:read")
    page = await browser.sign_in(await browser.get(flow.url()), person.email)
    page = await browser.submit(page, action="allow", scope="storefront:read storefront:write")
    flow.answer = returned(page)
    assert (await house.token(house.shop, **flow.exchange())).json()["scope"] == "storefront:read"


async def test_scope_upgrade_not_in_the_address_of_the_form(house: House):
    person, browser = await house.someone(), house.browser()
    page = await browser.sign_in(await browser.get(Flow(house.shop, "storefront:read").url()), person.email)
    wider = page.text.replace("storefront%3Aread", "storefront%3Awrite")
    assert wider != page.text
    forged = httpx.Response(page.status_code, text=wider)
    assert (await browser.submit(forged, action="allow")).status_code == 403


# --- one thing in place of another ---


async def test_token_substitution_nothing_passes_for_an_access_token(house: House):
    flow = await house.code(house.shop, "openid")
    code = flow.answer["code"]
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    for other in [code, tokens["refresh_token"], tokens["id_token"], house.office.secret or "x"]:
        assert await userinfo(house, other) == 401
        with pytest.raises(Unauthenticated):
            await house.server.bearer.verify(other)


async def test_token_substitution_nothing_passes_for_a_refresh_token_or_a_code(house: House):
    flow = await house.code(house.shop, "openid")
    code = flow.answer["code"]
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    for other in [code, tokens["access_token"], tokens["id_token"]]:
        answer = await house.token(house.shop, grant_type="refresh_token", refresh_token=other)
        assert answer.json()["error"] == "invalid_grant"
    for other in [tokens["refresh_token"], tokens["access_token"]]:
        answer = await house.token(house.shop, **{**flow.exchange(), "code": other})
        assert answer.json()["error"] == "invalid_grant"


async def test_token_substitution_a_clients_own_token_is_no_users(house: House):
    token = (await house.token(house.office, grant_type="client_credentials")).json()["access_token"]
    assert await userinfo(house, token) in (401, 403)


async def test_client_confusion_a_client_with_a_persons_id_is_not_that_person(house: House):
    """A client's token has its id as subject, and must not pass for a person (RFC 9700 section 4.15)."""
    person = await house.someone()
    made = Registered(
        *await house.server.clients.add(
            "Bob",
            client_id=person.id,
            grants=["client_credentials"],
            scopes=["storefront:read", "openid"],
            plan="free",
        )
    )
    answer = await house.token(made, grant_type="client_credentials", scope="storefront:read")
    said = await house.server.bearer.verify(answer.json()["access_token"])
    assert said.customer_id is None
    assert await userinfo(house, answer.json()["access_token"]) == 403
    openid = await house.token(made, grant_type="client_credentials", scope="openid")
    assert openid.json()["error"] == "invalid_scope"

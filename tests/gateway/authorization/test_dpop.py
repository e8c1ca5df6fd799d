"""Tokens that are bound to a key: worth nothing to anybody else, wherever they are asked for."""

import asyncio
from typing import Any

import httpx
import pytest

from gateway.authorization.public_keys import ALGORITHMS
from tests.gateway.authorization.browsing import SHOP_REDIRECT, Flow, Registered, returned
from tests.gateway.authorization.conftest import ISSUER, Answers, House, open_house
from tests.gateway.authorization.signing import Signer, signer
from triptych.settings import Settings

TOKEN = f"{ISSUER}/oauth/token"
GRANT = {"grant_type": "client_credentials"}


async def nonce_of(house: House) -> str:
    """What the server says when a proof has none."""
    proof = Signer.new().proof("POST", TOKEN, house.clock.read())
    answer = await house.http.post("/oauth/token", data=GRANT, headers={"dpop": proof})
    assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
    return answer.headers["dpop-nonce"]


async def ask(house: House, client: Registered, proof: str | None, **form: str) -> httpx.Response:
    headers = {} if proof is None else {"dpop": proof}
    if client.secret is None:
        data = {"client_id": client.client_id, **form}
        return await house.http.post("/oauth/token", data=data, headers=headers)
    return await house.http.post("/oauth/token", data=form, headers=headers, auth=client.basic)


async def proof(house: House, key: Signer, **other: Any) -> str:
    said: dict[str, Any] = {"nonce": await nonce_of(house), **other}
    return key.proof("POST", TOKEN, house.clock.read(), **said)


async def bound(house: House, key: Signer, client: Registered, **form: str) -> Answers:
    answer = await ask(house, client, await proof(house, key), **(form or GRANT))
    assert answer.status_code == 200, answer.text
    return answer.json()


def bound_to(house: House, tokens: Answers) -> str | None:
    return house.server.verifier.judge(tokens["access_token"]).thumbprint


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_is_bound_to_the_key_that_was_proved(house: House, algorithm: str):
    key = signer(algorithm)
    tokens = await bound(house, key, house.partner)
    assert tokens["token_type"] == "DPoP"
    assert bound_to(house, tokens) == key.thumbprint
    jwks = (await house.http.get("/oauth/jwks")).json()
    assert house.claims(tokens["access_token"], jwks)["cnf"] == {"jkt": key.thumbprint}
    known = await house.http.post(
        "/oauth/introspect", data={"token": tokens["access_token"]}, auth=house.partner.basic
    )
    assert known.json()["cnf"] == {"jkt": key.thumbprint}
    assert known.json()["token_type"] == "DPoP"


async def test_without_a_proof_a_token_is_a_bearer_token(house: House):
    tokens = (await ask(house, house.partner, None, **GRANT)).json()
    assert (tokens["token_type"], bound_to(house, tokens)) == ("Bearer", None)


async def test_a_nonce_lasts_five_minutes_and_then_five_more(fresh_house: House):
    house, key = fresh_house, Signer.new()
    house.clock.ahead += 300 - house.clock.read() % 300  # the very beginning of its time
    nonce = await nonce_of(house)

    async def use(nonce: str) -> httpx.Response:
        made = key.proof("POST", TOKEN, house.clock.read(), nonce=nonce)
        return await ask(house, house.partner, made, **GRANT)

    assert "dpop-nonce" not in (await use(nonce)).headers
    house.clock.ahead += 310
    later = await use(nonce)
    assert later.status_code == 200
    fresh = later.headers["dpop-nonce"]
    assert fresh != nonce
    house.clock.ahead += 300
    assert (await use(nonce)).json()["error"] == "use_dpop_nonce"
    assert (await use(fresh)).status_code == 200


async def test_every_gateway_takes_the_nonce_of_another(fresh_house: House, tmp_path: Any):
    house, key = fresh_house, Signer.new()
    async with open_house(Settings(data=tmp_path, public_url=ISSUER), house.name) as other:
        made = key.proof("POST", TOKEN, other.clock.read(), nonce=await nonce_of(house))
        assert (await ask(other, other.partner, made, **GRANT)).status_code == 200
        assert (await ask(house, house.partner, made, **GRANT)).status_code == 400


async def test_nonces_can_be_left_out_where_the_settings_say_so(tmp_path: Any):
    settings = Settings(data=tmp_path, public_url=ISSUER, dpop_nonces=False)
    async with open_house(settings) as house:
        made = Signer.new().proof("POST", TOKEN, house.clock.read())
        assert (await ask(house, house.partner, made, **GRANT)).status_code == 200
        made = Signer.new().proof("POST", TOKEN, house.clock.read(), nonce="made-up")
        assert (await ask(house, house.partner, made, **GRANT)).json()["error"] == "use_dpop_nonce"


async def test_a_proof_counts_once(either_house: House):
    house = either_house
    for _ in range(3):
        made = await proof(house, Signer.new())
        answers = await asyncio.gather(*(ask(house, house.partner, made, **GRANT) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19


@pytest.mark.parametrize("htu", [f"{TOKEN}?x=1#y", f"{ISSUER}/%6fauth/token", TOKEN.replace("http", "HTTP")])
async def test_the_same_address_in_other_letters_is_the_same(house: House, htu: str):
    made = await proof(house, Signer.new(), htu=htu)
    assert (await ask(house, house.partner, made, **GRANT)).status_code == 200


async def test_more_than_one_proof_is_none(house: House):
    proofs = [("dpop", await proof(house, Signer.new())) for _ in range(2)]
    answer = await house.http.post("/oauth/token", data=GRANT, headers=proofs, auth=house.partner.basic)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_a_refused_proof_leaves_the_code_as_it_is(house: House):
    flow = await house.code(house.shop, "storefront:read")
    assert (await ask(house, house.shop, "x", **flow.exchange())).status_code == 400
    tokens = await bound(house, Signer.new(), house.shop, **flow.exchange())
    assert tokens["token_type"] == "DPoP"


async def test_a_public_clients_refresh_token_is_bound_too(either_house: House):
    house, key = either_house, Signer.new()
    flow = await house.code(house.shop, "openid storefront:read")
    tokens = await bound(house, key, house.shop, **flow.exchange())
    for _ in range(2):
        grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        for other in [None, await proof(house, Signer.new())]:
            answer = await ask(house, house.shop, other, **grant)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        tokens = await bound(house, key, house.shop, **grant)
        assert bound_to(house, tokens) == key.thumbprint


async def test_a_confidential_client_may_change_its_key(house: House):
    first, second = Signer.new(), Signer.new()
    flow = await house.code(house.office, "storefront:read")
    tokens = await bound(house, first, house.office, **flow.exchange())
    grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    tokens = await bound(house, second, house.office, **grant)
    assert bound_to(house, tokens) == second.thumbprint


async def test_a_public_client_that_begins_to_prove_a_key_is_bound_from_then_on(house: House):
    key, tokens = Signer.new(), await house.tokens(house.shop, "storefront:read")
    grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    tokens = await bound(house, key, house.shop, **grant)
    grant["refresh_token"] = tokens["refresh_token"]
    assert (await ask(house, house.shop, None, **grant)).status_code == 400


async def test_a_code_may_be_bound_to_a_key_from_the_start(house: House):
    key = Signer.new()
    for stolen in [None, await proof(house, Signer.new())]:
        flow = await house.code(house.shop, "storefront:read", dpop_jkt=key.thumbprint)
        answer = await ask(house, house.shop, stolen, **flow.exchange())
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        burnt = await ask(house, house.shop, await proof(house, key), **flow.exchange())
        assert burnt.json()["error"] == "invalid_grant"
    flow = await house.code(house.shop, "storefront:read", dpop_jkt=key.thumbprint)
    assert bound_to(house, await bound(house, key, house.shop, **flow.exchange())) == key.thumbprint


@pytest.mark.parametrize("odd", ["x", "x" * 44, "=" * 43])
async def test_a_code_cannot_be_bound_to_what_is_no_key(house: House, odd: str):
    flow = Flow(house.shop, "storefront:read", {"dpop_jkt": odd})
    assert returned(await house.browser().get(flow.url()))["error"] == "invalid_request"


async def test_a_proof_with_a_pushed_request_binds_its_code(house: House):
    key, flow = Signer.new(), Flow(house.shop, "storefront:read")
    par = f"{ISSUER}/oauth/par"

    async def push(key: Signer, **more: str) -> httpx.Response:
        made = key.proof("POST", par, house.clock.read(), nonce=await nonce_of(house))
        return await house.http.post("/oauth/par", data=flow.parameters() | more, headers={"dpop": made})

    assert (await push(key, dpop_jkt=Signer.new().thumbprint)).json()["error"] == "invalid_request"
    request_uri = (await push(key)).json()["request_uri"]
    browser, said = house.browser(), {"client_id": house.shop.client_id, "request_uri": request_uri}
    page = await browser.sign_in(
        await browser.get(str(httpx.URL("/oauth/authorize", params=said))), house.ada.email
    )
    page = await browser.submit(page, action="allow") if 'value="allow"' in page.text else page
    flow.answer = returned(page)
    thief = await ask(house, house.shop, await proof(house, Signer.new()), **flow.exchange())
    assert thief.json()["error"] == "invalid_grant"


async def test_a_client_may_be_held_to_bound_tokens(house: House):
    made = Registered(
        *await house.server.clients.add(
            "Careful",
            grants=["client_credentials", "authorization_code"],
            scopes=["storefront:read"],
            plan="free",
            redirect_uris=[SHOP_REDIRECT],
            bound_tokens_only=True,
        )
    )
    answer = await ask(house, made, None, **GRANT)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    flow = await house.code(made, "storefront:read")
    assert (await ask(house, made, None, **flow.exchange())).json()["error"] == "invalid_dpop_proof"
    await bound(house, Signer.new(), made, **flow.exchange())  # the code was not spent


async def test_the_users_data_are_told_to_the_holder_of_the_key(house: House):
    key, flow = Signer.new(), await house.code(house.shop, "openid storefront:read")
    token = (await bound(house, key, house.shop, **flow.exchange()))["access_token"]
    nonce, address = await nonce_of(house), f"{ISSUER}/oauth/userinfo"

    async def userinfo(proof: str | None, scheme: str = "DPoP") -> httpx.Response:
        headers = {"authorization": f"{scheme} {token}", **({"dpop": proof} if proof else {})}
        return await house.http.get("/oauth/userinfo", headers=headers)

    def made(key: Signer, token: str = token) -> str:
        return key.proof("GET", address, house.clock.read(), nonce=nonce, token=token)

    assert (await userinfo(made(key))).json()["sub"] == house.ada.id
    for refused in [
        await userinfo(None),
        await userinfo(made(key), "Bearer"),
        await userinfo(None, "Bearer"),
        await userinfo(made(Signer.new())),
        await userinfo(made(key, token="")),
        await userinfo(made(key, token="another")),
    ]:
        assert refused.status_code == 401
        assert "error=" in refused.headers["www-authenticate"]
    asked = await userinfo(key.proof("GET", address, house.clock.read(), token=token))
    assert 'error="use_dpop_nonce"' in asked.headers["www-authenticate"]
    assert asked.headers["dpop-nonce"] == nonce
    bearer = (await house.tokens(house.shop, "openid"))["access_token"]
    headers = {"authorization": f"DPoP {bearer}", "dpop": made(key, token=bearer)}
    assert (await house.http.get("/oauth/userinfo", headers=headers)).status_code == 401


async def test_what_is_spent_is_forgotten_when_it_would_be_refused_anyway(fresh_house: House):
    house = fresh_house
    made = await proof(house, Signer.new())
    assert (await ask(house, house.partner, made, **GRANT)).status_code == 200
    house.clock.ahead += 120
    await house.server.spent.sweep()
    assert await house.server.spent.spend("dpop", "x", "y", house.clock.read())
    assert (await ask(house, house.partner, made, **GRANT)).status_code == 400

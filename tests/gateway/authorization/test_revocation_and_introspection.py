"""Calling tokens back, and asking what they are worth."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.gateway.authorization.browsing import Registered
from tests.gateway.authorization.conftest import ISSUER, Answers, House, open_house
from triptych.problems import Unauthenticated
from triptych.settings import Settings


async def introspect(house: House, token: str, asking: Registered) -> Answers:
    answer = await house.http.post("/oauth/introspect", data={"token": token}, auth=asking.basic)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def revoke(house: House, token: str, by: Registered, **more: str) -> int:
    form = {"token": token, **more}
    if by.secret is None:
        answer = await house.http.post("/oauth/revoke", data={**form, "client_id": by.client_id})
    else:
        answer = await house.http.post("/oauth/revoke", data=form, auth=by.basic)
    return answer.status_code


async def test_a_client_learns_what_its_access_token_is_worth(house: House):
    tokens = await house.tokens(house.office, "openid storefront:read")
    said = await introspect(house, tokens["access_token"], house.office)
    assert said["active"] is True
    assert (said["client_id"], said["sub"]) == (house.office.client_id, house.ada.id)
    assert (said["iss"], said["aud"], said["token_type"]) == (ISSUER, ISSUER, "Bearer")
    assert (said["scope"], said["customer_id"]) == ("openid storefront:read", "cus_ada")
    assert said["exp"] - said["iat"] == 600


async def test_a_refresh_token_is_active_until_it_is_spent(house: House):
    tokens = await house.tokens(house.office, "storefront:read")
    token = tokens["refresh_token"]
    assert (await introspect(house, token, house.office))["active"] is True
    await house.token(house.office, grant_type="refresh_token", refresh_token=token)
    assert await introspect(house, token, house.office) == {"active": False}


async def test_introspection_does_not_count_as_use(house: House):
    tokens = await house.tokens(house.office, "storefront:read")
    for _ in range(2):
        await introspect(house, tokens["refresh_token"], house.office)
    answer = await house.token(
        house.office, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "x" * 9000])
async def test_what_is_no_token_is_not_active(house: House, token: str):
    answer = await house.http.post("/oauth/introspect", data={"token": token}, auth=house.office.basic)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.json() == {"active": False}


async def test_a_client_learns_nothing_about_the_tokens_of_others(house: House):
    tokens = await house.tokens(house.shop, "storefront:read")
    for token in [tokens["access_token"], tokens["refresh_token"]]:
        assert await introspect(house, token, house.partner) == {"active": False}


async def test_a_client_that_guards_resources_may_ask_about_every_token(house: House):
    made = await house.server.clients.add(
        "Guard", grants=["client_credentials"], scopes=["tokens:introspect"], plan="internal"
    )
    tokens = await house.tokens(house.shop, "storefront:read")
    said = await introspect(house, tokens["access_token"], Registered(*made))
    assert said["client_id"] == house.shop.client_id


async def test_who_asks_has_to_prove_who_they_are(house: House):
    for form in [{"token": "x"}, {"token": "x", "client_id": house.shop.client_id}]:
        answer = await house.http.post("/oauth/introspect", data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_revoked_access_token_is_worth_nothing_at_once_and_alone(house: House):
    tokens = await house.tokens(house.office, "storefront:read")
    house.server.verifier.judge(tokens["access_token"])
    assert await revoke(house, tokens["access_token"], house.office) == 200
    with pytest.raises(Unauthenticated, match="revoked"):
        house.server.verifier.judge(tokens["access_token"])
    assert await introspect(house, tokens["access_token"], house.office) == {"active": False}
    answer = await house.token(
        house.office, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert answer.status_code == 200


async def test_with_a_refresh_token_ends_everything_that_was_allowed(house: House):
    tokens = await house.tokens(house.shop, "storefront:read")
    assert await revoke(house, tokens["refresh_token"], house.shop) == 200
    with pytest.raises(Unauthenticated, match="revoked"):
        house.server.verifier.judge(tokens["access_token"])
    answer = await house.token(house.shop, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"
    assert await revoke(house, tokens["refresh_token"], house.shop) == 200


async def test_the_hint_may_be_wrong(house: House):
    tokens = await house.tokens(house.shop, "storefront:read")
    assert await revoke(house, tokens["access_token"], house.shop, token_type_hint="nonsense") == 200
    assert await revoke(house, tokens["refresh_token"], house.shop, token_type_hint="access_token") == 200
    answer = await house.token(house.shop, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"


async def test_a_client_cannot_revoke_the_tokens_of_others(house: House):
    tokens = await house.tokens(house.shop, "storefront:read")
    for token in [tokens["access_token"], tokens["refresh_token"]]:
        assert await revoke(house, token, house.partner) == 400
    house.server.verifier.judge(tokens["access_token"])


async def test_without_a_token_there_is_nothing_to_do(house: House):
    for path in ["/oauth/revoke", "/oauth/introspect"]:
        answer = await house.http.post(path, data={"token": ""}, auth=house.office.basic)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_revoking_what_is_no_token_succeeds(house: House):
    assert await revoke(house, "never-was", house.partner) == 200


async def test_revocations_are_told_to_whoever_remembers_tokens(fresh_house: House):
    house, told = fresh_house, list[tuple[str, str, str]]()

    def forget(*, jti: str = "", client: str = "", subject: str = "") -> None:
        told.append((jti, client, subject))

    house.server.revocations.tell(forget)
    tokens = await house.tokens(house.shop, "storefront:read")
    jti = house.server.verifier.judge(tokens["access_token"]).jti
    await revoke(house, tokens["access_token"], house.shop)
    await revoke(house, tokens["refresh_token"], house.shop)
    await house.server.disable_client(house.partner.client_id)
    assert told == [(jti, "", ""), ("", "", house.ada.id), ("", house.partner.client_id, "")]
    assert house.audit.of("token.revoked")[0]["jti"] == jti


async def test_every_gateway_feels_a_revocation_within_a_second(tmp_path: Path, postgres_url: str):
    settings = Settings(data=tmp_path, public_url=ISSUER, database_url=SecretStr(postgres_url))
    async with open_house(settings) as here, open_house(settings, name=here.name) as there:
        tokens = await here.tokens(here.shop, "storefront:read")
        there.server.verifier.judge(tokens["access_token"])
        heard = asyncio.Event()

        def forget(*, jti: str = "", client: str = "", subject: str = "") -> None:
            heard.set()

        there.server.revocations.tell(forget)
        await revoke(here, tokens["access_token"], here.shop)
        async with asyncio.timeout(10):
            await heard.wait()
        with pytest.raises(Unauthenticated, match="revoked"):
            there.server.verifier.judge(tokens["access_token"])


async def test_a_revocation_is_forgotten_when_the_token_would_have_expired(fresh_house: House):
    house = fresh_house
    tokens = await house.tokens(house.shop, "storefront:read")
    said = house.server.verifier.judge(tokens["access_token"])
    await revoke(house, tokens["access_token"], house.shop)
    house.clock.ahead += 700
    await house.server.revocations.refresh()
    assert not house.server.revocations.covers(said.jti, "", said.client_id, said.issued_at)
    with pytest.raises(Unauthenticated, match="expired"):
        house.server.verifier.judge(tokens["access_token"])

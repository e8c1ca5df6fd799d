"""Refresh tokens: each is used once, and one that comes twice ends everything that came of it."""

import asyncio

import pytest

from tests.gateway.authorization.browsing import Registered
from tests.gateway.authorization.conftest import Answers, House
from triptych.problems import Unauthenticated


async def refresh(house: House, client: Registered, token: str, **more: str) -> tuple[int, Answers]:
    answer = await house.token(client, grant_type="refresh_token", refresh_token=token, **more)
    return answer.status_code, answer.json()


async def test_each_refresh_gives_a_new_refresh_token(house: House):
    tokens = await house.tokens(house.shop, "openid storefront:read")
    for _ in range(3):
        former = tokens["refresh_token"]
        status, tokens = await refresh(house, house.shop, former)
        assert status == 200
        assert tokens["refresh_token"] != former
        assert tokens["scope"] == "openid storefront:read"


async def test_a_refresh_token_that_comes_twice_ends_the_whole_family(house: House):
    first = await house.tokens(house.shop, "storefront:read")
    _, second = await refresh(house, house.shop, first["refresh_token"])
    _, third = await refresh(house, house.shop, second["refresh_token"])
    status, body = await refresh(house, house.shop, first["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")
    status, body = await refresh(house, house.shop, third["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")
    for tokens in [first, second, third]:
        with pytest.raises(Unauthenticated, match="revoked"):
            house.server.verifier.judge(tokens["access_token"])


async def test_the_end_of_one_family_is_not_the_end_of_another(house: House):
    one = await house.tokens(house.shop, "storefront:read")
    other = await house.tokens(house.shop, "storefront:read")
    await refresh(house, house.shop, one["refresh_token"])
    await refresh(house, house.shop, one["refresh_token"])
    status, _ = await refresh(house, house.shop, other["refresh_token"])
    assert status == 200


async def test_of_twenty_who_refresh_at_once_at_most_one_succeeds_and_nothing_survives(either_house: House):
    house = either_house
    for _ in range(3):
        tokens = await house.tokens(house.shop, "storefront:read")
        answers = await asyncio.gather(
            *(refresh(house, house.shop, tokens["refresh_token"]) for _ in range(20))
        )
        won = [body for status, body in answers if status == 200]
        assert len(won) <= 1
        for body in won:
            status, _ = await refresh(house, house.shop, body["refresh_token"])
            assert status == 400
            with pytest.raises(Unauthenticated, match="revoked"):
                house.server.verifier.judge(body["access_token"])


async def test_a_client_may_ask_for_less_and_never_for_more(house: House):
    tokens = await house.tokens(house.shop, "storefront:read storefront:write")
    status, less = await refresh(house, house.shop, tokens["refresh_token"], scope="storefront:read")
    assert (status, less["scope"]) == (200, "storefront:read")
    status, whole = await refresh(house, house.shop, less["refresh_token"])
    assert whole["scope"] == "storefront:read storefront:write"
    narrow = await house.tokens(house.shop, "storefront:read")
    status, more = await refresh(house, house.shop, narrow["refresh_token"], scope="storefront:write")
    assert (status, more["error"]) == (400, "invalid_scope")
    status, _ = await refresh(house, house.shop, narrow["refresh_token"])
    assert status == 200


async def test_another_client_can_neither_use_nor_spoil_a_refresh_token(house: House):
    tokens = await house.tokens(house.shop, "storefront:read")
    status, body = await refresh(house, house.office, tokens["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")
    status, _ = await refresh(house, house.shop, tokens["refresh_token"])
    assert status == 200


@pytest.mark.parametrize("token", ["", "x", "refresh_" + "x" * 43, "x" * 5000])
async def test_a_refresh_token_that_never_was_is_refused(house: House, token: str):
    status, body = await refresh(house, house.shop, token)
    assert status == 400
    assert body["error"] == ("invalid_grant" if token else "invalid_request")


async def test_a_refresh_token_lasts_thirty_days_from_its_last_use(fresh_house: House):
    house = fresh_house
    tokens = await house.tokens(house.shop, "storefront:read")
    house.clock.ahead += 29 * 86_400
    status, tokens = await refresh(house, house.shop, tokens["refresh_token"])
    assert status == 200
    house.clock.ahead += 31 * 86_400
    status, body = await refresh(house, house.shop, tokens["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")


async def test_what_user_or_client_have_lost_is_not_in_the_next_token(fresh_house: House):
    house = fresh_house
    tokens = await house.tokens(house.shop, "storefront:read storefront:write")
    await house.server.users.add(
        house.ada.email, "Ada", "correct horse battery", scopes=["storefront:read"], customer_id="cus_ada"
    )
    _, tokens = await refresh(house, house.shop, tokens["refresh_token"])
    assert tokens["scope"] == "storefront:read"


async def test_a_user_who_can_no_longer_sign_in_is_no_longer_acted_for(fresh_house: House):
    house = fresh_house
    tokens = await house.tokens(house.shop, "openid storefront:read")
    await house.server.disable_user(house.ada.id)
    status, body = await refresh(house, house.shop, tokens["refresh_token"])
    assert (status, body["error"]) == (400, "invalid_grant")
    who = await house.http.get(
        "/oauth/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    assert who.status_code == 401


async def test_what_nobody_can_use_any_more_is_swept_away(fresh_house: House):
    house = fresh_house
    old = await house.tokens(house.shop, "storefront:read")
    house.clock.ahead += 181 * 86_400
    new = await house.tokens(house.shop, "storefront:read")
    await house.server.authorizations.sweep()
    await house.server.sessions.sweep()
    assert await house.server.authorizations.find(old["refresh_token"]) is None
    status, _ = await refresh(house, house.shop, new["refresh_token"])
    assert status == 200

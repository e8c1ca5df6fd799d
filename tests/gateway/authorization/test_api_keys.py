"""API keys: their form, what they stand for, where they are felt, and how they end."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.authorization.api_keys import GRANT, is_key, new_key
from gateway.authorization.lifetimes import DAY, HOUR, MINUTE
from tests.gateway.authorization.conftest import ISSUER, House, open_house
from triptych.problems import InvalidInput, NotFound, Unauthenticated
from triptych.settings import Settings

KEY = re.compile(r"trp_live_[A-Za-z0-9]{38}")
"""What secret scanners look for."""


async def refused(house: House, text: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await house.server.bearer.verify(text)
    return caught.value.detail


@given(at=st.integers(0, 46), sign=st.sampled_from("aZ09_~"))
def test_a_key_with_one_sign_changed_is_none(at: int, sign: str):
    key = new_key()
    changed = key[:at] + sign + key[at + 1 :]
    assert KEY.fullmatch(key)
    assert is_key(key)
    assert is_key(changed) == (changed == key)


@given(st.text(max_size=60))
def test_other_texts_are_no_keys(text: str):
    assert not is_key(text)
    assert not is_key("trp_live_" + text)


async def test_a_key_stands_for_its_client(house: House):
    issued = await house.server.clients.add(
        "Acme",
        grants=["client_credentials"],
        scopes=["partner:read", "shop:read"],
        plan="partner",
        customer_id="cus_1",
    )
    made, text = await house.server.api_keys.add(issued.client_id, "Night run", ["partner:read"])
    token = await house.server.bearer.verify(text)
    assert (token.subject, token.client, token.plan) == (issued.client_id, issued.client_id, "partner")
    assert (token.scopes, token.customer_id, token.jti) == (frozenset({"partner:read"}), "cus_1", made.id)
    assert text.endswith(made.hint)


async def test_a_key_has_all_scopes_of_its_client_but_those_about_people_unless_told_otherwise(house: House):
    made, text = await house.server.api_keys.add(house.office.client_id, "Everything")
    assert set(made.scopes) == {
        "storefront:read",
        "storefront:write",
        "shop:read",
        "partner:read",
        "console:admin",
    }
    assert (await house.server.bearer.verify(text)).scopes == frozenset(made.scopes)


async def test_what_its_client_loses_the_key_loses_too(house: House):
    issued = await house.server.clients.add(
        "Acme", grants=["client_credentials"], scopes=["partner:read", "shop:read"], plan="partner"
    )
    _, text = await house.server.api_keys.add(issued.client_id, "Night run")
    await house.server.clients.add(
        "Acme", grants=["client_credentials"], scopes=["shop:read"], plan="free", client_id=issued.client_id
    )
    token = await house.server.bearer.verify(text)
    assert (token.scopes, token.plan) == (frozenset({"shop:read"}), "free")


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"client_id": "client_none"}, ["/client_id"]),
        ({"scopes": ["partner:read", "console:admin"]}, ["/scopes/1"]),
        ({"scopes": ["openid"]}, ["/scopes/0"]),
        ({"scopes": []}, ["/scopes"]),
        ({"name": " ", "days": 0}, ["/name", "/days"]),
        ({"days": 2_000}, ["/days"]),
    ],
)
async def test_a_key_that_cannot_be_is_refused_naming_each_fault(
    house: House, fields: dict[str, object], pointers: list[str]
):
    wanted: dict[str, object] = {"client_id": house.partner.client_id, "name": "Night run", **fields}
    with pytest.raises(InvalidInput) as caught:
        await house.server.api_keys.add(**wanted)  # pyright: ignore[reportArgumentType] - wrong on purpose
    assert [fault["pointer"] for fault in caught.value.errors] == pointers


async def test_a_client_that_can_keep_no_secret_gets_no_key(house: House):
    with pytest.raises(InvalidInput) as caught:
        await house.server.api_keys.add(house.shop.client_id, "In the page")
    assert [fault["detail"] for fault in caught.value.errors] == ["A public client can keep no secret"]


async def test_a_key_ends_when_its_days_are_over(fresh_house: House):
    _, text = await fresh_house.server.api_keys.add(fresh_house.partner.client_id, "Short", days=1)
    fresh_house.clock.ahead += DAY - 1
    assert (await fresh_house.server.bearer.verify(text)).expires_at <= fresh_house.clock.read() + 1
    fresh_house.clock.ahead += 1
    assert await refused(fresh_house, text) == "The API key has expired"
    fresh_house.clock.ahead += 31 * DAY
    await fresh_house.server.api_keys.sweep()
    assert await refused(fresh_house, text) == "This API key is not known"


async def test_a_revoked_key_is_worth_nothing_and_no_longer_listed(house: House):
    made, text = await house.server.api_keys.add(house.partner.client_id, "Leaked")
    assert made.id in [key.id for key in await house.server.api_keys.all(house.partner.client_id)]
    await house.server.api_keys.revoke(made.id)
    assert await refused(house, text) == "The API key was revoked"
    assert made.id not in [key.id for key in await house.server.api_keys.all()]
    await house.server.api_keys.revoke(made.id)
    with pytest.raises(NotFound):
        await house.server.api_keys.revoke("key_none")


async def test_a_key_ends_with_its_client(house: House):
    issued = await house.server.clients.add(
        "Acme", grants=["client_credentials"], scopes=["partner:read"], plan="partner"
    )
    _, text = await house.server.api_keys.add(issued.client_id, "Night run")
    await house.server.disable_client(issued.client_id)
    assert await refused(house, text) == "The API key's client is let in no more"


async def test_keys_that_nobody_made_are_refused(house: House):
    assert await refused(house, new_key()) == "This API key is not known"
    assert await refused(house, "trp_live_" + "a" * 38) == "This is no API key"
    assert await refused(house, "trp_test_" + "a" * 38) == "This is no access token of this server"


async def test_a_keys_last_use_is_noted_once_an_hour(fresh_house: House):
    house = fresh_house
    made, text = await house.server.api_keys.add(house.partner.client_id, "Night run")
    assert made.used_at is None
    first = int(house.clock.read())
    seen: list[int | None] = []
    for later in (0, HOUR - 1, 1):
        house.clock.ahead += later
        await house.server.bearer.verify(text)
        seen += [key.used_at for key in await house.server.api_keys.all()]
    assert seen == [first, first, first + HOUR]


async def test_the_database_has_no_key_in_it(tmp_path: Path):
    async with open_house(Settings(data=tmp_path, public_url=ISSUER), name="gateway") as house:
        _, text = await house.server.api_keys.add(house.partner.client_id, "Night run")
        await house.server.bearer.verify(text)
    raw = await asyncio.to_thread((tmp_path / "gateway.db").read_bytes)
    assert b"Night run" in raw
    assert text.encode() not in raw
    assert text[9:30].encode() not in raw


# --- exchanged for a token ---


async def exchanged(house: House, text: str, **more: str) -> httpx.Response:
    return await house.http.post("/oauth/token", data={"grant_type": GRANT, "api_key": text, **more})


async def test_a_key_is_exchanged_for_a_token_that_ends_with_it(house: House):
    issued = await house.server.clients.add(
        "Acme",
        grants=["client_credentials"],
        scopes=["partner:read", "shop:read"],
        plan="partner",
        customer_id="cus_1",
    )
    made, text = await house.server.api_keys.add(issued.client_id, "Night run")
    answer = (await exchanged(house, text, scope="shop:read")).json()
    token = await house.server.bearer.verify(answer["access_token"])
    assert (answer["token_type"], answer["scope"]) == ("Bearer", "shop:read")
    assert (token.client, token.subject, token.plan) == (issued.client_id, issued.client_id, "partner")
    assert (token.customer_id, token.scopes) == ("cus_1", frozenset({"shop:read"}))
    assert house.audit.of("token.issued")[-1]["authorization"] == made.id
    await house.server.api_keys.revoke(made.id)
    assert await refused(house, answer["access_token"]) == "The access token was revoked"


async def test_a_token_for_a_key_ends_no_later_than_the_key(fresh_house: House):
    house = fresh_house
    _, text = await house.server.api_keys.add(house.partner.client_id, "Short", days=1)
    house.clock.ahead += DAY - MINUTE
    answer = (await exchanged(house, text)).json()
    assert 0 < answer["expires_in"] <= MINUTE + 1


@pytest.mark.parametrize(
    "text",
    ["", "trp_live_", "trp_live_" + "a" * 38, new_key()],
    ids=["none", "short", "odd", "new"],
)
async def test_what_is_no_key_is_exchanged_for_nothing(house: House, text: str):
    answer = await exchanged(house, text)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("scope", ["console:admin", "partner:read console:admin", "openid"])
async def test_a_key_is_exchanged_for_no_more_than_it_has(house: House, scope: str):
    _, text = await house.server.api_keys.add(house.partner.client_id, "Night run")
    answer = await exchanged(house, text, scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_client_of_bound_tokens_only_cannot_send_its_key_as_it_is(house: House):
    issued = await house.server.clients.add(
        "Bank", grants=["client_credentials"], scopes=["partner:read"], plan="partner", bound_tokens_only=True
    )
    _, text = await house.server.api_keys.add(issued.client_id, "Night run")
    assert "bound tokens only" in await refused(house, text)
    answer = await exchanged(house, text)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_clients_find_out_that_keys_can_be_exchanged(house: House):
    metadata = (await house.http.get("/.well-known/oauth-authorization-server")).json()
    assert GRANT in metadata["grant_types_supported"]


# --- before a gateway ---

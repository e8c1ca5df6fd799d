"""Clients that act in their own name, and how they prove who they are."""

import base64
from typing import Any

import httpx
import pytest

from gateway.authorization.clients import Clients
from gateway.authorization.registration import Client
from tests.gateway.authorization.browsing import Registered
from tests.gateway.authorization.conftest import ISSUER, House


def basic(text: bytes) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text).decode()}


async def ask(house: House, headers: dict[str, str], **form: str) -> httpx.Response:
    data = {"grant_type": "client_credentials", **form}
    return await house.http.post("/oauth/token", data=data, headers=headers)


async def test_a_partner_gets_a_token_for_its_own_scopes(house: House):
    answer = await house.token(house.partner, grant_type="client_credentials")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope"}
    said = house.claims(tokens["access_token"], (await house.http.get("/oauth/jwks")).json())
    assert said["sub"] == said["client_id"] == house.partner.client_id
    assert (said["iss"], said["aud"], said["plan"]) == (ISSUER, ISSUER, "partner")
    assert said["scope"] == "partner:read"
    assert said["exp"] - said["iat"] == tokens["expires_in"] == 600
    assert "customer_id" not in said


async def test_a_partner_that_is_a_customer_has_that_in_its_token_until_it_is_no_longer(house: House):
    plain: dict[str, Any] = {"grants": ["client_credentials"], "scopes": ["partner:order"], "plan": "partner"}
    made = Registered(*await house.server.clients.add("Buyer", **plain, customer_id="cus_acme"))
    jwks = (await house.http.get("/oauth/jwks")).json()
    tokens = (await house.token(made, grant_type="client_credentials")).json()
    await house.server.clients.add("Buyer", client_id=made.client_id, **plain)
    later = (await house.token(made, grant_type="client_credentials")).json()
    assert house.claims(tokens["access_token"], jwks)["customer_id"] == "cus_acme"
    assert "customer_id" not in house.claims(later["access_token"], jwks)


async def test_a_client_may_act_as_a_customer(house: House):
    made = await house.server.clients.add(
        "Buyer",
        grants=["client_credentials"],
        scopes=["partner:read"],
        plan="partner",
        customer_id="cus_acme",
    )
    answer = await house.token(Registered(*made), grant_type="client_credentials")
    said = await house.server.verifier.verify(answer.json()["access_token"])
    assert (said.subject, said.customer_id) == (made.client_id, "cus_acme")
    mine = await house.token(house.office, grant_type="client_credentials")
    assert (await house.server.verifier.verify(mine.json()["access_token"])).customer_id is None


async def test_the_secret_may_come_in_the_body(house: House):
    answer = await ask(house, {}, client_id=house.partner.client_id, client_secret=house.partner.secret or "")
    assert answer.status_code == 200


async def test_the_secret_may_not_come_in_the_address(house: House):
    query = f"client_id={house.partner.client_id}&client_secret={house.partner.secret}"
    answer = await house.http.post(f"/oauth/token?{query}", data={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_unknown_client_and_a_wrong_secret_get_the_same_answer(house: House):
    known = await ask(house, basic(f"{house.partner.client_id}:wrong".encode()))
    unknown = await ask(house, basic(b"nobody:wrong"))
    assert known.status_code == unknown.status_code == 401
    assert known.content == unknown.content
    assert known.headers == unknown.headers
    assert known.headers["www-authenticate"] == 'Basic realm="triptych"'


async def test_an_unknown_client_and_a_wrong_secret_take_the_same_work(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    find = Clients.find

    async def noted(self: Clients, client_id: str) -> Client | None:
        asked.append(client_id)
        return await find(self, client_id)

    await house.token(house.partner, grant_type="client_credentials")  # now it is remembered
    monkeypatch.setattr(Clients, "find", noted)
    await house.token(house.partner, grant_type="client_credentials")
    assert asked == []
    for client_id in [house.partner.client_id, "nobody", house.partner.client_id, "nobody"]:
        await ask(house, basic(f"{client_id}:wrong".encode()))
        assert asked.pop() == client_id
        assert asked == []


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("partner:read", 200),
        ("partner:read partner:read", 200),
        ("partner:read storefront:read", 400),
        ("console:admin", 400),
        ("nonsense", 400),
        ("openid", 400),
        ("offline_access", 400),
    ],
)
async def test_a_client_gets_no_scope_that_it_lacks(house: House, scope: str, status: int):
    answer = await house.token(house.partner, grant_type="client_credentials", scope=scope)
    assert answer.status_code == status
    assert answer.json().get("scope" if status == 200 else "error") in ("partner:read", "invalid_scope")


async def test_a_public_client_cannot_act_in_its_own_name(house: House):
    answer = await house.token(house.shop, grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_client_cannot_use_a_grant_that_it_was_not_given(house: House):
    answer = await house.token(house.partner, grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    "grant", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x y"]
)
async def test_a_grant_that_does_not_exist_is_refused(house: House, grant: str):
    answer = await house.token(house.office, grant_type=grant)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_client_that_proves_itself_in_two_ways_is_refused(house: House):
    for more in [{"client_secret": house.partner.secret or ""}, {"client_id": "somebody-else"}]:
        answer = await house.token(house.partner, grant_type="client_credentials", **more)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    same = await house.token(
        house.partner, grant_type="client_credentials", client_id=house.partner.client_id
    )
    assert same.status_code == 200


async def test_a_confidential_client_cannot_pass_as_public(house: House):
    answer = await ask(house, {}, client_id=house.partner.client_id)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_public_client_cannot_pass_with_an_empty_secret(house: House):
    for secret in ["", "x"]:
        answer = await ask(house, basic(f"{house.shop.client_id}:{secret}".encode()))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b"a%ff:b").decode(),
        "Basic " + base64.b64encode(b"a%00:b").decode(),
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Bearer abc",
        "Basic a b c",
    ],
)
async def test_a_basic_header_that_cannot_be_read_is_no_proof(house: House, header: str):
    answer = await ask(house, {"authorization": header}, client_id=house.shop.client_id)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_secrets_with_odd_characters_are_form_encoded_in_the_basic_header(house: House):
    made = await house.server.clients.add(
        "Odd", grants=["client_credentials"], scopes=["partner:read"], plan="free", client_secret="a+b c:é%"
    )
    answer = await ask(house, basic(f"{made.client_id}:a%2Bb+c%3A%C3%A9%25".encode()))
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["grant_type", "scope", "client_id"])
async def test_a_repeated_parameter_is_refused(house: House, name: str):
    body = f"grant_type=client_credentials&scope=partner:read&{name}=a&{name}=a"
    answer = await house.http.post(
        "/oauth/token",
        content=body,
        auth=house.partner.basic,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("resource", "status"), [(ISSUER, 200), (ISSUER + "/", 200), ("https://elsewhere.example", 400)]
)
async def test_a_token_is_for_this_gateway_and_no_other_resource(house: House, resource: str, status: int):
    answer = await house.token(house.partner, grant_type="client_credentials", resource=resource)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"] == "invalid_target"


async def test_a_disabled_client_gets_nothing_and_its_tokens_are_worth_nothing(fresh_house: House):
    house = fresh_house
    token = (await house.token(house.partner, grant_type="client_credentials")).json()["access_token"]
    await house.server.disable_client(house.partner.client_id)
    answer = await house.token(house.partner, grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    active = await house.http.post("/oauth/introspect", data={"token": token}, auth=house.office.basic)
    assert active.json() == {"active": False}


async def test_the_audit_log_learns_of_tokens_and_of_refusals(fresh_house: House):
    house = fresh_house
    token = (await house.token(house.partner, grant_type="client_credentials")).json()["access_token"]
    await house.token(house.partner, grant_type="client_credentials", scope="console:admin")
    issued, refused = house.audit.of("token.issued")[0], house.audit.of("oauth.refused")[0]
    assert (issued["client"], issued["scope"], issued["address"]) == (
        house.partner.client_id,
        "partner:read",
        "198.51.100.5",
    )
    assert (refused["client"], refused["error"]) == (house.partner.client_id, "invalid_scope")
    assert token not in str(house.audit.events)
    assert str(house.partner.secret) not in str(house.audit.events)

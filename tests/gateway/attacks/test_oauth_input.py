"""What is posted to the authorization server to break it, to replay it, or to have it ask for others."""

import asyncio
import json

import pytest

from tests.gateway.attacks.conftest import Door
from tests.gateway.authorization.browsing import Registered
from tests.gateway.authorization.conftest import ISSUER, House
from tests.gateway.authorization.signing import Signer, proving
from tests.gateway.authorization.test_dynamic_registration import ABUSES, HONEST, register
from tests.gateway.raw import get, raw


async def test_refresh_replay_a_token_that_comes_twice_ends_everything_that_came_of_it(house: House):
    tokens = await house.tokens(house.shop, "openid storefront:read")
    first = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    second = (await house.token(house.shop, **first)).json()
    replayed = await house.token(house.shop, **first)
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
    victim = await house.token(house.shop, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert (victim.status_code, victim.json()["error"]) == (400, "invalid_grant")
    for token in (tokens["access_token"], second["access_token"]):
        headers = {"authorization": f"Bearer {token}"}
        assert (await house.http.get("/oauth/userinfo", headers=headers)).status_code == 401


async def test_refresh_replay_of_twenty_at_once_at_most_one_succeeds(house: House):
    tokens = await house.tokens(house.shop, "storefront:read")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answers = await asyncio.gather(*(house.token(house.shop, **form) for _ in range(20)))
    assert [answer.status_code for answer in answers].count(200) <= 1
    assert {answer.status_code for answer in answers} <= {200, 400}


async def test_code_replay_a_code_that_comes_twice_ends_what_came_of_it(house: House):
    flow = await house.code(house.shop, "openid")
    tokens = (await house.token(house.shop, **flow.exchange())).json()
    assert (await house.token(house.shop, **flow.exchange())).json()["error"] == "invalid_grant"
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await house.http.get("/oauth/userinfo", headers=headers)).status_code == 401


async def test_token_substitution_a_token_for_one_service_opens_no_other(door: Door, house: House):
    for resource, status in ((f"{ISSUER}/shop/v1", 200), (f"{ISSUER}/partner/v1", 401)):
        form = {"grant_type": "client_credentials", "resource": resource}
        token = (await house.token(house.office, **form)).json()["access_token"]
        asked = get(b"/shop/v1/products", f"Authorization: Bearer {token}".encode())
        assert (await door.send(asked)).statuses == [status]
    assert len(door.shop.arrived) == 1


@pytest.mark.parametrize("abuse", ABUSES)
async def test_registration_abuse_nobody_registers_with(house: House, abuse: str):
    answer = await register(house, {**HONEST, **ABUSES[abuse]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), answer.text


async def test_registration_abuse_who_registers_gets_no_more_than_anybody(house: House):
    wished = {"plan": "internal", "client_id": "partner-acme", "customer_id": "cus_ada", "trusted": True}
    answer = await register(house, {**HONEST, **wished})
    assert answer.status_code == 201
    said = answer.json()
    assert said["client_id"] != "partner-acme"
    tokens = await house.tokens(Registered(said["client_id"], said["client_secret"]), "storefront:read")
    assert house.server.verifier.judge(tokens["access_token"]).plan == "free"


INSIDE = [
    "https://127.0.0.1:{port}/jwks",
    "https://localhost:{port}/jwks",
    "https://[::1]:{port}/jwks",
    "https://[::ffff:127.0.0.1]:{port}/jwks",
    "https://0.0.0.0:{port}/jwks",
    "https://127.1:{port}/jwks",
    "https://2130706433:{port}/jwks",
    "https://0x7f000001:{port}/jwks",
    "https://127.0.0.1.:{port}/jwks",
    "https://user@127.0.0.1:{port}/jwks",
    "https://169.254.169.254/latest/meta-data",
    "http://127.0.0.1:{port}/jwks",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/x",
]


@pytest.mark.parametrize("address", INSIDE)
async def test_ssrf_keys_of_a_client_are_never_fetched_from_inside(house: House, address: str):
    """Neither when it registers itself, nor when it signs with them."""
    asked = 0

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1

    async with raw(listening) as port:
        uri = address.format(port=port)
        wished = {**HONEST, "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri}
        answer = await register(house, wished)
        if answer.status_code == 201:
            client = answer.json()["client_id"]
            form = proving(Signer.new().assertion(client, ISSUER, house.clock.read()))
            code = {"grant_type": "authorization_code", "code": "x", "code_verifier": "x" * 43}
            refused = await house.http.post("/oauth/token", data={**code, **form})
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        else:
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert asked == 0


async def test_ssrf_no_parameter_makes_the_server_ask_anybody(house: House):
    asked = 0

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1

    async with raw(listening) as port:
        uri = f"http://127.0.0.1:{port}/x"
        names = ("request_uri", "jwks_uri", "sector_identifier_uri", "logo_uri", "redirect_uri", "client_id")
        names += ("registration", "request", "iss", "id_token_hint", "policy_uri", "resource")
        for name in names:
            query = {"response_type": "code", "client_id": house.shop.client_id, name: uri}
            assert (await house.http.get("/oauth/authorize", params=query)).status_code < 500
            await register(house, {**HONEST, name: uri})
            await house.token(house.office, **{"grant_type": "client_credentials", name: uri})
    assert asked == 0


DEEP = {
    "lists": "[" * 30_000 + "]" * 30_000,
    "lists without end": "[" * 60_000,
    "objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "objects without end": '{"a":' * 10_000,
    "keys within a client": json.dumps(HONEST)[:-1] + ',"jwks":' + '{"keys":[' * 5_000 + "]}" * 5_000 + "}",
    "a long number": '{"x":' + "9" * 50_000 + "}",
    "no number": '{"x":NaN}',
    "a name twice": '{"scope":"openid","scope":"console:admin"}',
}


@pytest.mark.parametrize("kind", DEEP)
async def test_deep_json_is_a_mistake_of_the_client(house: House, kind: str):
    headers = {"content-type": "application/json"}
    answer = await house.http.post("/oauth/register", content=DEEP[kind], headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize(
    "octets", [b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0", b"%ff%fe"]
)
async def test_invalid_utf_8_is_a_mistake_of_the_client(house: House, octets: bytes):
    form = {"content-type": "application/x-www-form-urlencoded"}
    for path in ("/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/introspect"):
        body = b"grant_type=client_credentials&scope=" + octets + b"&token=" + octets
        answer = await house.http.post(path, content=body, headers=form, auth=house.office.basic)
        assert answer.status_code in (200, 400), (path, answer.text)
        assert "access_token" not in answer.json()
    document = b'{"client_name":"' + octets + b'"}'
    kind = {"content-type": "application/json"}
    assert (await house.http.post("/oauth/register", content=document, headers=kind)).status_code == 400

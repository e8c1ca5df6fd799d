"""Clients that register themselves: what they may have, and what they try to have besides."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.authorization.endpoints.registering import REGISTER
from tests.gateway.authorization.browsing import SHOP_REDIRECT, Flow, Registered
from tests.gateway.authorization.conftest import ISSUER, Answers, House, open_house
from tests.gateway.authorization.signing import Signer, proving, signer
from triptych.settings import Settings

HONEST: Answers = {"redirect_uris": [SHOP_REDIRECT], "scope": "openid storefront:read"}


@pytest.fixture
async def open_door(tmp_path: Path) -> AsyncGenerator[House]:
    """A house where everyone may register."""
    async with open_house(Settings(data=tmp_path, public_url=ISSUER, registration="open")) as house:
        yield house


async def register(house: House, document: object, token: str = "") -> httpx.Response:
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    return await house.http.post("/oauth/register", content=json.dumps(document), headers=headers)


async def registrar(house: House, *scopes: str) -> str:
    """The token of a client that may register others."""
    made = await house.server.clients.add(
        "Registrar", grants=["client_credentials"], scopes=[REGISTER, *scopes], plan="partner"
    )
    answer = await house.token(Registered(*made), grant_type="client_credentials")
    return answer.json()["access_token"]


async def test_anyone_registers_where_the_settings_allow_it(open_door: House):
    house = open_door
    answer = await register(house, {**HONEST, "client_name": "Zoë's app", "logo_uri": "https://x.example/"})
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert said["client_name"] == "Zoë's app"
    assert said["token_endpoint_auth_method"] == "client_secret_basic"
    assert (said["grant_types"], said["response_types"]) == (["authorization_code"], ["code"])
    assert said["client_secret_expires_at"] == 0
    assert "logo_uri" not in said
    client = Registered(said["client_id"], said["client_secret"])
    tokens = await house.tokens(client, "openid storefront:read")
    assert house.server.verifier.judge(tokens["access_token"]).plan == "free"


async def test_a_public_client_and_one_that_signs_get_no_secret(open_door: House):
    house, key = open_door, signer("ES256")
    public = (await register(house, {**HONEST, "token_endpoint_auth_method": "none"})).json()
    assert "client_secret" not in public
    await house.tokens(Registered(public["client_id"], None), "openid")
    jwks = json.loads(key.jwks)
    signs = await register(house, {**HONEST, "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks})
    assert "client_secret" not in signs.json()
    assert signs.json()["jwks"] == jwks
    flow = await house.code(Registered(signs.json()["client_id"], None), "openid")
    proof = proving(key.assertion(signs.json()["client_id"], ISSUER, house.clock.read()))
    assert (await house.http.post("/oauth/token", data={**flow.exchange(), **proof})).status_code == 200


async def test_a_client_is_held_to_what_it_registered(open_door: House):
    house = open_door
    said = (
        await register(
            house,
            {
                **HONEST,
                "token_endpoint_auth_method": "client_secret_post",
                "require_pushed_authorization_requests": True,
                "dpop_bound_access_tokens": True,
            },
        )
    ).json()
    client = await house.server.clients.find(said["client_id"])
    assert client is not None
    assert (client.pushed_only, client.bound_tokens_only) == (True, True)
    basic = await house.http.post(
        "/oauth/token",
        data={"grant_type": "authorization_code", "code": "x"},
        auth=(said["client_id"], said["client_secret"]),
    )
    assert basic.status_code == 401


async def test_otherwise_a_token_for_it_is_needed(house: House):
    assert (await register(house, HONEST)).status_code == 401
    assert (await register(house, HONEST, "x")).status_code == 401
    other = (await house.token(house.partner, grant_type="client_credentials")).json()["access_token"]
    refused = await register(house, HONEST, other)
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    document = {"grant_types": ["client_credentials"], "scope": "partner:read"}
    answer = await register(house, document, await registrar(house, "partner:read"))
    assert answer.status_code == 201, answer.text
    made = Registered(answer.json()["client_id"], answer.json()["client_secret"])
    assert (await house.token(made, grant_type="client_credentials")).json()["scope"] == "partner:read"


async def test_nobody_gives_a_client_what_its_own_client_lacks(house: House):
    token = await registrar(house, "partner:read")
    for scope in ["partner:read console:admin", REGISTER, "tokens:introspect", "storefront:read"]:
        document = {"grant_types": ["client_credentials"], "scope": scope}
        answer = await register(house, document, token)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_where_nobody_may_there_is_nothing(tmp_path: Path):
    async with open_house(Settings(data=tmp_path, public_url=ISSUER, registration="closed")) as house:
        assert (await register(house, HONEST)).status_code == 404
        said = (await house.http.get("/.well-known/oauth-authorization-server")).json()
        assert "registration_endpoint" not in said


ABUSES: dict[str, dict[str, Any]] = {
    "client_credentials": {"grant_types": ["client_credentials"]},
    "token exchange": {"grant_types": ["urn:ietf:params:oauth:grant-type:token-exchange"]},
    "the implicit flow": {"response_types": ["token"]},
    "the password grant": {"grant_types": ["password"]},
    "a scope to ask about any token": {"scope": "tokens:introspect"},
    "a scope to register others": {"scope": REGISTER},
    "a scope that does not exist": {"scope": "nonsense"},
    "every scope": {"scope": "*"},
    "an empty scope": {"scope": "  "},
    "a name that nobody can see": {"client_name": "\u200b\u202e"},
    "a name that turns round what follows": {"client_name": "bank\u202eelpmaxe"},
    "a name with a line end": {"client_name": "Shop\nby Triptych"},
    "half a character for a name": {"client_name": "\ud83d"},
    "a name of spaces": {"client_name": "   "},
    "a name without end": {"client_name": "x" * 101},
    "a name that is no text": {"client_name": ["Shop"]},
    "a method that is none": {"token_endpoint_auth_method": "client_secret_jwt"},
    "a flag that is no flag": {"dpop_bound_access_tokens": "false"},
    "signing without keys": {"token_endpoint_auth_method": "private_key_jwt"},
    "keys without signing": {"jwks": json.loads(signer("ES256").jwks)},
    "a private key": {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [Signer.new().key.as_dict(private=True)]},
    },
    "keys at our own address": {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://127.0.0.1/jwks",
    },
    "keys in the cloud's inside": {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "http://169.254.169.254/latest/meta-data",
    },
    "keys that are text": {"token_endpoint_auth_method": "private_key_jwt", "jwks": "{}"},
    "too many redirects": {"redirect_uris": [f"https://x.example/{n}" for n in range(21)]},
}


@pytest.mark.parametrize("abuse", ABUSES)
async def test_nobody_registers_with(open_door: House, abuse: str):
    answer = await register(open_door, {**HONEST, **ABUSES[abuse]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), answer.text


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://shop.example/callback",
        "https://shop.example/#fragment",
        "https://*.example/callback",
        "https://shop.example@evil.example/",
        "//evil.example",
        "https://",
        "file:///etc/passwd",
        "http://127.0.0.1.evil.example/",
        "https://shop.example\\@evil.example",
    ],
)
async def test_nobody_registers_to_be_redirected_to(open_door: House, uri: str):
    answer = await register(open_door, {**HONEST, "redirect_uris": [SHOP_REDIRECT, uri]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri"), answer.text


async def test_a_code_flow_needs_somewhere_to_lead(open_door: House):
    assert (await register(open_door, {})).json()["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"scope":"openid","scope":"console:admin"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"client_name":"\xff\xfe"}',
        b'{"x":NaN}',
        b'{"x":' + b"9" * 10_000 + b"}",
        b" " * 70_000,
    ],
)
async def test_a_body_that_is_no_document_is_refused(open_door: House, body: bytes):
    headers = {"content-type": "application/json"}
    answer = await open_door.http.post("/oauth/register", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_form_is_no_document(open_door: House):
    answer = await open_door.http.post("/oauth/register", data={"scope": "openid"})
    assert answer.status_code == 400


async def test_the_consent_page_shows_the_name_as_text(open_door: House):
    said = (await register(open_door, {**HONEST, "client_name": "<b>Shop</b>\"'>"})).json()
    page = await open_door.browser().get(Flow(Registered(said["client_id"], "x"), "openid").url())
    assert page.status_code == 200
    assert "<b>Shop" not in page.text

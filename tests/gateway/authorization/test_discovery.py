"""What clients can find out by themselves."""

import pytest

from tests.gateway.authorization.conftest import ISSUER, SCOPES, House


async def test_both_discovery_documents_say_the_same(house: House):
    oauth = await house.http.get("/.well-known/oauth-authorization-server")
    openid = await house.http.get("/.well-known/openid-configuration")
    assert oauth.status_code == openid.status_code == 200
    assert oauth.json() == openid.json()
    assert oauth.headers["content-type"] == "application/json"
    assert "max-age" in oauth.headers["cache-control"]


async def test_the_metadata_names_what_is_there(house: House):
    said = (await house.http.get("/.well-known/openid-configuration")).json()
    assert said["issuer"] == ISSUER
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["response_types_supported"] == ["code"]
    assert said["grant_types_supported"] == [
        "authorization_code",
        "client_credentials",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:triptych:params:oauth:grant-type:api-key",
    ]
    assert said["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none",
    ]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert set(SCOPES) | {"openid", "profile", "email", "offline_access"} <= set(said["scopes_supported"])


@pytest.mark.parametrize(
    "name",
    [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
        "pushed_authorization_request_endpoint",
        "registration_endpoint",
        "end_session_endpoint",
        "jwks_uri",
    ],
)
async def test_every_address_in_the_metadata_leads_somewhere(house: House, name: str):
    said = (await house.http.get("/.well-known/openid-configuration")).json()
    assert said[name].startswith(ISSUER + "/")
    path = said[name].removeprefix(ISSUER)
    assert {(await house.http.get(path)).status_code, (await house.http.post(path)).status_code} != {404}


async def test_the_gateway_says_whose_tokens_it_takes(house: House):
    said = (await house.http.get("/.well-known/oauth-protected-resource")).json()
    assert said["resource"] == ISSUER
    assert said["authorization_servers"] == [ISSUER]
    assert "storefront:read" in said["scopes_supported"]
    assert "openid" not in said["scopes_supported"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/oauth/nothing", 404), ("GET", "/oauth/token", 405), ("PUT", "/oauth/authorize", 405)],
)
async def test_what_is_not_there_is_an_error_in_json(house: House, method: str, path: str, status: int):
    answer = await house.http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_request"

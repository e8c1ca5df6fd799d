"""Tokens for one service instead of all, and what each service says of itself."""

import pytest

from tests.gateway.authorization.conftest import ISSUER, House
from triptych.problems import Unauthenticated

SHOP = f"{ISSUER}/shop/v1"
PARTNER = f"{ISSUER}/partner/v1"


async def test_the_gateway_and_each_service_describe_themselves(house: House):
    place = "/.well-known/oauth-protected-resource"
    whole = (await house.http.get(place)).json()
    shop = await house.http.get(f"{place}/shop/v1")
    assert whole["resource"] == ISSUER
    assert shop.json() == {
        "resource": SHOP,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["shop:read"],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ["ES256", "PS256", "RS256", "EdDSA", "Ed25519"],
        "dpop_bound_access_tokens_required": False,
        "resource_name": "Triptych shop v1",
    }
    assert shop.headers["cache-control"] == "public, max-age=300"
    assert (await house.http.get(f"{place}/nothing/v1")).status_code == 404
    server = (await house.http.get("/.well-known/oauth-authorization-server")).json()
    assert server["protected_resources"] == [ISSUER, PARTNER, SHOP]


async def test_a_token_for_one_service_says_so(house: House):
    grant = {"grant_type": "client_credentials", "scope": "partner:read"}
    answer = await house.token(house.partner, **grant, resource=PARTNER)
    token = answer.json()["access_token"]
    assert house.server.verifier.judge(token).audience == (PARTNER,)
    assert (await house.server.verifier.verify(token)).services == {"/partner/v1"}
    both = await house.http.post(
        "/oauth/token", data={**grant, "resource": [PARTNER, SHOP]}, auth=house.partner.basic
    )
    assert house.server.verifier.judge(both.json()["access_token"]).audience == (PARTNER, SHOP)
    whole = await house.token(house.partner, **grant)
    assert (await house.server.verifier.verify(whole.json()["access_token"])).services is None


@pytest.mark.parametrize(
    "resource",
    [f"{ISSUER}/nothing/v1", "https://elsewhere.example", f"{SHOP}/../partner/v1", f"{SHOP}#x", f"{SHOP}?x"],
)
async def test_a_token_for_anything_else_is_not_given(house: House, resource: str):
    answer = await house.token(house.partner, grant_type="client_credentials", resource=resource)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


async def test_what_a_user_allowed_can_be_narrowed_and_not_widened(house: House):
    tokens = await house.tokens(house.shop, "storefront:read", resource=SHOP)
    assert house.server.verifier.judge(tokens["access_token"]).audience == (SHOP,)
    grant = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for resource in [PARTNER, ISSUER]:
        wider = await house.token(house.shop, **grant, resource=resource)
        assert (wider.status_code, wider.json()["error"]) == (400, "invalid_target")
    same = await house.token(house.shop, **grant)
    assert house.server.verifier.judge(same.json()["access_token"]).audience == (SHOP,)
    whole = await house.tokens(house.shop, "storefront:read")
    grant = {"grant_type": "refresh_token", "refresh_token": whole["refresh_token"]}
    narrow = await house.token(house.shop, **grant, resource=SHOP)
    assert house.server.verifier.judge(narrow.json()["access_token"]).audience == (SHOP,)


async def test_a_code_for_one_service_gives_no_token_for_another(house: House):
    flow = await house.code(house.shop, "storefront:read", resource=SHOP)
    wider = await house.token(house.shop, **flow.exchange(), resource=PARTNER)
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_target")


async def test_a_token_for_a_service_does_not_open_the_users_data(house: House):
    tokens = await house.tokens(house.shop, "openid storefront:read", resource=SHOP)
    answer = await house.http.get(
        "/oauth/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("audience", [[], "", [ISSUER, "https://elsewhere.example"], ISSUER + ".evil/x", {}])
async def test_an_audience_that_is_not_ours_alone_is_refused(house: House, audience: object):
    said = {"iss": ISSUER, "aud": audience, "exp": 9_999_999_999}
    token = house.server.keys.current.sign("at+jwt", said)
    with pytest.raises(Unauthenticated):
        house.server.verifier.judge(token)

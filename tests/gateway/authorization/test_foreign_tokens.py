"""Tokens of other issuers: which are believed, and what they open."""

import base64
import hmac
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from gateway.authorization.foreign_keys import AFTER_FAILURE, STALE
from gateway.identity import RememberedTokens
from tests.gateway.authorization.conftest import ISSUER, SCOPES, open_house
from tests.gateway.authorization.issuing import AUDIENCE, KINDS, Trusting, issuing, trusted, trusting
from tests.gateway.landscape import Landscape
from triptych.settings import Settings


@pytest.fixture
async def trust(tmp_path: Path) -> AsyncGenerator[Trusting]:
    async with trusting(tmp_path) as found:
        yield found


# --- what is believed ---


@pytest.mark.parametrize("algorithm", list(KINDS))
async def test_a_token_is_believed_with_each_algorithm_that_is_taken(trust: Trusting, algorithm: str):
    trust.issuer.add_key("own", algorithm)
    token = await trust.verify(trust.issuer.token("own", algorithm, scope="shop.read"))
    assert (token.subject, token.client, token.jti) == ("staff:42", "staff:portal", "staff:j1")
    assert (token.scopes, token.plan) == (frozenset({"shop:read", "storefront:read"}), "internal")


async def test_whoever_comes_from_there_is_never_one_of_our_own(trust: Trusting):
    ada = trust.house.ada
    token = await trust.verify(
        trust.issuer.token(sub=ada.id, client_id=trust.house.office.client_id, customer_id="cus_ada")
    )
    assert token.subject == f"staff:{ada.id}"
    assert token.client == f"staff:{trust.house.office.client_id}"
    assert token.customer_id is None


async def test_a_token_for_several_audiences_is_for_us_if_we_are_one(trust: Trusting):
    assert await trust.verify(trust.issuer.token(aud=["https://other.example", AUDIENCE]))
    assert "another server" in await trust.refused(trust.issuer.token(aud=["https://other.example"]))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"aud": "https://other.example"}, "another server"),
        ({"aud": None}, "another server"),
        ({"exp": None}, "never ends"),
        ({"exp": 1_000_000_000}, "expired"),
        ({"exp": "soon"}, "exp is not a time"),
        ({"nbf": 32_503_680_000}, "not valid yet"),
        ({"iat": 32_503_680_000}, "not valid yet"),
        ({"sub": None}, "names no subject"),
        ({"sub": ["42"]}, "sub is not a string"),
        ({"sub": "a\nb"}, "sub is not a string"),
        ({"cnf": {"x5t#S256": "abc"}}, "bound to its holder"),
        ({"header": {"typ": "JWT"}}, "type is not at+jwt"),
        ({"header": {"typ": None}}, "type is not at+jwt"),
        ({"header": {"kid": "two"}}, "not signed with a key of its issuer"),
        ({"iss": "https://stranger.example"}, "no access token of this server"),
    ],
)
async def test_a_token_that_is_not_in_order_is_refused(trust: Trusting, changed: dict[str, Any], reason: str):
    assert reason in await trust.refused(trust.issuer.token(key=trust.issuer.keys["one"], **changed))


async def test_a_token_bound_to_a_key_says_so(trust: Trusting):
    assert (await trust.verify(trust.issuer.token(cnf={"jkt": "a" * 43}))).thumbprint == "a" * 43


def forged(token: str, header: dict[str, Any], signature: bytes | None = None) -> str:
    """The token with another header, and another signature if one is given."""
    _, claims, signed = token.split(".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    tail = signed if signature is None else base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    return f"{head}.{claims}.{tail}"


async def test_tokens_without_signature_or_with_a_strangers_are_refused(trust: Trusting):
    good = trust.issuer.token()
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}
    stranger = trust.issuer.token(key=ECKey.generate_key("P-256"))
    for token in (
        stranger,
        forged(good, {**head, "alg": "none"}, b"\0"),
        forged(good, {**head, "alg": "RS256"}),
        forged(good, {**head, "alg": "ES384"}),
        forged(good, head, b"\0" * 64),
    ):
        assert "not signed with a key of its issuer" in await trust.refused(token)


async def test_a_public_key_is_no_shared_secret(trust: Trusting):
    key = trust.issuer.add_key("rsa", "RS256")
    assert isinstance(key, RSAKey)
    head = {"alg": "HS256", "typ": "at+jwt", "kid": "rsa"}
    good = trust.issuer.token("rsa", "RS256")
    text = forged(good, head).rpartition(".")[0]
    for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
        token = forged(good, head, hmac.digest(secret, text.encode(), "sha256"))
        assert "not signed with a key of its issuer" in await trust.refused(token)


async def test_no_header_leads_to_a_key_and_none_may_ask_for_more(trust: Trusting):
    evil = ECKey.generate_key("P-256")
    for header in (
        {"jku": f"{trust.issuer.address}/evil"},
        {"x5u": f"{trust.issuer.address}/evil"},
        {"jwk": evil.as_dict(private=False)},
    ):
        assert "not signed" in await trust.refused(trust.issuer.token(header=header, key=evil))
    assert "/evil" not in trust.issuer.asked
    critical = forged(
        trust.issuer.token(), {"alg": "ES256", "typ": "at+jwt", "kid": "one", "crit": ["x"], "x": 1}
    )
    assert await trust.refused(critical) == "This is no access token of this server"


async def test_our_own_tokens_and_keys_go_on_working(trust: Trusting):
    house = trust.house
    own = (await house.token(house.partner, grant_type="client_credentials")).json()["access_token"]
    assert (await trust.verify(own)).client == house.partner.client_id
    _, key = await house.server.api_keys.add(house.partner.client_id, "Night run")
    assert (await trust.verify(key)).client == house.partner.client_id
    assert trust.issuer.asked == {}


# --- what it opens ---


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, set[str]()),
        ({"scope": "shop:read console:admin"}, set[str]()),  # ours, which there mean nothing
        ({"scope": "shop.read other"}, {"shop:read", "storefront:read"}),
        ({"scope": ["shop.read"]}, {"shop:read", "storefront:read"}),
        ({"scope": {"shop.read": True}}, set[str]()),
        ({"groups": ["sales"]}, {"shop:read", "storefront:read", "partner:read"}),
        ({"groups": ["privacy"]}, {"shop:read", "storefront:read", "partner:read", "pii:read"}),
        ({"groups": ["ops"]}, {"shop:read", "storefront:read", "partner:read", "console:replay"}),
        ({"groups": ["it"]}, {*SCOPES, "pii:read", "console:replay"}),
        ({"groups": ["desk", "nobody", 7]}, {"storefront:read", "storefront:write"}),
    ],
)
async def test_scopes_and_groups_open_what_they_are_mapped_to(
    tmp_path: Path, claims: dict[str, Any], scopes: set[str]
):
    async with issuing() as issuer:
        settings = Settings(data=tmp_path, public_url=ISSUER, issuers=(trusted(issuer.address),))
        more = {"pii:read": "See who they are", "console:replay": "Replay"}
        async with open_house(settings, scopes={**SCOPES, **more}) as house:
            token = await house.server.bearer.verify(issuer.token(**claims))
    assert token.scopes == scopes


async def test_claims_may_lie_deeper_and_a_token_may_name_a_customer(tmp_path: Path):
    async with issuing() as issuer:
        set_up = trusted(
            issuer.address,
            group_claim="realm_access.roles",
            scope_claim="https://example.com/scp",
            customer_claim="customer",
            token_types=("JWT",),
            plan="partner",
        )
        settings = Settings(data=tmp_path, public_url=ISSUER, issuers=(set_up,))
        async with open_house(settings) as house:
            claims: dict[str, Any] = {
                "realm_access": {"roles": ["desk"]},
                "https://example.com/scp": "shop.read",
                "customer": "cus_1",
            }
            token = await house.server.bearer.verify(issuer.token(header={"typ": "JWT"}, **claims))
            without = await house.server.bearer.verify(
                issuer.token(header={"typ": "JWT"}, realm_access="desk")
            )
    assert token.scopes == {"shop:read", "storefront:read", "storefront:write"}
    assert (token.customer_id, token.plan) == ("cus_1", "partner")
    assert without.scopes == set()


async def test_a_member_of_staff_comes_through_the_gateway(trust: Trusting, landscape: Landscape):
    remembered = RememberedTokens(trust.house.server.bearer)
    app = landscape.gateway(tokens=remembered, authorization=trust.house.server)
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:

        async def ask(token: str) -> httpx.Response:
            return await http.get("/shop/v1/products", headers={"authorization": f"Bearer {token}"})

        reader, nobody = trust.issuer.token(groups=["sales"]), trust.issuer.token(groups=["canteen"])
        assert (await ask(reader)).status_code == 200
        assert remembered.known(b"Bearer " + reader.encode()) is not None
        assert (await ask(nobody)).status_code == 403
        trust.issuer.down = True
        trust.later(STALE)
        refused = await ask(trust.issuer.token(jti="j2"))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, str(AFTER_FAILURE))

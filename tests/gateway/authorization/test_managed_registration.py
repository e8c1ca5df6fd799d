"""Clients that registered themselves read, change and end their registration; unused ones are forgotten."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.authorization.clients import ITSELF, UNUSED
from gateway.authorization.registration import KEY_METHODS, Client
from tests.gateway.authorization.browsing import Registered
from tests.gateway.authorization.conftest import Answers, House
from tests.gateway.authorization.signing import signer
from tests.gateway.authorization.test_dynamic_registration import HONEST, open_door, register, registrar
from triptych.problems import NotFound, Unauthenticated

__all__ = ["open_door"]


async def ask(
    house: House, method: str, said: Answers, document: object = None, **other: str
) -> httpx.Response:
    path = httpx.URL(said["registration_client_uri"]).path
    token = other.get("token", said["registration_access_token"])
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    content = None if document is None else json.dumps(document)
    return await house.http.request(method, path, content=content, headers=headers)


def changed(said: Answers, **other: Any) -> Answers:
    """A whole new registration, as RFC 7592 wants it."""
    return {**HONEST, "client_id": said["client_id"], **other}


async def test_a_client_reads_its_own_registration_without_its_secret(open_door: House):
    said = (await register(open_door, {**HONEST, "client_name": "Zoë's app"})).json()
    answer = await ask(open_door, "GET", said)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    secret = {"client_secret", "client_secret_expires_at"}
    assert answer.json() == {name: value for name, value in said.items() if name not in secret}


async def test_what_it_says_anew_replaces_all_that_it_said(open_door: House):
    said = (await register(open_door, {**HONEST, "client_name": "Old", "scope": "openid profile"})).json()
    there = "https://new.example/back"
    answer = await ask(open_door, "PUT", said, changed(said, redirect_uris=[there], scope="openid"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["redirect_uris"] == [there]
    assert answer.json()["client_name"] != "Old"
    assert "client_secret" not in answer.json(), "it keeps the one that it has"
    client = Registered(said["client_id"], said["client_secret"], there)
    tokens = await open_door.tokens(client, "openid")
    assert tokens["scope"] == "openid"
    assert open_door.audit.of("client.changed")[0]["client"] == said["client_id"]


async def test_a_client_that_needs_a_secret_from_now_on_gets_one(open_door: House):
    said = (await register(open_door, {**HONEST, "token_endpoint_auth_method": "none"})).json()
    answer = await ask(open_door, "PUT", said, changed(said))
    secret = answer.json()["client_secret"]
    await open_door.tokens(Registered(said["client_id"], secret), "openid")
    bare = await ask(open_door, "PUT", said, changed(said, token_endpoint_auth_method="none"))
    assert "client_secret" not in bare.json()
    refused = await open_door.token(Registered(said["client_id"], secret), grant_type="refresh_token")
    assert refused.status_code == 401


@pytest.mark.parametrize(
    "other",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"client_secret": "guess"},
        {"registration_access_token": "mine"},
        {"registration_client_uri": "https://evil.example/"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 0},
        {"scope": "openid storefront:write"},
        {"scope": "clients:register"},
        {"grant_types": ["client_credentials"]},
        {"redirect_uris": ["http://evil.example/"]},
        {"token_endpoint_auth_method": "tls_client_auth"},
    ],
    ids=lambda other: " ".join(f"{name}={value}" for name, value in other.items()),
)
async def test_a_change_gives_nothing_that_it_did_not_register_for(open_door: House, other: Answers):
    said = (await register(open_door, HONEST)).json()
    answer = await ask(open_door, "PUT", said, changed(said, **other))
    assert (answer.status_code, answer.json()["error"][:8]) == (400, "invalid_")
    assert (await ask(open_door, "GET", said)).json()["scope"] == HONEST["scope"]


async def test_one_that_was_registered_with_a_token_keeps_to_what_that_allowed(house: House):
    token = await registrar(house, "partner:read")
    document = {"grant_types": ["client_credentials"], "scope": "partner:read"}
    said = (await register(house, document, token)).json()
    again = {**document, "client_id": said["client_id"], "client_secret": said["client_secret"]}
    assert (await ask(house, "PUT", said, again)).status_code == 200
    client = Registered(said["client_id"], said["client_secret"])
    assert (await house.token(client, grant_type="client_credentials")).status_code == 200
    more = await ask(house, "PUT", said, {**again, "scope": "partner:read console:admin"})
    assert more.status_code == 400


async def test_who_ends_its_registration_is_let_in_no_more_and_neither_are_its_tokens(open_door: House):
    house = open_door
    said = (await register(house, {**HONEST, "grant_types": ["authorization_code", "refresh_token"]})).json()
    client = Registered(said["client_id"], said["client_secret"])
    tokens = await house.tokens(client, "openid storefront:read")
    answer = await ask(house, "DELETE", said)
    assert (answer.status_code, answer.content) == (204, b"")
    with pytest.raises(Unauthenticated):
        house.server.verifier.judge(tokens["access_token"])
    refreshed = await house.token(client, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refreshed.status_code == 401
    for method in ("GET", "PUT", "DELETE"):
        assert (await ask(house, method, said, changed(said))).status_code == 401
    with pytest.raises(NotFound):
        await house.server.clients.register_anew(signing_client(said["client_id"]))


def signing_client(client_id: str) -> Client:
    return Client(
        client_id,
        "x",
        ("client_credentials",),
        (),
        "free",
        auth_methods=KEY_METHODS,
        jwks=signer("ES256").jwks,
    )


async def test_nobody_manages_another_client_or_one_of_an_administrators(open_door: House):
    house = open_door
    said, other = (await register(house, HONEST)).json(), (await register(house, HONEST)).json()
    office = {**said, "registration_client_uri": f"/oauth/register/{house.office.client_id}"}
    nobody = {**said, "registration_client_uri": "/oauth/register/client_nobody"}
    for wrong in (other["registration_access_token"], "", "x" * 9_000):
        assert (await ask(house, "GET", said, token=wrong)).status_code == 401
    for uri in (office, nobody):
        for method in ("GET", "PUT", "DELETE"):
            answer = await ask(house, method, uri, changed(said))
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    basic = await house.http.get("/oauth/register/" + said["client_id"], auth=("x", "y"))
    assert basic.status_code == 401


async def test_the_token_that_manages_a_client_is_kept_as_a_hash(open_door: House):
    said = (await register(open_door, HONEST)).json()
    client = await open_door.server.clients.find(said["client_id"])
    assert client is not None
    assert said["registration_access_token"] not in repr(client)
    assert client.registered_by == ITSELF


async def test_a_client_that_nobody_ever_used_is_forgotten_after_a_while(open_door: House):
    house = open_door
    token = await registrar(house, "partner:read")
    unused = (await register(house, HONEST)).json()
    used = (await register(house, HONEST)).json()
    vouched = (await register(house, HONEST | {"scope": "partner:read"}, token)).json()
    await house.code(Registered(used["client_id"], used["client_secret"]), "openid")
    house.clock.ahead += UNUSED - 1
    await house.server.clients.sweep()
    assert await house.server.clients.find(unused["client_id"]) is not None
    house.clock.ahead += 2
    await house.server.clients.sweep()
    assert await house.server.clients.find(unused["client_id"]) is None
    assert (await ask(house, "GET", unused)).status_code == 401
    for kept in (used["client_id"], vouched["client_id"], house.partner.client_id):
        assert await house.server.clients.find(kept) is not None


async def test_it_is_forgotten_on_either_database(either_house: House):
    stores = either_house.server.clients
    partner = await stores.find(either_house.partner.client_id)
    assert partner is not None
    made = await stores.register(replace(partner, client_id="client_unused", registered_by=ITSELF))
    either_house.clock.ahead += UNUSED + 1
    await stores.sweep()
    assert await stores.find(made.client_id) is None
    assert await stores.find(either_house.partner.client_id) is not None

"""Registering clients and users, and where clients may live."""

from typing import Any

import pytest

from gateway.authorization.opaque import fingerprint
from gateway.authorization.redirects import is_registered, redirect_uri_fault
from gateway.authorization.scopes import within, words
from tests.gateway.authorization.browsing import Registered
from tests.gateway.authorization.conftest import PASSWORD, House
from triptych.problems import InvalidInput, NotFound


def plain(**other: Any) -> dict[str, Any]:
    """What a simple client is registered with."""
    return {"grants": ["client_credentials"], "scopes": ["partner:read"], "plan": "partner", **other}


async def test_a_secret_is_told_once_and_kept_as_a_hash(house: House):
    made = await house.server.clients.add("Once", **plain())
    assert made.client_secret is not None
    assert made.client_secret.startswith("secret_")
    found = await house.server.clients.find(made.client_id)
    assert found is not None
    assert found.secret_hash == fingerprint(made.client_secret)


async def test_a_client_that_is_registered_anew_keeps_its_secret_and_changes_the_rest(house: House):
    first = await house.server.clients.add("Acme", client_id="acme-again", **plain())
    again = await house.server.clients.add("Acme Ltd", client_id="acme-again", **plain(plan="internal"))
    assert again == ("acme-again", None)
    found = await house.server.clients.find("acme-again")
    assert found is not None
    assert (found.name, found.plan) == ("Acme Ltd", "internal")
    answer = await house.token(Registered(*first), grant_type="client_credentials")
    assert answer.status_code == 200


async def test_a_changed_client_is_felt_at_once(house: House):
    made = Registered(*await house.server.clients.add("Shrinking", **plain(scopes=["partner:read"])))
    assert (await house.token(made, grant_type="client_credentials")).status_code == 200
    await house.server.clients.add("Shrinking", client_id=made.client_id, **plain(scopes=["storefront:read"]))
    answer = await house.token(made, grant_type="client_credentials", scope="partner:read")
    assert answer.json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"grants": ["password"]}, ["/grants/0"]),
        ({"grants": []}, ["/grants"]),
        ({"public": True}, ["/grants"]),
        ({"grants": ["authorization_code"]}, ["/redirect_uris"]),
        ({"scopes": ["partner:read", 'a"b', "two words"]}, ["/scopes/1", "/scopes/2"]),
        ({"redirect_uris": ["https://a.example/*"]}, ["/redirect_uris/0"]),
        ({"post_logout_redirect_uris": ["nowhere"]}, ["/post_logout_redirect_uris/0"]),
        ({"client_id": "has space"}, ["/client_id"]),
        ({"customer_id": ""}, ["/customer_id"]),
        ({"customer_id": "cus 1"}, ["/customer_id"]),
        ({"public": True, "client_secret": "x", "grants": ["refresh_token"]}, ["/client_secret"]),
    ],
)
async def test_a_client_that_cannot_be_is_refused_with_every_reason(
    house: House, change: dict[str, Any], pointers: list[str]
):
    with pytest.raises(InvalidInput) as refused:
        await house.server.clients.add("Wrong", **plain(**change))
    assert [error["pointer"] for error in refused.value.errors] == pointers


async def test_what_does_not_exist_cannot_be_disabled(house: House):
    with pytest.raises(NotFound):
        await house.server.disable_client("nobody")
    with pytest.raises(NotFound):
        await house.server.disable_user("nobody")


@pytest.mark.parametrize(
    ("email", "password", "pointer"),
    [
        ("not-an-address", PASSWORD, "/email"),
        ("a b@example.com", PASSWORD, "/email"),
        ("a@b.c", "short", "/password"),
    ],
)
async def test_a_user_that_cannot_be_is_refused(house: House, email: str, password: str, pointer: str):
    with pytest.raises(InvalidInput) as refused:
        await house.server.users.add(email, "Wrong", password, scopes=[])
    assert [error["pointer"] for error in refused.value.errors] == [pointer]


async def test_a_user_keeps_the_id_when_added_again_and_signs_in_with_the_new_password(house: House):
    first = await house.server.users.add("Grace@Example.com", "Grace", PASSWORD, scopes=["*"])
    again = await house.server.users.add("grace@example.com", "Grace Hopper", PASSWORD + "!", scopes=["*"])
    assert again.id == first.id
    assert await house.server.users.authenticate("grace@example.com", PASSWORD) is None
    found = await house.server.users.authenticate(" GRACE@example.com ", PASSWORD + "!")
    assert found is not None
    assert found.name == "Grace Hopper"


async def test_a_password_of_a_megabyte_is_wrong_not_fatal(house: House):
    assert await house.server.users.authenticate(house.ada.email, PASSWORD + "x" * 1_000_000) is None


# --- redirect URIs and origins ---


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        ("https://shop.example/cb", True),
        ("https://shop.example", True),
        ("http://127.0.0.1/cb", True),
        ("http://[::1]:8080/cb", True),
        ("http://localhost:3000/cb", True),
        ("com.example.app:/cb", True),
        ("http://shop.example/cb", False),
        ("https://shop.example/cb#", False),
        ("https://shop.example/cb#x", False),
        ("https://*.example/cb", False),
        ("https://u@shop.example/cb", False),
        ("https://shop.example:0/cb", False),
        ("https://shop.example:99999/cb", False),
        ("https:///cb", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("myapp:/cb", False),
        ("https://shop.example/cb\n", False),
        ("https://shöp.example/cb", False),
        ("/cb", False),
        ("", False),
    ],
)
def test_only_addresses_that_are_safe_to_send_a_code_to_can_be_registered(uri: str, good: bool):
    assert (redirect_uri_fault(uri) == "") is good


@pytest.mark.parametrize(
    ("asked", "registered", "fits"),
    [
        ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", True),
        ("http://[::1]:1/cb", "http://[::1]/cb", True),
        ("http://127.0.0.1:1/other", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1/cb", False),
        ("http://[::1]:1/cb", "http://127.0.0.1/cb", False),
        ("https://127.0.0.1:1/cb", "http://127.0.0.1/cb", False),
        ("http://localhost:1/cb", "http://localhost:2/cb", False),
        ("https://shop.example:1/cb", "https://shop.example/cb", False),
        ("http://127.0.0.1:0/cb", "http://127.0.0.1/cb", False),
    ],
)
def test_only_the_port_on_a_loopback_address_may_differ(asked: str, registered: str, fits: bool):
    assert is_registered(asked, [registered]) is fits


async def test_pages_of_public_clients_may_call_from_a_browser(house: House):
    allows = house.server.allowed_origins
    for origin in [
        "https://shop.example",
        "http://127.0.0.1:5173",
        "http://localhost:3000",
        "http://[::1]:1",
    ]:
        assert allows(origin), origin
    for origin in [
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://shop.example:8443",
        "http://shop.example",
        "https://shop.example/",
        "null",
        "",
        "http://127.0.0.1:99999",
        "http://127.0.0.1.evil.example",
        "ftp://localhost",
    ]:
        assert not allows(origin), origin


# --- scopes ---


def test_patterns_allow_a_scope_a_service_or_everything():
    asked = ["storefront:read", "storefront:write", "console:admin", "openid"]
    assert within(asked, ["storefront:*"]) == ["storefront:read", "storefront:write"]
    assert within(asked, ["openid", "console:admin"]) == ["console:admin", "openid"]
    assert within(asked, ["*"]) == asked
    assert within(asked, []) == []


def test_a_scope_without_a_description_is_put_in_words():
    assert words("storefront:read", {"storefront:read": "Look around"}) == "Look around"
    assert words("service-desk:write", {}) == "Act for you in service desk"
    assert words("console:admin", {}) == "Use “admin” of console"

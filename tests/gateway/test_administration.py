"""The gateway's own API: who may use it, what it answers, and what the audit log hears of it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select

from gateway.audit.tables import RECORDS
from gateway.authorization import totp
from gateway.authorization.keys import PUBLISHED_SECONDS
from gateway.authorization.tables import signing_keys
from gateway.front import GatewayFront
from triptych.assembly.platform import Platform
from triptych.settings import Settings

ISSUER = "http://127.0.0.1:8000"
PASSWORD = "correct horse battery"


@dataclass
class Desk:
    """A gateway without services, and an administrator before it."""

    platform: Platform
    front: GatewayFront
    http: httpx.AsyncClient

    async def token(self, scope: str, plan: str = "internal") -> str:
        issued = await self.front.clients.add(
            "Somebody", grants=["client_credentials"], scopes=[scope], plan=plan
        )
        assert issued.client_secret is not None
        answer = await self.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=httpx.BasicAuth(issued.client_id, issued.client_secret),
        )
        return answer.json()["access_token"]

    async def ask(self, method: str, path: str, token: str, body: Any = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"}
        return await self.http.request(method, f"/gateway/v1{path}", headers=headers, json=body)

    async def audited(self, action: str) -> list[tuple[str, str, Any]]:
        """Actor, object and details of each record of an action."""
        await self.front.audit.flush()
        database = await self.platform.storage.open("gateway")
        query = select(RECORDS.c.actor, RECORDS.c.object, RECORDS.c.details).where(RECORDS.c.action == action)
        async with database.read() as connection:
            rows = await connection.execute(query)
            return [(row.actor, row.object, orjson.loads(row.details)) for row in rows]


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    data: Path = tmp_path_factory.mktemp("administration")
    settings = await asyncio.to_thread(lambda: Settings(data=data, public_url=ISSUER))
    async with Platform(settings, {}) as platform, GatewayFront(platform) as front:
        transport = httpx.ASGITransport(front.app, client=("203.0.113.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
            yield Desk(platform, front, http)


@pytest.fixture
async def admin(desk: Desk) -> str:
    return await desk.token("gateway:admin")


ADMINISTERED = [
    ("GET", "/clients"),
    ("POST", "/clients"),
    ("GET", "/clients/x"),
    ("POST", "/clients/x/rotate-secret"),
    ("DELETE", "/clients/x"),
    ("GET", "/users"),
    ("POST", "/users"),
    ("POST", "/users/x/disable"),
    ("PUT", "/users/x/password"),
    ("DELETE", "/users/x/second-factor"),
    ("POST", "/users/x/sign-out"),
    ("GET", "/api-keys"),
    ("POST", "/api-keys"),
    ("DELETE", "/api-keys/x"),
    ("GET", "/plans"),
    ("GET", "/keys"),
    ("POST", "/keys/rotate"),
]


async def test_nothing_is_administered_without_the_scope(desk: Desk):
    stranger = await desk.token("partner:read")
    for method, path in ADMINISTERED:
        without = await desk.ask(method, path, stranger)
        assert (without.status_code, without.json()["scope"]) == (403, "gateway:admin"), path
        assert (await desk.http.request(method, f"/gateway/v1{path}")).status_code == 401, path


async def test_the_document_has_every_operation_and_the_portal_a_page(desk: Desk):
    document = (await desk.http.get("/openapi/gateway.v1.json")).json()
    found = {
        (
            method.upper(),
            path.removeprefix("/gateway/v1")
            .replace("{client_id}", "x")
            .replace("{user}", "x")
            .replace("{key_id}", "x"),
        )
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert found >= set(ADMINISTERED)
    page = await desk.http.get("/portal/gateway/v1")
    assert page.status_code == 200
    assert "/keys/rotate" in page.text


async def test_a_client_is_registered_shown_given_another_secret_and_revoked(desk: Desk, admin: str):
    new = {"name": "Acme", "grants": ["client_credentials"], "scopes": ["partner:read"], "plan": "partner"}
    made = await desk.ask("POST", "/clients", admin, new)
    issued = made.json()
    shown = (await desk.ask("GET", f"/clients/{issued['client_id']}", admin)).json()
    rotated = (await desk.ask("POST", f"/clients/{issued['client_id']}/rotate-secret", admin)).json()
    revoked = await desk.ask("DELETE", f"/clients/{issued['client_id']}", admin)
    gone = await desk.ask("GET", f"/clients/{issued['client_id']}", admin)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "private, no-store"
    assert (shown["name"], shown["plan"]) == ("Acme", "partner")
    assert rotated["client_secret"] not in ("", None, issued["client_secret"])
    assert (revoked.status_code, revoked.content) == (204, b"")
    assert gone.status_code == 404


async def test_a_client_that_cannot_be_is_refused_naming_each_fault(desk: Desk, admin: str):
    new = {"name": "Acme", "grants": ["password"], "scopes": ['a"b'], "plan": "free"}
    refused = await desk.ask("POST", "/clients", admin, new)
    assert refused.status_code == 422
    assert {fault["pointer"] for fault in refused.json()["errors"]} == {"/grants/0", "/scopes/0"}
    unknown = await desk.ask("POST", "/clients", admin, {**new, "plan": "gold"})
    assert [fault["pointer"] for fault in unknown.json()["errors"]] == ["/plan"]


async def test_a_public_client_has_no_secret_to_rotate(desk: Desk, admin: str):
    new = {
        "name": "App",
        "grants": ["authorization_code"],
        "scopes": ["shop:read"],
        "plan": "free",
        "redirect_uris": ["https://shop.example/callback"],
        "public": True,
    }
    client_id = (await desk.ask("POST", "/clients", admin, new)).json()["client_id"]
    assert (await desk.ask("POST", f"/clients/{client_id}/rotate-secret", admin)).status_code == 422


async def test_an_api_key_is_made_shown_once_listed_and_revoked(desk: Desk, admin: str):
    new = {"name": "Acme", "grants": ["client_credentials"], "scopes": ["gateway:admin"], "plan": "internal"}
    client_id = (await desk.ask("POST", "/clients", admin, new)).json()["client_id"]
    made = await desk.ask("POST", "/api-keys", admin, {"client_id": client_id, "name": "Night run"})
    key = made.json()["key"]
    assert made.status_code == 201
    assert (await desk.ask("GET", "/plans", key)).status_code == 200
    listed = await desk.ask("GET", f"/api-keys?client_id={client_id}", admin)
    assert [one["hint"] for one in listed.json()["items"]] == [f"trp_live_…{key[-4:]}"]
    assert key not in listed.text
    assert (await desk.ask("DELETE", f"/api-keys/{made.json()['id']}", admin)).status_code == 204
    assert (await desk.ask("GET", "/plans", key)).status_code == 401
    assert (await desk.ask("GET", f"/api-keys?client_id={client_id}", admin)).json()["items"] == []
    assert (await desk.ask("DELETE", "/api-keys/key_none", admin)).status_code == 404
    events = [await desk.audited(f"administration.api-key.{event}") for event in ("made", "revoked")]
    assert [event[-1][1] for event in events] == [made.json()["id"]] * 2
    assert key not in str(events)


async def test_people_are_listed_page_by_page(desk: Desk, admin: str):
    for number in range(5):
        new = {"email": f"page{number}@example.com", "name": "Page", "scopes": ["crm:*"]}
        assert (await desk.ask("POST", "/users", admin, new)).status_code == 200
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await desk.ask("GET", f"/users?limit=2&{cursor}", admin)).json()
        assert len(page["items"]) <= 2
        seen += [one["email"] for one in page["items"]]
        cursor = page["next_cursor"] and f"cursor={page['next_cursor']}"
    assert [f"page{number}@example.com" in seen for number in range(5)] == [True] * 5
    assert len(seen) == len(set(seen))
    one = (await desk.ask("GET", "/users?email=PAGE3@example.com", admin)).json()["items"]
    assert [user["email"] for user in one] == ["page3@example.com"]
    assert (await desk.ask("GET", "/users?cursor=made-up", admin)).status_code == 422


async def test_a_password_is_told_once_where_it_was_made_and_not_where_it_was_given(desk: Desk, admin: str):
    made = await desk.ask("POST", "/users", admin, {"email": "a@example.com", "name": "A", "scopes": []})
    given = {"email": "b@example.com", "name": "B", "scopes": ["crm:*"], "password": PASSWORD}
    assert len(made.json()["password"]) >= 12
    assert (await desk.ask("POST", "/users", admin, given)).json()["password"] is None
    assert (await desk.front.users.authenticate("a@example.com", made.json()["password"])) is not None
    changed = (await desk.ask("PUT", "/users/a@example.com/password", admin, {})).json()
    assert (await desk.front.users.authenticate("a@example.com", made.json()["password"])) is None
    assert (await desk.front.users.authenticate("a@example.com", changed["password"])) is not None
    short = await desk.ask("PUT", "/users/a@example.com/password", admin, {"password": "short"})
    assert (short.status_code, short.json()["errors"][0]["pointer"]) == (422, "/password")


async def test_somebody_disabled_cannot_sign_in_until_added_again(desk: Desk, admin: str):
    new = {"email": "c@example.com", "name": "C", "scopes": ["crm:*"], "password": PASSWORD}
    user_id = (await desk.ask("POST", "/users", admin, new)).json()["id"]
    assert (await desk.ask("POST", f"/users/{user_id}/disable", admin)).status_code == 204
    assert await desk.front.users.authenticate("c@example.com", PASSWORD) is None
    listed = (await desk.ask("GET", "/users?email=c@example.com", admin)).json()["items"]
    assert [one["disabled"] for one in listed] == [True]
    assert (await desk.ask("POST", "/users", admin, new)).json()["id"] == user_id
    assert await desk.front.users.authenticate("c@example.com", PASSWORD) is not None


async def test_who_has_lost_their_phone_signs_in_with_a_password_again(desk: Desk, admin: str):
    new = {"email": "e@example.com", "name": "E", "scopes": ["crm:*"], "password": PASSWORD}
    user_id = (await desk.ask("POST", "/users", admin, new)).json()["id"]
    factors = desk.front.authorization.factors
    secret = await factors.begin(user_id)
    await factors.confirm(user_id, totp.code(secret, int(time()) // totp.PERIOD))
    assert await factors.has(user_id)
    assert (await desk.ask("DELETE", "/users/e@example.com/second-factor", admin)).status_code == 204
    assert not await factors.has(user_id)
    assert [what for _, what, _ in await desk.audited("administration.user.second-factor-removed")] == [
        user_id
    ]


async def test_what_is_done_is_in_the_audit_log_with_who_did_it(desk: Desk, admin: str):
    who = (await desk.front.authorization.verifier.verify(admin)).subject
    new = {"email": "d@example.com", "name": "D", "scopes": ["crm:*"], "password": PASSWORD}
    user_id = (await desk.ask("POST", "/users", admin, new)).json()["id"]
    await desk.ask("POST", f"/users/{user_id}/sign-out", admin)
    assert (who, user_id, {"scopes": "crm:*"}) in await desk.audited("administration.user.added")
    assert (who, user_id, {}) in await desk.audited("administration.user.signed-out")
    everything = [
        record
        for event in ("added", "signed-out")
        for record in await desk.audited(f"administration.user.{event}")
    ]
    assert PASSWORD not in str(everything)


async def test_keys_are_rotated_once_the_next_one_is_known_everywhere(desk: Desk, admin: str):
    before = (await desk.ask("GET", "/keys", admin)).json()["items"]
    assert (await desk.ask("POST", "/keys/rotate", admin)).status_code == 409
    database = await desk.platform.storage.open("gateway")
    async with database.write() as connection:
        older = signing_keys.c.created_at - PUBLISHED_SECONDS
        await connection.execute(signing_keys.update().values(created_at=older))
    rotated = (await desk.ask("POST", "/keys/rotate", admin)).json()
    after = {one["place"]: one for one in (await desk.ask("GET", "/keys", admin)).json()["items"]}
    assert rotated["kid"] == next(one["kid"] for one in before if one["place"] == "next")
    assert after["current"] == rotated
    assert set(after) == {"current", "next", "retired"}

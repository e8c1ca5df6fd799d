"""What a client is pinned to, and which web pages are its own."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.authorization.clients import BEFORE_PINS, Clients
from gateway.authorization.lifetimes import Clock
from gateway.authorization.origins import AllowedOrigins
from gateway.authorization.service import MIGRATIONS
from gateway.authorization.tables import clients as clients_table
from triptych.problems import InvalidInput, NotFound
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Database, Storage


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    settings = Settings(data=tmp_path)
    async with Storage(settings, Secrets(settings)) as storage:
        yield await storage.open("gateway", MIGRATIONS)


@pytest.fixture
def clients(database: Database) -> Clients:
    return Clients(database, Clock())


def plain(**other: Any) -> dict[str, Any]:
    """What a simple client is registered with."""
    return {"grants": ["client_credentials"], "scopes": ["partner:read"], "plan": "partner", **other}


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"pinned": "yesterday"}, ["/pinned"]),
        ({"pinned": "20261101"}, ["/pinned"]),
        ({"origins": ("https://a.example/page", "*", "https://a.example")}, ["/origins/0", "/origins/1"]),
        ({"origins": ("http://a.example", "com.example.app:/x")}, ["/origins/0", "/origins/1"]),
    ],
)
async def test_days_and_origins_that_are_none_are_refused(
    clients: Clients, change: dict[str, Any], pointers: list[str]
):
    with pytest.raises(InvalidInput) as refused:
        await clients.add("Wrong", **plain(**change))
    assert [error["pointer"] for error in refused.value.errors] == pointers


async def test_a_client_is_pinned_to_the_day_of_its_registration_and_stays_there(clients: Clients):
    clients.newest = "2001-01-01"
    first = await clients.add("Acme", client_id="acme-pinned", **plain())
    today = clients.pin(first.client_id)
    clients.newest = "2999-01-01"
    await clients.add("Acme", client_id="acme-pinned", **plain())
    later = await clients.add("Later", **plain())

    assert today == datetime.fromtimestamp(Clock().now(), UTC).date().isoformat()
    assert clients.pin("acme-pinned") == today
    assert clients.pin(later.client_id) == "2999-01-01"
    assert (await clients.change("acme-pinned", pinned="2026-07-01")).pinned == "2026-07-01"
    assert clients.pin("acme-pinned") == "2026-07-01"
    with pytest.raises(NotFound):
        await clients.change("nobody-at-all", pinned="2026-07-01")


async def test_a_client_of_before_there_were_pins_gets_what_it_got_then(clients: Clients, database: Database):
    made = await clients.add("Old", **plain())
    async with database.write() as connection:
        row = (
            await connection.execute(select(clients_table).where(clients_table.c.id == made.client_id))
        ).one()
        known = json.loads(row.registration)
        del known["pinned"], known["origins"]
        here = clients_table.c.id == made.client_id
        await connection.execute(update(clients_table).where(here).values(registration=json.dumps(known)))
    await clients.refresh()
    assert clients.pin(made.client_id) == BEFORE_PINS == "2026-11-01"


async def test_the_pages_of_a_client_are_those_that_it_names_or_those_that_it_sends_users_back_to(
    clients: Clients,
):
    allowed = AllowedOrigins("https://api.example", clients)
    back = {"grants": ["authorization_code"], "redirect_uris": ["https://a.example/back"]}
    shop = await clients.add("Shop", public=True, **plain(**back))
    named = await clients.add("Named", **plain(origins=("https://b.example",)))
    machine = await clients.add("Machine", **plain())

    assert allowed("https://a.example")
    assert allowed("https://b.example")
    assert allowed.of_client(shop.client_id, "https://a.example")
    assert not allowed.of_client(shop.client_id, "https://b.example")
    assert allowed.of_client(named.client_id, "https://b.example")
    assert not allowed.of_client(machine.client_id, "https://a.example")
    assert not allowed.of_client("nobody", "https://a.example")
    assert allowed.of_client("nobody", "https://api.example")
    await clients.change(named.client_id, origins=())
    assert not allowed("https://b.example")

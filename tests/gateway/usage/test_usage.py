"""What is counted of calls, and that none is lost or counted twice."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from secrets import token_hex

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from experiences.partner.contract import Partner
from gateway.authorization.service import MIGRATIONS
from gateway.exchange import Exchange
from gateway.identity import VerifiedToken
from gateway.routes import Routes
from gateway.usage import Usage, used
from gateway.usage.counting import HOUR, KEPT
from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Database, Storage

ROUTES = Routes.of([Partner], "", 1_000_000)
NOON = 1_780_000_000 // HOUR * HOUR


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Database]:
    url = SecretStr(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    settings = Settings(data=tmp_path, database_url=url)
    async with Storage(settings, await asyncio.to_thread(Secrets, settings)) as storage:
        yield await storage.open(f"gateway-usage-{token_hex(4)}", MIGRATIONS)


def call(path: str, client: str = "acme", version: str = "2026-11-01", method: str = "GET") -> Exchange:
    exchange = Exchange(method, path.encode(), b"", [], "203.0.113.7")
    exchange.segments = path.split("/")
    exchange.route = route = ROUTES.at("partner", "v1")
    assert route is not None
    exchange.endpoint = route.find(method, exchange.segments)
    exchange.version = version
    exchange.token = VerifiedToken("somebody", client) if client else None
    return exchange


async def test_calls_are_added_up_by_client_version_operation_and_outcome(database: Database) -> None:
    now = float(NOON)
    usage = Usage(database, lambda: now)
    for status in (200, 204, 404, 503, 0):
        usage.count(call("/partner/v1/products"), status)
    usage.count(call("/partner/v1/orders", method="POST"), 202)
    usage.count(call("/partner/v1/products", version="2026-07-01"), 200)
    usage.count(call("/partner/v1/products", client=""), 401)
    await usage.flush()
    now += HOUR
    usage.count(call("/partner/v1/products"), 200)
    await usage.flush()

    found = await used(database, 0)
    told = [(use.client, use.operation, use.version, use.calls, use.refused, use.failed) for use in found]
    assert told == [
        ("acme", "partner.find_products", "2026-11-01", 6, 1, 2),
        ("", "partner.find_products", "2026-11-01", 1, 1, 0),
        ("acme", "partner.find_products", "2026-07-01", 1, 0, 0),
        ("acme", "partner.place_order", "2026-11-01", 1, 0, 0),
    ]
    assert [use.units for use in found] == [6, 1, 1, 5]
    assert (found[0].service, found[0].major, found[0].last_hour) == ("partner", 1, NOON + HOUR)
    assert [use.calls for use in await used(database, NOON + HOUR)] == [1]
    assert len(await used(database, 0, client="acme", service="partner")) == 3
    assert await used(database, 0, service="storefront") == []


async def test_what_leads_to_no_operation_is_not_counted(database: Database) -> None:
    usage = Usage(database)
    usage.count(Exchange("GET", b"/healthz", b"", [], ""), 200)
    usage.count(call("/partner/v1/nothing"), 404)
    await usage.flush()
    assert await used(database, 0) == []


async def test_gateways_that_write_at_once_add_up(database: Database) -> None:
    gateways = [Usage(database, lambda: NOON, every=0.001) for _ in range(4)]

    async def work(usage: Usage) -> None:
        async with usage.running():
            for _ in range(200):
                usage.count(call("/partner/v1/products"), 200)
                usage.count(call("/partner/v1/orders"), 200)
                await asyncio.sleep(0)

    await asyncio.gather(*map(work, gateways))

    assert [use.calls for use in await used(database, 0)] == [800, 800]


async def test_a_stop_writes_what_is_left(database: Database) -> None:
    usage = Usage(database, every=3600)
    async with usage.running():
        usage.count(call("/partner/v1/products"), 200)
    assert [use.calls for use in await used(database, 0)] == [1]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_cannot_be_written_waits_and_a_stop_says_so(database: Database) -> None:
    usage = Usage(database, lambda: NOON, every=0.001)

    async def work() -> None:
        async with usage.running():
            usage.count(call("/partner/v1/products"), 200)
            await asyncio.sleep(0.05)
            usage.count(call("/partner/v1/products"), 200)

    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE usage RENAME TO elsewhere"))
    with pytest.raises(DBAPIError, match="no such table: usage"):
        await work()
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO usage"))
    await usage.flush()
    assert [use.calls for use in await used(database, 0)] == [2]


async def test_usage_is_kept_for_thirteen_months(database: Database) -> None:
    now = float(NOON)
    usage = Usage(database, lambda: now)
    usage.count(call("/partner/v1/products"), 200)
    await usage.flush()
    now += KEPT
    usage.count(call("/partner/v1/products"), 200)
    await usage.flush()
    assert [use.calls for use in await used(database, 0)] == [2]
    now += HOUR
    await usage.flush()
    assert [use.calls for use in await used(database, 0)] == [1]


async def test_every_call_is_counted_once_with_the_status_of_its_answer(
    landscape: Landscape, browse: Browse
) -> None:
    seen: list[tuple[str, int]] = []

    def count(exchange: Exchange, status: int) -> None:
        if exchange.endpoint is not None:
            seen.append((exchange.endpoint.name, status))

    headers = landscape.token("acme", "shop:read")
    async with browse(landscape.gateway(count=count)) as client:
        await client.get("/shop/v1/products", headers=headers)
        await client.get("/shop/v1/products/NONE", headers=headers)
        await client.get("/shop/v1/products")
        await client.get("/shop/v1/crash")
        await client.get("/kettle/v1/status", headers=headers)
        await client.get("/healthz")
    assert seen == [
        ("shop.products", 200),
        ("shop.product", 404),
        ("shop.products", 401),
        ("shop.crash", 500),
        ("kettle.status", 410),
    ]

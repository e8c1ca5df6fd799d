"""The audit log on both databases: complete and durable, whoever writes it."""

import asyncio

import pytest
from sqlalchemy import select

from gateway.audit import AuditLog
from gateway.audit.log import PATIENCE
from gateway.audit.tables import RECORDS, metadata
from tests.gateway.audit.conftest import KEY, Opened, of
from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape
from triptych.problems import Overloaded
from triptych.storage import Database
from triptych.storage.upgrading import drift


async def test_the_tables_are_those_that_the_migration_makes(database: Database):
    differences = await drift(database.engine, metadata.tables.values())
    assert [found for found in differences if "audit" in found] == []


async def test_an_empty_log_is_sound(database: Database):
    finding = await AuditLog(database, KEY).verify()
    assert finding.sound
    assert finding.records == 0


async def test_what_was_done_is_recorded_in_order_and_chained(database: Database):
    async with of(database, 0) as log:
        await log("login.failed", account="ann@example.com", address="203.0.113.7")
        await log("token.issued", subject="usr_1", client="acme", grant="authorization_code")
        await log("oauth.refused", client="acme", error="invalid_grant")
        await log.flush()
        assert (await log.verify()).records == 3
    async with database.read() as connection:
        rows = (await connection.execute(select(RECORDS).order_by(RECORDS.c.sequence))).all()
    assert [row.sequence for row in rows] == [1, 2, 3]
    assert [(row.actor, row.client, row.action, row.outcome) for row in rows] == [
        ("ann@example.com", "", "login.failed", "failed"),
        ("usr_1", "acme", "token.issued", "issued"),
        ("acme", "acme", "oauth.refused", "invalid_grant"),
    ]
    assert rows[0].details == '{"address":"203.0.113.7"}'
    assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:-1]]


async def test_a_log_is_whole_after_a_stop_and_goes_on(opened: Opened):
    for run in range(3):
        async with opened() as database:
            log = AuditLog(database, KEY)
            async with log.running():
                for _ in range(40):
                    await log("token.issued", client="acme")
            finding = await log.verify()
            assert finding.sound, finding
            assert finding.records == 40 * (run + 1)


async def test_several_gateways_write_one_chain(opened: Opened):
    async with opened() as one, opened() as other:
        logs = [AuditLog(one, KEY), AuditLog(other, KEY)]

        async def fill(log: AuditLog) -> None:
            async with log.running():
                for number in range(60):
                    await log("token.issued", client="acme", number=number)
                    await asyncio.sleep(0.002)

        await asyncio.gather(*(fill(log) for log in logs))
        finding = await logs[0].verify()
    assert finding.sound, finding
    assert finding.records == 120


async def test_a_log_can_be_verified_while_it_grows(database: Database):
    async with of(database, 50) as log:
        for _ in range(5):
            for number in range(20):
                await log("token.issued", client="acme", number=number)
            finding, _ = await asyncio.gather(log.verify(), log.flush())
            assert finding.sound, finding


async def test_hostile_words_are_kept_as_far_as_a_database_can(database: Database):
    async with of(database, 0) as log:
        address = "'; DROP TABLE audit_records;--"
        await log("login.failed", account="a\0b\ud800" + "x" * 5_000, address=address)
        await log.flush()
        assert (await log.verify()).records == 1


async def test_writes_through_the_gateway_are_recorded_with_their_outcome(
    database: Database, landscape: Landscape, browse: Browse
):
    log = AuditLog(database, KEY)
    header = landscape.token("acme", "shop:read", "shop:write")
    reader = landscape.token("reader", "shop:read")
    gateway = landscape.gateway(recording=log, running=[log.running])
    async with gateway.running(), browse(gateway) as client:
        await client.get("/shop/v1/products", headers=header)
        await client.post(
            "/shop/v1/orders?token=secret",
            json={"sku": "TEA-1"},
            headers={**header, "idempotency-key": "k", "x-request-id": "request-0001"},
        )
        await client.post("/shop/v1/orders", json={"sku": "TEA-1"}, headers=header)
        await client.post("/shop/v1/orders", json={"sku": "TEA-1"}, headers=reader)
        await client.post("/shop/v1/orders", json={"sku": "TEA-1"})
        await log.flush()
        assert (await log.verify()).sound
    async with database.read() as connection:
        rows = (await connection.execute(select(RECORDS).order_by(RECORDS.c.sequence))).all()
    told = [(row.actor, row.client, row.action, row.object, row.outcome) for row in rows]
    assert told == [
        ("sub-acme", "client-acme", "shop.place_order", "/shop/v1/orders", "422"),
        ("sub-acme", "client-acme", "shop.place_order", "/shop/v1/orders", "400"),
        ("sub-reader", "client-reader", "shop.place_order", "/shop/v1/orders", "403"),
    ]
    assert rows[0].request_id == "request-0001"
    assert "secret" not in "".join(str(row) for row in rows)


async def test_a_write_is_refused_while_the_log_cannot_be_written(
    database: Database, landscape: Landscape, browse: Browse
):
    log = AuditLog(database, KEY)  # whose writer does not run
    for _ in range(PATIENCE):
        await log("token.issued", client="acme")
    header = landscape.token("acme", "shop:read", "shop:write")
    async with browse(landscape.gateway(recording=log)) as client:
        order = await client.post(
            "/shop/v1/orders", json={"sku": "TEA-1"}, headers={**header, "idempotency-key": "k"}
        )
        products = await client.get("/shop/v1/products", headers=header)
    assert order.status_code == 503
    assert order.headers["retry-after"] == "1"
    assert products.status_code == 200
    assert landscape.shop.orders == []
    with pytest.raises(Overloaded):
        await log("token.issued", client="acme")

"""Who acts for whom reaches the services on both fronts, what they call, and the audit log."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from gateway.audit import AuditLog
from gateway.audit.tables import RECORDS
from gateway.authorization.service import MIGRATIONS
from tests.gateway.conftest import Serve
from tests.gateway.landscape import Landscape, Order
from triptych.context import Caller, current
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Database, Storage

ACTING = ("agent", "portal")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    settings = Settings(data=tmp_path)
    async with Storage(settings, await asyncio.to_thread(Secrets, settings)) as storage:
        yield await storage.open("gateway", MIGRATIONS)


class Noting(list[Order]):
    """Orders that remember who the service was called by."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: list[Caller] = []

    def append(self, order: Order) -> None:
        self.callers.append(current().caller)
        super().append(order)


async def test_services_and_the_audit_log_learn_who_acts_for_whom(
    database: Database, landscape: Landscape, serve_both: Serve
):
    orders = Noting()
    landscape.shop.orders = orders
    log = AuditLog(database, b"k" * 32)
    headers = [landscape.token("ada", "shop:write"), landscape.token("bob", "shop:write")]
    landscape.tokens.known["ada"] = replace(landscape.tokens.known["ada"], acting=ACTING)
    gateway = landscape.gateway(recording=log, running=[log.running])
    async with gateway.running(), serve_both(gateway) as port, httpx.AsyncClient() as client:
        for number, header in enumerate(headers):
            answer = await client.post(
                f"http://127.0.0.1:{port}/shop/v1/orders",
                json={"sku": "TEA-1"},
                headers={**header, "idempotency-key": f"k{number}"},
            )
            assert answer.status_code == 201, answer.text
        await log.flush()
    assert [(caller.subject, caller.acting) for caller in orders.callers] == [
        ("sub-ada", ACTING),
        ("sub-bob", ()),
    ]
    async with database.read() as connection:
        rows = (await connection.execute(select(RECORDS).order_by(RECORDS.c.sequence))).all()
    assert [(row.actor, row.details) for row in rows] == [
        ("sub-ada", '{"acting":["agent","portal"]}'),
        ("sub-bob", "{}"),
    ]


def test_who_acts_is_the_same_all_the_way_down():
    caller = Caller("ada", "agent", "gateway", frozenset({"shop:write"}), "cus_1", ACTING)
    below = caller.through("shop", frozenset({"warehouse:read"})).through("warehouse", frozenset())
    assert (below.subject, below.client, below.customer, below.acting) == ("ada", "agent", "cus_1", ACTING)

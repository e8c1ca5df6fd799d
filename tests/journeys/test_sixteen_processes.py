"""One process for each service and the gateway, on PostgreSQL and Redis: an order, and a system that dies."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncGenerator

import pytest

from processes.customer_360.contract import Customer360
from tests.journeys.test_an_order import Shop
from tests.landscape import PLENTY, Landscape, in_processes, start_process, until_ready
from triptych.assembly.discovery import names

pytestmark = pytest.mark.xdist_group("split")


@pytest.fixture(scope="module")
async def sixteen(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, redis_url: str
) -> AsyncGenerator[Landscape]:
    """A process for each service, and the gateway, on one database server and one Redis."""
    data = tmp_path_factory.mktemp("sixteen")
    async with in_processes(
        data,
        TRIPTYCH_DATABASE_URL=postgres_url,
        TRIPTYCH_REDIS_URL=redis_url,
        TRIPTYCH_PLANS=json.dumps(PLENTY),
    ) as running:
        assert len(running.processes) == len(names()) + 1
        yield running


async def test_an_order_comes_to_its_end_over_sixteen_processes(sixteen: Landscape) -> None:
    shop = await Shop(sixteen).open(on_hand=5)
    accepted = await shop.order(2)
    assert accepted.status_code == 202, accepted.text
    done = await shop.settled(accepted.headers["location"])
    assert done["status"] == "completed"
    assert (await shop.level()).on_hand == 3
    view = await sixteen.client(Customer360).view(shop.customer_id)
    assert not view.missing
    assert len(view.shipments) == len(view.payments) == 1


async def test_one_system_that_is_down_leaves_the_others_serving_and_is_found_again(
    sixteen: Landscape,
) -> None:
    shop = await Shop(sixteen).open(on_hand=5)
    desk = await sixteen.token("service-desk:read")
    support = sixteen.processes["support"]
    support.send_signal(signal.SIGTERM)
    await asyncio.wait_for(support.wait(), 15)

    began = time.monotonic()
    tickets = await sixteen.http.get("/service-desk/v1/tickets", headers=desk)
    assert tickets.status_code == 503
    assert tickets.json()["type"] == "/problems/unavailable"
    assert "support" in tickets.json()["detail"]
    view = await sixteen.http.get(f"/service-desk/v1/customers/{shop.customer_id}", headers=desk)
    assert view.status_code == 200
    assert [found["system"] for found in view.json()["missing"]] == ["support"]
    assert time.monotonic() - began < 4  # two answers, each promised within two seconds: a deadline, no speed
    products = await sixteen.http.get("/partner/v1/products", headers=shop.headers)
    assert products.status_code == 200

    port = int(sixteen.addresses["support"].rpartition(":")[2])
    again = await start_process("support", port, sixteen.environment, sixteen.settings.data / "logs/support")
    sixteen.processes["support"] = again
    await until_ready(
        {"support": sixteen.addresses["support"]}, sixteen.processes, sixteen.settings.data / "logs"
    )
    for _ in range(100):
        tickets = await sixteen.http.get("/service-desk/v1/tickets", headers=desk)
        if tickets.status_code == 200:
            break
        await asyncio.sleep(0.1)
    assert tickets.status_code == 200

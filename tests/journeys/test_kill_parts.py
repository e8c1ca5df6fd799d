"""kill -9 while parcels leave and goods come back: every order is sent, charged and given back once."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from processes.order_to_fulfillment.contract import OrderToFulfillment
from tests.journeys import parcels_program
from tests.journeys.parts import FREIGHT, Depot, Here
from tests.journeys.test_in_parts import Patient, hasty
from triptych.canonical.money import Money

ORDERS = 8
KILLS = 8
PROJECT = Path(__file__).resolve().parents[2]


def start(folder: Path) -> "subprocess.Popen[bytes]":
    """The company, in a process of its own."""
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", parcels_program.__name__, str(folder), str(ORDERS)],
            stdout=log,
            stderr=log,
            cwd=PROJECT,
            env={name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")},
        )


def wait_for(company: "subprocess.Popen[bytes]", file: Path) -> None:
    """Wait until it has come so far; fail with its log when it ends instead."""
    for _ in range(2400):
        if file.exists():
            return
        if company.poll() is not None and not file.exists():
            pytest.fail((file.parent / "log").read_text())
        time.sleep(0.05)
    pytest.fail(f"there is no {file.name}: " + (file.parent / "log").read_text())


def test_whatever_is_killed_each_parcel_and_each_return_counts_once(tmp_path: Path) -> None:
    chance = random.Random(11)
    company = start(tmp_path)
    for _ in range(KILLS):
        wait_for(company, tmp_path / "ready")
        time.sleep(chance.uniform(0.1, 1.5))
        if (tmp_path / "done").exists():
            break
        company.send_signal(signal.SIGKILL)
        company.wait(30)
        (tmp_path / "ready").unlink()
        company = start(tmp_path)
    wait_for(company, tmp_path / "done")
    company.wait(60)
    asyncio.run(books_agree(tmp_path))


async def books_agree(folder: Path) -> None:
    """Each order was sent, charged and given back once, as the systems' own books say."""
    placed = [(folder / f"order-{number}").read_text() for number in range(ORDERS)]
    assert len(set(placed)) == ORDERS
    async with hasty(folder / "data", Patient) as platform:
        depot = Depot(Here(platform))
        depot.__dict__.update(_opened(folder))
        for id in placed:
            order = await platform.client(OrderToFulfillment, "tests").order(id)
            assert (order.status, sum(line.quantity for p in order.parcels for line in p.lines)) == (
                "completed",
                4,
            )
            assert [found.refunded for found in order.returns] == [Money.of("5.66", "EUR")]
            assert await depot.kept(order) == order.total - Money.of("5.66", "EUR")
            assert order.total == Money.of("11.32", "EUR") + FREIGHT
            assert await depot.with_the_customer(order) == {depot.tea: 2}
        # four came for each order, four were sent, and of two that came back one is good
        assert await depot.level(depot.tea) == (ORDERS, 0)


def _opened(folder: Path) -> dict[str, str]:
    return json.loads((folder / "depot.json").read_text())

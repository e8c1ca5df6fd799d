"""A disk that is really full: what was accepted ends once there is room, and nothing is done twice."""

import asyncio
import shutil
import subprocess
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from processes.order_to_fulfillment.contract import OrderToFulfillment, PlaceOrder
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from tests.triptych.running.shell import Shell
from triptych.canonical.billing import PaymentFilter, PaymentStatus
from triptych.canonical.inventory import InventoryLevelFilter, NewInventoryLevel, NewLocation
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.canonical.shipping import ShipmentFilter
from triptych.context import idempotency_key
from triptych.contract import every
from triptych.problems import IdempotencyKeyInFlight, Problem
from triptych.running.loop import run
from triptych.running.reaching import clients
from triptych.settings import Settings

pytestmark = pytest.mark.blocking("it runs the platform in another process, and waits for it")
SERVICES = "crm,erp,warehouse,billing,marketing,order-to-fulfillment,operations"
STOCK = 1_000
LEFT = 200_000
"""Bytes that are left on the disk before it is full."""


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A small disk."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None:
        pytest.skip("there is no mount here, and so no small disk")
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64M", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run([unmount, "--lazy", str(place)], check=True)


class Shop:
    """Clients of the platform that runs on that disk."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.customer = ""

    async def stocked(self) -> None:
        """Have somebody who buys, and something to be bought."""
        async with clients(Settings(data=self.data), "test") as found:
            crm, erp, warehouse = found["crm"], found["erp"], found["warehouse"]
            assert isinstance(crm, Crm)
            assert isinstance(erp, Erp)
            assert isinstance(warehouse, Warehouse)
            with idempotency_key("stock"):
                self.customer = (await crm.customers.create(NewCustomer(name="Ada"))).id
                price = Money.of("9.00", "EUR")
                await erp.products.create(NewProduct(sku="TEA-1", name="Tea", price=price))
                berlin = await warehouse.locations.create(NewLocation(code="BER", name="Berlin"))
                level = NewInventoryLevel(sku="TEA-1", location_id=berlin.id, on_hand=STOCK)
                await warehouse.inventory.create(level)

    async def buys_until_refused(self) -> tuple[list[str], int]:
        """Order until five were refused: the ids of what was accepted, and how often was asked."""
        accepted, refused, number = list[str](), 0, 0
        while refused < 5:
            try:
                accepted.append(await self.buys(number))
            except Problem as problem:
                if problem.status < 500 and not isinstance(problem, IdempotencyKeyInFlight):
                    raise
                refused += 1
            number += 1
            assert number < 1_000, "the disk was never full"
        return accepted, number

    async def buys(self, number: int) -> str:
        """Order once; the id."""
        line = NewOrderLine(sku="TEA-1", quantity=1)
        ship_to = Address(line1="Street 1", city="Berlin", country="DE")
        order = NewOrder(customer_id=self.customer, lines=(line,), ship_to=ship_to)
        async with clients(Settings(data=self.data), "test") as found:
            orders = found["order-to-fulfillment"]
            assert isinstance(orders, OrderToFulfillment)
            with idempotency_key(f"order-{number}"):
                return (await orders.place_order(PlaceOrder(order=order))).id

    async def repeats(self, asked: int) -> list[str]:
        """Everything that was asked for, asked for again under its own key, until it is accepted."""
        accepted = list[str]()
        async with asyncio.timeout(60):
            while len(accepted) < asked:
                try:
                    accepted.append(await self.buys(len(accepted)))
                except Problem as problem:
                    if not problem.retryable:
                        raise
                    await asyncio.sleep(0.2)
        return accepted

    async def ends(self, ids: list[str]) -> set[str]:
        """How those orders ended."""
        async with clients(Settings(data=self.data), "test") as found:
            orders = found["order-to-fulfillment"]
            assert isinstance(orders, OrderToFulfillment)
            states = set[str]()
            async with asyncio.timeout(90):
                for each in ids:
                    states.add([update.status async for update in orders.follow_order(each)][-1])
            return states

    async def adds_up(self, ids: list[str]) -> None:
        """Each was shipped and charged once, and the stock says so too."""
        async with clients(Settings(data=self.data), "test") as found:
            warehouse, billing = found["warehouse"], found["billing"]
            assert isinstance(warehouse, Warehouse)
            assert isinstance(billing, Billing)
            shipped = [one.order_id async for one in every(warehouse.shipments, ShipmentFilter(limit=200))]
            paid = [
                one.order_id
                async for one in every(billing.payments, PaymentFilter(limit=200))
                if one.status is PaymentStatus.CAPTURED
            ]
            (level,) = (await warehouse.inventory.find(InventoryLevelFilter(sku=("TEA-1",)))).items
        assert sorted(shipped) == sorted(paid) == sorted(ids)
        assert (level.on_hand, level.reserved) == (STOCK - len(ids), 0)


def fill(disk: Path) -> Path:
    """Leave only a little room."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(b"\0" * (shutil.disk_usage(disk).free - LEFT))
    return ballast


def test_what_was_accepted_before_the_disk_was_full_ends_once_there_is_room(disk: Path) -> None:
    settings = {"TRIPTYCH_STEP_ATTEMPTS": "3", "TRIPTYCH_STEP_DELAY": "0.1"}
    with closing(Shell(disk, TRIPTYCH_SERVICES=SERVICES, TRIPTYCH_SEED="false", **settings)) as shell:
        running = shell.up()
        shop = Shop(shell.data)
        run(shop.stocked())
        ballast = fill(disk)
        accepted, asked = run(shop.buys_until_refused())
        assert running.get("/healthz").status_code == 200

        ballast.unlink()
        again = run(shop.repeats(asked))
        replayed = shell.run("dead-letters", "replay", "--all")
        assert replayed.code == 0, replayed.err
        ended = run(shop.ends(again))
        run(shop.adds_up(again))
        balanced = shell.run("processes", "balance")
    assert set(accepted) <= set(again)
    assert len(set(again)) == asked
    assert ended == {"completed"}
    assert balanced.code == 0, balanced.out + balanced.err

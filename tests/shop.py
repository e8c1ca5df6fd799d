"""A small shop on platforms that run in other processes: what it buys ends once, whatever happens to them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from processes.order_to_fulfillment.contract import OrderToFulfillment, PlaceOrder
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from triptych.canonical.billing import PaymentFilter, PaymentStatus
from triptych.canonical.inventory import InventoryLevelFilter, NewInventoryLevel, NewLocation
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.canonical.shipping import ShipmentFilter
from triptych.context import idempotency_key
from triptych.contract import Api, every
from triptych.problems import IdempotencyKeyInFlight, Problem
from triptych.running.reaching import clients
from triptych.settings import Settings

STOCK = 1_000


class Shop:
    """Clients of the platforms that run with these settings, each of which has some of the services."""

    def __init__(self, *settings: Settings) -> None:
        self._settings = settings
        self.customer = ""

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[dict[str, Api]]:
        async with AsyncExitStack() as stack:
            each = [await stack.enter_async_context(clients(found, "test")) for found in self._settings]
            yield {name: client for found in each for name, client in found.items()}

    async def stocked(self) -> None:
        """Have somebody who buys, and something to be bought."""
        async with self._open() as found:
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
        async with self._open() as found:
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
        async with self._open() as found:
            orders = found["order-to-fulfillment"]
            assert isinstance(orders, OrderToFulfillment)
            states = set[str]()
            async with asyncio.timeout(90):
                for each in ids:
                    states.add([update.status async for update in orders.follow_order(each)][-1])
            return states

    async def adds_up(self, ids: list[str]) -> None:
        """Each was shipped and charged once, and the stock says so too."""
        async with self._open() as found:
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

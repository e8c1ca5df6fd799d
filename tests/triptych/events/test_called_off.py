"""An order that somebody calls off in the ERP is called off everywhere."""

import asyncio
from pathlib import Path

import pytest

from processes.order_to_fulfillment.contract import OrderToFulfillment, PaymentMeans, PlaceOrder
from systems.billing.backends.embedded import EmbeddedBilling
from systems.crm.contract import Crm
from systems.erp.contract import Cancellation, Erp
from systems.warehouse.contract import Warehouse
from tests.triptych.events.conftest import running, until
from triptych.canonical.billing import NewPayment, PaymentMethod
from triptych.canonical.inventory import NewInventoryLevel, NewLocation
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.settings import Settings

NEEDED = ("crm", "erp", "warehouse", "billing", "marketing", "order-to-fulfillment")


async def test_an_order_that_is_called_off_in_the_books_gives_its_stock_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asyncio.Event()

    async def slow(self: EmbeddedBilling, payment: NewPayment) -> None:
        await answers.wait()

    monkeypatch.setattr(EmbeddedBilling, "authorise", slow)
    settings = Settings(data=tmp_path, step_delay=0.05)
    async with running(settings, *NEEDED) as platform:
        erp, warehouse = platform.client(Erp), platform.client(Warehouse)
        customer = await platform.client(Crm).customers.create(NewCustomer(name="Ada"))
        await erp.products.create(NewProduct(sku="CHAI", name="Chai", price=Money.of("18.00", "EUR")))
        location = await warehouse.locations.create(NewLocation(code="BER", name="Berlin"))
        level = await warehouse.inventory.create(
            NewInventoryLevel(sku="CHAI", location_id=location.id, on_hand=5)
        )
        order = NewOrder(
            customer_id=customer.id,
            lines=(NewOrderLine(sku="CHAI", quantity=2),),
            ship_to=Address(line1="Street 1", city="Berlin", country="DE"),
        )
        orders = platform.client(OrderToFulfillment)
        payment = PaymentMeans(method=PaymentMethod.CARD, token="tok_1")
        placed = await orders.place_order(PlaceOrder(order=order, payment=payment))

        async def reserved() -> bool:
            return (await warehouse.inventory.get(level.id)).reserved == 2

        await until(reserved)
        await erp.cancel_order(placed.id, Cancellation(reason="Ordered twice."))

        async def heard_of() -> bool:
            assert platform.engine is not None
            return (await platform.engine.show(f"order-to-fulfillment.fulfil:{placed.id}")).cancelling

        await until(heard_of)
        answers.set()

        async def called_off() -> bool:
            return (await orders.order(placed.id)).status == "cancelled"

        await until(called_off)
        assert (await warehouse.inventory.get(level.id)).reserved == 0
        assert (await erp.orders.get(placed.id)).cancelled_because == "Ordered twice."

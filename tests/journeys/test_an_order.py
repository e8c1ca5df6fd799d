"""An order's whole journey through the landscape, in every topology."""

import asyncio
from secrets import token_hex
from typing import Any

import pytest

from processes.customer_360.contract import Customer360
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Warehouse
from tests.landscape import Landscape
from triptych.canonical.billing import InvoiceFilter, InvoiceStatus, PaymentFilter, PaymentStatus
from triptych.canonical.inventory import InventoryLevel, NewInventoryLevel, NewLocation
from triptych.canonical.messages import MessageFilter
from triptych.canonical.money import Money
from triptych.canonical.order import OrderStatus
from triptych.canonical.party import NewCustomer
from triptych.canonical.product import NewProduct
from triptych.canonical.shipping import ShipmentFilter, ShipmentStatus


class Shop:
    """A customer, a product and its stock, made afresh for one test."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        self.sku = f"TEA-{token_hex(4)}".upper()

    async def open(self, on_hand: int) -> "Shop":
        client = self.landscape.client
        crm, erp, warehouse = client(Crm), client(Erp), client(Warehouse)
        customer = await crm.customers.create(NewCustomer(name="Acme Tea House", email="tea@acme.example"))
        self.customer_id = customer.id
        await erp.products.create(NewProduct(sku=self.sku, name="Chai", price=Money.of("18.00", "EUR")))
        location = await warehouse.locations.create(NewLocation(code=token_hex(4), name="Berlin"))
        level = await warehouse.inventory.create(
            NewInventoryLevel(sku=self.sku, location_id=location.id, on_hand=on_hand)
        )
        self.level_id = level.id
        self.headers = await self.landscape.token(
            "partner:read", "partner:order", plan="internal", customer_id=customer.id
        )
        return self

    async def level(self) -> InventoryLevel:
        return await self.landscape.client(Warehouse).inventory.get(self.level_id)

    async def order(self, quantity: int, key: str | None = None, **changes: Any) -> Any:
        body = {
            "reference": "PO-1",
            "lines": [{"sku": self.sku, "quantity": quantity}],
            "ship_to": {
                "name": "Ada",
                "line1": "Obere Str. 57",
                "city": "Berlin",
                "postal_code": "12209",
                "country": "DE",
            },
            **changes,
        }
        headers = {**self.headers, "idempotency-key": key or token_hex(8)}
        return await self.landscape.http.post("/partner/v1/orders", json=body, headers=headers)

    async def settled(self, path: str) -> Any:
        """The order once it has come to its end."""
        found: Any = None
        for _ in range(600):
            found = (await self.landscape.http.get(path, headers=self.headers)).json()
            if found["status"] in ("completed", "rejected", "cancelled"):
                return found
            await asyncio.sleep(0.05)
        pytest.fail(f"the order did not come to its end: {found}")

    async def told(self, order_id: str) -> None:
        """Wait until the customer is told, which happens after the order is completed."""
        about = MessageFilter(order_id=order_id)
        for _ in range(600):
            if (await self.landscape.client(Marketing).messages.find(about)).items:
                return
            await asyncio.sleep(0.05)
        pytest.fail(f"the customer was not told about {order_id}")


@pytest.fixture
async def shop(landscape: Landscape) -> Shop:
    return await Shop(landscape).open(on_hand=50)


async def test_an_order_travels_from_the_partner_to_delivered_and_paid_goods(shop: Shop) -> None:
    accepted = await shop.order(3)
    assert accepted.status_code == 202, accepted.text
    assert accepted.headers["retry-after"] == "1"
    assert accepted.json()["total"] == {"amount_minor": 5400, "currency": "EUR"}
    done = await shop.settled(accepted.headers["location"])
    assert done["status"] == "completed"
    states = [event["state"] for event in done["timeline"] if event["state"]]
    assert states == ["reserved", "confirmed", "shipped", "completed"]

    order_id, client = done["id"], shop.landscape.client
    assert (await client(Erp).orders.get(order_id)).status is OrderStatus.FULFILLED
    (invoice,) = (await client(Billing).invoices.find(InvoiceFilter(order_id=order_id))).items
    (payment,) = (await client(Billing).payments.find(PaymentFilter(order_id=order_id))).items
    (shipment,) = (await client(Warehouse).shipments.find(ShipmentFilter(order_id=(order_id,)))).items
    assert (invoice.status, invoice.payment_id) == (InvoiceStatus.PAID, payment.id)
    assert (payment.status, payment.captured) == (PaymentStatus.CAPTURED, invoice.total)
    assert shipment.status is ShipmentStatus.SHIPPED
    level = await shop.level()
    assert (level.on_hand, level.reserved) == (47, 0)

    await shop.told(order_id)
    view = await client(Customer360).view(shop.customer_id)
    assert not view.missing
    assert [found.order_id for found in view.messages] == [order_id]
    assert [order.id for order in view.orders] == [order_id]
    assert [found.id for found in view.invoices] == [invoice.id]
    assert [found.id for found in view.payments] == [payment.id]
    assert [found.id for found in view.shipments] == [shipment.id]


async def test_the_same_key_again_is_the_same_order(shop: Shop) -> None:
    first = await shop.order(2, key="repeat-me")
    again = await shop.order(2, key="repeat-me")
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert again.headers["idempotency-replayed"] == "true"
    await shop.settled(first.headers["location"])
    assert (await shop.level()).on_hand == 48


async def test_the_same_key_with_another_payload_is_refused(shop: Shop) -> None:
    await shop.order(2, key="once")
    other = await shop.order(3, key="once")
    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_twenty_times_the_same_key_at_once_is_one_order(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.order(1, key="race") for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    ids = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(ids) == 1
    await shop.settled(f"/partner/v1/orders/{ids.pop()}")
    assert (await shop.level()).on_hand == 49


async def test_an_order_that_is_short_of_stock_names_the_sku_and_leaves_nothing_behind(shop: Shop) -> None:
    accepted = await shop.order(51)
    done = await shop.settled(accepted.headers["location"])
    assert done["status"] == "rejected"
    assert shop.sku in done["reason"]
    level = await shop.level()
    assert (level.on_hand, level.reserved) == (50, 0)
    billing = shop.landscape.client(Billing)
    assert not (await billing.payments.find(PaymentFilter(order_id=done["id"]))).items
    assert (await shop.landscape.client(Erp).orders.get(done["id"])).status is OrderStatus.CANCELLED


async def test_my_orders_are_listed_with_where_they_stand_the_newest_first(shop: Shop) -> None:
    for quantity in (1, 51):
        await shop.settled((await shop.order(quantity)).headers["location"])
    asked = {"newest_first": "true", "limit": "2"}
    found = await shop.landscape.http.get("/partner/v1/orders", headers=shop.headers, params=asked)
    assert [order["status"] for order in found.json()["items"]] == ["rejected", "completed"]


async def test_more_orders_than_stock_share_it_out_exactly(landscape: Landscape) -> None:
    shop = await Shop(landscape).open(on_hand=7)
    answers = await asyncio.gather(*(shop.order(2) for _ in range(6)))
    done = [await shop.settled(answer.headers["location"]) for answer in answers]
    assert sorted(order["status"] for order in done) == ["completed"] * 3 + ["rejected"] * 3
    level = await shop.level()
    assert (level.on_hand, level.reserved) == (1, 0)


async def test_another_partners_order_is_not_there(shop: Shop) -> None:
    accepted = await shop.order(1)
    stranger = await shop.landscape.token("partner:read", "partner:order")
    path = accepted.headers["location"]
    assert (await shop.landscape.http.get(path, headers=stranger)).status_code == 404
    headers = {**stranger, "idempotency-key": "x"}
    assert (await shop.landscape.http.post(f"{path}/cancel", headers=headers)).status_code == 404


async def test_an_unknown_sku_is_refused_where_it_stands(shop: Shop) -> None:
    refused = await shop.order(1, lines=[{"sku": shop.sku, "quantity": 1}, {"sku": "NO-SUCH", "quantity": 1}])
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/lines/1/sku"]

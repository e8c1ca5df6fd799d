"""What the journeys of parcels and returns have in common: a customer, two products and their stock."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from secrets import token_hex
from typing import Protocol, TypeVar

import pytest

from processes.order_to_fulfillment.contract import (
    OrderProgress,
    OrderToFulfillment,
    PaymentMeans,
    PlaceOrder,
    ReturnDecision,
    ReturnProgress,
    ReturnRequest,
)
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Adjustment, Inspection, Warehouse
from triptych.assembly.platform import Platform
from triptych.canonical.billing import InvoiceFilter, InvoiceStatus, Payment, PaymentFilter
from triptych.canonical.inventory import InventoryLevelFilter, NewInventoryLevel, NewLocation
from triptych.canonical.lines import NewOrderLine, StockLine, counted
from triptych.canonical.messages import MessageFilter
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder, Order
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.canonical.shipping import InspectedLine, ReturnFilter, ShipmentFilter
from triptych.contract import Api

A = TypeVar("A", bound=Api)
T = TypeVar("T")
BERLIN = Address(line1="Obere Str. 57", city="Berlin", postal_code="12209", country="DE")
FREIGHT = Money.of("4.90", "EUR")
ENDS = ("completed", "rejected", "cancelled", "closed")


class Clients(Protocol):
    """Where clients of services come from."""

    def client(self, api: type[A]) -> A:
        """A client of a service."""
        ...


class Here:
    """The services of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def client(self, api: type[A]) -> A:
        return self._platform.client(api, "tests")


class Depot:
    """A customer, tea at 3.33 EUR and a cup at 7.77 EUR, each less 15 %, made afresh for one test."""

    def __init__(self, clients: Clients) -> None:
        self.client = clients.client
        self.orders = clients.client(OrderToFulfillment)
        self.warehouse = clients.client(Warehouse)
        self.tea, self.cup = f"TEA-{token_hex(4)}".upper(), f"CUP-{token_hex(4)}".upper()

    async def open(self, tea: int, cups: int) -> "Depot":
        customer = await self.client(Crm).customers.create(NewCustomer(name="Acme Tea House"))
        self.customer_id = customer.id
        place = await self.warehouse.locations.create(NewLocation(code=token_hex(4), name="Berlin"))
        self.location_id = place.id
        for sku, price, on_hand in ((self.tea, "3.33", tea), (self.cup, "7.77", cups)):
            product = NewProduct(sku=sku, name=sku.title(), price=Money.of(price, "EUR"))
            await self.client(Erp).products.create(product)
            await self.warehouse.inventory.create(
                NewInventoryLevel(sku=sku, location_id=place.id, on_hand=on_hand)
            )
        return self

    async def order(
        self, tea: int, cups: int = 0, *, parts: bool = True, means: PaymentMeans | None = None
    ) -> OrderProgress:
        """An order that may be sent in parts, unless somebody says otherwise."""
        less = Decimal("0.15")
        wanted = ((self.tea, tea), (self.cup, cups))
        lines = tuple(NewOrderLine(sku=sku, quantity=many, discount=less) for sku, many in wanted if many)
        order = NewOrder(
            customer_id=self.customer_id,
            partial_delivery=parts,
            lines=lines,
            freight=FREIGHT,
            ship_to=BERLIN,
        )
        return await self.orders.place_order(PlaceOrder(order=order, payment=means or PaymentMeans()))

    async def comes(self, sku: str, many: int) -> None:
        """Stock comes in."""
        arrival = Adjustment(sku=sku, location_id=self.location_id, by=many)
        await self.warehouse.adjust_stock(arrival)

    async def level(self, sku: str) -> tuple[int, int]:
        """How many are on hand, and how many of them promised."""
        here = InventoryLevelFilter(sku=(sku,), location_id=self.location_id)
        (level,) = (await self.warehouse.inventory.find(here)).items
        return level.on_hand, level.reserved

    async def until(self, order: OrderProgress, what: Callable[[OrderProgress], bool]) -> OrderProgress:
        """The order once that is so."""
        return await until(lambda: self.orders.order(order.id), what)

    async def waits(self, order: OrderProgress, parcels: int) -> OrderProgress:
        """The order once it waits for stock, with so many parcels sent."""
        return await self.until(order, lambda now: bool(now.waiting) and len(now.parcels) == parcels)

    async def ends(self, order: OrderProgress) -> OrderProgress:
        """The order at its end."""
        return await self.until(order, lambda now: now.status in ENDS)

    async def told(self, order: OrderProgress, what: str) -> str:
        """What the customer was told, once the subject says this."""
        about = MessageFilter(order_id=order.id)

        async def look() -> list[str]:
            found = (await self.client(Marketing).messages.find(about)).items
            return [f"{message.subject}\n{message.body}" for message in found if what in message.subject]

        return (await until(look, bool))[-1]

    # --- what comes back ---

    async def asks(self, order: OrderProgress, tea: int, cups: int = 0) -> ReturnProgress:
        """The customer asks to send some back."""
        wanted = ((self.tea, tea), (self.cup, cups))
        lines = tuple(StockLine(sku=sku, quantity=many) for sku, many in wanted if many)
        return await self.orders.request_return(order.id, ReturnRequest(lines=lines))

    async def returned(self, asked: ReturnProgress, what: Callable[[ReturnProgress], bool]) -> ReturnProgress:
        """The return once that is so."""
        return await until(lambda: self.orders.customer_return(asked.id), what)

    async def settled(self, asked: ReturnProgress, good: int = 0) -> ReturnProgress:
        """The return at its end: approved, all of it come back, and so many of each product good."""
        await self.orders.decide_return(asked.id, ReturnDecision(approved=True))
        lines = tuple(
            InspectedLine(sku=line.sku, quantity=line.quantity, restocked=min(good, line.quantity))
            for line in asked.lines
        )
        await self.orders.take_in_return(asked.id, Inspection(lines=lines))
        return await self.returned(asked, lambda now: now.status in ENDS)

    # --- the books ---

    async def payments(self, order: OrderProgress) -> tuple[Payment, ...]:
        """The order's payments."""
        return (await self.client(Billing).payments.find(PaymentFilter(order_id=order.id))).items

    async def kept(self, order: OrderProgress) -> Money:
        """What was taken for the order and not given back; its invoices are paid, and come to that."""
        payments = await self.payments(order)
        invoices = (await self.client(Billing).invoices.find(InvoiceFilter(order_id=order.id))).items
        assert {invoice.status for invoice in invoices} <= {InvoiceStatus.PAID}
        taken = Money.sum((payment.captured for payment in payments), "EUR")
        assert Money.sum((invoice.total for invoice in invoices), "EUR") == taken
        return taken - Money.sum((payment.refunded for payment in payments), "EUR")

    async def with_the_customer(self, order: OrderProgress) -> Counter[str]:
        """What was sent and has not come back."""
        shipments = (await self.warehouse.shipments.find(ShipmentFilter(order_id=(order.id,)))).items
        returns = (await self.warehouse.returns.find(ReturnFilter(order_id=order.id))).items
        left = counted(line for shipment in shipments if shipment.has_left for line in shipment.lines)
        left.subtract(counted(line for found in returns for line in found.came_back))
        assert min(left.values(), default=0) >= 0
        return +left

    async def in_the_books(self, order: OrderProgress) -> Order:
        """The order as the ERP has it."""
        return await self.client(Erp).orders.get(order.id)


async def until(look: Callable[[], Awaitable[T]], what: Callable[[T], bool]) -> T:
    """What is seen once it is so."""
    found = await look()
    for _ in range(1200):
        if what(found):
            return found
        await asyncio.sleep(0.05)
        found = await look()
    pytest.fail(f"it does not come to that: {found}")

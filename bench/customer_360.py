"""The customer-360 view over six system APIs, embedded, at 1,000 customers."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import uvloop

from bench.report import Row, publish
from processes.customer_360.contract import Customer360
from systems.billing.backends.embedded import EmbeddedBilling
from systems.billing.contract import Billing
from systems.crm.backends.embedded import EmbeddedCrm
from systems.crm.contract import Crm
from systems.erp.backends.embedded import EmbeddedErp
from systems.erp.contract import Erp
from systems.marketing.backends.embedded import EmbeddedMarketing
from systems.support.backends.embedded import EmbeddedSupport
from systems.support.contract import Support
from systems.warehouse.backends.embedded import EmbeddedWarehouse
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.billing import InvoiceFilter, NewInvoice, NewPayment, PaymentFilter
from triptych.canonical.lines import NewOrderLine, as_new
from triptych.canonical.marketing import ConsentFilter
from triptych.canonical.messages import MessageFilter
from triptych.canonical.money import Money
from triptych.canonical.order import NewOrder, OrderFilter
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.canonical.shipping import ShipmentFilter
from triptych.canonical.support import NewTicket, TicketFilter
from triptych.settings import Settings

CUSTOMERS = 1_000
VIEWS = 400


async def fill(platform: Platform) -> list[str]:
    """Customers, each with an order, an invoice, a payment and a ticket."""
    crm, erp = platform.client(Crm, "bench"), platform.client(Erp, "bench")
    billing, support = platform.client(Billing, "bench"), platform.client(Support, "bench")
    await erp.products.create(NewProduct(sku="TEA", name="Tea", price=Money.of("9.00", "EUR")))
    place = Address(line1="Obere Str. 57", city="Berlin", country="DE")

    async def one(number: int) -> str:
        customer = await crm.customers.create(NewCustomer(name=f"Customer {number}", shipping_address=place))
        lines = (NewOrderLine(sku="TEA", quantity=3),)
        order = await erp.orders.create(NewOrder(customer_id=customer.id, lines=lines, ship_to=place))
        await billing.invoices.create(
            NewInvoice(order_id=order.id, customer_id=customer.id, lines=as_new(order.lines))
        )
        await billing.payments.create(
            NewPayment(order_id=order.id, customer_id=customer.id, amount=order.total)
        )
        await support.tickets.create(NewTicket(customer_id=customer.id, subject="Where is my order?"))
        return customer.id

    ids: list[str] = []
    for start in range(0, CUSTOMERS, 20):
        ids += await asyncio.gather(*(one(number) for number in range(start, start + 20)))
    return ids


async def measure() -> list[Row]:
    """CPU and elapsed time of views, and of the same questions asked of the stores alone."""
    with tempfile.TemporaryDirectory() as folder:
        async with Platform(Settings(data=Path(folder)), installed()) as platform:
            ids = await fill(platform)
            view = platform.client(Customer360, "bench").view
            opened = {name: await platform.storage.open(name) for name in SYSTEMS}
            crm, erp = EmbeddedCrm(opened["crm"]), EmbeddedErp(opened["erp"])
            billing, warehouse = EmbeddedBilling(opened["billing"]), EmbeddedWarehouse(opened["warehouse"])
            support, marketing = EmbeddedSupport(opened["support"]), EmbeddedMarketing(opened["marketing"])

            async def stores_alone(customer_id: str) -> None:
                await crm.customers.get(customer_id)

                async def bought() -> None:
                    page = await erp.orders.find(OrderFilter(customer_id=customer_id, limit=100))
                    sent = ShipmentFilter(order_id=tuple(order.id for order in page.items), limit=100)
                    await warehouse.shipments.find(sent)

                await asyncio.gather(
                    bought(),
                    billing.invoices.find(InvoiceFilter(customer_id=customer_id, limit=100)),
                    billing.payments.find(PaymentFilter(customer_id=customer_id, limit=100)),
                    support.tickets.find(TicketFilter(customer_id=customer_id, limit=100)),
                    marketing.messages.find(MessageFilter(customer_id=customer_id, limit=100)),
                    marketing.consents.find(ConsentFilter(customer_id=customer_id, limit=100)),
                )

            whole, alone, cpu = list[float](), list[float](), list[float]()
            for customer_id in ids[:VIEWS]:
                began, busy = time.perf_counter(), time.process_time()
                await view(customer_id)
                whole.append(time.perf_counter() - began)
                cpu.append(time.process_time() - busy)
                began = time.perf_counter()
                await stores_alone(customer_id)
                alone.append(time.perf_counter() - began)
    overhead = statistics.median(one - other for one, other in zip(whole, alone, strict=True))
    return [
        Row("views for one core", 1 / statistics.median(cpu), "1/s"),
        Row(
            "one view, median",
            statistics.median(whole) * 1e3,
            "ms",
            statistics.median(alone) * 1e3,
            "the stores alone",
        ),
        Row("the platform's own part of it, median", overhead * 1e3, "ms", aim="under 1 ms"),
    ]


SYSTEMS = ("crm", "erp", "billing", "warehouse", "support", "marketing")


def main() -> None:
    """Measure and publish."""
    publish("customer_360", uvloop.run(measure()))

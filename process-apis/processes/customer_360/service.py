"""How customer-360 keeps its promise: it asks all systems at once, and goes without those that are down."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

from processes.customer_360.contract import Customer360, CustomerView, Figures, Missing
from processes.customer_360.origins import origins_of
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.support.contract import Support
from systems.warehouse.contract import Warehouse
from triptych.assembly.needs import Scopes
from triptych.canonical.base import Entity
from triptych.canonical.billing import Invoice, InvoiceFilter, InvoiceStatus, PaymentFilter
from triptych.canonical.marketing import ConsentFilter
from triptych.canonical.messages import MessageFilter
from triptych.canonical.money import Money
from triptych.canonical.order import Order, OrderFilter, OrderStatus
from triptych.canonical.party import Customer, CustomerStatus
from triptych.canonical.shipping import Shipment, ShipmentFilter
from triptych.canonical.support import TicketFilter
from triptych.context import deadline
from triptych.contract import Page
from triptych.problems import NotFound, Problem

E = TypeVar("E", bound=Entity)

PATIENCE = 1.5
"""Seconds that a system gets to answer, before the view goes without its part."""
SHOWN = 100
"""Entries of a part at most, the newest."""


class Seen:
    """The parts of one view, and those that could not be had."""

    def __init__(self) -> None:
        self.missing: list[Missing] = []

    async def part(self, name: str, system: str, answer: Awaitable[Page[E]]) -> tuple[E, ...]:
        """What a system answered; nothing, and a note of it, when it did not."""
        try:
            return (await answer).items
        except Problem as problem:
            self.missing.append(Missing(part=name, system=system, detail=problem.detail))
            return ()


class Customer360Service(Customer360):
    """Reads only: what is shown is kept where it belongs."""

    def __init__(
        self,
        crm: Annotated[Crm, Scopes("crm:read")],
        erp: Annotated[Erp, Scopes("erp:read")],
        warehouse: Annotated[Warehouse, Scopes("warehouse:read")],
        billing: Annotated[Billing, Scopes("billing:read")],
        support: Annotated[Support, Scopes("support:read")],
        marketing: Annotated[Marketing, Scopes("marketing:read")],
    ) -> None:
        self._crm = crm
        self._erp = erp
        self._warehouse = warehouse
        self._billing = billing
        self._support = support
        self._marketing = marketing

    async def view(self, customer_id: str, origins: bool = False) -> CustomerView:
        customer = await self._customer(customer_id)
        seen = Seen()
        its: dict[str, Any] = {"customer_id": customer.id, "limit": SHOWN, "newest_first": True}
        with deadline(PATIENCE):
            (orders, shipments), invoices, payments, tickets, messages, consents = await asyncio.gather(
                self._bought(customer.id, seen),
                seen.part("invoices", "billing", self._billing.invoices.find(InvoiceFilter(**its))),
                seen.part("payments", "billing", self._billing.payments.find(PaymentFilter(**its))),
                seen.part("tickets", "support", self._support.tickets.find(TicketFilter(**its))),
                seen.part("messages", "marketing", self._marketing.messages.find(MessageFilter(**its))),
                seen.part("consents", "marketing", self._marketing.consents.find(ConsentFilter(**its))),
            )
        whole = CustomerView(
            customer=customer,
            orders=orders,
            shipments=shipments,
            invoices=invoices,
            payments=payments,
            tickets=tickets,
            messages=messages,
            consents=consents,
            figures=figures(orders, invoices),
            missing=tuple(seen.missing),
        )
        return whole.model_copy(update={"origins": origins_of(whole)}) if origins else whole

    async def _bought(self, customer_id: str, seen: "Seen") -> tuple[tuple[Order, ...], tuple[Shipment, ...]]:
        """The orders, and the shipments that belong to them."""
        mine = OrderFilter(customer_id=customer_id, limit=SHOWN, newest_first=True)
        orders = await seen.part("orders", "erp", self._erp.orders.find(mine))
        if not orders:
            return orders, ()
        sent = ShipmentFilter(order_id=tuple(order.id for order in orders), limit=SHOWN, newest_first=True)
        return orders, await seen.part("shipments", "warehouse", self._warehouse.shipments.find(sent))

    async def _customer(self, customer_id: str) -> Customer:
        """The customer, or the one that they were found to be."""
        customer = await self._crm.customers.get(customer_id)
        for _ in range(10):
            if customer.status is not CustomerStatus.MERGED or customer.merged_into is None:
                return customer
            customer = await self._crm.customers.get(customer.merged_into)
        raise NotFound(f"{customer_id} was merged too many times over.")


def figures(orders: tuple[Order, ...], invoices: tuple[Invoice, ...]) -> tuple[Figures, ...]:
    """What the orders and the open invoices come to, one line for each currency."""
    bought = [order.total for order in orders if order.status is not OrderStatus.CANCELLED]
    owed = [invoice.total for invoice in invoices if invoice.status is InvoiceStatus.OPEN]
    currencies = dict.fromkeys(amount.currency for amount in (*bought, *owed))
    return tuple(
        Figures(
            ordered=Money.sum((amount for amount in bought if amount.currency == currency), currency),
            owed=Money.sum((amount for amount in owed if amount.currency == currency), currency),
        )
        for currency in currencies
    )

"""How the service desk is served: by customer-360, the help desk, billing and order-to-fulfillment."""

from contextlib import suppress
from decimal import Decimal
from typing import Annotated

from experiences.service_desk.contract import CustomerSearch, ServiceDesk, TicketQuery
from experiences.service_desk.views import Answer, FoundCustomer, NewDeskTicket, RefundOrder, ResendOrder
from processes.customer_360.contract import Customer360, CustomerView
from processes.order_to_fulfillment.contract import (
    OrderProgress,
    OrderToFulfillment,
    PlacedOrders,
    PlaceOrder,
)
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.support.contract import Support
from triptych.assembly.needs import Scopes
from triptych.canonical.billing import NewRefund, Payment, PaymentFilter, PaymentStatus, Refund
from triptych.canonical.lines import as_new
from triptych.canonical.order import NewOrder, OrderChannel
from triptych.canonical.party import CustomerFilter
from triptych.canonical.support import NewComment, NewTicket, Ticket, TicketFilter
from triptych.contract import Page
from triptych.problems import Conflict, InvalidInput, NotFound

REFUNDABLE = (PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED)


class ServiceDeskService(ServiceDesk):
    """Everything is kept in the systems; the desk only brings it together."""

    def __init__(
        self,
        crm: Annotated[Crm, Scopes("crm:read")],
        erp: Annotated[Erp, Scopes("erp:read")],
        billing: Billing,
        support: Support,
        customers: Customer360,
        orders: OrderToFulfillment,
    ) -> None:
        self._crm = crm
        self._erp = erp
        self._billing = billing
        self._support = support
        self._customers = customers
        self._orders = orders

    async def find_customers(self, filter: CustomerSearch) -> Page[FoundCustomer]:
        by_order = await self._by_order(filter.q) if filter.cursor is None else []
        by_order = by_order[: filter.limit - 1]  # at least one comes from the CRM, whose cursor leads on
        asked = filter.model_copy(update={"limit": filter.limit - len(by_order)})
        page = await self._crm.customers.find(CustomerFilter(**asked.model_dump()))
        known = {found.id for found in by_order}
        found = [FoundCustomer.of(customer) for customer in page.items if customer.id not in known]
        return Page(items=(*by_order, *found), next_cursor=page.next_cursor)

    async def _by_order(self, q: str) -> list[FoundCustomer]:
        """The customers of the orders that have this id or reference."""
        page = await self._orders.find_orders(PlacedOrders(reference=q[:64], limit=5))
        orders = list(page.items)
        if q.startswith("ord_"):
            with suppress(NotFound, InvalidInput):  # a name may begin like an id
                orders.append(await self._orders.order(q))
        found: dict[str, FoundCustomer] = {}
        for order in orders:
            with suppress(NotFound):  # a customer who was deleted leaves orders behind
                customer = await self._crm.customers.get(order.customer_id)
                found.setdefault(customer.id, FoundCustomer.of(customer, order.id))
        return list(found.values())

    async def customer(self, customer_id: str, origins: bool = False) -> CustomerView:
        return await self._customers.view(customer_id, origins)

    async def order(self, order_id: str) -> OrderProgress:
        return await self._orders.order(order_id)

    async def find_tickets(self, filter: TicketQuery) -> Page[Ticket]:
        return await self._support.tickets.find(TicketFilter(**filter.model_dump()))

    async def open_ticket(self, ticket: NewDeskTicket) -> Ticket:
        customer = await self._crm.customers.get(ticket.customer_id)
        return await self._support.tickets.create(
            NewTicket(requester_email=customer.email, **ticket.model_dump())
        )

    async def answer_ticket(self, ticket_id: str, answer: Answer) -> Ticket:
        await self._support.comments.create(
            NewComment(ticket_id=ticket_id, author=answer.author, body=answer.body, internal=answer.internal)
        )
        if answer.solved:
            return await self._support.solve_ticket(ticket_id)
        return await self._support.tickets.get(ticket_id)

    async def refund_order(self, order_id: str, refund: RefundOrder) -> Refund:
        payment = await self._payment(order_id)
        return await self._billing.refunds.create(
            NewRefund(payment_id=payment.id, amount=refund.amount or payment.refundable, reason=refund.reason)
        )

    async def _payment(self, order_id: str) -> Payment:
        order = await self._erp.orders.get(order_id)
        page = await self._billing.payments.find(PaymentFilter(order_id=order.id, limit=200))
        taken = [payment for payment in page.items if payment.status in REFUNDABLE]
        if not taken:
            raise Conflict("Nothing was taken for this order, or all of it was given back.")
        return taken[0]

    async def resend_order(self, order_id: str, resend: ResendOrder) -> OrderProgress:
        order = await self._erp.orders.get(order_id)
        free = tuple(line.model_copy(update={"discount": Decimal(1)}) for line in as_new(order.lines))
        return await self._orders.place_order(
            PlaceOrder(
                order=NewOrder(
                    reference=order.reference,
                    customer_id=order.customer_id,
                    channel=OrderChannel.SUPPORT,
                    lines=free,
                    ship_to=order.ship_to,
                    notes=f"Sent once more for {order.id}: {resend.reason}"[:10_000],
                )
            )
        )

"""What a service desk can rely on."""

from typing import Annotated

from fastapi import Body, Query

from experiences.service_desk.views import Answer, FoundCustomer, NewDeskTicket, RefundOrder, ResendOrder
from processes.customer_360.contract import CustomerView
from processes.order_to_fulfillment.contract import OrderProgress
from triptych.canonical.billing import Refund
from triptych.canonical.fields import Id, Name
from triptych.canonical.support import Ticket, TicketPriority, TicketStatus
from triptych.contract import ExperienceApi, Filter, History, Page, get, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


class CustomerSearch(Filter):
    """Whom to look for."""

    q: Name
    """A name, mail address or phone number, or parts of them; or an order's id or reference."""


class TicketQuery(History):
    """Which tickets to list."""

    q: Name | None = None
    """Text that subject, description or address hold."""
    customer_id: Id | None = None
    """Those of one customer."""
    status: TicketStatus | None = None
    """Those in one state."""
    priority: TicketPriority | None = None
    """Those of one priority."""


class ServiceDesk(ExperienceApi, version=1, owner="customer-service"):
    """What those need who answer customers: find them, see them whole, answer, refund and resend."""

    @get("/customers", scope="service-desk:read")
    async def find_customers(self, filter: Annotated[CustomerSearch, Query()]) -> Page[FoundCustomer]:
        """Customers by name, mail, phone or order."""
        ...

    @get("/customers/{customer_id}", scope="service-desk:read", raises=[NotFound])
    async def customer(
        self,
        customer_id: Id,
        origins: Annotated[bool, Query(description="Say of each value where it comes from.")] = False,
    ) -> CustomerView:
        """One customer, whole."""
        ...

    @get("/orders/{order_id}", scope="service-desk:read", raises=[NotFound])
    async def order(self, order_id: Id) -> OrderProgress:
        """One order, how far it has come, and what was done for it."""
        ...

    @get("/tickets", scope="service-desk:read")
    async def find_tickets(self, filter: Annotated[TicketQuery, Query()]) -> Page[Ticket]:
        """Tickets, oldest first unless asked otherwise."""
        ...

    @post("/tickets", scope="service-desk:write", status=201, raises=[NotFound])
    async def open_ticket(self, ticket: Annotated[NewDeskTicket, Body()]) -> Ticket:
        """Open a ticket for a customer."""
        ...

    @post("/tickets/{ticket_id}/answer", scope="service-desk:write", raises=[NotFound, InvalidState])
    async def answer_ticket(self, ticket_id: Id, answer: Annotated[Answer, Body()]) -> Ticket:
        """Answer a ticket, and settle it where that is all."""
        ...

    @post(
        "/orders/{order_id}/refund",
        scope="service-desk:refund",
        raises=[NotFound, Conflict, InvalidInput],
    )
    async def refund_order(self, order_id: Id, refund: Annotated[RefundOrder, Body()]) -> Refund:
        """Give money back for an order: some of it, or all that is left."""
        ...

    @post(
        "/orders/{order_id}/resend",
        scope="service-desk:refund",
        status=202,
        raises=[NotFound],
        timeout=20,
    )
    async def resend_order(self, order_id: Id, resend: Annotated[ResendOrder, Body()]) -> OrderProgress:
        """Send what was ordered once more, for nothing."""
        ...

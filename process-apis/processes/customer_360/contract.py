"""What customer-360 promises."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query

from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.billing import Invoice, Payment
from triptych.canonical.fields import Code, Id
from triptych.canonical.marketing import Consent
from triptych.canonical.messages import Message
from triptych.canonical.money import Amount
from triptych.canonical.order import Order
from triptych.canonical.party import Customer
from triptych.canonical.shipping import Shipment
from triptych.canonical.support import Ticket
from triptych.contract import ProcessApi, flow, get
from triptych.problems import NotFound


class Missing(Model):
    """A part of the view that could not be had, and why."""

    model_config = example(part="tickets", system="support", detail="support cannot be reached.")

    part: Code
    """Which part."""
    system: Code
    """The system that keeps it."""
    detail: str
    """What it answered instead."""


class Origin(Model):
    """Where a value comes from."""

    model_config = example(
        pointer="/customer/email",
        system="crm",
        record="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        field="email",
        fetched_at="2026-07-01T09:30:00Z",
    )

    pointer: str
    """The value in this view (JSON Pointer, RFC 6901)."""
    system: Code
    """The system of record."""
    record: Id
    """The record there."""
    field: str
    """The field there."""
    fetched_at: Timestamp
    """When it was fetched."""


class Figures(Model):
    """What it comes to, one line for each currency."""

    model_config = example(
        ordered={"amount_minor": 21598, "currency": "EUR"}, owed={"amount_minor": 0, "currency": "EUR"}
    )

    ordered: Amount
    """The orders shown, without those called off."""
    owed: Amount
    """The invoices shown that are open."""


class CustomerView(Model):
    """One customer as all systems together know them. Lists hold the newest entries."""

    model_config = example(
        customer=the_example(Customer),
        orders=[the_example(Order)],
        shipments=[the_example(Shipment)],
        invoices=[the_example(Invoice)],
        payments=[the_example(Payment)],
        tickets=[the_example(Ticket)],
        messages=[the_example(Message)],
        consents=[the_example(Consent)],
        figures=[the_example(Figures)],
    )

    customer: Customer
    """Who they are (crm)."""
    orders: tuple[Order, ...] = ()
    """What they bought (erp)."""
    shipments: tuple[Shipment, ...] = ()
    """What was sent to them (warehouse)."""
    invoices: tuple[Invoice, ...] = ()
    """What they were billed (billing)."""
    payments: tuple[Payment, ...] = ()
    """What they paid (billing)."""
    tickets: tuple[Ticket, ...] = ()
    """What they asked (support)."""
    messages: tuple[Message, ...] = ()
    """What they were told (marketing)."""
    consents: tuple[Consent, ...] = ()
    """What they allowed (marketing)."""
    figures: tuple[Figures, ...] = ()
    """What it comes to."""
    missing: tuple[Missing, ...] = ()
    """What could not be had. The rest of the view is whole."""
    origins: tuple[Origin, ...] = ()
    """Where each value comes from, when that was asked for."""


class Customer360(ProcessApi, version=1, owner="customer-insight", name="customer-360"):
    """One customer as all systems together know them."""

    customer_view = flow(
        "What six systems know of a customer is put together for whoever is speaking with them.",
        pace="real-time",
        owner="customer-insight",
        failure="The service desk looks into six systems by hand, which takes minutes a call.",
        within=timedelta(seconds=2),
    )

    @get("/customers/{customer_id}", raises=[NotFound], timeout=5)
    async def view(
        self,
        customer_id: Id,
        origins: Annotated[bool, Query(description="Say of each value where it comes from.")] = False,
    ) -> CustomerView:
        """The customer, whole. A system that is down leaves its part out, and is named in `missing`."""
        ...

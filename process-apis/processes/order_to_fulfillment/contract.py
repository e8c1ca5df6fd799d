"""What order-to-fulfillment promises."""

from collections.abc import AsyncIterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import Body, Query
from pydantic import Field

from triptych.canonical.base import NOTHING, Extensions, Model, Timestamp, example, the_example
from triptych.canonical.billing import PaymentMethod
from triptych.canonical.fields import Code, Flag, Id, PaymentToken
from triptych.canonical.lines import Lines, OrderLine
from triptych.canonical.money import Amount
from triptych.canonical.order import NewOrder, OrderChannel
from triptych.canonical.party import Address
from triptych.contract import History, Page, ProcessApi, flow, get, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


class OrderState(StrEnum):
    """Where an order stands on its way."""

    ACCEPTED = "accepted"
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class PaymentMeans(Model):
    """How an order is paid. Card data never comes here: the provider's token stands for it."""

    model_config = example(method="card", token="tok_visa")  # noqa: S106 - a test provider's token

    method: PaymentMethod = PaymentMethod.ON_ACCOUNT
    """By which means."""
    token: PaymentToken | None = None
    """The provider's token; none where the method needs none."""


class PlaceOrder(Model):
    """An order, and how it is paid."""

    model_config = example(order=the_example(NewOrder), payment=the_example(PaymentMeans))

    order: NewOrder
    """What is ordered, by whom, and where it goes."""
    payment: PaymentMeans = Field(default_factory=PaymentMeans)
    """How it is paid."""
    billed_separately: Flag = False
    """Whether whoever places it issues the invoices and takes the money, milestone by milestone."""


class Trouble(Model):
    """Why an order did not go through (RFC 9457)."""

    model_config = example(
        type="/problems/insufficient-stock",
        title="Insufficient stock",
        detail="20 of CHAI-10 were asked for, 3 are available.",
        extra={"sku": "CHAI-10"},
    )

    type: str
    """The kind of problem."""
    title: str
    """The kind in words."""
    detail: str
    """What happened."""
    extra: Extensions = Field(default_factory=lambda: NOTHING)
    """More for programs, such as the `sku` that was short."""


class Event(Model):
    """One line of an order's timeline."""

    model_config = example(
        step="reserve",
        outcome="done",
        state="reserved",
        started="2026-07-01T09:30:00Z",
        ended="2026-07-01T09:30:00Z",
    )

    step: str
    """What was done."""
    undone: bool = False
    """Whether this line is the undoing of that."""
    outcome: str
    """`done`, `refused`, `failed`, `running` or `retrying`."""
    state: OrderState | None = None
    """The state that the order reached with it."""
    started: Timestamp
    """When it began."""
    ended: Timestamp | None = None
    """When it ended."""
    attempts: int = 1
    """How often it was tried."""


class OrderProgress(Model):
    """An order, and how far it has come."""

    model_config = example(
        id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        reference="PO-2026-0815",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        channel="partner",
        placed_by="partner-acme",
        status="reserved",
        lines=[the_example(OrderLine)],
        freight={"amount_minor": 3238, "currency": "EUR"},
        total={"amount_minor": 21598, "currency": "EUR"},
        ship_to=the_example(Address),
        placed_at="2026-07-01T09:29:00Z",
        timeline=[the_example(Event)],
        event_id=1,
    )

    id: Id
    """The order's id."""
    reference: Code | None = None
    """What the buyer calls it."""
    customer_id: Id
    """Who buys."""
    channel: OrderChannel
    """Through which door it came."""
    placed_by: Code | None = None
    """The OAuth client that placed it."""
    status: OrderState
    """Where it stands."""
    cancelling: bool = False
    """Whether a cancellation was accepted and is being carried out."""
    lines: Lines
    """What is bought."""
    freight: Amount
    """What carriage costs."""
    total: Amount
    """Lines and freight together."""
    ship_to: Address
    """Where it goes."""
    placed_at: Timestamp
    """When it was placed."""
    timeline: tuple[Event, ...] = ()
    """What was done for it, in order."""
    problem: Trouble | None = None
    """Why it did not go through, if it did not."""
    event_id: int = 0
    """Counts the changes; a stream of updates goes on from here."""


class PlacedOrders(History):
    """Which orders to list."""

    customer_id: Id | None = None
    """Those of one customer."""
    placed_by: Code | None = None
    """Those that one OAuth client placed."""
    reference: Code | None = None
    """Those that the buyer calls so."""


class OrderToFulfillment(ProcessApi, version=1, owner="order-management"):
    """From an order to delivered and paid goods, or to nothing at all.

    Reserve the stock, authorise the payment, confirm in the ERP, ship, capture, tell the customer. What is
    refused on the way is undone in reverse order; what fails is tried again, over restarts too.
    """

    order_intake = flow(
        "An order from any door goes into the ERP.",
        pace="real-time",
        owner="order-management",
        failure="Nothing can be sold: every buyer is turned away at the checkout.",
        within=timedelta(seconds=2),
        share=0.995,
    )
    fulfilment = flow(
        "What was ordered is reserved and sent by the warehouse, and billing takes the money.",
        pace="near-real-time",
        owner="order-management",
        failure="Goods leave late, and money comes in late; buyers ask the service desk.",
        within=timedelta(minutes=5),
    )
    order_news = flow(
        "How far an order has come goes to whoever follows it, and to the buyer by message.",
        pace="near-real-time",
        owner="customer-service",
        failure="Buyers ask where their order is; nothing is lost.",
        within=timedelta(minutes=1),
        share=0.95,
    )

    @post("/orders", status=202, location="/orders/{id}", raises=[InvalidInput, Conflict], timeout=15)
    async def place_order(self, place: Annotated[PlaceOrder, Body()]) -> OrderProgress:
        """Accept an order. From now on it comes to its end, whatever happens to the machines."""
        ...

    @get("/orders")
    async def find_orders(self, filter: Annotated[PlacedOrders, Query()]) -> Page[OrderProgress]:
        """Orders with their status, without their timelines; oldest first unless asked otherwise."""
        ...

    @get("/orders/{order_id}", raises=[NotFound])
    async def order(self, order_id: Id) -> OrderProgress:
        """One order, how far it has come, and what was done for it."""
        ...

    @post("/orders/{order_id}/cancel", status=202, location="/orders/{id}", raises=[NotFound, InvalidState])
    async def cancel_order(self, order_id: Id) -> OrderProgress:
        """Call an order off: what was done for it is undone. Impossible once it is being shipped."""
        ...

    @get("/orders/{order_id}/events", raises=[NotFound])
    def follow_order(self, order_id: Id, last_event_id: str = "") -> AsyncIterator[OrderProgress]:
        """The order now, and again after each change, until it has come to its end."""
        ...

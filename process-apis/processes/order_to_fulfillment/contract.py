"""What order-to-fulfillment promises."""

from collections.abc import AsyncIterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import Body, Query
from pydantic import Field

from processes.order_to_fulfillment.shown import (
    CustomerReturn,
    Deliveries,
    Parcel,
    PlannedRefund,
    ReturnDecision,
    ReturnProgress,
    ReturnRequest,
    ReturnState,
    ReturnWork,
)
from systems.warehouse.contract import Inspection
from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.billing import PaymentMethod
from triptych.canonical.fields import Code, Flag, Id, PaymentToken
from triptych.canonical.lines import Lines, OrderLine
from triptych.canonical.money import Amount
from triptych.canonical.order import NewOrder, OrderChannel
from triptych.canonical.party import Address
from triptych.contract import History, Page, ProcessApi, flow, get, post
from triptych.contract.progress import Progress, example_of_progress
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound

__all__ = [
    "CustomerReturn",
    "Deliveries",
    "OrderProgress",
    "OrderState",
    "OrderToFulfillment",
    "Parcel",
    "PaymentMeans",
    "PlaceOrder",
    "PlacedOrders",
    "PlannedRefund",
    "ReturnDecision",
    "ReturnProgress",
    "ReturnRequest",
    "ReturnState",
    "ReturnWork",
]


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


class OrderProgress(Progress[OrderState], Deliveries):
    """An order, and how far it has come."""

    model_config = example(
        **example_of_progress("ord_01jd3k7m9vq8x2c4n6b8d0f2hg", "reserved"),
        reference="PO-2026-0815",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        channel="partner",
        placed_by="partner-acme",
        lines=[the_example(OrderLine)],
        freight={"amount_minor": 3238, "currency": "EUR"},
        total={"amount_minor": 21598, "currency": "EUR"},
        ship_to=the_example(Address),
        placed_at="2026-07-01T09:29:00Z",
        parcels=[the_example(Parcel)],
    )

    reference: Code | None = None
    """What the buyer calls it."""
    customer_id: Id
    """Who buys."""
    channel: OrderChannel
    """Through which door it came."""
    placed_by: Code | None = None
    """The OAuth client that placed it."""
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
    returns: tuple[ReturnProgress, ...] = ()
    """What comes back, or has; without their timelines."""


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
    refused on the way is undone in reverse order; what fails is tried again, over restarts too. An order
    that may be delivered in parts is sent as far as there is stock, and charged parcel by parcel. What was
    sent can come back, and its money goes back.
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
    returns = flow(
        "What a customer sends back goes into the warehouse, and its money back to the customer.",
        pace="near-real-time",
        owner="customer-service",
        failure="Customers wait for their money, and dispute the charge at their bank.",
        within=timedelta(hours=1),
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
        """Orders with their status, without timelines, parcels and returns; oldest first by default."""
        ...

    @get("/orders/{order_id}", raises=[NotFound])
    async def order(self, order_id: Id) -> OrderProgress:
        """One order, how far it has come, and what was done for it."""
        ...

    @post("/orders/{order_id}/cancel", status=202, location="/orders/{id}", raises=[NotFound, InvalidState])
    async def cancel_order(self, order_id: Id) -> OrderProgress:
        """Call an order off: what was done for it is undone. Impossible once it is being shipped.

        Of an order that is delivered in parts, the rest is called off then, as far as it is not being packed.
        """
        ...

    @get("/orders/{order_id}/events", raises=[NotFound])
    def follow_order(self, order_id: Id, last_event_id: str = "") -> AsyncIterator[OrderProgress]:
        """The order now, and again after each change, until it has come to its end."""
        ...

    @post(
        "/orders/{order_id}/returns",
        status=202,
        location="/returns/{id}",
        raises=[NotFound, Conflict, InvalidState],
        timeout=15,
    )
    async def request_return(self, order_id: Id, request: Annotated[ReturnRequest, Body()]) -> ReturnProgress:
        """Ask to send goods back: all or a part of what was sent, and is not on its way back already."""
        ...

    @get("/waiting")
    async def waiting_returns(
        self,
        work: Annotated[ReturnWork | None, Query(description="Those that wait for this.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
    ) -> tuple[ReturnProgress, ...]:
        """Returns that wait for somebody, the most urgent first, without their timelines."""
        ...

    @get("/returns/{return_id}", raises=[NotFound])
    async def customer_return(self, return_id: Id) -> ReturnProgress:
        """One return, how far it has come, and what was done for it."""
        ...

    @post(
        "/returns/{return_id}/decision",
        status=202,
        location="/returns/{id}",
        scope="order-to-fulfillment:approve",
        raises=[NotFound, InvalidState],
    )
    async def decide_return(
        self, return_id: Id, decision: Annotated[ReturnDecision, Body()]
    ) -> ReturnProgress:
        """Let the customer send the goods, or not."""
        ...

    @post(
        "/returns/{return_id}/inspection",
        status=202,
        location="/returns/{id}",
        raises=[NotFound, InvalidState, InvalidInput],
    )
    async def take_in_return(
        self, return_id: Id, inspection: Annotated[Inspection, Body()]
    ) -> ReturnProgress:
        """Note what came back and what of it is good: that is restocked, and all of it is refunded.

        Goods that come before anybody has approved their return wait until somebody does.
        """
        ...

    @post(
        "/returns/{return_id}/cancel", status=202, location="/returns/{id}", raises=[NotFound, InvalidState]
    )
    async def cancel_return(self, return_id: Id) -> ReturnProgress:
        """The customer keeps the goods after all. Impossible once they have come back."""
        ...

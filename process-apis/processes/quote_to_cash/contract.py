"""What quote-to-cash promises."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from fastapi import Body, Query
from pydantic import Field, model_validator

from triptych.canonical.base import NOTHING, Extensions, Model, Timestamp, example, the_example
from triptych.canonical.fields import Code, Flag, Id, Name, Prose, Rate
from triptych.canonical.money import Amount
from triptych.canonical.party import Address
from triptych.canonical.sales import NewQuote
from triptych.contract import ProcessApi, flow, get, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound

Number = Annotated[int, Field(strict=True, ge=1, le=24)]


class QuoteState(StrEnum):
    """Where a quote stands on its way to cash."""

    DRAFT = "draft"
    IN_APPROVAL = "in-approval"
    APPROVED = "approved"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    ORDERED = "ordered"
    CONFIRMED = "confirmed"
    IN_DELIVERY = "in-delivery"
    INVOICED = "invoiced"
    PAID = "paid"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Due(StrEnum):
    """When a milestone is invoiced."""

    ON_ORDER = "on-order"
    """As soon as the order is confirmed, and what comes before it is paid."""
    ON_REPORT = "on-report"
    """When somebody reports that it is reached."""


class Milestone(Model):
    """A part of the price, and when it is invoiced."""

    model_config = example(name="On delivery", share="0.7", due="on-report", days=30)

    name: Name
    """What is paid for, as the invoice says it."""
    share: Rate
    """Which part of the total: 0.3 is 30 %."""
    due: Due = Due.ON_ORDER
    """When it is invoiced."""
    days: int = Field(default=30, ge=0, le=365)
    """Days to pay, from the invoice on."""


class DrawUpQuote(Model):
    """A quote, where it would go, and how it would be paid."""

    model_config = example(
        quote=the_example(NewQuote),
        ship_to=the_example(Address),
        milestones=[
            {"name": "On order", "share": "0.3", "due": "on-order", "days": 14},
            the_example(Milestone),
        ],
    )

    quote: NewQuote
    """What is offered, to whom; a line without a price has that of the product."""
    ship_to: Address
    """Where it goes."""
    milestones: Annotated[tuple[Milestone, ...], Field(min_length=1, max_length=24)] = (
        Milestone(name="On order", share=Decimal(1)),
    )
    """How the price is paid; their shares come to 1."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        shares = sum((each.share for each in self.milestones), Decimal(0))
        if shares != 1 or not all(each.share for each in self.milestones):
            raise ValueError(
                f"the shares of the milestones come to {shares}: make them 1, and none of them 0"
            )
        return self


class Decision(Model):
    """What is decided about a quote over the threshold."""

    model_config = example(approved=True, reason="A new customer that we want.")

    approved: Flag
    """Whether it may be offered."""
    reason: Prose | None = None
    """Why, or why not."""


class Answer(Model):
    """What the customer says to a quote."""

    model_config = example(accepted=True)

    accepted: Flag
    """Whether they take it."""
    reason: Prose | None = None
    """Why not."""


class MilestoneReached(Model):
    """That a milestone is reached."""

    model_config = example(milestone=2)

    milestone: Number
    """Which one, from 1."""


class PaymentReceived(Model):
    """Money that came for a milestone's invoice."""

    model_config = example(
        milestone=1, amount={"amount_minor": 6479, "currency": "EUR"}, bank_reference="BANK-2026-4711"
    )

    milestone: Number
    """Which one, from 1."""
    amount: Amount
    """How much; the invoice's total."""
    bank_reference: Code
    """What the bank calls it."""


class Trouble(Model):
    """Why a quote came to nothing, or needs an operator (RFC 9457)."""

    model_config = example(
        type="/problems/invalid-state", title="Invalid state", detail="The customer declined: too dear."
    )

    type: str
    """The kind of problem."""
    title: str
    """The kind in words."""
    detail: str
    """What happened."""
    extra: Extensions = Field(default_factory=lambda: NOTHING)
    """More for programs."""


class Event(Model):
    """One line of a quote's timeline."""

    model_config = example(
        step="approval",
        outcome="waiting",
        state="in-approval",
        started="2026-07-01T09:30:00Z",
        ended="2026-07-01T09:30:00Z",
        until="2026-07-06T09:30:00Z",
    )

    step: str
    """What was done, or waited for; `invoice.2` is that of the second milestone."""
    undone: bool = False
    """Whether this line is the undoing of that."""
    outcome: str
    """`done`, `waiting`, `reminded`, `late`, `skipped`, `cancelled`, `refused`, `failed`, `running`…"""
    state: QuoteState | None = None
    """The state that the quote reached with it."""
    started: Timestamp
    """When it began."""
    ended: Timestamp | None = None
    """When it ended."""
    until: Timestamp | None = None
    """The deadline of what is waited for."""


class Billed(Model):
    """What became of a milestone."""

    model_config = example(**the_example(Milestone), amount={"amount_minor": 15119, "currency": "EUR"})

    name: Name
    """What is paid for."""
    share: Rate
    """Which part of the total."""
    due: Due
    """When it is invoiced."""
    days: int
    """Days to pay."""
    amount: Amount
    """How much that is; all of them together are the total."""
    invoice_id: Id | None = None
    """Its invoice, once there is one."""
    paid: bool = False
    """Whether it is paid."""


class Waiting(Model):
    """What a quote waits for."""

    model_config = example(what="approval", since="2026-07-01T09:30:00Z", until="2026-07-06T09:30:00Z")

    what: str
    """`approval`, `answer`, `reached.1` or `payment.1`."""
    since: Timestamp
    """When that began."""
    until: Timestamp | None = None
    """When the time is up."""


class QuoteProgress(Model):
    """A quote, and how far it has come."""

    model_config = example(
        id="quo_01jd3k7m9vq8x2c4n6b8d0f2hg",
        reference="ENQ-2026-07",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="in-approval",
        waiting=the_example(Waiting),
        total={"amount_minor": 21598, "currency": "EUR"},
        milestones=[the_example(Billed)],
        timeline=[the_example(Event)],
        event_id=2,
    )

    id: Id
    """The quote's id."""
    reference: Code | None = None
    """What the customer calls their enquiry."""
    customer_id: Id
    """Who asked."""
    status: QuoteState
    """Where it stands."""
    waiting: Waiting | None = None
    """What it waits for, if it does."""
    cancelling: bool = False
    """Whether a cancellation was accepted and is being carried out."""
    total: Amount
    """What is offered, with carriage."""
    milestones: tuple[Billed, ...]
    """How it is paid."""
    order_id: Id | None = None
    """The order that came of it."""
    reminders: int = 0
    """How often the customer was reminded of the invoice that is open."""
    timeline: tuple[Event, ...] = ()
    """What was done for it, in order."""
    problem: Trouble | None = None
    """Why it came to nothing, if it did."""
    event_id: int = 0
    """Counts the changes; a stream of updates goes on from here."""


class Work(StrEnum):
    """For what quotes wait."""

    APPROVAL = "approval"
    ANSWER = "answer"
    REACHED = "reached"
    PAYMENT = "payment"


class QuoteToCash(ProcessApi, version=1, owner="sales-operations"):
    """From a quote to the last payment.

    A quote over the threshold is approved first; the customer takes it or not while it stands; what is taken
    is ordered, invoiced milestone by milestone, and paid, with reminders where that takes too long.
    """

    quotes = flow(
        "A quote goes into the CRM, to whoever approves it, and to the customer.",
        pace="near-real-time",
        owner="sales-operations",
        failure="Customers wait for their offer, and buy elsewhere.",
        within=timedelta(minutes=5),
    )
    orders = flow(
        "An accepted quote becomes an order in the ERP.",
        pace="near-real-time",
        owner="order-management",
        failure="What was promised for a day is not delivered on that day.",
        within=timedelta(minutes=5),
        share=0.995,
    )
    invoices = flow(
        "A milestone that is due becomes an invoice, a payment settles it, and the customer is reminded.",
        pace="near-real-time",
        owner="finance-systems",
        failure="Money comes in late: interest on the invoice's total for each day.",
        within=timedelta(hours=1),
    )

    @post("/quotes", status=202, location="/quotes/{id}", raises=[InvalidInput, Conflict], timeout=15)
    async def draw_up_quote(self, new: Annotated[DrawUpQuote, Body()]) -> QuoteProgress:
        """Draw a quote up. From now on it comes to its end, however many weeks that takes."""
        ...

    @get("/waiting")
    async def waiting(
        self,
        work: Annotated[Work | None, Query(description="Those that wait for this.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
    ) -> tuple[QuoteProgress, ...]:
        """Quotes that wait for somebody, the most urgent first, without their timelines."""
        ...

    @get("/quotes/{quote_id}", raises=[NotFound])
    async def quote(self, quote_id: Id) -> QuoteProgress:
        """One quote, how far it has come, and what was done for it."""
        ...

    @post(
        "/quotes/{quote_id}/decision",
        status=202,
        location="/quotes/{id}",
        scope="quote-to-cash:approve",
        raises=[NotFound, InvalidState],
    )
    async def decide_quote(self, quote_id: Id, decision: Annotated[Decision, Body()]) -> QuoteProgress:
        """Approve a quote over the threshold, or not."""
        ...

    @post("/quotes/{quote_id}/answer", status=202, location="/quotes/{id}", raises=[NotFound, InvalidState])
    async def answer_quote(self, quote_id: Id, answer: Annotated[Answer, Body()]) -> QuoteProgress:
        """Note what the customer says."""
        ...

    @post(
        "/quotes/{quote_id}/milestones",
        status=202,
        location="/quotes/{id}",
        raises=[NotFound, InvalidState],
    )
    async def reach_milestone(
        self, quote_id: Id, reached: Annotated[MilestoneReached, Body()]
    ) -> QuoteProgress:
        """Report that a milestone is reached: it is invoiced when those before it are paid."""
        ...

    @post(
        "/quotes/{quote_id}/payments",
        status=202,
        location="/quotes/{id}",
        raises=[NotFound, InvalidState, InvalidInput],
    )
    async def receive_payment(
        self, quote_id: Id, payment: Annotated[PaymentReceived, Body()]
    ) -> QuoteProgress:
        """Note that the money for a milestone's invoice has come."""
        ...

    @post("/quotes/{quote_id}/cancel", status=202, location="/quotes/{id}", raises=[NotFound, InvalidState])
    async def cancel_quote(self, quote_id: Id) -> QuoteProgress:
        """Withdraw a quote, and call off what came of it. Impossible once its order is confirmed."""
        ...

    @get("/quotes/{quote_id}/events", raises=[NotFound])
    def follow_quote(self, quote_id: Id, last_event_id: str = "") -> AsyncIterator[QuoteProgress]:
        """The quote now, and again after each change, until it has come to its end."""
        ...

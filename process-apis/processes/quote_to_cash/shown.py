"""A quote on its way, as it is shown."""

from enum import StrEnum

from pydantic import Field

from triptych.canonical.base import NOTHING, Extensions, Model, Timestamp, example, the_example
from triptych.canonical.fields import Code, Id, Name, Rate
from triptych.canonical.money import Amount


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

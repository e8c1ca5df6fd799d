"""A quote on its way, as it is shown."""

from enum import StrEnum

from pydantic import Field

from triptych.canonical.base import Model, example, the_example
from triptych.canonical.fields import Code, Id, Name, Rate
from triptych.canonical.money import Amount
from triptych.contract.progress import Progress, Waiting, example_of_progress


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


class QuoteProgress(Progress[QuoteState]):
    """A quote, and how far it has come."""

    model_config = example(
        **example_of_progress("quo_01jd3k7m9vq8x2c4n6b8d0f2hg", "in-approval"),
        reference="ENQ-2026-07",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        waiting=the_example(Waiting),
        total={"amount_minor": 21598, "currency": "EUR"},
        milestones=[the_example(Billed)],
    )

    reference: Code | None = None
    """What the customer calls their enquiry."""
    customer_id: Id
    """Who asked."""
    total: Amount
    """What is offered, with carriage."""
    milestones: tuple[Billed, ...]
    """How it is paid."""
    order_id: Id | None = None
    """The order that came of it."""
    reminders: int = 0
    """How often the customer was reminded of the invoice that is open."""

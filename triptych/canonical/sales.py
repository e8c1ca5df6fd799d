"""Quotes: what we offer a customer before they order."""

from enum import StrEnum

from triptych.canonical.base import Entity, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Id, PersonalProse, Prose
from triptych.canonical.lines import Lines, NewLines, NewOrderLine, OrderLine
from triptych.canonical.money import Amount
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class QuoteStatus(StrEnum):
    """How far a quote has come."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"


QUOTE_TRANSITIONS = Transitions(
    "quote",
    {
        QuoteStatus.DRAFT: {QuoteStatus.SENT, QuoteStatus.EXPIRED},
        QuoteStatus.SENT: {QuoteStatus.ACCEPTED, QuoteStatus.DECLINED, QuoteStatus.EXPIRED},
        QuoteStatus.ACCEPTED: set(),
        QuoteStatus.DECLINED: set(),
        QuoteStatus.EXPIRED: set(),
    },
)


class QuoteTerms(New):
    """What a quote says, as drawn up and as kept."""

    reference: Code | None = None
    """What the customer calls their enquiry (UBL CustomerReference)."""
    external_id: Code | None = None
    """The quote number of the books."""
    customer_id: Id
    """Who asked."""
    lead_id: Id | None = None
    """The lead that it began with."""
    valid_until: Timestamp | None = None
    """Until when it can be accepted (UBL ValidityPeriod; schema.org validThrough)."""
    notes: PersonalProse | None = None
    """What else was agreed."""


class NewQuote(QuoteTerms):
    """What can be given of a quote."""

    model_config = example(
        reference="ENQ-2026-07",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        valid_until="2026-08-01T00:00:00Z",
        lines=[the_example(NewOrderLine)],
        freight={"amount_minor": 3238, "currency": "EUR"},
    )

    lines: NewLines
    """What is offered."""
    freight: Amount | None = None
    """What carriage would cost; by default nothing."""


class Quote(QuoteTerms, Entity, prefix="quo"):
    """An offer to one customer (schema.org Offer; UBL Quotation)."""

    model_config = example_of(
        NewQuote,
        "quo_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="sent",
        lines=[the_example(OrderLine)],
        subtotal={"amount_minor": 18360, "currency": "EUR"},
        total={"amount_minor": 21598, "currency": "EUR"},
    )

    status: QuoteStatus = QuoteStatus.DRAFT
    """How far it has come."""
    lines: Lines
    """What is offered, with prices and totals."""
    subtotal: Amount
    """The lines together (UBL LineExtensionAmount)."""
    freight: Amount
    """What carriage would cost."""
    total: Amount
    """Lines and freight together (UBL PayableAmount)."""
    order_id: Id | None = None
    """The order that was placed on it."""
    declined_because: Prose | None = None
    """Why the customer did not take it."""


class QuoteFilter(History):
    """Which quotes to list."""

    reference: Code | None = None
    external_id: Code | None = None
    customer_id: Id | None = None
    lead_id: Id | None = None
    status: QuoteStatus | None = None

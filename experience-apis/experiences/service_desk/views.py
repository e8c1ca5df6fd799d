"""The shapes that a service desk works with."""

from triptych.canonical.base import Model, example
from triptych.canonical.fields import (
    Code,
    Email,
    Flag,
    Id,
    PersonalLine,
    PersonalProse,
    PersonName,
    Phone,
    Prose,
)
from triptych.canonical.money import Amount
from triptych.canonical.party import Customer, CustomerStatus
from triptych.canonical.support import TicketChannel, TicketPriority


class FoundCustomer(Model):
    """A customer in a list of results."""

    model_config = example(
        id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        name="Alfreds Futterkiste",
        email="orders@alfreds.example",
        phone="+49300074321",
        number="ALFKI",
        status="active",
    )

    id: Id
    """Canonical id."""
    name: PersonName
    """What they are called."""
    email: Email | None = None
    """Where to write."""
    phone: Phone | None = None
    """Where to call."""
    number: Code | None = None
    """The customer number of the books."""
    status: CustomerStatus
    """How things stand."""
    because: Code | None = None
    """The order that led here, when one did."""

    @classmethod
    def of(cls, customer: Customer, because: str | None = None) -> "FoundCustomer":
        """The desk's view of a customer."""
        return cls(
            id=customer.id,
            name=customer.name,
            email=customer.email,
            phone=customer.phone,
            number=customer.external_id,
            status=customer.status,
            because=because,
        )


class NewDeskTicket(Model):
    """A ticket to open."""

    model_config = example(
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        subject="One box of tea is crushed",
        description="Of the twelve boxes one arrived crushed.",
        channel="phone",
    )

    customer_id: Id
    """Who asks."""
    order_id: Id | None = None
    """About which order."""
    subject: PersonalLine
    """What it is about."""
    description: PersonalProse | None = None
    """What they say."""
    priority: TicketPriority = TicketPriority.NORMAL
    """How urgent it is."""
    channel: TicketChannel = TicketChannel.PHONE
    """How they asked."""


class Answer(Model):
    """What is answered."""

    model_config = example(
        author="Nancy Davolio", body="Another box is on its way to you today.", solved=True
    )

    author: PersonName
    """Who answers."""
    body: PersonalProse
    """What they say."""
    internal: Flag = False
    """Whether it is for colleagues only."""
    solved: Flag = False
    """Whether the matter is settled with it."""


class RefundOrder(Model):
    """How much is given back."""

    model_config = example(
        amount={"amount_minor": 1800, "currency": "EUR"}, reason="One box arrived damaged."
    )

    amount: Amount | None = None
    """How much; by default all that is left of the payment."""
    reason: Prose
    """Why."""


class ResendOrder(Model):
    """Why something is sent once more."""

    model_config = example(reason="The parcel was lost.")

    reason: Prose
    """For whoever asks later."""

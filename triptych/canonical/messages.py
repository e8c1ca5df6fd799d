"""What a customer is told about an order, a payment or a ticket: transactional messages."""

from enum import StrEnum

from triptych.canonical.base import Entity, New, Timestamp, example, example_of
from triptych.canonical.fields import Email, Id, PersonalLine, PersonalProse
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class MessageStatus(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


MESSAGE_TRANSITIONS = Transitions(
    "message",
    {
        MessageStatus.QUEUED: {MessageStatus.SENT, MessageStatus.FAILED},
        MessageStatus.FAILED: {MessageStatus.QUEUED},
        MessageStatus.SENT: set(),
    },
)


class NewMessage(New):
    """What can be given of a message."""

    model_config = example(
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        recipient="orders@alfreds.example",
        subject="Your order PO-2026-0815 is on its way",
        body="We have sent 12 of CHAI-10.",
    )

    customer_id: Id
    """Who is told."""
    order_id: Id | None = None
    """The order that it is about."""
    recipient: Email | None = None
    """Where it goes; by default to the customer's main address."""
    subject: PersonalLine
    """What it is about."""
    body: PersonalProse
    """What it says."""


class Message(NewMessage, Entity, prefix="msg"):
    """A message to one customer (schema.org EmailMessage)."""

    model_config = example_of(NewMessage, "msg_01jd3k7m9vq8x2c4n6b8d0f2hg", status="queued")

    status: MessageStatus = MessageStatus.QUEUED
    """What became of it."""
    sent_at: Timestamp | None = None
    """When it went out (schema.org dateSent)."""


class MessageFilter(History):
    """Which messages to list."""

    customer_id: Id | None = None
    order_id: Id | None = None
    status: MessageStatus | None = None

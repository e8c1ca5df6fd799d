"""What customers ask and what is answered: tickets and comments."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Entity, New, Timestamp, example, example_of
from triptych.canonical.fields import Code, Email, Flag, Id, Name, PersonalLine, PersonalProse, PersonName
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class TicketStatus(StrEnum):
    """Whose turn it is."""

    OPEN = "open"
    """Ours."""
    PENDING = "pending"
    """The customer's."""
    SOLVED = "solved"
    """Nobody's, unless the customer writes again."""
    CLOSED = "closed"


TICKET_TRANSITIONS = Transitions(
    "ticket",
    {
        TicketStatus.OPEN: {TicketStatus.PENDING, TicketStatus.SOLVED},
        TicketStatus.PENDING: {TicketStatus.OPEN, TicketStatus.SOLVED},
        TicketStatus.SOLVED: {TicketStatus.OPEN, TicketStatus.CLOSED},
        TicketStatus.CLOSED: set(),
    },
)


class TicketPriority(StrEnum):
    """How much it presses."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class TicketChannel(StrEnum):
    """Through which door it came."""

    WEB = "web"
    EMAIL = "email"
    PHONE = "phone"
    CHAT = "chat"


class NewTicket(New):
    """What can be given of a ticket."""

    model_config = example(
        external_id="HD-20877",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        requester_email="maria@alfreds.example",
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        subject="One box of tea is crushed",
        description="Of the twelve boxes one arrived crushed. Could you send another?",
        priority="normal",
        channel="email",
        tags=["damage"],
    )

    external_id: Code | None = None
    """The ticket's number in the help desk (schema.org identifier)."""
    customer_id: Id | None = None
    """Who asks, when they are a customer."""
    requester_email: Email | None = None
    """Where the answer goes."""
    order_id: Id | None = None
    """The order that it is about (schema.org about)."""
    subject: PersonalLine
    """What it is about, in one line (schema.org headline)."""
    description: PersonalProse | None = None
    """What the customer says (schema.org text)."""
    priority: TicketPriority = TicketPriority.NORMAL
    """How much it presses."""
    channel: TicketChannel = TicketChannel.WEB
    """Through which door it came."""
    tags: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    """Words to find it by (schema.org keywords)."""
    assignee: PersonName | None = None
    """Who of us answers."""


class Ticket(NewTicket, Entity, prefix="tkt"):
    """A customer's question until it is settled (schema.org Question, Message)."""

    model_config = example_of(NewTicket, "tkt_01jd3k7m9vq8x2c4n6b8d0f2hg", status="open")

    status: TicketStatus = TicketStatus.OPEN
    """Whose turn it is."""
    solved_at: Timestamp | None = None
    """When it was last solved."""


class TicketFilter(History):
    """Which tickets to list."""

    q: Name | None = None
    """Text that the subject or description holds, in any case."""
    external_id: Code | None = None
    customer_id: Id | None = None
    requester_email: Email | None = None
    order_id: Id | None = None
    status: TicketStatus | None = None
    priority: TicketPriority | None = None
    assignee: PersonName | None = None


class AuthorKind(StrEnum):
    """On which side of the counter somebody is."""

    CUSTOMER = "customer"
    STAFF = "staff"


class NewComment(New):
    """What can be given of a comment."""

    model_config = example(
        ticket_id="tkt_01jd3k7m9vq8x2c4n6b8d0f2hg",
        author="Nancy Davolio",
        author_kind="staff",
        body="Another box is on its way to you today.",
    )

    ticket_id: Id
    """What it answers (schema.org parentItem)."""
    author: PersonName
    """Who wrote it (schema.org author)."""
    author_kind: AuthorKind = AuthorKind.STAFF
    """On which side they are."""
    body: PersonalProse
    """What they wrote (schema.org text)."""
    internal: Flag = False
    """Whether it is for us alone, and never shown to the customer."""


class Comment(NewComment, Entity, prefix="cmt"):
    """A message on a ticket (schema.org Comment)."""

    model_config = example_of(NewComment, "cmt_01jd3k7m9vq8x2c4n6b8d0f2hg")


class CommentFilter(History):
    """Which comments to list."""

    ticket_id: Id | None = None
    author_kind: AuthorKind | None = None
    internal: bool | None = None

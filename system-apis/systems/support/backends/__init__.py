"""What the support system API stands on: a store for each noun."""

from typing import Protocol

from triptych.canonical.support import (
    Comment,
    CommentFilter,
    NewComment,
    NewTicket,
    Ticket,
    TicketFilter,
)
from triptych.storage import Store


class SupportBackend(Protocol):
    """Where tickets and comments are kept."""

    tickets: Store[Ticket, NewTicket, TicketFilter]
    comments: Store[Comment, NewComment, CommentFilter]

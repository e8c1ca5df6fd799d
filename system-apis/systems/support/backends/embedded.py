"""The help desk of a company that has none: tickets and comments in the service's own database."""

from triptych.canonical.support import (
    Comment,
    CommentFilter,
    NewComment,
    NewTicket,
    Ticket,
    TicketFilter,
)
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, entity_table

TICKETS = entity_table(
    "tickets",
    Ticket,
    indexed={
        "external_id": UNIQUE,
        "customer_id": INDEXED,
        "requester_email": INDEXED,
        "order_id": INDEXED,
        "status": INDEXED,
        "priority": INDEXED,
        "assignee": INDEXED,
    },
    search=["subject", "description", "requester_email", "external_id"],
)
COMMENTS = entity_table(
    "comments", Comment, indexed={"ticket_id": INDEXED, "author_kind": INDEXED, "internal": INDEXED}
)


class EmbeddedSupport:
    """Implements SupportBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.tickets = EmbeddedStore(database, TICKETS, new=NewTicket, filter=TicketFilter)
        self.comments = EmbeddedStore(database, COMMENTS, new=NewComment, filter=CommentFilter)

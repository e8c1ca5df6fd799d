"""What the support system API promises."""

from typing import Annotated

from triptych.canonical.fields import Id
from triptych.canonical.support import (
    Comment,
    CommentFilter,
    NewComment,
    NewTicket,
    Ticket,
    TicketFilter,
)
from triptych.contract import Collection, Creatable, Raises, SystemApi, event, post
from triptych.problems import InvalidState, NotFound


class Support(SystemApi, version=1, owner="customer-service"):
    """Tickets and what is said in them, whichever help desk keeps them.

    A comment of the customer opens a pending or solved ticket again; one of ours leaves it pending.
    """

    tickets: Collection[Ticket, NewTicket, TicketFilter]
    comments: Annotated[
        Creatable[Comment, NewComment, CommentFilter], Raises(create=[NotFound, InvalidState])
    ]

    ticket_opened = event(Ticket, "Somebody asks for help.", customer="customer_id")
    ticket_solved = event(Ticket, "A ticket is solved.", customer="customer_id")
    ticket_closed = event(Ticket, "A ticket is closed for good.", customer="customer_id")

    @post("/tickets/{ticket_id}/solve", raises=[NotFound, InvalidState])
    async def solve_ticket(self, ticket_id: Id) -> Ticket:
        """Say that the matter is settled."""
        ...

    @post("/tickets/{ticket_id}/reopen", raises=[NotFound, InvalidState])
    async def reopen_ticket(self, ticket_id: Id) -> Ticket:
        """Say that the matter is not settled after all."""
        ...

    @post("/tickets/{ticket_id}/close", raises=[NotFound, InvalidState])
    async def close_ticket(self, ticket_id: Id) -> Ticket:
        """Close a solved ticket for good."""
        ...

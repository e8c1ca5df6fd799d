"""How the support system API keeps its promise."""

from datetime import UTC, datetime

from systems.support.backends import SupportBackend
from systems.support.contract import Support
from triptych.canonical.support import (
    TICKET_TRANSITIONS,
    AuthorKind,
    Comment,
    CommentFilter,
    NewComment,
    Ticket,
    TicketStatus,
)
from triptych.events import Announced, Events, announcing
from triptych.problems import InvalidState
from triptych.storage import Ruled, moved


class Comments(Ruled[Comment, NewComment, CommentFilter]):
    """Comments, which move their ticket."""

    def __init__(self, backend: SupportBackend) -> None:
        super().__init__(backend.comments)
        self._tickets = backend.tickets

    async def create(self, new: NewComment) -> Comment:
        """Say something in a ticket; raises InvalidState when it is closed."""
        ticket = await self._tickets.get(new.ticket_id)
        if ticket.status is TicketStatus.CLOSED:
            raise InvalidState("The ticket is closed for good; open another one.")
        if not new.internal:
            by_customer = new.author_kind is AuthorKind.CUSTOMER
            status = TicketStatus.OPEN if by_customer else TicketStatus.PENDING
            if TICKET_TRANSITIONS.allows(ticket.status, status):
                await self._tickets.save(ticket, status=status)
        return await self.store.add(new)


class SupportService(Support):
    """Tickets and comments over whichever backend is chosen."""

    def __init__(self, backend: SupportBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.tickets = backend.tickets
        self.comments = Comments(backend)

    async def solve_ticket(self, ticket_id: str) -> Ticket:
        return await self._move(ticket_id, TicketStatus.SOLVED, solved_at=datetime.now(UTC))

    async def reopen_ticket(self, ticket_id: str) -> Ticket:
        return await self._move(ticket_id, TicketStatus.OPEN, solved_at=None)

    async def close_ticket(self, ticket_id: str) -> Ticket:
        return await self._move(ticket_id, TicketStatus.CLOSED)

    async def _move(self, ticket_id: str, status: TicketStatus, **changes: datetime | None) -> Ticket:
        return await moved(self._backend.tickets, ticket_id, TICKET_TRANSITIONS, status, **changes)


def _telling(backend: SupportBackend, events: Events) -> SupportBackend:
    """The backend, with everything told that is done to its tickets."""
    tickets = Announced(
        backend.tickets,
        events,
        made=Support.ticket_opened,
        reaching={TicketStatus.SOLVED: Support.ticket_solved, TicketStatus.CLOSED: Support.ticket_closed},
    )
    return announcing(backend, tickets=tickets)

"""A process that opens a ticket for what it hears of customers: the help desk counts its effects."""

from datetime import timedelta

from systems.crm.contract import Crm
from systems.support.contract import Support
from triptych.canonical.party import Customer
from triptych.canonical.support import NewTicket, TicketFilter
from triptych.contract import Happened, ProcessApi, every, flow, on


class Welcome(ProcessApi, version=1, owner="tests"):
    """Greets customers."""

    greetings = flow(
        "What happens to customers, to a ticket for each.",
        pace="near-real-time",
        owner="tests",
        failure="Nobody is greeted.",
        within=timedelta(seconds=5),
    )


class WelcomeService(Welcome):
    """One ticket for each event, in the words of the event."""

    def __init__(self, support: Support) -> None:
        self._support = support

    @on(Crm.customer_created, Crm.customer_changed)
    async def greet(self, happened: Happened[Customer]) -> None:
        """Open a ticket."""
        await self.before(happened)
        await self._support.tickets.create(
            NewTicket(subject=f"version {happened.data.version}", customer_id=happened.subject)
        )
        await self.after(happened)

    async def before(self, happened: Happened[Customer]) -> None:
        """What tests let go wrong before the effect."""

    async def after(self, happened: Happened[Customer]) -> None:
        """What tests let go wrong behind the effect."""


class DeafService(WelcomeService):
    """A version of it that is told of nothing."""

    greet = None  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - it is gone


async def greetings(support: Support, customer: str) -> list[str]:
    """The effects that a customer's events have had, oldest first."""
    filter = TicketFilter(customer_id=customer, limit=200)
    return [ticket.subject async for ticket in every(support.tickets, filter)]

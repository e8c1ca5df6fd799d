"""What is done for a lead that is won: it becomes a customer, once, who is billed, welcomed and called."""

from typing import Any

from processes.lead_to_customer.known import known_customer, standing
from processes.lead_to_customer.prospect import Called, Prospect
from systems.billing.contract import Billing
from systems.crm.contract import Crm, Link
from systems.marketing.contract import Marketing
from systems.support.contract import Support
from triptych.canonical.accounts import BillingAccountFilter, NewBillingAccount
from triptych.canonical.leads import LeadStatus
from triptych.canonical.messages import NewMessage
from triptych.canonical.party import Customer
from triptych.canonical.support import NewComment, NewTicket, TicketFilter, TicketStatus
from triptych.problems import Conflict, InvalidState, Unavailable

WELCOME = "Welcome"
CALLING = "onboarding "
"""What the number of the task to call a customer begins with; the lead's id follows."""


class Winning:
    """The steps from a lead that is won to a customer who was called."""

    def __init__(self, crm: Crm, billing: Billing, marketing: Marketing, support: Support) -> None:
        self._crm = crm
        self._billing = billing
        self._marketing = marketing
        self._support = support

    async def find_customer(self, state: Prospect) -> dict[str, Any]:
        """See whether the lead is a customer already. Refused where it is lost."""
        if state.outcome and not state.outcome.won:
            raise InvalidState(f"The lead is lost: {state.outcome.reason}")
        lead = await self._crm.leads.get(state.lead_id)
        if lead.customer_id:  # somebody has converted it in the CRM
            return {"customer_id": lead.customer_id}
        found = await known_customer(self._crm, lead)
        return {"customer_id": found.id, "known": True} if found else {}

    async def convert(self, state: Prospect) -> dict[str, str]:
        """Make it that customer, or a new one: from here on nobody withdraws it."""
        lead = await self._crm.leads.get(state.lead_id)
        if lead.status is LeadStatus.CONVERTED and lead.customer_id:
            return {"customer_id": lead.customer_id}
        if state.customer_id is None:
            return {"customer_id": (await self._crm.convert_lead(lead.id)).id}
        customer = await standing(self._crm, await self._crm.customers.get(state.customer_id))
        try:
            await self._crm.link_lead(lead.id, Link(customer_id=customer.id))
        except InvalidState:
            raise
        except Conflict as problem:  # it was merged in this moment
            raise Unavailable(problem.detail) from problem
        return {"customer_id": customer.id}

    async def open_account(self, state: Prospect) -> dict[str, str]:
        """See that the customer has a billing account; one that is there stays as it is."""
        customer = await self._customer(state)
        found = await self._billing.accounts.find(BillingAccountFilter(customer_id=customer.id))
        if found.items:
            return {"account_id": found.items[0].id}
        new = NewBillingAccount(
            customer_id=customer.id,
            name=customer.name,
            email=customer.email,
            currency=customer.currency,
            tax_id=customer.tax_id,
        )
        try:
            return {"account_id": (await self._billing.accounts.create(new)).id}
        except Conflict as problem:  # it was opened in this moment, and is found at the next attempt
            raise Unavailable(problem.detail) from problem

    def is_new(self, state: Prospect) -> bool:
        """Whether it was no customer before."""
        return not state.known

    async def welcome(self, state: Prospect) -> None:
        """Welcome a new customer."""
        customer = await self._customer(state)
        await self._marketing.messages.create(
            NewMessage(
                customer_id=customer.id,
                recipient=customer.email,
                subject=WELCOME,
                body="Welcome! We are about to call you, and see to it that your first order goes well.",
            )
        )

    async def introduce(self, state: Prospect) -> dict[str, str]:
        """Have the customer called: a task at the help desk, for whoever looks after the lead."""
        number = f"{CALLING}{state.lead_id}"
        found = await self._support.tickets.find(TicketFilter(external_id=number))
        if found.items:
            return {"ticket_id": found.items[0].id}
        customer = await self._customer(state)
        ticket = await self._support.tickets.create(
            NewTicket(
                external_id=number,
                customer_id=customer.id,
                subject="Call a new customer" if self.is_new(state) else "Call a customer who asked again",
                tags=("onboarding",),
                assignee=await self._owner(state),
            )
        )
        return {"ticket_id": ticket.id}

    async def remind_of_call(self, state: Prospect) -> dict[str, int]:
        """Remind whoever is to call."""
        assert state.ticket_id is not None
        body = f"Reminder {state.reminders + 1}: the customer was not called yet."
        await self._support.comments.create(
            NewComment(ticket_id=state.ticket_id, author="Lead to customer", body=body, internal=True)
        )
        return {"reminders": state.reminders + 1}

    def take_call(self, state: Prospect, called: Called) -> None:
        """That the task is done says it all."""

    def look_anyway(self, state: Prospect) -> None:
        """Nobody said that the customer was called; the help desk knows."""

    async def see_call(self, state: Prospect) -> None:
        """See at the help desk that the customer was called; where not, a person has to look."""
        assert state.ticket_id is not None
        ticket = await self._support.tickets.get(state.ticket_id)
        if ticket.status not in (TicketStatus.SOLVED, TicketStatus.CLOSED):
            raise InvalidState(f"Nobody has called the customer: {ticket.id} is {ticket.status.value}.")

    async def remind_owner(self, state: Prospect) -> dict[str, int]:
        """Give whoever looks after the lead a task to decide on it."""
        number = state.reminders + 1
        await self._support.tickets.create(
            NewTicket(
                external_id=f"{state.lead_id} reminder {number}",
                subject=f"Decide on the lead {state.lead_id}",
                tags=("lead",),
                assignee=await self._owner(state),
            )
        )
        return {"reminders": number}

    async def _customer(self, state: Prospect) -> Customer:
        assert state.customer_id is not None
        return await self._crm.customers.get(state.customer_id)

    async def _owner(self, state: Prospect) -> str | None:
        """What whoever looks after the lead is called."""
        return (await self._crm.sales_reps.get(state.owner_id)).name if state.owner_id else None

"""Leads as tests have them: whoever asks, and what they do, in a country of their own."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import pytest

from processes.lead_to_customer.contract import LeadProgress, LeadToCustomer
from systems.crm.contract import Crm
from systems.marketing.contract import Marketing, Reaction, Response
from systems.support.contract import Support
from triptych.canonical.leads import ConsentSaid, NewInquiry
from triptych.canonical.mailings import Mailing, MailingFilter
from triptych.contract import Api

A = TypeVar("A", bound=Api)
PATIENCE = 60.0
YES, NO = (ConsentSaid(granted=True),), (ConsentSaid(granted=False),)


class Clients(Protocol):
    """Where clients of services come from."""

    def client(self, api: type[A]) -> A:
        """A client of a service."""
        ...


class Leads:
    """Somebody who asks, under a mark of their own."""

    def __init__(self, clients: Clients, mark: str) -> None:
        self.client = clients.client
        self.leads = clients.client(LeadToCustomer)
        self.crm = clients.client(Crm)
        self.marketing = clients.client(Marketing)
        self.support = clients.client(Support)
        self.mark = mark
        self.email = f"ada.{mark}@lovelace.example"

    def inquiry(self, source: str = "web", **more: Any) -> NewInquiry:
        """What they ask: of itself worth ten points."""
        given: dict[str, Any] = {
            "name": "Ada Lovelace",
            "email": self.email,
            "message": "How much is the tea?",
            **more,
        }
        return NewInquiry(source=source, **given)

    async def asks(self, source: str = "web", **more: Any) -> LeadProgress:
        """They ask."""
        return await self.leads.capture_lead(self.inquiry(source, **more))

    async def waits(self, lead: LeadProgress, *what: str) -> LeadProgress:
        """The lead once it waits for one of these."""
        found = lead
        for _ in range(int(PATIENCE / 0.05)):
            found = await self.leads.lead(lead.id)
            if found.waiting and found.waiting.what in what:
                return found
            await asyncio.sleep(0.05)
        pytest.fail(f"it does not wait for {what}: {found}")

    async def ends(self, lead: LeadProgress) -> LeadProgress:
        """The lead at its end."""
        async with asyncio.timeout(PATIENCE):
            updates = [update async for update in self.leads.follow_lead(lead.id)]
        return updates[-1]

    async def mailings(self, lead: LeadProgress) -> Sequence[Mailing]:
        """What it was written."""
        return (await self.marketing.mailings.find(MailingFilter(lead_id=lead.id))).items

    async def reacts(self, lead: LeadProgress, reaction: Reaction, number: int = 1) -> None:
        """They do something with what they were written."""
        mailing = (await self.mailings(lead))[number - 1]
        await self.marketing.note_response(mailing.id, Response(reaction=reaction))

    async def is_called(self, lead: LeadProgress) -> None:
        """Somebody calls the new customer."""
        ticket_id = (await self.waits(lead, "first-contact")).ticket_id
        assert ticket_id is not None
        await self.support.solve_ticket(ticket_id)

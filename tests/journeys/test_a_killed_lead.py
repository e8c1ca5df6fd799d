"""kill -9 between any two steps of many leads: each is one lead, one customer, one account, one call."""

import random
from collections import Counter
from pathlib import Path

import pytest

from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.marketing.contract import Marketing
from systems.support.contract import Support
from tests.journeys.leads_program import REPS, SERVICES, is_lost
from tests.killing import kill_all_but_the_last
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.accounts import BillingAccountFilter
from triptych.canonical.leads import InquiryFilter, LeadFilter, LeadStatus, SalesRepFilter
from triptych.canonical.mailings import MailingFilter
from triptych.canonical.marketing import ConsentFilter
from triptych.canonical.messages import MessageFilter
from triptych.canonical.party import CustomerFilter
from triptych.canonical.support import TicketFilter, TicketStatus
from triptych.contract import every
from triptych.settings import Settings

PROGRAM = Path(__file__).with_name("leads_program.py")
KILLS = 8
LEADS = 12
WON = sum(not is_lost(number) for number in range(LEADS))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What companies have left that were killed one after the other, but for the last one."""
    kill_all_but_the_last(PROGRAM, tmp_path, [[LEADS]] * (KILLS + 1), random.Random(13), longest=1.2)
    return tmp_path


async def test_every_lead_becomes_one_customer_whenever_its_company_is_killed(folder: Path) -> None:
    async with Platform(Settings(data=folder), installed(SERVICES)) as platform:
        crm, marketing = platform.client(Crm), platform.client(Marketing)
        leads = [one async for one in every(crm.leads, LeadFilter(limit=200))]
        inquiries = [one async for one in every(crm.inquiries, InquiryFilter(limit=200))]
        customers = [one async for one in every(crm.customers, CustomerFilter(limit=200))]
        reps = [one async for one in every(crm.sales_reps, SalesRepFilter(limit=200))]
        consents = [one async for one in every(marketing.consents, ConsentFilter(limit=200))]
        mailings = [one async for one in every(marketing.mailings, MailingFilter(limit=200))]
        messages = [one async for one in every(marketing.messages, MessageFilter(limit=200))]
        accounts = [
            one async for one in every(platform.client(Billing).accounts, BillingAccountFilter(limit=200))
        ]
        tickets = [one async for one in every(platform.client(Support).tickets, TicketFilter(limit=200))]

    assert len(leads) == LEADS
    assert Counter(inquiry.lead_id for inquiry in inquiries) == {lead.id: 2 for lead in leads}
    assert Counter(lead.status for lead in leads) == {
        LeadStatus.CONVERTED: WON,
        LeadStatus.DISQUALIFIED: LEADS - WON,
    }
    ids = {lead.customer_id for lead in leads if lead.customer_id}
    assert len(ids) == WON
    assert sorted(customer.id for customer in customers) == sorted(ids)
    assert sorted(account.customer_id for account in accounts) == sorted(ids)
    assert sorted(message.customer_id for message in messages) == sorted(ids)
    assert sorted(ticket.customer_id or "" for ticket in tickets) == sorted(ids)
    assert {ticket.status for ticket in tickets} == {TicketStatus.SOLVED}
    assert Counter((word.email, word.source) for word in consents) == {
        (lead.email, source): 1 for lead in leads for source in ("trade-fair", "web")
    }
    assert all(1 <= count <= 3 for count in Counter(mailing.lead_id for mailing in mailings).values())
    assert len({mailing.external_id for mailing in mailings}) == len(mailings)
    assert {lead.owner_id for lead in leads} <= {rep.id for rep in reps}
    assert sum(lead.owner_id is not None for lead in leads) == LEADS
    assert [rep.open_leads for rep in reps] == [0] * REPS

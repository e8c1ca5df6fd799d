"""How the CRM system API keeps its promise."""

from datetime import UTC, datetime

from systems.crm.backends import CrmBackend
from systems.crm.contract import Assignment, Crm, Disqualification, Link, Merge
from systems.crm.leads import Inquiries, assigned, decided
from triptych.canonical.leads import (
    LEAD_TRANSITIONS,
    Lead,
    LeadStatus,
    NewInquiry,
    NewLead,
)
from triptych.canonical.lines import OrderLine, totals
from triptych.canonical.party import (
    CUSTOMER_TRANSITIONS,
    Contact,
    Customer,
    CustomerStatus,
    NewCustomer,
    PartyKind,
)
from triptych.canonical.sales import (
    QUOTE_TRANSITIONS,
    NewQuote,
    Quote,
    QuoteFilter,
    QuoteStatus,
)
from triptych.contract import Happened, hook
from triptych.events import Announced, Events, announcing
from triptych.problems import Conflict, InvalidState
from triptych.storage import Ruled, moved


class Quotes(Ruled[Quote, NewQuote, QuoteFilter]):
    """Quotes, whose totals are worked out when they are made."""

    async def create(self, new: NewQuote) -> Quote:
        """Draw a quote up; a line needs its unit price."""
        lines = tuple(OrderLine.of(line) for line in new.lines)
        sums = totals(lines, new.freight)
        return await self.store.add(
            new, lines=lines, subtotal=sums.subtotal, freight=sums.freight, total=sums.total
        )


class CrmService(Crm):
    """Customers, leads and quotes over whichever backend is chosen."""

    def __init__(self, backend: CrmBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.customers = backend.customers
        self.leads = backend.leads
        self.inquiries = Inquiries(backend)
        self.sales_reps = backend.sales_reps
        self.quotes = Quotes(backend.quotes)

    @hook("leads", NewLead)
    async def take_lead(self, happened: Happened[NewLead]) -> None:
        """A form of the website, or a network where we advertise, has caught a lead."""
        await self.leads.create(happened.data)

    @hook("inquiries", NewInquiry)
    async def take_inquiry(self, happened: Happened[NewInquiry]) -> None:
        """Somebody has asked for something, in a form of the website or elsewhere."""
        await self.inquiries.create(happened.data)

    async def merge_customer(self, customer_id: str, merge: Merge) -> Customer:
        if merge.into == customer_id:
            raise Conflict("A customer cannot be merged into itself.")
        merged = await self.customers.get(customer_id)
        remaining = await self.customers.get(merge.into)
        if remaining.status is CustomerStatus.MERGED:
            raise Conflict(f"{remaining.id} was itself merged into {remaining.merged_into}; name that one.")
        CUSTOMER_TRANSITIONS.check(merged.status, CustomerStatus.MERGED)
        await self._backend.customers.save(merged, status=CustomerStatus.MERGED, merged_into=remaining.id)
        return remaining

    async def qualify_lead(self, lead_id: str) -> Lead:
        return await moved(self._backend.leads, lead_id, LEAD_TRANSITIONS, LeadStatus.QUALIFIED)

    async def disqualify_lead(self, lead_id: str, because: Disqualification) -> Lead:
        if (lead := await self.leads.get(lead_id)).status is LeadStatus.DISQUALIFIED:
            return lead
        return await decided(
            self._backend, lead, LeadStatus.DISQUALIFIED, disqualified_because=because.reason
        )

    async def assign_lead(self, lead_id: str, assignment: Assignment) -> Lead:
        return await assigned(self._backend, lead_id, assignment.among)

    async def link_lead(self, lead_id: str, link: Link) -> Customer:
        lead = await self.leads.get(lead_id)
        customer = await self.customers.get(link.customer_id)
        if (lead.status, lead.customer_id) == (LeadStatus.CONVERTED, customer.id):
            return customer
        if customer.status is CustomerStatus.MERGED:
            raise Conflict(f"{customer.id} was itself merged into {customer.merged_into}; name that one.")
        await decided(self._backend, lead, LeadStatus.CONVERTED, customer_id=customer.id)
        return customer

    async def convert_lead(self, lead_id: str) -> Customer:
        lead = await self.leads.get(lead_id)
        if lead.status is LeadStatus.CONVERTED and lead.customer_id:
            return await self.customers.get(lead.customer_id)  # before, and the answer was lost
        LEAD_TRANSITIONS.check(lead.status, LeadStatus.CONVERTED)
        customer = await self.customers.create(_customer(lead))
        await decided(self._backend, lead, LeadStatus.CONVERTED, customer_id=customer.id)
        return customer

    async def send_quote(self, quote_id: str) -> Quote:
        return await moved(self._backend.quotes, quote_id, QUOTE_TRANSITIONS, QuoteStatus.SENT)

    async def accept_quote(self, quote_id: str) -> Quote:
        quote = await self.quotes.get(quote_id)
        if quote.valid_until and quote.valid_until < datetime.now(UTC):
            raise InvalidState(
                f"The quote could be accepted until {quote.valid_until:%Y-%m-%d}; draw up a new one."
            )
        return await moved(self._backend.quotes, quote_id, QUOTE_TRANSITIONS, QuoteStatus.ACCEPTED)

    async def expire_quote(self, quote_id: str) -> Quote:
        return await moved(self._backend.quotes, quote_id, QUOTE_TRANSITIONS, QuoteStatus.EXPIRED)

    async def decline_quote(self, quote_id: str) -> Quote:
        return await moved(self._backend.quotes, quote_id, QUOTE_TRANSITIONS, QuoteStatus.DECLINED)


def _customer(lead: Lead) -> NewCustomer:
    """What a lead tells of the customer that it becomes."""
    if lead.company is None:
        return NewCustomer(name=lead.name, email=lead.email, phone=lead.phone, tax_id=lead.tax_id)
    return NewCustomer(
        kind=PartyKind.ORGANIZATION,
        name=lead.company,
        email=lead.email,
        phone=lead.phone,
        contacts=(Contact(name=lead.name, email=lead.email, phone=lead.phone),),
        tax_id=lead.tax_id,
    )


def _telling(backend: CrmBackend, events: Events) -> CrmBackend:
    """The backend, with everything told that is done to its customers, leads and quotes."""
    return announcing(
        backend,
        customers=Announced(
            backend.customers,
            events,
            made=Crm.customer_created,
            changed=Crm.customer_changed,
            gone=Crm.customer_deleted,
        ),
        leads=Announced(
            backend.leads,
            events,
            made=Crm.lead_captured,
            changed=Crm.lead_changed,
            reaching={
                LeadStatus.QUALIFIED: Crm.lead_qualified,
                LeadStatus.CONVERTED: Crm.lead_converted,
                LeadStatus.DISQUALIFIED: Crm.lead_disqualified,
            },
        ),
        inquiries=Announced(backend.inquiries, events, made=Crm.inquiry_received),
        quotes=Announced(
            backend.quotes,
            events,
            reaching={
                QuoteStatus.SENT: Crm.quote_sent,
                QuoteStatus.ACCEPTED: Crm.quote_accepted,
                QuoteStatus.DECLINED: Crm.quote_declined,
                QuoteStatus.EXPIRED: Crm.quote_expired,
            },
        ),
    )

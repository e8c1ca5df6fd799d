"""What the CRM system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, example
from triptych.canonical.fields import Id, Ids, Prose
from triptych.canonical.leads import (
    Inquiry,
    InquiryFilter,
    Lead,
    LeadFilter,
    NewInquiry,
    NewLead,
    NewSalesRep,
    SalesRep,
    SalesRepFilter,
)
from triptych.canonical.party import Customer, CustomerFilter, NewCustomer
from triptych.canonical.sales import NewQuote, Quote, QuoteFilter
from triptych.contract import Collection, Creatable, SystemApi, event, post
from triptych.problems import Conflict, InvalidState, NotFound


class Merge(Model):
    """Which customer another one was found to be."""

    model_config = example(into="cus_01jd3k7m9vq8x2c4n6b8d0f2hg")

    into: Id
    """The customer that remains."""


class Disqualification(Model):
    """Why a lead is not pursued."""

    model_config = example(reason="Buys from a competitor until 2028.")

    reason: Prose
    """For whoever asks later."""


class Assignment(Model):
    """Who may look after a lead."""

    model_config = example(among=["rep_01jd3k7m9vq8x2c4n6b8d0f2hg"])

    among: Ids
    """The sales representatives to choose from."""


class Link(Model):
    """Which customer a lead was found to be."""

    model_config = example(customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg")

    customer_id: Id
    """A customer that there is."""


class Crm(SystemApi, version=1, owner="sales-operations"):
    """Customers, leads and quotes, whichever CRM keeps them.

    An inquiry is kept as it was said. It is of the lead that is not decided yet and has its e-mail address,
    its phone number or its company number, which it adds to what is known of it; otherwise of a new one.
    """

    customers: Collection[Customer, NewCustomer, CustomerFilter]
    leads: Collection[Lead, NewLead, LeadFilter]
    inquiries: Creatable[Inquiry, NewInquiry, InquiryFilter]
    sales_reps: Collection[SalesRep, NewSalesRep, SalesRepFilter]
    quotes: Creatable[Quote, NewQuote, QuoteFilter]

    customer_created = event(Customer, "A customer was entered.", customer="id")
    customer_changed = event(Customer, "What is known of a customer has changed.", customer="id")
    customer_deleted = event(Customer, "A customer was deleted; this is what it was.", customer="id")
    lead_captured = event(Lead, "Somebody showed interest.")
    lead_changed = event(Lead, "What is known of a lead has changed.")
    lead_qualified = event(Lead, "A lead was found worth pursuing.")
    lead_converted = event(Lead, "A lead has become a customer.", customer="customer_id")
    lead_disqualified = event(Lead, "A lead was given up.")
    inquiry_received = event(Inquiry, "Somebody has asked for something.", subject="lead_id")
    quote_sent = event(Quote, "A quote went to the customer.", customer="customer_id")
    quote_accepted = event(Quote, "The customer has accepted a quote.", customer="customer_id")
    quote_declined = event(Quote, "The customer has declined a quote.", customer="customer_id")
    quote_expired = event(Quote, "A quote can no longer be accepted.", customer="customer_id")

    @post("/customers/{customer_id}/merge", raises=[NotFound, Conflict, InvalidState])
    async def merge_customer(self, customer_id: Id, merge: Annotated[Merge, Body()]) -> Customer:
        """Merge a customer into another one, and answer with the one that remains.

        The merged one stays readable, with status `merged` and where it went.
        """
        ...

    @post("/leads/{lead_id}/qualify", raises=[NotFound, InvalidState])
    async def qualify_lead(self, lead_id: Id) -> Lead:
        """Say that a lead is worth pursuing."""
        ...

    @post("/leads/{lead_id}/disqualify", raises=[NotFound, InvalidState])
    async def disqualify_lead(self, lead_id: Id, because: Annotated[Disqualification, Body()]) -> Lead:
        """Say that a lead is not worth pursuing, and why."""
        ...

    @post("/leads/{lead_id}/assign", raises=[NotFound, Conflict, InvalidState])
    async def assign_lead(self, lead_id: Id, assignment: Annotated[Assignment, Body()]) -> Lead:
        """Give a lead to whoever of these looks after the fewest, and among them waits longest for one.

        A lead that one of these looks after already stays with them.
        """
        ...

    @post("/leads/{lead_id}/link", raises=[NotFound, Conflict, InvalidState])
    async def link_lead(self, lead_id: Id, link: Annotated[Link, Body()]) -> Customer:
        """Note that a qualified lead is a customer that there is already, and answer with the customer."""
        ...

    @post("/leads/{lead_id}/convert", raises=[NotFound, InvalidState])
    async def convert_lead(self, lead_id: Id) -> Customer:
        """Turn a qualified lead into a customer, and answer with the customer."""
        ...

    @post("/quotes/{quote_id}/send", raises=[NotFound, InvalidState])
    async def send_quote(self, quote_id: Id) -> Quote:
        """Send a draft to the customer: from now on it binds us until it expires."""
        ...

    @post("/quotes/{quote_id}/accept", raises=[NotFound, InvalidState])
    async def accept_quote(self, quote_id: Id) -> Quote:
        """Note that the customer accepts."""
        ...

    @post("/quotes/{quote_id}/expire", raises=[NotFound, InvalidState])
    async def expire_quote(self, quote_id: Id) -> Quote:
        """Note that a quote can no longer be accepted: it is withdrawn, or its time is up."""
        ...

    @post("/quotes/{quote_id}/decline", raises=[NotFound, InvalidState])
    async def decline_quote(self, quote_id: Id) -> Quote:
        """Note that the customer declines."""
        ...

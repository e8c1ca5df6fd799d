"""What the CRM system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, example
from triptych.canonical.fields import Id, Prose
from triptych.canonical.party import Customer, CustomerFilter, Lead, LeadFilter, NewCustomer, NewLead
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


class Crm(SystemApi, version=1, owner="sales-operations"):
    """Customers, leads and quotes, whichever CRM keeps them."""

    customers: Collection[Customer, NewCustomer, CustomerFilter]
    leads: Collection[Lead, NewLead, LeadFilter]
    quotes: Creatable[Quote, NewQuote, QuoteFilter]

    customer_created = event(Customer, "A customer was entered.", customer="id")
    customer_changed = event(Customer, "What is known of a customer has changed.", customer="id")
    customer_deleted = event(Customer, "A customer was deleted; this is what it was.", customer="id")
    lead_captured = event(Lead, "Somebody showed interest.")
    lead_changed = event(Lead, "What is known of a lead has changed.")
    lead_qualified = event(Lead, "A lead was found worth pursuing.")
    lead_converted = event(Lead, "A lead has become a customer.", customer="customer_id")
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

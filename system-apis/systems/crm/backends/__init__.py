"""What the CRM system API stands on: a store for each noun."""

from typing import Protocol

from triptych.canonical.party import Customer, CustomerFilter, Lead, LeadFilter, NewCustomer, NewLead
from triptych.canonical.sales import NewQuote, Quote, QuoteFilter
from triptych.storage import Store


class CrmBackend(Protocol):
    """Where customers, leads and quotes are kept."""

    customers: Store[Customer, NewCustomer, CustomerFilter]
    leads: Store[Lead, NewLead, LeadFilter]
    quotes: Store[Quote, NewQuote, QuoteFilter]

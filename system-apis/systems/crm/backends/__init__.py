"""What the CRM system API stands on: a store for each noun."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

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
from triptych.storage import Store

T = TypeVar("T")


class CrmBackend(Protocol):
    """Where customers, leads, inquiries, sales representatives and quotes are kept."""

    customers: Store[Customer, NewCustomer, CustomerFilter]
    leads: Store[Lead, NewLead, LeadFilter]
    inquiries: Store[Inquiry, NewInquiry, InquiryFilter]
    sales_reps: Store[SalesRep, NewSalesRep, SalesRepFilter]
    quotes: Store[Quote, NewQuote, QuoteFilter]

    async def in_turn(self, purpose: str, perform: Callable[[], Awaitable[T]]) -> T:
        """What `perform` answers, which nobody else does for that purpose at the same time."""
        ...

"""The CRM of a company that has none: customers, leads and quotes in the service's own database."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import Text

from triptych.canonical.exact_keys import company_number
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
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, Indexed, entity_table

T = TypeVar("T")


def _company_number(party: Customer | Lead) -> str | None:
    """A firm is found by its number however that was written."""
    return company_number(party.tax_id)


CUSTOMERS = entity_table(
    "customers",
    Customer,
    indexed={
        "external_id": UNIQUE,
        "email": INDEXED,
        "phone": INDEXED,
        "tax_id": Indexed(of=_company_number, type=Text()),
        "kind": INDEXED,
        "segment": INDEXED,
        "status": INDEXED,
    },
    search=["name", "email", "phone", "external_id"],
)
LEADS = entity_table(
    "leads",
    Lead,
    indexed={
        "external_id": UNIQUE,
        "email": INDEXED,
        "phone": INDEXED,
        "tax_id": Indexed(of=_company_number, type=Text()),
        "source": INDEXED,
        "status": INDEXED,
        "owner_id": INDEXED,
        "customer_id": INDEXED,
    },
    search=["name", "company", "email"],
)
INQUIRIES = entity_table(
    "inquiries", Inquiry, indexed={"external_id": INDEXED, "lead_id": INDEXED, "source": INDEXED}
)
SALES_REPS = entity_table("sales_reps", SalesRep, indexed={"external_id": UNIQUE, "active": INDEXED})
QUOTES = entity_table(
    "quotes",
    Quote,
    indexed={
        "external_id": UNIQUE,
        "reference": INDEXED,
        "customer_id": INDEXED,
        "lead_id": INDEXED,
        "status": INDEXED,
    },
)


class EmbeddedCrm:
    """Implements CrmBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.customers = EmbeddedStore(database, CUSTOMERS, new=NewCustomer, filter=CustomerFilter)
        self.leads = EmbeddedStore(database, LEADS, new=NewLead, filter=LeadFilter)
        self.inquiries = EmbeddedStore(database, INQUIRIES, new=NewInquiry, filter=InquiryFilter)
        self.sales_reps = EmbeddedStore(database, SALES_REPS, new=NewSalesRep, filter=SalesRepFilter)
        self.quotes = EmbeddedStore(database, QUOTES, new=NewQuote, filter=QuoteFilter)
        self._database = database

    async def in_turn(self, purpose: str, perform: Callable[[], Awaitable[T]]) -> T:
        async def alone() -> T:
            await self._database.only_one(purpose)
            return await perform()

        return await self._database.run(alone)

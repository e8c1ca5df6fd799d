"""The CRM of a company that has none: customers, leads and quotes in the service's own database."""

from triptych.canonical.party import Customer, CustomerFilter, Lead, LeadFilter, NewCustomer, NewLead
from triptych.canonical.sales import NewQuote, Quote, QuoteFilter
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, entity_table

CUSTOMERS = entity_table(
    "customers",
    Customer,
    indexed={
        "external_id": UNIQUE,
        "email": INDEXED,
        "phone": INDEXED,
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
        "source": INDEXED,
        "status": INDEXED,
        "customer_id": INDEXED,
    },
    search=["name", "company", "email"],
)
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
        self.quotes = EmbeddedStore(database, QUOTES, new=NewQuote, filter=QuoteFilter)

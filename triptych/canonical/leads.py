"""Who may become a customer: leads, what they asked for, and who of us looks after them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict

from triptych.canonical.base import Entity, Model, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import (
    Code,
    Count,
    Country,
    Email,
    Flag,
    Id,
    Name,
    PersonalCode,
    PersonalProse,
    PersonName,
    Phone,
    Prose,
)
from triptych.canonical.marketing import MarketingChannel
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter, History


class LeadStatus(StrEnum):
    """How far a lead has come."""

    NEW = "new"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    DISQUALIFIED = "disqualified"


LEAD_TRANSITIONS = Transitions(
    "lead",
    {
        LeadStatus.NEW: {LeadStatus.QUALIFIED, LeadStatus.DISQUALIFIED},
        LeadStatus.QUALIFIED: {LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED},
        LeadStatus.CONVERTED: set(),
        LeadStatus.DISQUALIFIED: {LeadStatus.NEW},
    },
)


class NewLead(New):
    """What can be given of a lead."""

    model_config = example(
        external_id="LEAD-4711",
        name="Ana Trujillo",
        company="Emparedados y helados",
        email="ana@helados.example",
        phone="+52555554729",
        source="trade-fair",
        score=70,
        notes="Asked for the autumn price list.",
    )

    external_id: Code | None = None
    """The lead's number in its source."""
    name: PersonName
    """What the person is called."""
    company: Name | None = None
    """The firm they speak for."""
    email: Email | None = None
    """Where to write."""
    phone: Phone | None = None
    """Where to call."""
    tax_id: PersonalCode | None = None
    """VAT or company number of the firm (schema.org taxID)."""
    country: Country | None = None
    """Where they are."""
    source: Code | None = None
    """Where the lead came from: `web`, `trade-fair`."""
    score: Annotated[int, Strict(), Field(ge=0, le=100)] = 0
    """How promising, 0 to 100."""
    notes: PersonalProse | None = None
    """What is known."""


class Lead(NewLead, Entity, prefix="led"):
    """Somebody who may become a customer (neither schema.org nor UBL has one)."""

    model_config = example_of(NewLead, "led_01jd3k7m9vq8x2c4n6b8d0f2hg", status="qualified")

    status: LeadStatus = LeadStatus.NEW
    """How far it has come."""
    owner_id: Id | None = None
    """The sales representative who looks after it."""
    customer_id: Id | None = None
    """The customer that it became."""
    disqualified_because: Prose | None = None
    """Why it was given up."""


class LeadFilter(Filter):
    """Which leads to list."""

    q: Name | None = None
    """Text that the name, company or email holds, in any case."""
    external_id: Code | None = None
    email: Email | None = None
    phone: Phone | None = None
    tax_id: PersonalCode | None = None
    """In capitals, without blanks and signs: `DE123456789`."""
    source: Code | None = None
    status: LeadStatus | None = None
    owner_id: Id | None = None
    customer_id: Id | None = None


class ConsentSaid(Model):
    """A yes or no to being written to, as it was said with an inquiry."""

    model_config = example(channel="email", granted=True)

    channel: MarketingChannel = MarketingChannel.EMAIL
    """For which way of writing."""
    granted: Flag
    """Whether it was given or refused."""


class NewInquiry(New):
    """What can be given of an inquiry."""

    model_config = example(
        external_id="FORM-88120",
        name="Ana Trujillo",
        company="Emparedados y helados",
        email="ana@helados.example",
        phone="+52555554729",
        tax_id="ESB12345678",
        country="MX",
        source="web",
        message="Could we have the autumn price list?",
        consents=[the_example(ConsentSaid)],
        said_at="2026-07-01T09:29:00Z",
    )

    external_id: Code | None = None
    """Its number in its source; the same number again is the same inquiry."""
    name: PersonName
    """What the person is called."""
    company: Name | None = None
    """The firm they speak for."""
    email: Email | None = None
    """Where to write."""
    phone: Phone | None = None
    """Where to call."""
    tax_id: PersonalCode | None = None
    """VAT or company number of the firm (schema.org taxID)."""
    country: Country | None = None
    """Where they are."""
    source: Code
    """Where it was made: the form, the fair, the network."""
    message: PersonalProse | None = None
    """What they said."""
    consents: Annotated[tuple[ConsentSaid, ...], Field(max_length=3)] = ()
    """To what they said yes or no."""
    said_at: Timestamp | None = None
    """When; by default when it was recorded."""


class Inquiry(NewInquiry, Entity, prefix="inq"):
    """What somebody asked and said of themselves, once, in one place; kept as it was said."""

    model_config = example_of(
        NewInquiry, "inq_01jd3k7m9vq8x2c4n6b8d0f2hg", lead_id="led_01jd3k7m9vq8x2c4n6b8d0f2hg"
    )

    lead_id: Id
    """The lead that it is of."""


class InquiryFilter(History):
    """Which inquiries to list."""

    external_id: Code | None = None
    lead_id: Id | None = None
    source: Code | None = None


class NewSalesRep(New):
    """What can be given of a sales representative."""

    model_config = example(
        external_id="E-17", name="Nancy Davolio", email="nancy@northwind.example", territories=["MX", "US"]
    )

    external_id: Code | None = None
    """Their number in the books."""
    name: PersonName
    """What they are called."""
    email: Email | None = None
    """Where to write."""
    territories: Annotated[tuple[Country, ...], Field(max_length=250)] = ()
    """The countries that they look after; none for who looks after what nobody else does."""
    active: Flag = True
    """Whether they are given leads."""


class SalesRep(NewSalesRep, Entity, prefix="rep"):
    """Somebody of ours who sells (schema.org Person, worksFor)."""

    model_config = example_of(NewSalesRep, "rep_01jd3k7m9vq8x2c4n6b8d0f2hg", open_leads=3)

    open_leads: Count = 0
    """How many leads they look after that are not decided."""
    last_lead_at: Timestamp | None = None
    """When they were last given one."""


class SalesRepFilter(Filter):
    """Which sales representatives to list."""

    external_id: Code | None = None
    active: bool | None = None

"""Who we deal with: customers and suppliers, their addresses and contacts."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Entity, Model, New, example, example_of, the_example
from triptych.canonical.codes import Currency
from triptych.canonical.fields import (
    Code,
    Country,
    Email,
    Id,
    LanguageTag,
    Name,
    PersonalCode,
    PersonalLine,
    PersonName,
    Phone,
    Url,
)
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter


class Address(Model):
    """Where somebody lives, or a parcel goes (schema.org PostalAddress; UBL Address)."""

    model_config = example(
        name="Maria Anders",
        line1="Obere Str. 57",
        postal_code="12209",
        city="Berlin",
        country="DE",
        phone="+49300074321",
    )

    name: PersonName | None = None
    """Who receives there: a person or a firm."""
    line1: PersonalLine
    """Street and number, or post box (schema.org streetAddress)."""
    line2: PersonalLine | None = None
    """Building, floor, department."""
    postal_code: PersonalCode | None = None
    """Postal code, where the country has them."""
    city: Name
    """Town (schema.org addressLocality; UBL CityName)."""
    region: Name | None = None
    """State, province or county (schema.org addressRegion; UBL CountrySubentity)."""
    country: Country
    """ISO 3166-1 alpha-2 code (schema.org addressCountry)."""
    phone: Phone | None = None
    """Number for the carrier's questions."""


class Contact(Model):
    """A person or desk to turn to (schema.org ContactPoint; UBL Contact)."""

    model_config = example(
        name="Maria Anders", role="Sales Representative", email="maria@alfreds.example", phone="+49300074321"
    )

    name: PersonName | None = None
    """What the person is called."""
    role: Name | None = None
    """What they do there (schema.org contactType)."""
    email: Email | None = None
    """Where to write."""
    phone: Phone | None = None
    """Where to call."""
    fax: Phone | None = None
    """Where to fax (schema.org faxNumber)."""


Contacts = Annotated[tuple[Contact, ...], Field(max_length=50)]


class PartyKind(StrEnum):
    """What a party is (schema.org Person, Organization)."""

    PERSON = "person"
    ORGANIZATION = "organization"


class CustomerStatus(StrEnum):
    """How things stand with a customer."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    MERGED = "merged"


CUSTOMER_TRANSITIONS = Transitions(
    "customer",
    {
        CustomerStatus.ACTIVE: {CustomerStatus.INACTIVE, CustomerStatus.MERGED},
        CustomerStatus.INACTIVE: {CustomerStatus.ACTIVE, CustomerStatus.MERGED},
        CustomerStatus.MERGED: set(),
    },
)


class NewCustomer(New):
    """What can be given of a customer."""

    model_config = example(
        external_id="ALFKI",
        kind="organization",
        name="Alfreds Futterkiste",
        email="orders@alfreds.example",
        phone="+49300074321",
        contacts=[the_example(Contact)],
        billing_address=the_example(Address),
        segment="retail",
        language="de",
        currency="EUR",
        tax_id="DE123456789",
    )

    external_id: Code | None = None
    """The customer number of the books: `ALFKI` (UBL SupplierAssignedAccountID)."""
    kind: PartyKind = PartyKind.PERSON
    """A person or an organization."""
    name: PersonName
    """What the person or firm is called (schema.org name)."""
    email: Email | None = None
    """Main email address."""
    phone: Phone | None = None
    """Main phone number."""
    contacts: Contacts = ()
    """People to turn to, the first one first."""
    billing_address: Address | None = None
    """Where invoices go."""
    shipping_address: Address | None = None
    """Where parcels go; by default where invoices go."""
    segment: Code | None = None
    """Which kind of customer, for reports and campaigns."""
    language: LanguageTag | None = None
    """BCP 47 (schema.org knowsLanguage)."""
    currency: Currency | None = None
    """Which currency they buy in."""
    tax_id: PersonalCode | None = None
    """VAT or tax number (schema.org taxID; UBL CompanyID)."""


class Customer(NewCustomer, Entity, prefix="cus"):
    """Somebody who buys (schema.org Person or Organization; UBL CustomerParty)."""

    model_config = example_of(NewCustomer, "cus_01jd3k7m9vq8x2c4n6b8d0f2hg", status="active")

    status: CustomerStatus = CustomerStatus.ACTIVE
    """How things stand."""
    merged_into: Id | None = None
    """The customer that this one was found to be, when it is merged."""


class CustomerFilter(Filter):
    """Which customers to list."""

    q: Name | None = None
    """Text that the name, email, phone or customer number holds, in any case."""
    external_id: Code | None = None
    email: Email | None = None
    phone: Phone | None = None
    tax_id: PersonalCode | None = None
    """In capitals, without blanks and signs: `DE123456789`."""
    kind: PartyKind | None = None
    segment: Code | None = None
    status: CustomerStatus | None = None


class NewSupplier(New):
    """What can be given of a supplier."""

    model_config = example(
        external_id="1",
        name="Exotic Liquids",
        contacts=[{"name": "Charlotte Cooper", "role": "Purchasing Manager", "phone": "+441715552222"}],
        address={"line1": "49 Gilbert St.", "postal_code": "EC1 4SD", "city": "London", "country": "GB"},
        currency="GBP",
    )

    external_id: Code | None = None
    """The supplier number of the books (UBL CustomerAssignedAccountID)."""
    name: Name
    """What the firm is called."""
    email: Email | None = None
    """Main email address."""
    phone: Phone | None = None
    """Main phone number."""
    contacts: Contacts = ()
    """People to turn to, the first one first."""
    address: Address | None = None
    """Where the firm is."""
    website: Url | None = None
    """Its page on the web (schema.org url)."""
    currency: Currency | None = None
    """Which currency they sell in."""
    tax_id: PersonalCode | None = None
    """VAT or tax number (schema.org taxID)."""


class Supplier(NewSupplier, Entity, prefix="sup"):
    """Somebody we buy from (schema.org Organization; UBL SellerSupplierParty)."""

    model_config = example_of(NewSupplier, "sup_01jd3k7m9vq8x2c4n6b8d0f2hg")


class SupplierFilter(Filter):
    """Which suppliers to list."""

    q: Name | None = None
    """Text that the name or supplier number holds, in any case."""
    external_id: Code | None = None

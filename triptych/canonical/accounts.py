"""On which terms a customer is billed."""

from typing import Annotated

from pydantic import Field, Strict

from triptych.canonical.base import Entity, New, example, example_of
from triptych.canonical.codes import Currency
from triptych.canonical.fields import Email, Id, PersonalCode, PersonName
from triptych.contract.values import Filter


class NewBillingAccount(New):
    """What can be given of a billing account."""

    model_config = example(
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        name="Emparedados y helados",
        email="ana@helados.example",
        currency="EUR",
        tax_id="ESB12345678",
        payment_days=30,
    )

    customer_id: Id
    """Who is billed; a customer has one account."""
    name: PersonName
    """Who the invoices are addressed to."""
    email: Email | None = None
    """Where invoices go."""
    currency: Currency | None = None
    """In which currency; by default that of what was ordered."""
    tax_id: PersonalCode | None = None
    """VAT or tax number, as the invoices have it."""
    payment_days: Annotated[int, Strict(), Field(ge=0, le=365)] = 30
    """Days to pay, from an invoice on."""


class BillingAccount(NewBillingAccount, Entity, prefix="bac"):
    """What is agreed with a customer about being billed (UBL PaymentTerms, AccountingCustomerParty)."""

    model_config = example_of(NewBillingAccount, "bac_01jd3k7m9vq8x2c4n6b8d0f2hg")


class BillingAccountFilter(Filter):
    """Which billing accounts to list."""

    customer_id: Id | None = None

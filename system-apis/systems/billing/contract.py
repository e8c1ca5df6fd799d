"""What the billing system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.accounts import BillingAccount, BillingAccountFilter, NewBillingAccount
from triptych.canonical.base import Model, example
from triptych.canonical.billing import (
    Invoice,
    InvoiceFilter,
    NewInvoice,
    NewPayment,
    NewRefund,
    Payment,
    PaymentFilter,
    Refund,
    RefundFilter,
)
from triptych.canonical.fields import Id, Prose
from triptych.contract import Creatable, Raises, SystemApi, event, post
from triptych.problems import Conflict, InvalidState, NotFound, PaymentDeclined


class Settlement(Model):
    """Which payment settles an invoice."""

    model_config = example(payment_id="pay_01jd3k7m9vq8x2c4n6b8d0f2hg")

    payment_id: Id
    """A captured payment of the same order, of the invoice's amount."""


class Withdrawal(Model):
    """Why an invoice is withdrawn."""

    model_config = example(reason="Issued to the wrong customer.")

    reason: Prose
    """For whoever asks later."""


class Billing(SystemApi, version=1, owner="finance-systems"):
    """Invoices, payments and refunds, whichever system takes the money.

    Making a payment authorises it: the provider promises the amount, and captures it when it is asked to. A
    payment that the provider refuses is answered as `payment-declined`. No invoice is paid twice, and no
    more is given back than was taken.
    """

    accounts: Creatable[BillingAccount, NewBillingAccount, BillingAccountFilter]
    invoices: Annotated[Creatable[Invoice, NewInvoice, InvoiceFilter], Raises(create=[])]
    payments: Annotated[Creatable[Payment, NewPayment, PaymentFilter], Raises(create=[PaymentDeclined])]
    refunds: Annotated[
        Creatable[Refund, NewRefund, RefundFilter], Raises(create=[NotFound, Conflict, InvalidState])
    ]

    account_opened = event(BillingAccount, "It is agreed how a customer is billed.", customer="customer_id")
    invoice_issued = event(Invoice, "An invoice was issued.", customer="customer_id")
    invoice_paid = event(Invoice, "An invoice is paid.", customer="customer_id")
    invoice_voided = event(Invoice, "An invoice was withdrawn.", customer="customer_id")
    payment_authorised = event(Payment, "The provider has promised an amount.", customer="customer_id")
    payment_received = event(Payment, "The promised amount was taken.", customer="customer_id")
    payment_voided = event(Payment, "An authorisation was given back.", customer="customer_id")
    refund_made = event(Refund, "Money was given back.", customer="customer_id")

    @post("/invoices/{invoice_id}/settle", raises=[NotFound, Conflict, InvalidState])
    async def settle_invoice(self, invoice_id: Id, settlement: Annotated[Settlement, Body()]) -> Invoice:
        """Note that an invoice is paid, and by which payment."""
        ...

    @post("/invoices/{invoice_id}/void", raises=[NotFound, InvalidState])
    async def void_invoice(self, invoice_id: Id, because: Annotated[Withdrawal, Body()]) -> Invoice:
        """Withdraw an invoice that is not paid; one that is void already stays so."""
        ...

    @post("/payments/{payment_id}/capture", raises=[NotFound, InvalidState])
    async def capture_payment(self, payment_id: Id) -> Payment:
        """Take the authorised amount; one that is captured already stays so."""
        ...

    @post("/payments/{payment_id}/void", raises=[NotFound, InvalidState])
    async def void_payment(self, payment_id: Id) -> Payment:
        """Give an authorisation back without taking anything; one that is void already stays so."""
        ...

"""What the billing system API stands on: a store for each noun, and a provider that promises money."""

from typing import Protocol

from triptych.canonical.accounts import BillingAccount, BillingAccountFilter, NewBillingAccount
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
from triptych.storage import Store


class BillingBackend(Protocol):
    """Where invoices, payments and refunds are kept."""

    accounts: Store[BillingAccount, NewBillingAccount, BillingAccountFilter]
    invoices: Store[Invoice, NewInvoice, InvoiceFilter]
    payments: Store[Payment, NewPayment, PaymentFilter]
    refunds: Store[Refund, NewRefund, RefundFilter]

    async def authorise(self, payment: NewPayment) -> None:
        """Have the provider promise the amount. Raises PaymentDeclined."""
        ...

    async def next_invoice_number(self) -> str:
        """The number of the next invoice; numbers leave no gaps, as the tax law of many countries asks."""
        ...

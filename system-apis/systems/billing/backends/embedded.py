"""The billing of a company that has no system for it, with a provider that knows test tokens only."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, MetaData, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

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
from triptych.problems import PaymentDeclined
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, entity_table

ACCOUNTS = entity_table("accounts", BillingAccount, indexed={"customer_id": UNIQUE})
INVOICES = entity_table(
    "invoices",
    Invoice,
    indexed={
        "number": UNIQUE,
        "order_id": INDEXED,
        "customer_id": INDEXED,
        "status": INDEXED,
        "due_at": INDEXED,
    },
)
PAYMENTS = entity_table(
    "payments", Payment, indexed={"order_id": INDEXED, "customer_id": INDEXED, "status": INDEXED}
)
REFUNDS = entity_table(
    "refunds", Refund, indexed={"payment_id": INDEXED, "order_id": INDEXED, "customer_id": INDEXED}
)
COUNTERS = Table("counters", MetaData(), Column("name", Text, primary_key=True), Column("value", BigInteger))

DECLINING = {
    "tok_declined": "the provider declines it",
    "tok_expired": "the card has expired",
    "tok_insufficient_funds": "the account does not hold that much",
}
"""Tokens whose payments the embedded provider refuses; it promises every other one."""


class EmbeddedBilling:
    """Implements BillingBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.accounts = EmbeddedStore(database, ACCOUNTS, new=NewBillingAccount, filter=BillingAccountFilter)
        self.invoices = EmbeddedStore(database, INVOICES, new=NewInvoice, filter=InvoiceFilter)
        self.payments = EmbeddedStore(database, PAYMENTS, new=NewPayment, filter=PaymentFilter)
        self.refunds = EmbeddedStore(database, REFUNDS, new=NewRefund, filter=RefundFilter)
        self._database = database

    async def authorise(self, payment: NewPayment) -> None:
        reason = DECLINING.get(payment.token or "")
        if reason is not None:
            raise PaymentDeclined(f"The payment of {payment.amount} is declined: {reason}.", reason=reason)

    async def next_invoice_number(self) -> str:
        year = datetime.now(UTC).year
        insert = (sqlite if self._database.dialect == "sqlite" else postgresql).insert(COUNTERS)
        # in one statement, since the first two invoices of a year may come at the same moment
        counted = insert.values(name=f"invoices-{year}", value=1).on_conflict_do_update(
            index_elements=[COUNTERS.c.name], set_={"value": COUNTERS.c.value + 1}
        )
        async with self._database.write() as connection:
            # the row stays locked until the invoice is stored, so that no number is lost or given twice
            number = (await connection.execute(counted.returning(COUNTERS.c.value))).scalar_one()
        return f"INV-{year}-{number:06}"

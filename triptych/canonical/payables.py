"""What we owe suppliers: their invoices, and the payments that go out for them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Entity, Model, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Flag, Id, Prose, Quantity, Rate
from triptych.canonical.lines import Lines, NewLines, NewOrderLine, OrderLine
from triptych.canonical.money import Amount, Money
from triptych.canonical.states import Transitions
from triptych.contract.values import History

MOST_INVOICES = 200
"""How many invoices one payment settles at most."""


class SupplierInvoiceStatus(StrEnum):
    """What became of a supplier's invoice."""

    RECEIVED = "received"
    """In the books, and not yet checked."""
    MATCHED = "matched"
    """Checked against order and receipts, and free to be paid."""
    PAID = "paid"
    """The money has gone out."""
    REFUSED = "refused"
    """Sent back; nothing is owed on it."""


SUPPLIER_INVOICE_TRANSITIONS = Transitions(
    "supplier invoice",
    {
        SupplierInvoiceStatus.RECEIVED: {SupplierInvoiceStatus.MATCHED, SupplierInvoiceStatus.REFUSED},
        SupplierInvoiceStatus.MATCHED: {SupplierInvoiceStatus.PAID},
        SupplierInvoiceStatus.PAID: set(),
        SupplierInvoiceStatus.REFUSED: set(),
    },
)


class EarlyPayment(Model):
    """What may be taken off when an invoice is paid soon (UBL SettlementDiscountPercent)."""

    model_config = example(share="0.02", until="2026-08-01T00:00:00Z")

    share: Rate
    """Which part of the total: 0.02 is 2 %."""
    until: Timestamp
    """The last moment for it."""


class SupplierInvoiceTerms(New):
    """What a supplier's invoice says, as entered and as kept."""

    purchase_order_id: Id
    """What was ordered (UBL OrderReference)."""
    number: Code
    """The supplier's number of it (UBL ID); a supplier gives none twice."""
    issued_at: Timestamp | None = None
    """When the supplier issued it (UBL IssueDate)."""
    due_at: Timestamp
    """Until when it is to be paid (UBL DueDate)."""
    early_payment: EarlyPayment | None = None
    """What may be taken off for paying sooner."""


class NewSupplierInvoice(SupplierInvoiceTerms):
    """What can be given of a supplier's invoice."""

    model_config = example(
        purchase_order_id="pur_01jd3k7m9vq8x2c4n6b8d0f2hg",
        number="RE-2026-3301",
        issued_at="2026-07-21T00:00:00Z",
        due_at="2026-08-20T00:00:00Z",
        early_payment=the_example(EarlyPayment),
        lines=[the_example(NewOrderLine)],
        freight={"amount_minor": 900, "currency": "EUR"},
    )

    lines: NewLines
    """What is billed; each line with its unit price."""
    freight: Amount | None = None
    """What carriage costs; by default nothing."""


class SupplierInvoice(SupplierInvoiceTerms, Entity, prefix="sin"):
    """What a supplier asks of us (schema.org Invoice; UBL Invoice)."""

    model_config = example_of(
        NewSupplierInvoice,
        "sin_01jd3k7m9vq8x2c4n6b8d0f2hg",
        supplier_id="sup_01jd3k7m9vq8x2c4n6b8d0f2hg",
        sequence=1,
        status="received",
        lines=[the_example(OrderLine)],
        freight={"amount_minor": 900, "currency": "EUR"},
        total={"amount_minor": 19260, "currency": "EUR"},
    )

    supplier_id: Id
    """Who asks for it: the purchase order's supplier."""
    sequence: Quantity
    """Which invoice of its purchase order it is, counted from 1."""
    status: SupplierInvoiceStatus = SupplierInvoiceStatus.RECEIVED
    """What became of it."""
    lines: Lines
    """What is billed, with prices and totals."""
    freight: Amount
    """What carriage costs."""
    total: Amount
    """Lines and freight together (UBL PayableAmount)."""
    corrected: Flag = False
    """Whether its lines are other than the supplier wrote them."""
    refused_because: Prose | None = None
    """Why it was sent back."""
    payment_id: Id | None = None
    """The payment that settled it."""
    paid_at: Timestamp | None = None
    """When the money went out."""

    def pay_by(self, at: datetime) -> datetime:
        """Until when it is best paid, seen from then: while something can be taken off, or when due."""
        early = self.early_payment
        return min(early.until, self.due_at) if early and at <= early.until else self.due_at

    def payable(self, at: datetime) -> Money:
        """What settles it at that moment: its total, less what may be taken off then."""
        early = self.early_payment
        return self.total - self.total.times(early.share) if early and at <= early.until else self.total


class SupplierInvoiceFilter(History):
    """Which suppliers' invoices to list."""

    purchase_order_id: Id | None = None
    supplier_id: Id | None = None
    number: Code | None = None
    status: SupplierInvoiceStatus | None = None
    pay_before: Timestamp | None = None
    """Due before this moment, or with something to take off for paying before it."""


class NewOutgoingPayment(New):
    """What can be given of a payment that goes out: which invoices of one supplier it settles."""

    model_config = example(
        supplier_id="sup_01jd3k7m9vq8x2c4n6b8d0f2hg",
        invoice_ids=["sin_01jd3k7m9vq8x2c4n6b8d0f2hg"],
        run="2026-07-31",
    )

    supplier_id: Id
    """Who is paid."""
    invoice_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST_INVOICES)]
    """What is settled: matched invoices of that supplier, in one currency."""
    run: Code | None = None
    """The payment run that it is made in."""


class OutgoingPayment(NewOutgoingPayment, Entity, prefix="out"):
    """Money that went to a supplier (schema.org MoneyTransfer; UBL RemittanceAdvice)."""

    model_config = example_of(
        NewOutgoingPayment,
        "out_01jd3k7m9vq8x2c4n6b8d0f2hg",
        amount={"amount_minor": 18875, "currency": "EUR"},
        taken_off={"amount_minor": 385, "currency": "EUR"},
    )

    amount: Amount
    """How much (UBL TotalPaymentAmount)."""
    taken_off: Amount
    """How much less than the invoices' totals that is, for paying soon."""


class OutgoingPaymentFilter(History):
    """Which payments that went out to list."""

    supplier_id: Id | None = None
    run: Code | None = None

"""What is owed and paid: invoices, payments and refunds."""

from enum import StrEnum

from triptych.canonical.base import Entity, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Id, Name, PaymentToken, Prose
from triptych.canonical.lines import Lines, NewLines, NewOrderLine, OrderLine
from triptych.canonical.money import Amount, Money
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class InvoiceStatus(StrEnum):
    """Whether an invoice is settled (after schema.org PaymentStatusType)."""

    OPEN = "open"
    """Owed (PaymentDue)."""
    PAID = "paid"
    """Settled in full (PaymentComplete)."""
    VOID = "void"
    """Withdrawn; nothing is owed."""


INVOICE_TRANSITIONS = Transitions(
    "invoice",
    {
        InvoiceStatus.OPEN: {InvoiceStatus.PAID, InvoiceStatus.VOID},
        InvoiceStatus.PAID: set(),
        InvoiceStatus.VOID: set(),
    },
)


class InvoiceTerms(New):
    """What an invoice says, as asked for and as issued."""

    order_id: Id
    """The order that is billed (UBL OrderReference)."""
    customer_id: Id
    """Who owes (UBL AccountingCustomerParty)."""
    reference: Code | None = None
    """What the buyer calls the order (UBL BuyerReference)."""
    due_at: Timestamp | None = None
    """Until when it is to be paid (schema.org paymentDueDate; UBL DueDate)."""


class NewInvoice(InvoiceTerms):
    """What can be given of an invoice."""

    model_config = example(
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        reference="PO-2026-0815",
        due_at="2026-07-31T00:00:00Z",
        lines=[the_example(NewOrderLine)],
        freight={"amount_minor": 3238, "currency": "EUR"},
    )

    lines: NewLines
    """What is billed; each line with its unit price."""
    freight: Amount | None = None
    """What carriage costs; by default nothing."""
    rounding: Money | None = None
    """What makes several invoices of one order come to its total, at most a minor unit for each line
    (UBL PayableRoundingAmount); by default nothing."""


class Invoice(InvoiceTerms, Entity, prefix="inv"):
    """What is owed for an order (schema.org Invoice; UBL Invoice)."""

    model_config = example_of(
        NewInvoice,
        "inv_01jd3k7m9vq8x2c4n6b8d0f2hg",
        number="INV-2026-000123",
        lines=[the_example(OrderLine)],
        subtotal={"amount_minor": 18360, "currency": "EUR"},
        total={"amount_minor": 21598, "currency": "EUR"},
        status="open",
    )

    number: Code
    """The invoice's own number (schema.org confirmationNumber; UBL ID)."""
    status: InvoiceStatus = InvoiceStatus.OPEN
    """Whether it is settled."""
    lines: Lines
    """What is billed, with prices and totals."""
    subtotal: Amount
    """The lines together."""
    freight: Amount
    """What carriage costs."""
    rounding: Money | None = None
    """What makes several invoices of one order come to its total (UBL PayableRoundingAmount)."""
    total: Amount
    """What is owed (schema.org totalPaymentDue; UBL PayableAmount)."""
    payment_id: Id | None = None
    """The payment that settled it."""
    paid_at: Timestamp | None = None
    """When it was settled."""
    void_because: Prose | None = None
    """Why it was withdrawn."""


class InvoiceFilter(History):
    """Which invoices to list."""

    number: Code | None = None
    order_id: Id | None = None
    customer_id: Id | None = None
    status: InvoiceStatus | None = None
    due_before: Timestamp | None = None
    """Due before this moment."""


class PaymentMethod(StrEnum):
    """By which means is paid (after schema.org PaymentMethod; UBL PaymentMeansCode)."""

    CARD = "card"
    DIRECT_DEBIT = "direct_debit"
    TRANSFER = "transfer"
    WALLET = "wallet"
    ON_ACCOUNT = "on_account"


class PaymentStatus(StrEnum):
    """How far a payment has come."""

    AUTHORIZED = "authorized"
    """Promised by the provider, and not yet taken."""
    CAPTURED = "captured"
    """Taken."""
    PARTIALLY_REFUNDED = "partially_refunded"
    """Taken, and given back in part."""
    REFUNDED = "refunded"
    """Given back in full."""
    VOIDED = "voided"
    """Promise returned; nothing was taken."""
    DECLINED = "declined"
    """Refused by the provider, at once or when it was to be taken (schema.org PaymentDeclined)."""


PAYMENT_TRANSITIONS = Transitions(
    "payment",
    {
        PaymentStatus.AUTHORIZED: {
            PaymentStatus.CAPTURED,
            PaymentStatus.VOIDED,
            PaymentStatus.DECLINED,
        },
        PaymentStatus.CAPTURED: {PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED},
        PaymentStatus.PARTIALLY_REFUNDED: {PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED},
        PaymentStatus.REFUNDED: set(),
        PaymentStatus.VOIDED: set(),
        PaymentStatus.DECLINED: set(),
    },
)


class NewPayment(New):
    """What can be given of a payment. Card data never comes here: the provider's token stands for it."""

    model_config = example(
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        amount={"amount_minor": 21598, "currency": "EUR"},
        method="card",
        token="tok_visa",  # noqa: S106 - a made-up token of a test provider
    )

    order_id: Id
    """What is paid for."""
    customer_id: Id | None = None
    """Who pays."""
    amount: Amount
    """How much (UBL PaidAmount)."""
    method: PaymentMethod = PaymentMethod.CARD
    """By which means."""
    token: PaymentToken | None = None
    """The provider's token for the means of payment; none where it needs none."""


class Payment(NewPayment, Entity, prefix="pay"):
    """Money that changes hands for an order (schema.org PayAction; UBL Payment)."""

    model_config = example_of(
        NewPayment,
        "pay_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="captured",
        captured={"amount_minor": 21598, "currency": "EUR"},
        refunded={"amount_minor": 0, "currency": "EUR"},
        captured_at="2026-07-01T09:31:00Z",
    )

    status: PaymentStatus = PaymentStatus.AUTHORIZED
    """How far it has come."""
    captured: Amount
    """How much was taken."""
    refunded: Amount
    """How much of that was given back."""
    captured_at: Timestamp | None = None
    """When it was taken."""
    declined_because: Name | None = None
    """The provider's reason for refusing it."""

    @property
    def refundable(self) -> Money:
        """How much can still be given back."""
        return self.captured - self.refunded


class PaymentFilter(History):
    """Which payments to list."""

    order_id: Id | None = None
    customer_id: Id | None = None
    status: PaymentStatus | None = None


class NewRefund(New):
    """What can be given of a refund."""

    model_config = example(
        payment_id="pay_01jd3k7m9vq8x2c4n6b8d0f2hg",
        amount={"amount_minor": 1800, "currency": "EUR"},
        reason="One box arrived damaged.",
    )

    payment_id: Id
    """The payment that it is taken from."""
    amount: Amount
    """How much is given back."""
    reason: Prose | None = None
    """Why."""


class Refund(NewRefund, Entity, prefix="rfd"):
    """Money given back (schema.org MoneyTransfer; UBL CreditNote)."""

    model_config = example_of(
        NewRefund, "rfd_01jd3k7m9vq8x2c4n6b8d0f2hg", order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg"
    )

    order_id: Id
    """The order that was paid."""
    customer_id: Id | None = None
    """Who gets it."""


class RefundFilter(History):
    """Which refunds to list."""

    payment_id: Id | None = None
    order_id: Id | None = None
    customer_id: Id | None = None

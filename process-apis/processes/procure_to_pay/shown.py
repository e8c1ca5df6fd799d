"""A purchase on its way, and a payment run, as they are shown."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.fields import Code, Count, Flag, Id, Name, PersonName, Prose
from triptych.canonical.lines import Lines, OrderLine
from triptych.canonical.money import Amount
from triptych.contract.progress import Progress, Waiting, example_of_progress

RunName = Annotated[str, StringConstraints(max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9_.:-]*$")]
"""What a payment run is called: the moment of a scheduled one, or a name of its own."""


class PurchaseState(StrEnum):
    """Where a purchase stands on its way from the request to the payment."""

    REQUESTED = "requested"
    IN_APPROVAL = "in-approval"
    APPROVED = "approved"
    ORDERED = "ordered"
    RECEIVED = "received"
    IN_DISPUTE = "in-dispute"
    MATCHED = "matched"
    PAID = "paid"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """In what an invoice is other than the order and the receipts."""

    NOT_ORDERED = "not-ordered"
    PRICE = "price"
    QUANTITY = "quantity"
    CURRENCY = "currency"
    FREIGHT = "freight"


class Difference(Model):
    """What does not match: found, and not what it should be."""

    model_config = example(kind="quantity", sku="CHAI-10", detail="12 of CHAI-10 are billed, and 10 came")

    kind: Kind
    """In what."""
    sku: Code | None = None
    """Of which product, if of one."""
    detail: str
    """What was found, and what was expected."""


class Received(Model):
    """What has come of one product."""

    model_config = example(sku="CHAI-10", ordered=12, kept=10)

    sku: Code
    """Which product."""
    ordered: Count
    """How many were ordered."""
    kept: Count
    """How many came and were not sent back."""


class Billed(Model):
    """What became of a supplier's invoice."""

    model_config = example(
        invoice_id="sin_01jd3k7m9vq8x2c4n6b8d0f2hg",
        number="RE-2026-3301",
        total={"amount_minor": 19260, "currency": "EUR"},
        owed=True,
        paid=False,
    )

    invoice_id: Id
    """Which invoice."""
    number: Code
    """The supplier's number of it."""
    total: Amount
    """What it comes to, as it was matched."""
    owed: Flag
    """Whether it was matched; otherwise it was sent back."""
    paid: Flag = False
    """Whether the money has gone out."""


class PurchaseProgress(Progress[PurchaseState]):
    """A purchase, and how far it has come."""

    model_config = example(
        **example_of_progress("pur_01jd3k7m9vq8x2c4n6b8d0f2hg", "in-approval"),
        waiting=the_example(Waiting),
        reference="PO-7001",
        supplier_id="sup_01jd3k7m9vq8x2c4n6b8d0f2hg",
        requested_by="ada",
        cost_centre="KITCHEN",
        reason="The last boxes are open.",
        lines=[the_example(OrderLine)],
        total={"amount_minor": 18360, "currency": "EUR"},
        invoices=[the_example(Billed)],
    )

    reference: Code | None = None
    """Its number in the books."""
    supplier_id: Id
    """Who we buy from."""
    requested_by: PersonName
    """Who asked for it."""
    cost_centre: Code
    """Who bears the cost."""
    reason: Prose
    """What it is needed for."""
    lines: Lines
    """What is bought."""
    total: Amount
    """What it comes to, as ordered."""
    approved_by: tuple[Name, ...] = ()
    """Who approved it, in order."""
    received: tuple[Received, ...] = ()
    """What has come so far, product by product; only where one purchase is asked for."""
    invoices: tuple[Billed, ...] = ()
    """The supplier's invoices that were checked, in the order in which they came."""
    differences: tuple[Difference, ...] = ()
    """What does not match in the invoice that waits for a decision."""


class RunState(StrEnum):
    """Where a payment run stands."""

    BEGUN = "begun"
    COLLECTED = "collected"
    PAID = "paid"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class PaymentRun(Progress[RunState]):
    """A payment run, and how far it has come."""

    model_config = example(
        **example_of_progress("2026-07-31T06:00Z", "paid"),
        until="2026-08-03T06:00:00Z",
        invoices=3,
        payments=["out_01jd3k7m9vq8x2c4n6b8d0f2hg"],
        paid=[{"amount_minor": 57780, "currency": "EUR"}],
    )

    id: RunName
    """What it is called."""
    until: Timestamp
    """It pays what is due, or cheaper, before this moment."""
    invoices: Count = 0
    """How many invoices it found to pay."""
    left: Count = 0
    """How many of them were paid by somebody else meanwhile, or changed."""
    payments: tuple[Id, ...] = ()
    """The payments that it made, one for each supplier and currency."""
    paid: tuple[Amount, ...] = ()
    """What these come to, for each currency."""

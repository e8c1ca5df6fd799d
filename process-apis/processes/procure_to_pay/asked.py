"""What procure-to-pay is asked and told."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from processes.procure_to_pay.shown import RunName
from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.fields import Code, Flag, Id, Prose
from triptych.canonical.lines import MOST_LINES, NewLines, NewOrderLine
from triptych.canonical.money import Amount
from triptych.canonical.payables import EarlyPayment
from triptych.canonical.purchasing import ReceiptLine


class RequestGoods(Model):
    """What somebody needs, what for, and who sells it."""

    model_config = example(
        supplier_id="sup_01jd3k7m9vq8x2c4n6b8d0f2hg",
        cost_centre="KITCHEN",
        reason="The last boxes are open.",
        lines=[the_example(NewOrderLine)],
    )

    reference: Code | None = None
    """Its number in the books; asking again for the same under it is the same request."""
    supplier_id: Id
    """Who sells it."""
    cost_centre: Code
    """Who bears the cost."""
    reason: Prose
    """What it is needed for."""
    lines: NewLines
    """What is needed; each line with the price that the supplier asks."""
    location_id: Id | None = None
    """The warehouse's location that it goes to; none for what is not kept in stock."""
    expected_at: Timestamp | None = None
    """When it should come."""


class Decision(Model):
    """What is decided about a purchase over a threshold."""

    model_config = example(approved=True, reason="We sell a box a day.")

    approved: Flag
    """Whether it may be ordered."""
    reason: Prose | None = None
    """Why, or why not."""


class Delivery(Model):
    """What a supplier delivered."""

    model_config = example(delivery_note="LS-88120", lines=[the_example(ReceiptLine)])

    delivery_note: Code
    """The supplier's delivery note."""
    lines: Annotated[tuple[ReceiptLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    """What came, and how much of it was sent back."""
    received_at: Timestamp | None = None
    """When it came; by default now."""


class InvoiceReceived(Model):
    """What a supplier bills."""

    model_config = example(
        number="RE-2026-3301",
        due_at="2026-08-20T00:00:00Z",
        early_payment=the_example(EarlyPayment),
        lines=[the_example(NewOrderLine)],
    )

    number: Code
    """The supplier's number of it; a supplier gives none twice."""
    issued_at: Timestamp | None = None
    """When the supplier issued it."""
    due_at: Timestamp
    """Until when it is to be paid."""
    early_payment: EarlyPayment | None = None
    """What may be taken off for paying sooner."""
    lines: NewLines
    """What is billed; each line with its unit price."""
    freight: Amount | None = None
    """What carriage costs; by default nothing."""


class Verdict(StrEnum):
    """What is done with an invoice that does not match."""

    ACCEPT = "accept"
    """It is paid as it is."""
    CORRECT = "correct"
    """It is paid as it should have been."""
    REFUSE = "refuse"
    """It is sent back; another one is waited for."""


class Resolution(Model):
    """What is decided about an invoice that does not match."""

    model_config = example(verdict="accept", reason="The price went up; agreed by phone.")

    verdict: Verdict
    """What is done with it."""
    reason: Prose
    """Why."""
    lines: NewLines | None = None
    """Where it is corrected: what should have been billed."""
    freight: Amount | None = None
    """Where it is corrected: what carriage costs."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.verdict is Verdict.CORRECT) != (self.lines is not None):
            raise ValueError("an invoice that is corrected needs lines, and no other has any")
        return self


class StartRun(Model):
    """A payment run beside the scheduled ones."""

    model_config = example(run="before-the-holidays", until="2026-12-31T00:00:00Z")

    run: RunName
    """What it is called; each name runs once."""
    until: Timestamp | None = None
    """It pays what is due before this moment; by default before the next scheduled run."""


class Work(StrEnum):
    """For what purchases wait."""

    APPROVAL = "approval"
    SECOND_APPROVAL = "second-approval"
    GOODS = "goods"
    INVOICE = "invoice"
    MATCH = "decision"
    PAYMENT = "payment"

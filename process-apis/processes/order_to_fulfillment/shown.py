"""Parcels and returns of an order, as they are shown and asked for."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.fields import Flag, Id, Name, PersonalProse, Prose
from triptych.canonical.lines import MOST_LINES, StockLine, StockLines
from triptych.canonical.money import Amount
from triptych.canonical.shipping import ReturnedLine, ReturnReason
from triptych.contract.progress import Progress, example_of_progress


class Parcel(Model):
    """What was sent together, and what was taken for it."""

    model_config = example(
        shipment_id="shp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        lines=[the_example(StockLine)],
        invoice_id="inv_01jd3k7m9vq8x2c4n6b8d0f2hg",
        payment_id="pay_01jd3k7m9vq8x2c4n6b8d0f2hg",
        charged={"amount_minor": 21598, "currency": "EUR"},
    )

    shipment_id: Id
    """Its shipment in the warehouse."""
    lines: StockLines
    """What is in it."""
    invoice_id: Id | None = None
    """Its invoice, once there is one; none where whoever placed the order bills it."""
    payment_id: Id | None = None
    """The payment that was taken for it."""
    charged: Amount | None = None
    """How much that was; carriage is taken with the first parcel."""


class Deliveries(Model):
    """What was sent of an order, and what is to follow."""

    model_config = example(
        parcels=[the_example(Parcel)],
        back_ordered=[{"sku": "CHAI-10", "quantity": 3}],
        back_ordered_until="2026-07-31T09:29:00Z",
    )

    parcels: tuple[Parcel, ...] = ()
    """What was sent, parcel by parcel, and what was paid for it."""
    back_ordered: tuple[StockLine, ...] = ()
    """What is to follow when there is stock; only of an order that may be delivered in parts."""
    back_ordered_until: Timestamp | None = None
    """When that is called off, if it has not come."""
    called_off: tuple[StockLine, ...] = ()
    """What was ordered and is not sent any more, nor charged."""
    called_off_because: str | None = None
    """Why."""

    def deliveries(self) -> "Deliveries":
        """These fields alone, of whatever else has them."""
        return Deliveries(**{name: getattr(self, name) for name in Deliveries.model_fields})


class ReturnState(StrEnum):
    """Where a return stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    RECEIVED = "received"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class ReturnRequest(Model):
    """What a customer wants to send back."""

    model_config = example(
        lines=[{"sku": "CHAI-10", "quantity": 1}], reason="damaged", note="One box was crushed."
    )

    lines: StockLines
    """What comes back; no more than was sent, and is not on its way back already."""
    reason: ReturnReason = ReturnReason.OTHER
    """Why."""
    note: PersonalProse | None = None
    """What the customer says of it."""


class ReturnDecision(Model):
    """Whether goods are taken back."""

    model_config = example(approved=False, reason="It was worn.")

    approved: Flag
    """Whether the customer may send them."""
    reason: Prose | None = None
    """Why, or why not; the customer is told."""


class ReturnWork(StrEnum):
    """For what returns wait."""

    DECISION = "decision"
    """For somebody who approves them, or not."""
    GOODS = "goods"
    """For the goods."""


class PlannedRefund(Model):
    """What is given back of one payment."""

    model_config = example(
        payment_id="pay_01jd3k7m9vq8x2c4n6b8d0f2hg", amount={"amount_minor": 1530, "currency": "EUR"}
    )

    payment_id: Id
    """Which payment."""
    amount: Amount
    """How much of it."""


class ReturnProgress(Progress[ReturnState]):
    """Goods on their way back, and how far they have come."""

    model_config = example(
        **example_of_progress("ret_01jd3k7m9vq8x2c4n6b8d0f2hg", "approved"),
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        lines=[{"sku": "CHAI-10", "quantity": 1}],
        reason="damaged",
        note="One box was crushed.",
        decided_by="Petra",
    )

    order_id: Id
    """What was ordered."""
    customer_id: Id
    """Who sends them."""
    lines: StockLines
    """What was to come back."""
    reason: ReturnReason
    """Why."""
    note: PersonalProse | None = None
    """What the customer says of it."""
    decided_by: Name | None = None
    """Who approved it, or did not."""
    because: Prose | None = None
    """Why, in their words."""
    came_back: Annotated[tuple[ReturnedLine, ...], Field(max_length=MOST_LINES)] = ()
    """What lies in the warehouse again."""
    refunds: tuple[PlannedRefund, ...] = ()
    """What is given back for it, payment by payment."""
    refunded: Amount | None = None
    """How much was given back; none yet, or none where whoever placed the order bills it."""


class CustomerReturn(Model):
    """Goods that you send back."""

    model_config = example(
        id="ret_01jd3k7m9vq8x2c4n6b8d0f2hg",
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="closed",
        lines=[{"sku": "CHAI-10", "quantity": 1}],
        came_back=[{"sku": "CHAI-10", "quantity": 1}],
        refunded={"amount_minor": 1530, "currency": "EUR"},
    )

    id: Id
    """Write it on the parcel."""
    order_id: Id
    """What you ordered."""
    status: ReturnState
    """How far it has come: send the goods once it is `approved`."""
    lines: StockLines
    """What you want to send."""
    because: Prose | None = None
    """Why we take it, or do not."""
    came_back: Annotated[tuple[StockLine, ...], Field(max_length=MOST_LINES)] = ()
    """What we have received."""
    refunded: Amount | None = None
    """How much we gave back."""

    @classmethod
    def of(cls, found: ReturnProgress) -> "CustomerReturn":
        """What the customer sees of a return."""
        return cls(
            id=found.id,
            order_id=found.order_id,
            status=found.status,
            lines=found.lines,
            because=found.because,
            came_back=tuple(StockLine(sku=line.sku, quantity=line.quantity) for line in found.came_back),
            refunded=found.refunded,
        )

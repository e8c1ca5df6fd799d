"""What we buy: purchase orders to suppliers, and the receipts of what they deliver."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from triptych.canonical.base import Entity, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Count, Id, PersonName, Prose
from triptych.canonical.lines import MOST_LINES, Lines, NewLines, NewOrderLine, OrderLine, StockLine
from triptych.canonical.money import Amount
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class PurchaseOrderStatus(StrEnum):
    """How far a purchase order has come."""

    DRAFT = "draft"
    ORDERED = "ordered"
    """Sent to the supplier."""
    RECEIVED = "received"
    """All of it has come."""
    CLOSED = "closed"
    """Received and settled."""
    CANCELLED = "cancelled"


PURCHASE_ORDER_TRANSITIONS = Transitions(
    "purchase order",
    {
        PurchaseOrderStatus.DRAFT: {PurchaseOrderStatus.ORDERED, PurchaseOrderStatus.CANCELLED},
        PurchaseOrderStatus.ORDERED: {PurchaseOrderStatus.RECEIVED, PurchaseOrderStatus.CANCELLED},
        PurchaseOrderStatus.RECEIVED: {PurchaseOrderStatus.CLOSED},
        PurchaseOrderStatus.CLOSED: set(),
        PurchaseOrderStatus.CANCELLED: set(),
    },
)


class PurchaseOrderTerms(New):
    """What a purchase order says, as drawn up and as kept."""

    external_id: Code | None = None
    """The purchase order's number in the books."""
    supplier_id: Id
    """Who we buy from (UBL SellerSupplierParty)."""
    location_id: Id | None = None
    """Where it is to be delivered (UBL DeliveryLocation)."""
    expected_at: Timestamp | None = None
    """When it should come (UBL PromisedDeliveryPeriod)."""
    notes: Prose | None = None
    """What the supplier should know beside the lines."""
    cost_centre: Code | None = None
    """Who bears the cost (UBL AccountingCost)."""
    requested_by: PersonName | None = None
    """Who asked for it (UBL OriginatorCustomerParty)."""
    reason: Prose | None = None
    """What it is needed for."""


class NewPurchaseOrder(PurchaseOrderTerms):
    """What can be given of a purchase order."""

    model_config = example(
        external_id="PO-7001",
        supplier_id="sup_01jd3k7m9vq8x2c4n6b8d0f2hg",
        location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg",
        expected_at="2026-07-20T00:00:00Z",
        lines=[the_example(NewOrderLine)],
    )

    lines: NewLines
    """What is bought; each line with the price that the supplier asks."""


class PurchaseOrder(PurchaseOrderTerms, Entity, prefix="pur"):
    """What we have bought from a supplier (schema.org Order; UBL Order)."""

    model_config = example_of(
        NewPurchaseOrder,
        "pur_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="ordered",
        lines=[the_example(OrderLine)],
        total={"amount_minor": 18360, "currency": "EUR"},
        ordered_at="2026-07-01T10:00:00Z",
    )

    status: PurchaseOrderStatus = PurchaseOrderStatus.DRAFT
    """How far it has come."""
    lines: Lines
    """What is bought, with prices and totals."""
    total: Amount
    """The lines together (UBL PayableAmount)."""
    ordered_at: Timestamp | None = None
    """When it was sent to the supplier."""
    cancelled_because: Prose | None = None
    """Why it was called off."""


class PurchaseOrderFilter(History):
    """Which purchase orders to list."""

    external_id: Code | None = None
    supplier_id: Id | None = None
    location_id: Id | None = None
    status: PurchaseOrderStatus | None = None


class ReceiptLine(StockLine):
    """So many of one product that came (UBL ReceiptLine)."""

    model_config = example(sku="CHAI-10", quantity=12, rejected=1)

    rejected: Count = 0
    """How many of them were sent back (UBL RejectedQuantity)."""

    @model_validator(mode="after")
    def _no_more_than_came(self) -> Self:
        if self.rejected > self.quantity:
            raise ValueError(f"{self.rejected} of {self.quantity} cannot be sent back")
        return self

    @property
    def kept(self) -> int:
        """How many of them stay."""
        return self.quantity - self.rejected


class NewGoodsReceipt(New):
    """What can be given of a goods receipt."""

    model_config = example(
        purchase_order_id="pur_01jd3k7m9vq8x2c4n6b8d0f2hg",
        location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg",
        delivery_note="LS-88120",
        lines=[the_example(ReceiptLine)],
        received_at="2026-07-20T08:15:00Z",
    )

    purchase_order_id: Id
    """What was ordered (UBL OrderReference)."""
    location_id: Id | None = None
    """Where it came in; by default where the purchase order says."""
    delivery_note: Code | None = None
    """The supplier's delivery note (UBL DespatchDocumentReference)."""
    lines: Annotated[tuple[ReceiptLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    """What came."""
    received_at: Timestamp | None = None
    """When it came (UBL ReceivedDate); by default when the receipt was made."""


class GoodsReceipt(NewGoodsReceipt, Entity, prefix="grc"):
    """What a supplier delivered (UBL ReceiptAdvice)."""

    model_config = example_of(NewGoodsReceipt, "grc_01jd3k7m9vq8x2c4n6b8d0f2hg")


class GoodsReceiptFilter(History):
    """Which goods receipts to list."""

    purchase_order_id: Id | None = None
    location_id: Id | None = None
    delivery_note: Code | None = None

"""What leaves and what comes back: shipments and returns."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Entity, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Count, Id, Ids, Name, PersonalProse, Prose, Url
from triptych.canonical.lines import MOST_LINES, StockLine, StockLines
from triptych.canonical.party import Address
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class ShipmentStatus(StrEnum):
    """How far a shipment has come (after schema.org DeliveryEvent)."""

    PENDING = "pending"
    """Being packed."""
    SHIPPED = "shipped"
    """With the carrier."""
    DELIVERED = "delivered"
    LOST = "lost"
    CANCELLED = "cancelled"
    """Unpacked again before it left."""


SHIPMENT_TRANSITIONS = Transitions(
    "shipment",
    {
        ShipmentStatus.PENDING: {ShipmentStatus.SHIPPED, ShipmentStatus.CANCELLED},
        ShipmentStatus.SHIPPED: {ShipmentStatus.DELIVERED, ShipmentStatus.LOST},
        ShipmentStatus.DELIVERED: set(),
        ShipmentStatus.LOST: {ShipmentStatus.DELIVERED},
        ShipmentStatus.CANCELLED: set(),
    },
)


class NewShipment(New):
    """What can be given of a shipment."""

    model_config = example(
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        reservation_id="rsv_01jd3k7m9vq8x2c4n6b8d0f2hg",
        location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg",
        carrier="Speedy Express",
        lines=[the_example(StockLine)],
        ship_to=the_example(Address),
    )

    order_id: Id
    """What was ordered (schema.org partOfOrder; UBL OrderReference)."""
    reservation_id: Id | None = None
    """The promise that it makes good."""
    location_id: Id | None = None
    """Where it leaves from (schema.org originAddress; UBL DespatchAddress)."""
    carrier: Name | None = None
    """Who carries it (schema.org provider; UBL CarrierParty)."""
    lines: StockLines
    """What is in it (schema.org itemShipped; UBL DespatchLine)."""
    ship_to: Address
    """Where it goes (schema.org deliveryAddress)."""


class Shipment(NewShipment, Entity, prefix="shp"):
    """A parcel, or several that travel as one (schema.org ParcelDelivery; UBL DespatchAdvice)."""

    model_config = example_of(
        NewShipment,
        "shp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="shipped",
        tracking_number="SPX-00340434161094",
        shipped_at="2026-07-02T14:00:00Z",
    )

    status: ShipmentStatus = ShipmentStatus.PENDING
    """How far it has come."""
    tracking_number: Code | None = None
    """The carrier's number for it (schema.org trackingNumber; UBL CarrierAssignedID)."""
    tracking_url: Url | None = None
    """Where its way can be followed (schema.org trackingUrl)."""
    shipped_at: Timestamp | None = None
    """When the carrier took it (UBL ActualDespatchDate)."""
    delivered_at: Timestamp | None = None
    """When it arrived (UBL ActualDeliveryDate)."""

    @property
    def has_left(self) -> bool:
        """Whether it is with the carrier, or with the customer."""
        return self.status in (ShipmentStatus.SHIPPED, ShipmentStatus.DELIVERED)


class ShipmentFilter(History):
    """Which shipments to list."""

    order_id: Ids | None = None
    reservation_id: Id | None = None
    location_id: Id | None = None
    tracking_number: Code | None = None
    status: ShipmentStatus | None = None


class ReturnReason(StrEnum):
    """Why goods come back: remorse or a defect, as schema.org MerchantReturnPolicy tells them apart."""

    UNWANTED = "unwanted"
    DAMAGED = "damaged"
    DEFECTIVE = "defective"
    WRONG_ITEM = "wrong_item"
    LATE = "late"
    OTHER = "other"


class ReturnStatus(StrEnum):
    """How far a return has come."""

    REQUESTED = "requested"
    APPROVED = "approved"
    """The customer may send it."""
    RECEIVED = "received"
    """It lies in the warehouse again."""
    CLOSED = "closed"
    """Restocked or written off, and settled."""
    REJECTED = "rejected"


RETURN_TRANSITIONS = Transitions(
    "return",
    {
        ReturnStatus.REQUESTED: {ReturnStatus.APPROVED, ReturnStatus.REJECTED},
        ReturnStatus.APPROVED: {ReturnStatus.RECEIVED, ReturnStatus.REJECTED},
        ReturnStatus.RECEIVED: {ReturnStatus.CLOSED},
        ReturnStatus.CLOSED: set(),
        ReturnStatus.REJECTED: set(),
    },
)


class NewReturn(New):
    """What can be given of a return."""

    model_config = example(
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        shipment_id="shp_01jd3k7m9vq8x2c4n6b8d0f2hg",
        lines=[{"sku": "CHAI-10", "quantity": 1}],
        reason="damaged",
        note="One box was crushed.",
    )

    order_id: Id
    """What was ordered."""
    shipment_id: Id | None = None
    """In which shipment it went out."""
    location_id: Id | None = None
    """Where it comes back to."""
    lines: StockLines
    """What comes back."""
    reason: ReturnReason = ReturnReason.OTHER
    """Why."""
    note: PersonalProse | None = None
    """What the customer says of it."""


class InspectedLine(StockLine):
    """So many of one product that came back, and what they are good for."""

    model_config = example(sku="CHAI-10", quantity=1, restocked=0)

    restocked: Count
    """How many of them can be sold again; the others are written off."""


class ReturnedLine(InspectedLine):
    """So many of one product that came back, and how many of the order's had come back before."""

    model_config = example(sku="CHAI-10", quantity=1, restocked=0, earlier=0)

    earlier: Count
    """How many of it came back in earlier returns of the order."""


class Return(NewReturn, Entity, prefix="ret"):
    """Goods that a customer sends back (schema.org ReturnAction)."""

    model_config = example_of(NewReturn, "ret_01jd3k7m9vq8x2c4n6b8d0f2hg", status="requested")

    status: ReturnStatus = ReturnStatus.REQUESTED
    """How far it has come."""
    received_at: Timestamp | None = None
    """When it lay in the warehouse again."""
    came_back: Annotated[tuple[ReturnedLine, ...], Field(max_length=MOST_LINES)] = ()
    """What lay there then, which may be less than was announced; one line for each product."""
    rejected_because: Prose | None = None
    """Why it was not taken back."""


class ReturnFilter(History):
    """Which returns to list."""

    order_id: Id | None = None
    shipment_id: Id | None = None
    location_id: Id | None = None
    status: ReturnStatus | None = None

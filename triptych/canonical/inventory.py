"""Where stock lies, how much of it there is, and what of it is promised."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Entity, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Count, Flag, Id, Name, Skus
from triptych.canonical.lines import MOST_LINES, StockLine, StockLines
from triptych.canonical.party import Address
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter, History


class LocationKind(StrEnum):
    """What kind of place it is."""

    WAREHOUSE = "warehouse"
    STORE = "store"
    SUPPLIER = "supplier"
    """Stock that a supplier keeps for us."""


class NewLocation(New):
    """What can be given of a location."""

    model_config = example(
        code="BER-1",
        name="Berlin warehouse",
        kind="warehouse",
        address={"line1": "Westhafenstr. 1", "postal_code": "13353", "city": "Berlin", "country": "DE"},
    )

    code: Code
    """What it is called in short (schema.org branchCode; UBL Location ID)."""
    name: Name
    """What it is called."""
    kind: LocationKind = LocationKind.WAREHOUSE
    """What kind of place it is."""
    address: Address | None = None
    """Where it is."""
    ships: Flag = True
    """Whether orders can be sent from there."""


class Location(NewLocation, Entity, prefix="loc"):
    """A place where stock lies (schema.org Place; UBL Location)."""

    model_config = example_of(NewLocation, "loc_01jd3k7m9vq8x2c4n6b8d0f2hg")


class LocationFilter(Filter):
    """Which locations to list."""

    code: Code | None = None
    kind: LocationKind | None = None
    ships: bool | None = None


class NewInventoryLevel(New):
    """What can be given of an inventory level: where, and with how many it opens."""

    model_config = example(
        sku="CHAI-10", location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg", on_hand=39, safety_stock=5
    )

    sku: Code
    """Which product."""
    location_id: Id
    """Where it lies."""
    on_hand: Count = 0
    """How many lie there, promised or not; after opening, only adjustments and shipments change it."""
    safety_stock: Count = 0
    """How many are held back from being promised."""


class InventoryLevel(NewInventoryLevel, Entity, prefix="ivl"):
    """How much of one product lies at one location (schema.org inventoryLevel; UBL InventoryReport line)."""

    model_config = example_of(NewInventoryLevel, "ivl_01jd3k7m9vq8x2c4n6b8d0f2hg", reserved=12)

    reserved: Count = 0
    """How many of them are promised to orders."""

    @property
    def available(self) -> int:
        """How many more can be promised: on hand, less reserved, less safety stock; never below zero."""
        return max(0, self.on_hand - self.reserved - self.safety_stock)


class InventoryLevelFilter(Filter):
    """Which inventory levels to list."""

    sku: Skus | None = None
    location_id: Id | None = None


class ReservationStatus(StrEnum):
    """What became of a reservation."""

    RESERVED = "reserved"
    RELEASED = "released"
    SHIPPED = "shipped"


RESERVATION_TRANSITIONS = Transitions(
    "reservation",
    {
        ReservationStatus.RESERVED: {ReservationStatus.RELEASED, ReservationStatus.SHIPPED},
        ReservationStatus.RELEASED: set(),
        ReservationStatus.SHIPPED: set(),
    },
)


class ReservedLine(StockLine):
    """So many of one product, at one location."""

    model_config = example(sku="CHAI-10", quantity=12, location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg")

    location_id: Id
    """Where they lie."""


class ReservationTerms(New):
    """What a reservation says, as asked for and as kept."""

    order_id: Id
    """For which order."""
    location_id: Id | None = None
    """From where alone; by default from wherever it lies."""
    expires_at: Timestamp | None = None
    """When it lapses if nothing was shipped; by default never."""
    partial: Flag = False
    """Whether as much as there is will do; by default it is all or nothing."""


class NewReservation(ReservationTerms):
    """What can be given of a reservation."""

    model_config = example(order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg", lines=[the_example(StockLine)])

    lines: StockLines
    """What is to be held."""


class Reservation(ReservationTerms, Entity, prefix="rsv"):
    """Stock that is promised to one order (schema.org Reservation)."""

    model_config = example(
        id="rsv_01jd3k7m9vq8x2c4n6b8d0f2hg",
        created_at="2026-07-01T09:30:00Z",
        updated_at="2026-07-01T09:30:00Z",
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="reserved",
        lines=[the_example(ReservedLine)],
    )

    status: ReservationStatus = ReservationStatus.RESERVED
    """What became of it."""
    lines: Annotated[tuple[ReservedLine, ...], Field(min_length=1, max_length=10 * MOST_LINES)]
    """What is held, and where; a line that several locations share is split."""


class ReservationFilter(History):
    """Which reservations to list."""

    order_id: Id | None = None
    status: ReservationStatus | None = None

"""What the warehouse system API promises."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Body
from pydantic import Field, Strict

from triptych.canonical.base import Model, example, the_example
from triptych.canonical.equipment import Handout, HandoutFilter, NewHandout
from triptych.canonical.fields import Code, Id, Prose
from triptych.canonical.inventory import (
    InventoryLevel,
    InventoryLevelFilter,
    Location,
    LocationFilter,
    NewInventoryLevel,
    NewLocation,
    NewReservation,
    Reservation,
    ReservationFilter,
)
from triptych.canonical.lines import MOST_LINES
from triptych.canonical.shipping import (
    InspectedLine,
    NewReturn,
    NewShipment,
    Return,
    ReturnFilter,
    Shipment,
    ShipmentFilter,
)
from triptych.contract import Collection, Creatable, Raises, SystemApi, event, post
from triptych.problems import (
    Conflict,
    InsufficientStock,
    InvalidInput,
    InvalidState,
    NotFound,
)


class Adjustment(Model):
    """A correction of what is on hand: found or counted, broken or lost."""

    model_config = example(
        sku="CHAI-10", location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg", by=-2, reason="Two boxes got wet."
    )

    sku: Code
    """Which product."""
    location_id: Id
    """Where it lies."""
    by: Annotated[int, Strict(), Field(ge=-1_000_000, le=1_000_000)]
    """How many more (or, below zero, fewer) there are."""
    reason: Prose | None = None
    """Why."""


class Inspection(Model):
    """What came back, and what of it is good."""

    model_config = example(lines=[the_example(InspectedLine)], location_id="loc_01jd3k7m9vq8x2c4n6b8d0f2hg")

    lines: Annotated[tuple[InspectedLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    """One line for each product; no more than was announced, and none for what did not come."""
    location_id: Id | None = None
    """Where it lies; by default where the return said."""

    def check(self, announced: Mapping[str, int]) -> None:
        """Raise InvalidInput where that cannot be: for more than was announced, or two lines of a product."""
        seen = set[str]()
        for place, line in enumerate(self.lines):
            if line.sku in seen:
                raise InvalidInput.at(f"/lines/{place}/sku", "there is a line of this product already")
            if line.quantity > announced.get(line.sku, 0):
                announcement = f"{announced.get(line.sku, 0)} of {line.sku} were announced"
                raise InvalidInput.at(f"/lines/{place}/quantity", announcement)
            if line.restocked > line.quantity:
                raise InvalidInput.at(f"/lines/{place}/restocked", f"{line.quantity} of {line.sku} came back")
            seen.add(line.sku)


class Refusal(Model):
    """Why goods are not taken back."""

    model_config = example(reason="The seal is broken.")

    reason: Prose
    """For the customer."""


class WriteOff(Model):
    """Why a piece of equipment does not come back."""

    model_config = example(reason="It was stolen; the police were told.")

    reason: Prose
    """For the books."""


class Warehouse(SystemApi, version=1, owner="logistics"):
    """Locations, stock, shipments, returns and equipment, whichever system counts them.

    Stock never goes below zero, and what is promised to an order is promised to nobody else.
    """

    locations: Annotated[Collection[Location, NewLocation, LocationFilter], Raises(delete=[Conflict])]
    inventory: Creatable[InventoryLevel, NewInventoryLevel, InventoryLevelFilter]
    reservations: Annotated[
        Creatable[Reservation, NewReservation, ReservationFilter], Raises(create=[InsufficientStock])
    ]
    shipments: Annotated[
        Creatable[Shipment, NewShipment, ShipmentFilter], Raises(create=[NotFound, Conflict, InvalidState])
    ]
    returns: Annotated[Creatable[Return, NewReturn, ReturnFilter], Raises(create=[Conflict])]
    handouts: Annotated[
        Creatable[Handout, NewHandout, HandoutFilter], Raises(create=[Conflict, InsufficientStock])
    ]

    stock_opened = event(InventoryLevel, "A product is kept at a location from now on.")
    stock_changed = event(InventoryLevel, "What is on hand or promised of a product has changed.")
    stock_arrived = event(InventoryLevel, "More of a product can be promised than before.")
    shipment_dispatched = event(Shipment, "A shipment has left.")
    shipment_delivered = event(Shipment, "A shipment has arrived.")
    shipment_cancelled = event(Shipment, "A shipment will not leave.")
    return_requested = event(Return, "A customer wants to send goods back.")
    return_received = event(Return, "Goods have come back.")
    equipment_returned = event(Handout, "A piece of equipment is in stock again.")
    equipment_written_off = event(Handout, "A piece of equipment does not come back.")

    @post("/inventory/adjust", raises=[NotFound, InsufficientStock])
    async def adjust_stock(self, adjustment: Annotated[Adjustment, Body()]) -> InventoryLevel:
        """Correct what is on hand; never below what is promised to orders."""
        ...

    @post("/reservations/{reservation_id}/release", raises=[NotFound, InvalidState])
    async def release_reservation(self, reservation_id: Id) -> Reservation:
        """Give promised stock free again; what is released already stays so."""
        ...

    @post("/shipments/{shipment_id}/dispatch", raises=[NotFound, InvalidState])
    async def dispatch_shipment(self, shipment_id: Id) -> Shipment:
        """Hand a packed shipment to its carrier: its stock leaves, and its reservation is made good."""
        ...

    @post("/shipments/{shipment_id}/cancel", raises=[NotFound, InvalidState])
    async def cancel_shipment(self, shipment_id: Id) -> Shipment:
        """Unpack a shipment that has not left."""
        ...

    @post("/shipments/{shipment_id}/deliver", raises=[NotFound, InvalidState])
    async def deliver_shipment(self, shipment_id: Id) -> Shipment:
        """Note that a shipment arrived."""
        ...

    @post("/returns/{return_id}/approve", raises=[NotFound, InvalidState])
    async def approve_return(self, return_id: Id) -> Return:
        """Let the customer send the goods."""
        ...

    @post("/returns/{return_id}/reject", raises=[NotFound, InvalidState])
    async def reject_return(self, return_id: Id) -> Return:
        """Refuse to take the goods back."""
        ...

    @post("/returns/{return_id}/receive", raises=[NotFound, InvalidState])
    async def receive_return(self, return_id: Id) -> Return:
        """Note that all of it came back, and put it into stock again, at the return's location."""
        ...

    @post("/returns/{return_id}/inspect", raises=[NotFound, InvalidState])
    async def inspect_return(self, return_id: Id, inspection: Annotated[Inspection, Body()]) -> Return:
        """Note what came back, and put what is good into stock again; what is received already stays so."""
        ...

    @post("/returns/{return_id}/refuse", raises=[NotFound, InvalidState])
    async def refuse_return(self, return_id: Id, because: Annotated[Refusal, Body()]) -> Return:
        """Refuse to take the goods back, and say why; one that is rejected already stays as it is."""
        ...

    @post("/returns/{return_id}/close", raises=[NotFound, InvalidState])
    async def close_return(self, return_id: Id) -> Return:
        """Note that what came back is settled."""
        ...

    @post("/handouts/{handout_id}/return", raises=[NotFound, InvalidState])
    async def return_handout(self, handout_id: Id) -> Handout:
        """Put a piece of equipment into stock again, where it came from."""
        ...

    @post("/handouts/{handout_id}/write-off", raises=[NotFound, InvalidState])
    async def write_off_handout(self, handout_id: Id, because: Annotated[WriteOff, Body()]) -> Handout:
        """Note that a piece of equipment does not come back, and why."""
        ...

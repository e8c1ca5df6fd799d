"""What the warehouse system API stands on: a store for each noun."""

from typing import Protocol

from triptych.canonical.equipment import Handout, HandoutFilter, NewHandout
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
from triptych.canonical.shipping import (
    NewReturn,
    NewShipment,
    Return,
    ReturnFilter,
    Shipment,
    ShipmentFilter,
)
from triptych.storage import Store


class WarehouseBackend(Protocol):
    """Where locations, stock, shipments, returns and equipment are kept."""

    locations: Store[Location, NewLocation, LocationFilter]
    inventory: Store[InventoryLevel, NewInventoryLevel, InventoryLevelFilter]
    reservations: Store[Reservation, NewReservation, ReservationFilter]
    shipments: Store[Shipment, NewShipment, ShipmentFilter]
    returns: Store[Return, NewReturn, ReturnFilter]
    handouts: Store[Handout, NewHandout, HandoutFilter]

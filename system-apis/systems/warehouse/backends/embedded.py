"""The warehouse of a company that has no system for it: stock counted in the service's own database."""

from sqlalchemy import Text

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
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, Indexed, entity_table


def _place(level: InventoryLevel) -> str:
    """One product has one level at one location."""
    return f"{level.location_id} {level.sku}"


LOCATIONS = entity_table("locations", Location, indexed={"code": UNIQUE, "kind": INDEXED, "ships": INDEXED})
INVENTORY = entity_table(
    "inventory",
    InventoryLevel,
    indexed={
        "sku": INDEXED,
        "location_id": INDEXED,
        "place": Indexed(of=_place, unique=True, type=Text()),
    },
)
RESERVATIONS = entity_table("reservations", Reservation, indexed={"order_id": INDEXED, "status": INDEXED})
SHIPMENTS = entity_table(
    "shipments",
    Shipment,
    indexed={
        "order_id": INDEXED,
        "reservation_id": INDEXED,
        "location_id": INDEXED,
        "tracking_number": INDEXED,
        "status": INDEXED,
    },
)
RETURNS = entity_table(
    "returns",
    Return,
    indexed={"order_id": INDEXED, "shipment_id": INDEXED, "location_id": INDEXED, "status": INDEXED},
)

HANDOUTS = entity_table(
    "handouts",
    Handout,
    indexed={"external_id": UNIQUE, "person_id": INDEXED, "sku": INDEXED, "status": INDEXED},
)


class EmbeddedWarehouse:
    """Implements WarehouseBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.locations = EmbeddedStore(database, LOCATIONS, new=NewLocation, filter=LocationFilter)
        self.inventory = EmbeddedStore(
            database, INVENTORY, new=NewInventoryLevel, filter=InventoryLevelFilter
        )
        self.reservations = EmbeddedStore(
            database, RESERVATIONS, new=NewReservation, filter=ReservationFilter
        )
        self.shipments = EmbeddedStore(database, SHIPMENTS, new=NewShipment, filter=ShipmentFilter)
        self.returns = EmbeddedStore(database, RETURNS, new=NewReturn, filter=ReturnFilter)
        self.handouts = EmbeddedStore(database, HANDOUTS, new=NewHandout, filter=HandoutFilter)

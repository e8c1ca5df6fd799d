"""What the warehouse really did: read from its own tables, not from what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from systems.warehouse.backends import embedded
from systems.warehouse.backends.embedded import RESERVATIONS, SHIPMENTS, EmbeddedWarehouse
from tests.crash.books import Effect
from tests.crash.orders import SOLD
from tests.crash.town import Town
from triptych.canonical.inventory import (
    InventoryLevel,
    InventoryLevelFilter,
    ReservationFilter,
    ReservationStatus,
)
from triptych.canonical.shipping import ShipmentFilter, ShipmentStatus
from triptych.contract import every
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Storage

MIGRATIONS = Path(embedded.__file__).parents[1] / "migrations"


@dataclass(frozen=True)
class WarehouseBooks:
    """Its reservations and shipments, what does not add up in its stock, and what is on hand by SKU."""

    effects: list[Effect]
    faults: list[str]
    on_hand: Mapping[str, int]


async def warehouse_books(town: Town, database_url: str | None) -> WarehouseBooks:
    """Read them."""
    settings = Settings(
        data=town.folder / "data",
        database_url=SecretStr(database_url) if database_url else None,
        secret_key=SecretStr(town.secret),
        topology="split",
    )
    async with Storage(settings, Secrets(settings)) as storage:
        books = EmbeddedWarehouse(await storage.open("warehouse", MIGRATIONS))
        found: list[Effect] = []
        held = 0
        async for one in every(books.reservations, ReservationFilter(limit=200)):
            found.append(Effect(one.created_at.timestamp(), f"{RESERVATIONS_AS} made", one.order_id))
            if one.status is ReservationStatus.RELEASED:
                moment = one.updated_at.timestamp()
                found.append(Effect(moment, f"{RESERVATIONS_AS} released", one.order_id))
            held += (
                sum(line.quantity for line in one.lines) if one.status is ReservationStatus.RESERVED else 0
            )
        sent = 0
        async for one in every(books.shipments, ShipmentFilter(limit=200)):
            if one.status is not ShipmentStatus.CANCELLED:
                found.append(Effect(one.created_at.timestamp(), f"{SHIPMENTS_AS} made", one.order_id))
                sent += sum(line.quantity for line in one.lines)
        levels = [one async for one in every(books.inventory, InventoryLevelFilter(limit=200))]
        faults = _stock([level for level in levels if level.sku.startswith(SOLD)], held, sent)
        return WarehouseBooks(found, faults, {level.sku: level.on_hand for level in levels})


RESERVATIONS_AS = f"warehouse/{RESERVATIONS.table.name}"
SHIPMENTS_AS = f"warehouse/{SHIPMENTS.table.name}"


def _stock(levels: Sequence[InventoryLevel], held: int, sent: int) -> list[str]:
    faults: list[str] = []
    if sum(level.reserved for level in levels) != held:
        faults.append(f"{sum(level.reserved for level in levels)} are promised, {held} by reservations")
    gone = sum(100_000 - level.on_hand for level in levels)
    if gone != sent:
        faults.append(f"{gone} have left the stock, {sent} in shipments")
    return faults

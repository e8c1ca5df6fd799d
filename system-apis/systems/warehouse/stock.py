"""The rules of stock: it lies somewhere, never goes below zero, and is promised to one order only.

Levels are read in the order of their ids, so that two orders for the same products never wait for each other
in a circle.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from systems.warehouse.backends import WarehouseBackend
from systems.warehouse.contract import Warehouse
from triptych.canonical.inventory import (
    InventoryLevel,
    InventoryLevelFilter,
    NewInventoryLevel,
    NewReservation,
    Reservation,
    ReservationFilter,
    ReservedLine,
)
from triptych.canonical.lines import counted
from triptych.contract import every
from triptych.events import Announced, Events
from triptych.problems import Conflict, FieldError, InsufficientStock, InvalidInput, NotFound
from triptych.storage import Ruled


class Reservations(Ruled[Reservation, NewReservation, ReservationFilter]):
    """Reservations: made of what is available, all of it or nothing."""

    def __init__(self, backend: WarehouseBackend) -> None:
        super().__init__(backend.reservations)
        self._backend = backend

    async def create(self, new: NewReservation) -> Reservation:
        """Promise stock to an order; raises InsufficientStock naming the SKU that is short.

        One that may be partial is short when there is nothing of anything.
        """
        wanted = counted(new.lines)
        levels = await self._levels(new, wanted)
        held: list[ReservedLine] = []
        for sku, quantity in sorted(wanted.items()):
            here = [level for level in levels if level.sku == sku]
            enough = min(quantity, _available(here)) if new.partial else quantity
            held += await self._hold(sku, enough, here)
        if not held:
            skus = ", ".join(sorted(wanted))
            raise InsufficientStock(f"Nothing of {skus} is available.", sku=min(wanted), available=0)
        return await self.store.add(new, lines=tuple(held))

    async def _levels(self, new: NewReservation, wanted: Counter[str]) -> list[InventoryLevel]:
        """The levels of the wanted products, locked, at the location asked for or at those that ship."""
        ids: set[str] = set()
        skus = sorted(wanted)
        for start in range(0, len(skus), 100):
            some = InventoryLevelFilter(
                sku=tuple(skus[start : start + 100]), location_id=new.location_id, limit=200
            )
            ids |= {level.id async for level in every(self._backend.inventory, some)}
        levels = [await self._backend.inventory.get(id) for id in sorted(ids)]
        if new.location_id is None:
            levels = [level for level in levels if await self._ships(level)]
        return levels

    async def _ships(self, level: InventoryLevel) -> bool:
        return (await self._backend.locations.get(level.location_id)).ships

    async def _hold(self, sku: str, quantity: int, levels: list[InventoryLevel]) -> list[ReservedLine]:
        """Take from the location that can send it all, or else from the fullest ones first."""
        available = _available(levels)
        if available < quantity:
            raise InsufficientStock(
                f"{quantity} of {sku} were asked for, {available} are available.",
                sku=sku,
                wanted=quantity,
                available=available,
            )
        held: list[ReservedLine] = []
        for level in sorted(levels, key=lambda level: -level.available):
            if taken := min(quantity, level.available):
                await self._backend.inventory.save(level, reserved=level.reserved + taken)
                held.append(ReservedLine(sku=sku, quantity=taken, location_id=level.location_id))
                quantity -= taken
        return held


def _available(levels: Iterable[InventoryLevel]) -> int:
    return sum(level.available for level in levels)


class Inventory(Ruled[InventoryLevel, NewInventoryLevel, InventoryLevelFilter]):
    """Inventory levels, each at a location that there is."""

    def __init__(self, backend: WarehouseBackend) -> None:
        super().__init__(backend.inventory)
        self._locations = backend.locations

    async def create(self, new: NewInventoryLevel) -> InventoryLevel:
        """Open a level; raises InvalidInput when there is no such location."""
        await self.check_location(new.location_id)
        return await self.store.add(new)

    async def check_location(self, location_id: str) -> None:
        """Raise InvalidInput unless there is such a location."""
        try:
            await self._locations.get(location_id)
        except NotFound as problem:
            error = FieldError(pointer="/location_id", detail="there is no such location")
            raise InvalidInput(f"/location_id: {problem.detail}", errors=[error]) from problem


class Locations:
    """Locations; one where stock is kept is not deleted, and one that is takes its empty levels along."""

    def __init__(self, backend: WarehouseBackend) -> None:
        self._store = backend.locations
        self._inventory = backend.inventory
        self.get = self._store.get
        self.find = self._store.find
        self.changes = self._store.changes
        self.create = self._store.create
        self.update = self._store.update

    async def delete(self, id: str) -> None:
        """Delete a location; raises Conflict while anything is kept there."""
        try:
            await self._store.get(id)
        except NotFound:
            return  # it is gone already, or never was
        filter = InventoryLevelFilter(location_id=id, limit=200)
        levels = [level async for level in every(self._inventory, filter)]
        for level in levels:
            if level.on_hand or level.reserved:
                raise Conflict(f"{level.on_hand} of {level.sku} are kept there; move them first.")
        for level in levels:
            await self._inventory.delete(level.id)
        await self._store.delete(id)


class Told(Announced[InventoryLevel, NewInventoryLevel, InventoryLevelFilter]):
    """Levels that tell of what is done to them, and apart from that when more can be promised."""

    def __init__(self, backend: WarehouseBackend, events: Events) -> None:
        super().__init__(
            backend.inventory, events, made=Warehouse.stock_opened, changed=Warehouse.stock_changed
        )

    async def add(self, new: NewInventoryLevel, **state: Any) -> InventoryLevel:
        """Open a level."""
        return await self._arrived(0, await super().add(new, **state))

    async def save(self, entity: InventoryLevel, **changes: Any) -> InventoryLevel:
        """The level with these fields changed."""
        return await self._arrived(entity.available, await super().save(entity, **changes))

    async def _arrived(self, before: int, level: InventoryLevel) -> InventoryLevel:
        return await self._told(Warehouse.stock_arrived if level.available > before else None, level)

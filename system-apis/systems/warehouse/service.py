"""How the warehouse system API keeps its promise.

Each write is one transaction, and what it reads stays locked until it ends. Levels are read in the order of
their ids, so that two orders for the same products never wait for each other in a circle.
"""

from collections import Counter
from datetime import UTC, datetime

from systems.warehouse.backends import WarehouseBackend
from systems.warehouse.contract import Adjustment, Warehouse
from triptych.canonical.fields import MOST_COUNTED
from triptych.canonical.inventory import (
    RESERVATION_TRANSITIONS,
    InventoryLevel,
    InventoryLevelFilter,
    NewInventoryLevel,
    NewReservation,
    Reservation,
    ReservationFilter,
    ReservationStatus,
    ReservedLine,
)
from triptych.canonical.shipping import (
    RETURN_TRANSITIONS,
    SHIPMENT_TRANSITIONS,
    NewShipment,
    Return,
    ReturnStatus,
    Shipment,
    ShipmentFilter,
    ShipmentStatus,
)
from triptych.contract import every
from triptych.events import Announced, Events, announcing
from triptych.problems import (
    Conflict,
    FieldError,
    InsufficientStock,
    InvalidInput,
    InvalidState,
    NotFound,
)
from triptych.storage import Ruled, moved


class Reservations(Ruled[Reservation, NewReservation, ReservationFilter]):
    """Reservations: made of what is available, all of it or nothing."""

    def __init__(self, backend: WarehouseBackend) -> None:
        super().__init__(backend.reservations)
        self._backend = backend

    async def create(self, new: NewReservation) -> Reservation:
        """Promise stock to an order; raises InsufficientStock naming the SKU that is short."""
        wanted = Counter[str]()
        for line in new.lines:
            wanted[line.sku] += line.quantity
        levels = await self._levels(new, wanted)
        held: list[ReservedLine] = []
        for sku, quantity in sorted(wanted.items()):
            held += await self._hold(sku, quantity, [level for level in levels if level.sku == sku])
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
        available = sum(level.available for level in levels)
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


class Inventory(Ruled[InventoryLevel, NewInventoryLevel, InventoryLevelFilter]):
    """Inventory levels, each at a location that there is."""

    def __init__(self, backend: WarehouseBackend) -> None:
        super().__init__(backend.inventory)
        self._locations = backend.locations

    async def create(self, new: NewInventoryLevel) -> InventoryLevel:
        """Open a level; raises InvalidInput when there is no such location."""
        try:
            await self._locations.get(new.location_id)
        except NotFound as problem:
            error = FieldError(pointer="/location_id", detail="there is no such location")
            raise InvalidInput(f"/location_id: {problem.detail}", errors=[error]) from problem
        return await self.store.add(new)


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


class Shipments(Ruled[Shipment, NewShipment, ShipmentFilter]):
    """Shipments, which make reservations good."""

    def __init__(self, backend: WarehouseBackend) -> None:
        super().__init__(backend.shipments)
        self._backend = backend

    async def create(self, new: NewShipment) -> Shipment:
        """Pack a shipment; its reservation has to be of the same order and hold all that is in it."""
        if new.reservation_id is not None:
            reservation = await self._backend.reservations.get(new.reservation_id)
            if reservation.order_id != new.order_id:
                raise Conflict(f"{reservation.id} is promised to another order.")
            if reservation.status is not ReservationStatus.RESERVED:
                raise InvalidState(f"{reservation.id} is {reservation.status.value} already.")
            held, packed = Counter[str](), Counter[str]()
            for line in reservation.lines:
                held[line.sku] += line.quantity
            for line in new.lines:
                packed[line.sku] += line.quantity
            if held != packed:
                raise Conflict(f"The shipment has to hold what {reservation.id} holds, no more and no less.")
        return await self.store.add(new)


class WarehouseService(Warehouse):
    """Locations, stock, shipments and returns over whichever backend is chosen."""

    def __init__(self, backend: WarehouseBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.locations = Locations(backend)
        self.inventory = Inventory(backend)
        self.reservations = Reservations(backend)
        self.shipments = Shipments(backend)
        self.returns = backend.returns

    async def adjust_stock(self, adjustment: Adjustment) -> InventoryLevel:
        level = await self._level(adjustment.sku, adjustment.location_id)
        on_hand = level.on_hand + adjustment.by
        if on_hand < level.reserved:
            raise InsufficientStock(
                f"{level.on_hand} of {level.sku} are on hand and {level.reserved} are promised.",
                sku=level.sku,
                available=level.on_hand - level.reserved,
            )
        return await self._counted(level, on_hand)

    async def release_reservation(self, reservation_id: str) -> Reservation:
        reservation = await self.reservations.get(reservation_id)
        if reservation.status is ReservationStatus.RELEASED:
            return reservation
        RESERVATION_TRANSITIONS.check(reservation.status, ReservationStatus.RELEASED)
        for line in _in_order(reservation):
            level = await self._level(line.sku, line.location_id)
            await self._backend.inventory.save(level, reserved=level.reserved - line.quantity)
        return await self._backend.reservations.save(reservation, status=ReservationStatus.RELEASED)

    async def dispatch_shipment(self, shipment_id: str) -> Shipment:
        shipment = await self.shipments.get(shipment_id)
        if shipment.status is ShipmentStatus.SHIPPED:
            return shipment
        SHIPMENT_TRANSITIONS.check(shipment.status, ShipmentStatus.SHIPPED)
        if shipment.reservation_id is not None:
            reservation = await self.reservations.get(shipment.reservation_id)
            RESERVATION_TRANSITIONS.check(reservation.status, ReservationStatus.SHIPPED)
            for line in _in_order(reservation):
                level = await self._level(line.sku, line.location_id)
                await self._backend.inventory.save(
                    level, on_hand=level.on_hand - line.quantity, reserved=level.reserved - line.quantity
                )
            await self._backend.reservations.save(reservation, status=ReservationStatus.SHIPPED)
        return await self._backend.shipments.save(
            shipment, status=ShipmentStatus.SHIPPED, shipped_at=datetime.now(UTC)
        )

    async def cancel_shipment(self, shipment_id: str) -> Shipment:
        return await self._shipment(shipment_id, ShipmentStatus.CANCELLED)

    async def deliver_shipment(self, shipment_id: str) -> Shipment:
        return await self._shipment(shipment_id, ShipmentStatus.DELIVERED, delivered_at=datetime.now(UTC))

    async def _shipment(self, shipment_id: str, status: ShipmentStatus, **changes: datetime) -> Shipment:
        return await moved(self._backend.shipments, shipment_id, SHIPMENT_TRANSITIONS, status, **changes)

    async def approve_return(self, return_id: str) -> Return:
        return await moved(self._backend.returns, return_id, RETURN_TRANSITIONS, ReturnStatus.APPROVED)

    async def reject_return(self, return_id: str) -> Return:
        return await moved(self._backend.returns, return_id, RETURN_TRANSITIONS, ReturnStatus.REJECTED)

    async def receive_return(self, return_id: str) -> Return:
        returned = await self.returns.get(return_id)
        if returned.status is ReturnStatus.RECEIVED:
            return returned
        RETURN_TRANSITIONS.check(returned.status, ReturnStatus.RECEIVED)
        if returned.location_id is None:
            raise InvalidState("The return does not say to which location the goods come back.")
        for sku, quantity in sorted((line.sku, line.quantity) for line in returned.lines):
            await self._restock(sku, returned.location_id, quantity)
        return await self._backend.returns.save(
            returned, status=ReturnStatus.RECEIVED, received_at=datetime.now(UTC)
        )

    async def _restock(self, sku: str, location_id: str, quantity: int) -> None:
        try:
            level = await self._level(sku, location_id)
        except NotFound:
            level = await self._backend.inventory.create(NewInventoryLevel(sku=sku, location_id=location_id))
        await self._counted(level, level.on_hand + quantity)

    async def _counted(self, level: InventoryLevel, on_hand: int) -> InventoryLevel:
        """The level with so many on hand. Raises InvalidInput when nobody can count them any more."""
        if on_hand > MOST_COUNTED:
            raise InvalidInput(f"{on_hand:,} of {level.sku} would be on hand; {MOST_COUNTED:,} is the most.")
        return await self._backend.inventory.save(level, on_hand=on_hand)

    async def _level(self, sku: str, location_id: str) -> InventoryLevel:
        """The level of a product at a location, locked; raises NotFound."""
        page = await self._backend.inventory.find(
            InventoryLevelFilter(sku=(sku,), location_id=location_id, limit=1)
        )
        if not page.items:
            raise NotFound(f"{sku} is not kept at {location_id}.")
        return await self._backend.inventory.get(page.items[0].id)


def _in_order(reservation: Reservation) -> list[ReservedLine]:
    return sorted(reservation.lines, key=lambda line: (line.location_id, line.sku))


def _telling(backend: WarehouseBackend, events: Events) -> WarehouseBackend:
    """The backend, with everything told that is done to its stock, shipments and returns."""
    return announcing(
        backend,
        inventory=Announced(
            backend.inventory, events, made=Warehouse.stock_opened, changed=Warehouse.stock_changed
        ),
        shipments=Announced(
            backend.shipments,
            events,
            reaching={
                ShipmentStatus.SHIPPED: Warehouse.shipment_dispatched,
                ShipmentStatus.DELIVERED: Warehouse.shipment_delivered,
                ShipmentStatus.CANCELLED: Warehouse.shipment_cancelled,
            },
        ),
        returns=Announced(
            backend.returns,
            events,
            made=Warehouse.return_requested,
            reaching={ReturnStatus.RECEIVED: Warehouse.return_received},
        ),
    )

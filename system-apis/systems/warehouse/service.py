"""How the warehouse system API keeps its promise.

Each write is one transaction, and what it reads stays locked until it ends.
"""

from datetime import UTC, datetime

from systems.warehouse.backends import WarehouseBackend
from systems.warehouse.contract import Adjustment, Inspection, Refusal, Warehouse, WriteOff
from systems.warehouse.equipment import Handouts
from systems.warehouse.parcels import Returns, Shipments, all_of
from systems.warehouse.stock import Inventory, Locations, Reservations, Told
from triptych.canonical.equipment import HANDOUT_TRANSITIONS, Handout, HandoutStatus
from triptych.canonical.fields import MOST_COUNTED
from triptych.canonical.inventory import (
    RESERVATION_TRANSITIONS,
    InventoryLevel,
    InventoryLevelFilter,
    NewInventoryLevel,
    Reservation,
    ReservationStatus,
    ReservedLine,
)
from triptych.canonical.shipping import (
    RETURN_TRANSITIONS,
    SHIPMENT_TRANSITIONS,
    Return,
    ReturnStatus,
    Shipment,
    ShipmentStatus,
)
from triptych.events import Announced, Events, announcing
from triptych.problems import InsufficientStock, InvalidInput, InvalidState, NotFound
from triptych.storage import moved


class WarehouseService(Warehouse):
    """Locations, stock, shipments, returns and equipment over whichever backend is chosen."""

    def __init__(self, backend: WarehouseBackend, events: Events) -> None:
        self._backend = backend = _telling(backend, events)
        self.locations = Locations(backend)
        self.inventory = self._levels = Inventory(backend)
        self.reservations = Reservations(backend)
        self.shipments = Shipments(backend)
        self.returns = self._returns = Returns(backend)
        self.handouts = Handouts(backend)

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

    async def refuse_return(self, return_id: str, because: Refusal) -> Return:
        return await moved(
            self._backend.returns,
            return_id,
            RETURN_TRANSITIONS,
            ReturnStatus.REJECTED,
            rejected_because=because.reason,
        )

    async def receive_return(self, return_id: str) -> Return:
        returned = await self.returns.get(return_id)
        return await self._take_in(returned, all_of(returned))

    async def inspect_return(self, return_id: str, inspection: Inspection) -> Return:
        returned = await self.returns.get(return_id)
        if inspection.location_id is not None:
            await self._levels.check_location(inspection.location_id)
        return await self._take_in(returned, inspection)

    async def _take_in(self, returned: Return, inspection: Inspection) -> Return:
        if returned.status is ReturnStatus.RECEIVED:
            return returned
        received = await self._returns.inspected(returned, inspection)
        good = [line for line in received.came_back if line.restocked]
        if good and received.location_id is None:
            raise InvalidState("The return does not say to which location the goods come back.")
        for line in sorted(good, key=lambda line: line.sku):
            assert received.location_id is not None
            await self._restock(line.sku, received.location_id, line.restocked)
        return received

    async def close_return(self, return_id: str) -> Return:
        return await moved(self._backend.returns, return_id, RETURN_TRANSITIONS, ReturnStatus.CLOSED)

    async def return_handout(self, handout_id: str) -> Handout:
        handout = await self.handouts.get(handout_id)
        if handout.status is HandoutStatus.HELD:
            assert handout.location_id is not None  # it came from there
            await self._restock(handout.sku, handout.location_id, 1)
        return await self._handout(handout_id, HandoutStatus.RETURNED)

    async def write_off_handout(self, handout_id: str, because: WriteOff) -> Handout:
        return await self._handout(handout_id, HandoutStatus.WRITTEN_OFF, written_off_because=because.reason)

    async def _handout(self, handout_id: str, status: HandoutStatus, **changes: str) -> Handout:
        return await moved(
            self._backend.handouts,
            handout_id,
            HANDOUT_TRANSITIONS,
            status,
            settled_at=datetime.now(UTC),
            **changes,
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
    """The backend, with everything told that is done to its stock, shipments, returns and equipment."""
    return announcing(
        backend,
        inventory=Told(backend, events),
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
        handouts=Announced(
            backend.handouts,
            events,
            reaching={
                HandoutStatus.RETURNED: Warehouse.equipment_returned,
                HandoutStatus.WRITTEN_OFF: Warehouse.equipment_written_off,
            },
        ),
    )

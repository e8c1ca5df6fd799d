"""The rules of what leaves and what comes back: as much as was promised, and no more than was sent."""

from collections import Counter
from datetime import UTC, datetime

from systems.warehouse.backends import WarehouseBackend
from systems.warehouse.contract import Inspection
from triptych.canonical.inventory import ReservationStatus
from triptych.canonical.lines import counted
from triptych.canonical.shipping import (
    RETURN_TRANSITIONS,
    InspectedLine,
    NewReturn,
    NewShipment,
    Return,
    ReturnedLine,
    ReturnFilter,
    ReturnStatus,
    Shipment,
    ShipmentFilter,
)
from triptych.contract import every
from triptych.problems import Conflict, InvalidState
from triptych.storage import Ruled

BACK = (ReturnStatus.RECEIVED, ReturnStatus.CLOSED)


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
            if counted(reservation.lines) != counted(new.lines):
                raise Conflict(f"The shipment has to hold what {reservation.id} holds, no more and no less.")
        return await self.store.add(new)


class Returns(Ruled[Return, NewReturn, ReturnFilter]):
    """Returns, of no more than was sent."""

    def __init__(self, backend: WarehouseBackend) -> None:
        super().__init__(backend.returns)
        self._shipments = backend.shipments

    async def create(self, new: NewReturn) -> Return:
        """Announce that goods come back; raises Conflict when that is more than is left of what was sent.

        Of an order that was sent by somebody else the warehouse knows no shipment, and takes what is said.
        """
        sent = await self._sent(new.order_id)
        left = Counter(sent)
        for other in await self._of(new.order_id):
            if other.status is not ReturnStatus.REJECTED:
                left.subtract(counted(other.came_back if other.status in BACK else other.lines))
        for sku, quantity in counted(new.lines).items():
            if sent and quantity > left[sku]:
                raise Conflict(
                    f"{quantity} of {sku} cannot come back: {max(left[sku], 0)} of what was sent can.",
                    sku=sku,
                )
        return await self.store.add(new)

    async def inspected(self, returned: Return, inspection: Inspection) -> Return:
        """The return with what came back noted. Raises InvalidInput for more than was announced."""
        RETURN_TRANSITIONS.check(returned.status, ReturnStatus.RECEIVED)
        inspection.check(counted(returned.lines))
        await self._sent(returned.order_id)
        earlier = Counter[str]()
        for other in await self._of(returned.order_id):
            if other.status in BACK:
                earlier.update(counted(other.came_back))
        came_back = tuple(
            ReturnedLine(**line.model_dump(), earlier=earlier[line.sku]) for line in inspection.lines
        )
        return await self.store.save(
            returned,
            status=ReturnStatus.RECEIVED,
            came_back=came_back,
            received_at=datetime.now(UTC),
            location_id=inspection.location_id or returned.location_id,
        )

    async def _sent(self, order_id: str) -> Counter[str]:
        """What left for an order. Its shipments stay locked, so that its returns are counted in turn."""
        theirs = ShipmentFilter(order_id=(order_id,), limit=200)
        ids = sorted([shipment.id async for shipment in every(self._shipments, theirs)])
        shipments = [await self._shipments.get(id) for id in ids]
        sent = Counter[str]()
        for shipment in shipments:
            if shipment.has_left:
                sent.update(counted(shipment.lines))
        return sent

    async def _of(self, order_id: str) -> list[Return]:
        return [found async for found in every(self.store, ReturnFilter(order_id=order_id, limit=200))]


def all_of(returned: Return) -> Inspection:
    """That all that was announced came back, and is good."""
    back = counted(returned.lines)
    lines = [InspectedLine(sku=sku, quantity=back[sku], restocked=back[sku]) for sku in sorted(back)]
    return Inspection(lines=tuple(lines))

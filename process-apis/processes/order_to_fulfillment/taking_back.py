"""The returns of orders: asked for, decided, taken in, each with a process of its own."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from processes.order_to_fulfillment.contract import (
    ReturnDecision,
    ReturnProgress,
    ReturnRequest,
    ReturnState,
    ReturnWork,
)
from processes.order_to_fulfillment.progress import returned
from processes.order_to_fulfillment.returns import ReturnSteps, ReturnTerms, TakingBack
from processes.order_to_fulfillment.steps import Fulfilment
from systems.billing.contract import Billing
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Inspection, Warehouse
from triptych.canonical.inventory import ReservationFilter, ReservationStatus
from triptych.canonical.lines import counted
from triptych.canonical.order import Order
from triptych.canonical.shipping import InspectedLine, NewReturn, Return, ReturnFilter, ShipmentFilter
from triptych.context import current
from triptych.contract import every
from triptych.engine import Decided, ProcessEngine, ProcessStatus
from triptych.problems import InvalidInput, InvalidState, NotFound

OrderProcess = Callable[[Order], Awaitable[tuple[Fulfilment, ProcessStatus] | None]]
"""What an order's own process knows of it, and where it stands; None where it has none."""


class Returns:
    """Returns are kept in the warehouse, processes in the engine; the return's id names both."""

    def __init__(
        self,
        erp: Erp,
        warehouse: Warehouse,
        billing: Billing,
        marketing: Marketing,
        engine: ProcessEngine,
        process_of: OrderProcess,
        terms: ReturnTerms,
    ) -> None:
        self._warehouse = warehouse
        self._engine = engine
        self._process_of = process_of
        steps = ReturnSteps(erp, warehouse, billing, marketing, self._is_done, terms)
        self._cases = engine.saga(
            "order-to-fulfillment.return",
            version=1,
            steps=steps.sentence(),
            state=TakingBack,
            begins=ReturnState.REQUESTED,
        )

    async def _is_done(self, order: Order) -> bool:
        found = await self._process_of(order)
        return found is None or (found[1].resting and found[1].phase != "parked")

    async def request(self, order: Order, request: ReturnRequest) -> ReturnProgress:
        """Ask to send goods back. Raises InvalidState when nothing was sent, Conflict for more than was."""
        theirs = ShipmentFilter(order_id=(order.id,), limit=200)
        if not any([one.has_left async for one in every(self._warehouse.shipments, theirs)]):
            raise InvalidState(f"Nothing of {order.id} was sent: there is nothing to send back.")
        asked = await self._warehouse.returns.create(
            NewReturn(
                order_id=order.id,
                location_id=await self._home(order),
                lines=request.lines,
                reason=request.reason,
                note=request.note,
            )
        )
        process = await self._process_of(order)
        case = TakingBack(
            return_id=asked.id,
            order_id=order.id,
            customer_id=order.customer_id,
            lines=request.lines,
            reason=request.reason,
            note=request.note,
            billed_separately=process is not None and process[0].billed_separately,
        )
        return self._shown(await self._cases.start(asked.id, case))

    async def _home(self, order: Order) -> str | None:
        """Where the goods came from, and go back to unless somebody says otherwise."""
        sent = ReservationFilter(order_id=order.id, status=ReservationStatus.SHIPPED, limit=1)
        found = (await self._warehouse.reservations.find(sent)).items
        return found[0].lines[0].location_id if found else None

    async def of(self, order_id: str) -> tuple[ReturnProgress, ...]:
        """The returns of an order, without their timelines."""
        theirs = ReturnFilter(order_id=order_id, limit=200)
        ids = [found.id async for found in every(self._warehouse.returns, theirs)]
        found: list[ReturnProgress] = []
        for id in ids:
            with suppress(NotFound):  # the warehouse made it by itself
                found.append(self._in_short(await self._cases.status(id)))
        return tuple(found)

    async def waiting(self, work: ReturnWork | None, limit: int) -> tuple[ReturnProgress, ...]:
        """Returns that wait for somebody, the most urgent first."""
        found = await self._engine.waiting("order-to-fulfillment.return", work, limit=limit)
        return tuple(self._in_short(status) for status in found)

    async def one(self, return_id: str) -> ReturnProgress:
        """One return. Raises NotFound."""
        return self._shown(await self._cases.status(return_id))

    async def decide(self, return_id: str, decision: ReturnDecision) -> ReturnProgress:
        """Let the customer send the goods, or not. Raises NotFound, InvalidState."""
        who = current().caller.who
        decided = Decided(approved=decision.approved, reason=decision.reason, by=who)
        return self._shown(await self._cases.tell(return_id, "decision", decided))

    async def take_in(self, return_id: str, inspection: Inspection) -> ReturnProgress:
        """Note what came back, also before that is approved: it is kept until then.

        Raises NotFound, InvalidState, and InvalidInput for what cannot have come back.
        """
        case = await self._cases.state(return_id)
        inspection.check(counted(case.lines))
        await self._check_place(return_id, inspection)
        return self._shown(await self._cases.tell(return_id, "goods", inspection))

    async def _check_place(self, return_id: str, inspection: Inspection) -> None:
        """Raise InvalidInput unless it is known where what is good shall lie."""
        place = inspection.location_id or (await self._warehouse.returns.get(return_id)).location_id
        if place is None and any(line.restocked for line in inspection.lines):
            raise InvalidInput.at("/location_id", "say where what is good shall lie")
        try:
            if place is not None:
                await self._warehouse.locations.get(place)
        except NotFound as problem:
            raise InvalidInput.at("/location_id", "there is no such location") from problem

    async def hear(self, received: Return) -> None:
        """Goods that somebody received in the warehouse have come back here too."""
        lines = tuple(InspectedLine(**line.model_dump(exclude={"earlier"})) for line in received.came_back)
        approved = Decided(approved=True, reason="It was received in the warehouse.", by="warehouse")
        with suppress(NotFound, InvalidState):  # it has no process, or was decided before
            await self._cases.tell(received.id, "decision", approved)
        with suppress(NotFound, InvalidState):  # or it was received by it
            await self._cases.tell(received.id, "goods", Inspection(lines=lines))

    async def cancel(self, return_id: str) -> ReturnProgress:
        """The customer keeps the goods. Raises NotFound, InvalidState."""
        return self._shown(await self._cases.cancel(return_id))

    def _shown(self, status: ProcessStatus) -> ReturnProgress:
        return returned(self._cases.read(status), status)

    def _in_short(self, status: ProcessStatus) -> ReturnProgress:
        return self._shown(status).model_copy(update={"timeline": ()})

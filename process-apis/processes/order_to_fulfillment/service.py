"""How order-to-fulfillment keeps its promise: the ERP keeps the order, a durable process carries it out.

The returns of what was sent are processes of their own; the warehouse keeps them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar

from processes.order_to_fulfillment.contract import (
    OrderProgress,
    OrderToFulfillment,
    PlacedOrders,
    PlaceOrder,
    ReturnDecision,
    ReturnProgress,
    ReturnRequest,
    ReturnWork,
)
from processes.order_to_fulfillment.in_parts import InPartsSteps
from processes.order_to_fulfillment.parts import BackOrders, InParts, Supply
from processes.order_to_fulfillment.portions import stock_lines
from processes.order_to_fulfillment.progress import progress
from processes.order_to_fulfillment.returns import ReturnTerms
from processes.order_to_fulfillment.steps import Fulfilment, FulfilmentSteps
from processes.order_to_fulfillment.taking_back import Returns
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Inspection, Warehouse
from triptych.canonical.inventory import InventoryLevel
from triptych.canonical.lines import counted
from triptych.canonical.order import Order, OrderFilter, OrderStatus
from triptych.canonical.party import CustomerStatus
from triptych.canonical.shipping import Return
from triptych.context import current
from triptych.contract import Happened, Page, on
from triptych.engine import ProcessEngine, ProcessStatus, Saga
from triptych.problems import InvalidInput, InvalidState, NotFound

IN_PARTS = "order-to-fulfillment.fulfil-in-parts"
WOKEN = 1000
"""Back-orders that are looked at when stock arrives; the others look by themselves, once a day at least."""


class OrderToFulfillmentService(OrderToFulfillment):
    """Orders are kept in the ERP, processes in the engine; the order's id names both."""

    back_orders: ClassVar[BackOrders] = BackOrders()
    return_terms: ClassVar[ReturnTerms] = ReturnTerms()

    def __init__(
        self,
        crm: Crm,
        erp: Erp,
        warehouse: Warehouse,
        billing: Billing,
        marketing: Marketing,
        engine: ProcessEngine,
    ) -> None:
        self._crm = crm
        self._erp = erp
        self._engine = engine
        steps = InPartsSteps(erp, warehouse, billing, marketing, self.back_orders)
        self._fulfil = engine.saga(
            "order-to-fulfillment.fulfil",
            version=1,
            steps=FulfilmentSteps(erp, warehouse, billing, marketing).sentence(),
            state=Fulfilment,
        )
        self._in_parts = engine.saga(IN_PARTS, version=1, steps=steps.in_parts(), state=InParts)
        self._returns = Returns(
            erp, warehouse, billing, marketing, engine, self._fulfilment, self.return_terms
        )

    async def place_order(self, place: PlaceOrder) -> OrderProgress:
        await self._check_customer(place.order.customer_id)
        placed_by = place.order.placed_by or current().caller.client
        order = await self._erp.orders.create(place.order.model_copy(update={"placed_by": placed_by}))
        begun = Fulfilment(
            order_id=order.id, payment=place.payment, billed_separately=place.billed_separately
        )
        if not order.partial_delivery:
            return self._shown(order, await self._fulfil.start(order.id, begun))
        until = datetime.now(UTC).replace(microsecond=0) + self.back_orders.within
        ordered = stock_lines(counted(order.lines))
        in_parts = InParts(**begun.model_dump(), until=until, ordered=ordered)
        return self._shown(order, await self._in_parts.start(order.id, in_parts))

    def _saga(self, order: Order) -> Saga[InParts] | Saga[Fulfilment]:
        return self._in_parts if order.partial_delivery else self._fulfil

    def _shown(self, order: Order, status: ProcessStatus | None) -> OrderProgress:
        return progress(order, status, self._saga(order).read(status) if status else None)

    async def _check_customer(self, customer_id: str) -> None:
        try:
            customer = await self._crm.customers.get(customer_id)
        except NotFound:
            customer = None
        if customer is None or customer.status is not CustomerStatus.ACTIVE:
            raise InvalidInput.at("/order/customer_id", "there is no active customer with this id")

    async def find_orders(self, filter: PlacedOrders) -> Page[OrderProgress]:
        page = await self._erp.orders.find(OrderFilter(**filter.model_dump()))
        found = await asyncio.gather(*map(self._in_short, page.items))
        return Page(items=tuple(found), next_cursor=page.next_cursor)

    async def _in_short(self, order: Order) -> OrderProgress:
        """Where it stands. Of a fulfilled order the ERP says it all; of others its process knows more."""
        status = (
            None
            if order.status in (OrderStatus.FULFILLED, OrderStatus.RETURNED)
            else await self._status(order)
        )
        return progress(order, status).model_copy(update={"timeline": ()})

    async def order(self, order_id: str) -> OrderProgress:
        order = await self._erp.orders.get(order_id)
        shown = self._shown(order, await self._status(order))
        if order.status not in (OrderStatus.SHIPPED, OrderStatus.FULFILLED, OrderStatus.RETURNED):
            return shown
        return shown.model_copy(update={"returns": await self._returns.of(order_id)})

    async def _status(self, order: Order) -> ProcessStatus | None:
        """Where its process stands; None for an order that came into the ERP in another way."""
        try:
            return await self._saga(order).status(order.id)
        except NotFound:
            return None

    async def _fulfilment(self, order: Order) -> tuple[Fulfilment, ProcessStatus] | None:
        """What an order's process knows of it, and where it stands; None where there is none."""
        status = await self._status(order)
        return (self._saga(order).read(status), status) if status else None

    async def cancel_order(self, order_id: str) -> OrderProgress:
        order = await self._order_of(order_id)
        try:
            status = await self._saga(order).cancel(order_id)
        except InvalidState:
            if not order.partial_delivery:
                raise
            status = await self._call_off_rest(order_id)
        return self._shown(await self._erp.orders.get(order_id), status)

    async def _order_of(self, order_id: str) -> Order:
        """An order that has a process. Raises NotFound."""
        order = await self._erp.orders.get(order_id)
        await self._saga(order).status(order_id)
        return order

    async def _call_off_rest(self, order_id: str) -> ProcessStatus:
        """Have an order that has sent something wait for no more. Raises InvalidState if it lacks nothing."""
        status = await self._in_parts.status(order_id)
        if status.resting or not self._in_parts.read(status).lacks:
            raise InvalidState(f"Nothing is left of {order_id} to call off: it is {status.state}.")
        rounds = {step.step for step in status.timeline if step.step.startswith("arrival.")}
        first = max(len(rounds), 1)
        for number in range(first, first + 2):
            # this round may have been told that there is stock; then it is said to the next one
            with suppress(InvalidState):
                return await self._in_parts.tell(order_id, f"arrival.{number}", Supply(called_off=True))
        return await self._in_parts.tell(order_id, f"arrival.{first + 2}", Supply(called_off=True))

    async def follow_order(self, order_id: str, last_event_id: str = "") -> AsyncIterator[OrderProgress]:
        order = await self._order_of(order_id)
        async for status in self._saga(order).follow(order_id):
            update = self._shown(order, status)
            if str(update.event_id) != last_event_id:
                yield update

    async def request_return(self, order_id: str, request: ReturnRequest) -> ReturnProgress:
        return await self._returns.request(await self._erp.orders.get(order_id), request)

    async def waiting_returns(
        self, work: ReturnWork | None = None, limit: int = 50
    ) -> tuple[ReturnProgress, ...]:
        return await self._returns.waiting(work, limit)

    async def customer_return(self, return_id: str) -> ReturnProgress:
        return await self._returns.one(return_id)

    async def decide_return(self, return_id: str, decision: ReturnDecision) -> ReturnProgress:
        return await self._returns.decide(return_id, decision)

    async def take_in_return(self, return_id: str, inspection: Inspection) -> ReturnProgress:
        return await self._returns.take_in(return_id, inspection)

    async def cancel_return(self, return_id: str) -> ReturnProgress:
        return await self._returns.cancel(return_id)

    @on(Erp.order_cancelled)
    async def call_off(self, happened: Happened[Order]) -> None:
        """What somebody calls off in the ERP is called off here too: its stock and its payment go back."""
        # it may have come in another way, or be over: then it was this process that called it off
        with suppress(NotFound, InvalidState):
            await self._saga(happened.data).cancel(happened.subject)

    @on(Warehouse.stock_arrived)
    async def wake_back_orders(self, happened: Happened[InventoryLevel]) -> None:
        """Those that lack the product look for it now, the oldest first, as many as it may be enough for."""
        level = happened.data
        left = level.available
        waiting = await self._engine.waiting(IN_PARTS, limit=WOKEN)
        for status in sorted(waiting, key=lambda found: found.about):
            lacks = self._in_parts.read(status).lacks[level.sku]
            if left > 0 and lacks and status.waits:
                left -= lacks
                with suppress(InvalidState):  # it goes on by itself at this moment
                    await self._in_parts.tell(status.about, status.waits.step, Supply())

    @on(Warehouse.return_received)
    async def hear_of_goods(self, happened: Happened[Return]) -> None:
        """Goods that are received in the warehouse itself have come back here too."""
        await self._returns.hear(happened.data)

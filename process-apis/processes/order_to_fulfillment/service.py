"""How order-to-fulfillment keeps its promise: the ERP keeps the order, a durable process carries it out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from processes.order_to_fulfillment.contract import (
    OrderProgress,
    OrderToFulfillment,
    PlacedOrders,
    PlaceOrder,
)
from processes.order_to_fulfillment.progress import progress
from processes.order_to_fulfillment.steps import Fulfilment, FulfilmentSteps
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Warehouse
from triptych.canonical.order import Order, OrderFilter, OrderStatus
from triptych.canonical.party import CustomerStatus
from triptych.context import current
from triptych.contract import Happened, Page, on
from triptych.engine import ProcessEngine, ProcessStatus
from triptych.problems import FieldError, InvalidInput, InvalidState, NotFound


class OrderToFulfillmentService(OrderToFulfillment):
    """Orders are kept in the ERP, processes in the engine; the order's id names both."""

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
        self._fulfil = engine.saga(
            "order-to-fulfillment.fulfil",
            version=1,
            steps=FulfilmentSteps(erp, warehouse, billing, marketing).sentence(),
            state=Fulfilment,
        )

    async def place_order(self, place: PlaceOrder) -> OrderProgress:
        await self._check_customer(place.order.customer_id)
        placed_by = place.order.placed_by or current().caller.client
        order = await self._erp.orders.create(place.order.model_copy(update={"placed_by": placed_by}))
        begun = Fulfilment(
            order_id=order.id, payment=place.payment, billed_separately=place.billed_separately
        )
        status = await self._fulfil.start(order.id, begun)
        return progress(order, status)

    async def _check_customer(self, customer_id: str) -> None:
        try:
            customer = await self._crm.customers.get(customer_id)
        except NotFound:
            customer = None
        if customer is None or customer.status is not CustomerStatus.ACTIVE:
            detail = "there is no active customer with this id"
            error = FieldError(pointer="/order/customer_id", detail=detail)
            raise InvalidInput(f"/order/customer_id: {detail}.", errors=[error])

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
        return progress(order, await self._status(order))

    async def _status(self, order: Order) -> ProcessStatus | None:
        """Where its process stands; None for an order that came into the ERP in another way."""
        try:
            return await self._fulfil.status(order.id)
        except NotFound:
            return None

    async def cancel_order(self, order_id: str) -> OrderProgress:
        status = await self._fulfil.cancel(order_id)
        return progress(await self._erp.orders.get(order_id), status)

    async def follow_order(self, order_id: str, last_event_id: str = "") -> AsyncIterator[OrderProgress]:
        order = await self._erp.orders.get(order_id)
        async for status in self._fulfil.follow(order_id):
            update = progress(order, status)
            if str(update.event_id) != last_event_id:
                yield update

    @on(Erp.order_cancelled)
    async def call_off(self, happened: Happened[Order]) -> None:
        """What somebody calls off in the ERP is called off here too: its stock and its payment go back."""
        # it may have come in another way, or be over: then it was this process that called it off
        with suppress(NotFound, InvalidState):
            await self._fulfil.cancel(happened.subject)

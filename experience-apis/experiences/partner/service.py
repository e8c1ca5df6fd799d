"""How partners are served: by the ERP's products, the warehouse's stock and order-to-fulfillment."""

from typing import Annotated

from experiences.partner.contract import OrderQuery, Partner, ProductQuery
from experiences.partner.views import NewPartnerOrder, PartnerOrder, PartnerProduct, PartnerStock
from processes.inventory_availability.contract import AvailabilityQuery, InventoryAvailability
from processes.order_to_fulfillment.contract import (
    CustomerReturn,
    Deliveries,
    OrderProgress,
    OrderToFulfillment,
    PlacedOrders,
    PlaceOrder,
    ReturnRequest,
)
from systems.erp.contract import Erp
from triptych.assembly.needs import Scopes
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.order import NewOrder, OrderChannel
from triptych.canonical.party import Address
from triptych.canonical.product import Product, ProductFilter
from triptych.context import current
from triptych.contract import Page
from triptych.problems import FieldError, Forbidden, InvalidInput, NotFound


class PartnerService(Partner):
    """Every partner sees its own orders only; an order of somebody else is not there."""

    def __init__(
        self,
        erp: Annotated[Erp, Scopes("erp:read")],
        availability: InventoryAvailability,
        orders: OrderToFulfillment,
    ) -> None:
        self._erp = erp
        self._availability = availability
        self._orders = orders

    async def find_products(self, filter: ProductQuery) -> Page[PartnerProduct]:
        page = await self._erp.products.find(ProductFilter(discontinued=False, **filter.model_dump()))
        available = await self._available(*(product.sku for product in page.items))
        items = tuple(PartnerProduct.of(product, available[product.sku]) for product in page.items)
        return Page(items=items, next_cursor=page.next_cursor)

    async def product(self, sku: str) -> PartnerProduct:
        product = await self._product(sku)
        return PartnerProduct.of(product, (await self._available(sku))[sku])

    async def inventory(self, sku: str) -> PartnerStock:
        await self._product(sku)
        return PartnerStock(sku=sku, available=(await self._available(sku))[sku])

    async def _product(self, sku: str) -> Product:
        page = await self._erp.products.find(ProductFilter(sku=(sku,), discontinued=False, limit=1))
        if not page.items:
            raise NotFound(f"There is no product {sku!r}.")
        return page.items[0]

    async def _available(self, *skus: str) -> dict[str, int]:
        if not skus:
            return {}
        found = await self._availability.find_availability(AvailabilityQuery(sku=skus))
        return {item.sku: item.available for item in found.items}

    async def place_order(self, order: NewPartnerOrder) -> PartnerOrder:
        customer = current().caller.customer
        if not customer:
            raise Forbidden("This client has no customer account to charge orders to; ask us to add one.")
        placed = PlaceOrder(
            order=NewOrder(
                reference=order.reference,
                customer_id=customer,
                channel=OrderChannel.PARTNER,
                lines=tuple(NewOrderLine(sku=line.sku, quantity=line.quantity) for line in order.lines),
                ship_to=Address(**order.ship_to.model_dump()),
                partial_delivery=order.partial_delivery,
            )
        )
        try:
            return PartnerOrder.of(await self._orders.place_order(placed))
        except InvalidInput as problem:
            raise _in_partners_terms(problem) from problem

    async def find_orders(self, filter: OrderQuery) -> Page[PartnerOrder]:
        mine = PlacedOrders(placed_by=current().caller.client, **filter.model_dump())
        page = await self._orders.find_orders(mine)
        return Page(items=tuple(PartnerOrder.of(order) for order in page.items), next_cursor=page.next_cursor)

    async def order(self, id: str) -> PartnerOrder:
        return PartnerOrder.of(await self._my_order(id))

    async def cancel_order(self, id: str) -> PartnerOrder:
        await self._my_order(id)
        return PartnerOrder.of(await self._orders.cancel_order(id))

    async def deliveries(self, id: str) -> Deliveries:
        return (await self._my_order(id)).deliveries()

    async def returns(self, id: str) -> tuple[CustomerReturn, ...]:
        return tuple(CustomerReturn.of(found) for found in (await self._my_order(id)).returns)

    async def request_return(self, id: str, request: ReturnRequest) -> CustomerReturn:
        await self._my_order(id)
        return CustomerReturn.of(await self._orders.request_return(id, request))

    async def customer_return(self, id: str) -> CustomerReturn:
        found = await self._orders.customer_return(id)
        try:
            await self._my_order(found.order_id)
        except NotFound as problem:
            raise NotFound(f"There is no return {id!r}.") from problem
        return CustomerReturn.of(found)

    async def _my_order(self, id: str) -> OrderProgress:
        order = await self._orders.order(id)
        if order.placed_by != current().caller.client:
            raise NotFound(f"There is no order {id!r}.")
        return order


def _in_partners_terms(problem: InvalidInput) -> InvalidInput:
    """The same faults, pointing into what the partner sent."""
    errors = [
        FieldError(pointer=error["pointer"].removeprefix("/order"), detail=error["detail"])
        for error in problem.errors
    ]
    return InvalidInput(problem.detail.removeprefix("/order"), errors=errors)

"""How the shop front is served: by the shop's catalogue and carts, and by order-to-fulfillment."""

import secrets
from collections.abc import AsyncIterator
from typing import Annotated

from experiences.storefront.carts import Carts
from experiences.storefront.contract import MyOrders, ShopQuery, Storefront
from experiences.storefront.news import CustomerNews
from experiences.storefront.views import (
    CartView,
    Checkout,
    GuestSession,
    LineQuantity,
    News,
    OrderView,
    Profile,
    ShopProduct,
)
from processes.inventory_availability.contract import AvailabilityQuery, InventoryAvailability
from processes.order_to_fulfillment.contract import (
    CustomerReturn,
    OrderToFulfillment,
    PaymentMeans,
    PlacedOrders,
    PlaceOrder,
    ReturnRequest,
)
from systems.commerce.contract import Commerce, Fulfilment, Rejection
from systems.crm.contract import Crm
from triptych.assembly.needs import Scopes
from triptych.canonical.billing import PaymentMethod
from triptych.canonical.commerce import CatalogueItemFilter, NewWebOrder, WebOrder, WebOrderFilter
from triptych.canonical.lines import as_new
from triptych.canonical.order import NewOrder, OrderChannel
from triptych.canonical.party import Contact, NewCustomer
from triptych.context import current
from triptych.contract import Page
from triptych.events.log import EventLog
from triptych.problems import Forbidden, InvalidInput, NotFound, Problem


class StorefrontService(Storefront):
    """A customer sees their own cart and orders; a guest those of their session; nobody sees another's."""

    def __init__(
        self,
        crm: Crm,
        commerce: Commerce,
        availability: Annotated[InventoryAvailability, Scopes("inventory-availability:read")],
        orders: OrderToFulfillment,
        log: EventLog,
    ) -> None:
        self._crm = crm
        self._commerce = commerce
        self._availability = availability
        self._orders = orders
        self._carts = Carts(commerce)
        self._news = CustomerNews(log)

    async def find_products(self, filter: ShopQuery) -> Page[ShopProduct]:
        page = await self._commerce.catalogue.find(CatalogueItemFilter(published=True, **filter.model_dump()))
        available = await self._available(*(item.sku for item in page.items))
        items = tuple(ShopProduct.of(item, available.get(item.sku, 0)) for item in page.items)
        return Page(items=items, next_cursor=page.next_cursor)

    async def product(self, sku: str) -> ShopProduct:
        page = await self._commerce.catalogue.find(CatalogueItemFilter(sku=(sku,), published=True, limit=1))
        if not page.items:
            raise NotFound(f"There is no product {sku!r} in the shop.")
        return ShopProduct.of(page.items[0], (await self._available(sku)).get(sku, 0))

    async def _available(self, *skus: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for start in range(0, len(skus), 100):
            some = await self._availability.find_availability(
                AvailabilityQuery(sku=skus[start : start + 100])
            )
            found |= {item.sku: item.available for item in some.items}
        return found

    async def start_session(self) -> GuestSession:
        return GuestSession(session=secrets.token_urlsafe(32))

    async def cart(self, session: str | None = None) -> CartView:
        return CartView.of(await self._carts.find(session))

    async def set_line(self, sku: str, quantity: LineQuantity, session: str | None = None) -> CartView:
        return CartView.of(await self._carts.set_line(session, sku, quantity.quantity))

    async def merge_guest_cart(self, session: str | None = None) -> CartView:
        return CartView.of(await self._carts.merge(session))

    async def check_out(self, checkout: Checkout, session: str | None = None) -> OrderView:
        cart = await self._carts.find(session)
        if cart is None or not cart.lines:
            raise InvalidInput("There is nothing in the cart.")
        customer_id = current().caller.customer or await self._guest(checkout)
        buyer = checkout.buyer
        web_order = await self._commerce.web_orders.create(
            NewWebOrder(
                cart_id=cart.id,
                customer_id=customer_id,
                contact=Contact(**buyer.model_dump()) if buyer else None,
                ship_to=checkout.ship_to,
                payment_token=checkout.payment_token,
            )
        )
        return await self._placed(web_order, customer_id, in_parts=checkout.partial_delivery)

    async def _guest(self, checkout: Checkout) -> str:
        """The customer that a guest becomes."""
        buyer = checkout.buyer
        if buyer is None:
            raise InvalidInput.at("/buyer", "say who buys, or sign in first")
        guest = await self._crm.customers.create(
            NewCustomer(
                name=buyer.name,
                email=buyer.email,
                phone=buyer.phone,
                shipping_address=checkout.ship_to,
                segment="guest",
            )
        )
        return guest.id

    async def _placed(self, web_order: WebOrder, customer_id: str, *, in_parts: bool) -> OrderView:
        """Hand a web order over to be fulfilled; what is refused at once is refused in the shop too."""
        order = NewOrder(
            reference=web_order.reference,
            customer_id=customer_id,
            channel=OrderChannel.STOREFRONT,
            lines=as_new(web_order.lines),
            ship_to=web_order.ship_to,
            partial_delivery=in_parts,
        )
        payment = PaymentMeans(method=PaymentMethod.CARD, token=web_order.payment_token)
        try:
            placed = await self._orders.place_order(PlaceOrder(order=order, payment=payment))
        except Problem as problem:
            if not problem.retryable:
                await self._commerce.reject_web_order(web_order.id, Rejection(reason=problem.detail))
            raise
        await self._commerce.accept_web_order(web_order.id, Fulfilment(order_id=placed.id))
        return OrderView.of(placed)

    async def find_orders(self, filter: MyOrders) -> Page[OrderView]:
        mine = PlacedOrders(customer_id=_customer(), **filter.model_dump())
        page = await self._orders.find_orders(mine)
        return Page(items=tuple(OrderView.of(order) for order in page.items), next_cursor=page.next_cursor)

    async def order(self, id: str, session: str | None = None) -> OrderView:
        order = await self._orders.order(id)
        await self._check_owner(id, order.customer_id, session)
        return OrderView.of(order)

    async def request_return(
        self, id: str, request: ReturnRequest, session: str | None = None
    ) -> CustomerReturn:
        order = await self._orders.order(id)
        await self._check_owner(id, order.customer_id, session)
        return CustomerReturn.of(await self._orders.request_return(id, request))

    async def customer_return(self, id: str, session: str | None = None) -> CustomerReturn:
        found = await self._orders.customer_return(id)
        try:
            await self._check_owner(found.order_id, found.customer_id, session)
        except NotFound as problem:
            raise NotFound(f"There is no return {id!r}.") from problem
        return CustomerReturn.of(found)

    async def follow_order(
        self, id: str, session: str | None = None, last_event_id: str = ""
    ) -> AsyncIterator[OrderView]:
        order = await self._orders.order(id)
        await self._check_owner(id, order.customer_id, session)
        async for progress in self._orders.follow_order(id, last_event_id):
            yield OrderView.of(progress)

    async def follow_news(self, last_event_id: str = "") -> AsyncIterator[News]:
        async for news in self._news.follow(_customer(), last_event_id):
            yield news

    async def _check_owner(self, id: str, customer_id: str, session: str | None) -> None:
        """Raise NotFound unless the order is the customer's, or was bought in the guest's session."""
        if current().caller.customer == customer_id:
            return
        if session is not None:
            page = await self._commerce.web_orders.find(WebOrderFilter(order_id=id, limit=1))
            for web_order in page.items:
                if await self._carts.is_of(session, web_order.cart_id):
                    return
        raise NotFound(f"There is no order {id!r}.")

    async def me(self) -> Profile:
        return Profile.of(await self._crm.customers.get(_customer()))


def _customer() -> str:
    customer = current().caller.customer
    if not customer:
        raise Forbidden("You are signed in, but not as a customer.")
    return customer

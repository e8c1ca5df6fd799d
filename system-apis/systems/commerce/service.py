"""How the commerce system API keeps its promise."""

from datetime import UTC, datetime

from systems.commerce.backends import CommerceBackend
from systems.commerce.contract import (
    CartMerge,
    CartQuantity,
    Commerce,
    Fulfilment,
    Rejection,
)
from triptych.canonical.commerce import (
    CART_TRANSITIONS,
    WEB_ORDER_TRANSITIONS,
    Cart,
    CartLine,
    CartStatus,
    CatalogueItem,
    CatalogueItemFilter,
    NewWebOrder,
    WebOrder,
    WebOrderFilter,
    WebOrderStatus,
)
from triptych.canonical.fields import MOST_MEANT
from triptych.canonical.lines import MOST_LINES, NewOrderLine, OrderLine, totals
from triptych.ids import new_id
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound
from triptych.storage import Ruled, moved


class WebOrders(Ruled[WebOrder, NewWebOrder, WebOrderFilter]):
    """Web orders: each takes over one cart."""

    def __init__(self, backend: CommerceBackend) -> None:
        super().__init__(backend.web_orders)
        self._carts = backend.carts

    async def create(self, new: NewWebOrder) -> WebOrder:
        """Check a cart out; raises InvalidState when it is not open, InvalidInput when nothing is in it."""
        cart = await self._carts.get(new.cart_id)
        CART_TRANSITIONS.check(cart.status, CartStatus.CHECKED_OUT)
        if not cart.lines:
            raise InvalidInput("There is nothing in the cart.")
        lines = tuple(_ordered(line) for line in cart.lines)
        sums = totals(lines)
        order = await self.store.add(
            new.model_copy(update={"customer_id": new.customer_id or cart.customer_id}),
            reference=new_id("W").upper()[-12:],
            lines=lines,
            freight=sums.freight,
            total=sums.total,
            placed_at=datetime.now(UTC),
        )
        await self._carts.save(cart, status=CartStatus.CHECKED_OUT, web_order_id=order.id)
        return order


def _ordered(line: CartLine) -> OrderLine:
    return OrderLine.of(
        NewOrderLine(sku=line.sku, quantity=line.quantity, name=line.name, unit_price=line.unit_price)
    )


class CommerceService(Commerce):
    """Catalogue, carts and web orders over whichever backend is chosen."""

    def __init__(self, backend: CommerceBackend) -> None:
        self._backend = backend
        self.catalogue = backend.catalogue
        self.carts = backend.carts
        self.web_orders = WebOrders(backend)

    async def set_cart_line(self, cart_id: str, sku: str, quantity: CartQuantity) -> Cart:
        cart = await self._open_cart(cart_id)
        return await self._backend.carts.save(cart, lines=await self._with(cart, {sku: quantity.quantity}))

    async def _with(self, cart: Cart, wanted: dict[str, int]) -> tuple[CartLine, ...]:
        """The cart's lines with these quantities, at the catalogue's prices."""
        quantities = {line.sku: line.quantity for line in cart.lines} | wanted
        lines: list[CartLine] = []
        for sku, quantity in quantities.items():
            if quantity:
                lines.append(_line(await self._item(sku), quantity))
        if len(lines) > MOST_LINES:
            raise InvalidInput(f"A cart holds {MOST_LINES} products at most.")
        if any(line.unit_price.currency != cart.currency for line in lines):
            raise InvalidInput(f"The cart is in {cart.currency}, and a product is not.")
        if lines:
            totals([_ordered(line) for line in lines])  # what nobody can pay is refused before the checkout
        return tuple(lines)

    async def _item(self, sku: str) -> CatalogueItem:
        page = await self.catalogue.find(CatalogueItemFilter(sku=(sku,), published=True, limit=1))
        if not page.items:
            raise NotFound(f"There is no product {sku!r} in the shop.")
        return page.items[0]

    async def merge_cart(self, cart_id: str, merge: CartMerge) -> Cart:
        if merge.into == cart_id:
            raise Conflict("A cart cannot be merged into itself.")
        cart, into = await self._open_cart(cart_id), await self._open_cart(merge.into)
        wanted = {line.sku: line.quantity for line in cart.lines}
        for line in into.lines:
            if line.sku in wanted:
                wanted[line.sku] += line.quantity
        merged = await self._backend.carts.save(into, lines=await self._with(into, wanted))
        await self._backend.carts.save(cart, status=CartStatus.MERGED, merged_into=into.id)
        return merged

    async def _open_cart(self, cart_id: str) -> Cart:
        cart = await self.carts.get(cart_id)
        if cart.status is not CartStatus.OPEN:
            raise InvalidState(f"The cart is {cart.status.value}; begin another one.")
        return cart

    async def accept_web_order(self, web_order_id: str, order: Fulfilment) -> WebOrder:
        return await self._web_order(web_order_id, WebOrderStatus.ACCEPTED, order_id=order.order_id)

    async def complete_web_order(self, web_order_id: str) -> WebOrder:
        return await self._web_order(web_order_id, WebOrderStatus.COMPLETED)

    async def reject_web_order(self, web_order_id: str, because: Rejection) -> WebOrder:
        return await self._web_order(web_order_id, WebOrderStatus.REJECTED, rejected_because=because.reason)

    async def cancel_web_order(self, web_order_id: str) -> WebOrder:
        return await self._web_order(web_order_id, WebOrderStatus.CANCELLED)

    async def _web_order(self, id: str, status: WebOrderStatus, **changes: str) -> WebOrder:
        return await moved(self._backend.web_orders, id, WEB_ORDER_TRANSITIONS, status, **changes)


def _line(item: CatalogueItem, quantity: int) -> CartLine:
    if quantity > MOST_MEANT:
        raise InvalidInput(f"A cart holds {MOST_MEANT:,} of a product at most.", sku=item.sku)
    return CartLine(sku=item.sku, quantity=quantity, name=item.name, unit_price=item.price)

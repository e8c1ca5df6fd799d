"""Whose cart it is: the signed-in customer's, or the guest's whose session it was begun in."""

from hashlib import sha256

from systems.commerce.contract import CartMerge, CartQuantity, Commerce
from triptych.canonical.commerce import Cart, CartFilter, CartStatus, NewCart
from triptych.context import current
from triptych.problems import Forbidden


class Carts:
    """Carts by their owner. The shop keeps a hash of a guest's session, never the session itself."""

    def __init__(self, commerce: Commerce) -> None:
        self._commerce = commerce

    async def find(self, session: str | None) -> Cart | None:
        """The caller's open cart. Raises Forbidden for one who is neither signed in nor in a session."""
        customer_id, session_id = _owner(session)
        mine = CartFilter(status=CartStatus.OPEN, customer_id=customer_id, session_id=session_id, limit=1)
        page = await self._commerce.carts.find(mine)
        return page.items[0] if page.items else None

    async def set_line(self, session: str | None, sku: str, quantity: int) -> Cart:
        """The caller's cart with so many of a product; it is begun when there is none."""
        cart = await self.find(session) or await self._begin(session)
        return await self._commerce.set_cart_line(cart.id, sku, CartQuantity(quantity=quantity))

    async def merge(self, session: str | None) -> Cart | None:
        """The customer's cart, with what was in the guest's."""
        mine = await self.find(None)
        if session is None:
            return mine
        guest = CartFilter(status=CartStatus.OPEN, limit=1, session_id=_hashed(session))
        page = await self._commerce.carts.find(guest)
        if not page.items:
            return mine
        mine = mine or await self._begin(None)
        return await self._commerce.merge_cart(page.items[0].id, CartMerge(into=mine.id))

    async def _begin(self, session: str | None) -> Cart:
        customer_id, session_id = _owner(session)
        return await self._commerce.carts.create(NewCart(customer_id=customer_id, session_id=session_id))

    async def is_of(self, session: str, cart_id: str) -> bool:
        """Whether a cart was begun in this session."""
        return (await self._commerce.carts.get(cart_id)).session_id == _hashed(session)


def _owner(session: str | None) -> tuple[str | None, str | None]:
    """How the shop knows the caller's cart: by the customer, or by the guest's session."""
    if customer := current().caller.customer:
        return customer, None
    if session is None:
        raise Forbidden("Begin a session with POST /storefront/v1/sessions, or sign in.")
    return None, _hashed(session)


def _hashed(session: str) -> str:
    return sha256(session.encode()).hexdigest()

"""What the commerce system API promises."""

from typing import Annotated

from fastapi import Body, Path

from triptych.canonical.base import Model, example
from triptych.canonical.commerce import (
    Cart,
    CartFilter,
    CatalogueItem,
    CatalogueItemFilter,
    NewCart,
    NewCatalogueItem,
    NewWebOrder,
    WebOrder,
    WebOrderFilter,
)
from triptych.canonical.fields import Code, Id, Prose, QuantityOrZero
from triptych.contract import Collection, Creatable, Raises, SystemApi, post, put
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound


class CartQuantity(Model):
    """How many of a product shall be in the cart."""

    model_config = example(quantity=2)

    quantity: QuantityOrZero
    """So many in all; none takes the product out."""


class CartMerge(Model):
    """Into which cart another one goes."""

    model_config = example(into="crt_01jd3k7m9vq8x2c4n6b8d0f2hg")

    into: Id
    """The cart that remains."""


class Fulfilment(Model):
    """As which order a web order goes on."""

    model_config = example(order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg")

    order_id: Id
    """The order in our books."""


class Rejection(Model):
    """Why a web order cannot go on."""

    model_config = example(reason="The last one was sold a minute ago.")

    reason: Prose
    """For the customer."""


Sku = Annotated[Code, Path(description="Stock keeping unit.")]


class Commerce(SystemApi, version=1, owner="digital-commerce"):
    """The shop's catalogue, carts and web orders, whichever shop keeps them.

    Prices in a cart are those of the catalogue. A cart is checked out once: its web order takes it over.
    """

    catalogue: Collection[CatalogueItem, NewCatalogueItem, CatalogueItemFilter]
    carts: Annotated[Creatable[Cart, NewCart, CartFilter], Raises(create=[])]
    web_orders: Annotated[
        Creatable[WebOrder, NewWebOrder, WebOrderFilter], Raises(create=[NotFound, InvalidState])
    ]

    @put("/carts/{cart_id}/lines/{sku}", raises=[NotFound, InvalidInput, InvalidState])
    async def set_cart_line(self, cart_id: Id, sku: Sku, quantity: Annotated[CartQuantity, Body()]) -> Cart:
        """Say how many of a product shall be in a cart."""
        ...

    @post("/carts/{cart_id}/merge", raises=[NotFound, InvalidState, Conflict])
    async def merge_cart(self, cart_id: Id, merge: Annotated[CartMerge, Body()]) -> Cart:
        """Put what is in a cart into another one, and answer with that one."""
        ...

    @post("/web-orders/{web_order_id}/accept", raises=[NotFound, InvalidState])
    async def accept_web_order(self, web_order_id: Id, order: Annotated[Fulfilment, Body()]) -> WebOrder:
        """Note as which order it goes on."""
        ...

    @post("/web-orders/{web_order_id}/complete", raises=[NotFound, InvalidState])
    async def complete_web_order(self, web_order_id: Id) -> WebOrder:
        """Note that the customer has it."""
        ...

    @post("/web-orders/{web_order_id}/reject", raises=[NotFound, InvalidState])
    async def reject_web_order(self, web_order_id: Id, because: Annotated[Rejection, Body()]) -> WebOrder:
        """Note that it cannot go on, and why."""
        ...

    @post("/web-orders/{web_order_id}/cancel", raises=[NotFound, InvalidState])
    async def cancel_web_order(self, web_order_id: Id) -> WebOrder:
        """Call it off."""
        ...

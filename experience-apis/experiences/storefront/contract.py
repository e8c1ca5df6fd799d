"""What a shop front can rely on."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Body, Header, Path, Query

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
from processes.order_to_fulfillment.contract import CustomerReturn, ReturnRequest
from triptych.canonical.fields import Code, Id, Name
from triptych.contract import ExperienceApi, Filter, History, Page, get, post, put
from triptych.problems import Conflict, Forbidden, InvalidState, NotFound


class ShopQuery(Filter):
    """Which products to show."""

    q: Name | None = None
    """Text that the name, SKU or description holds, in any case."""
    category: Name | None = None
    """Those of one category."""


class MyOrders(History):
    """Which of your orders to show."""


Sku = Annotated[Code, Path(description="Stock keeping unit.")]
Session = Annotated[
    str | None,
    Header(
        alias="Triptych-Session",
        max_length=64,
        pattern="^[A-Za-z0-9_-]+$",
        description="The guest's session, as `POST /sessions` answered it; not needed after signing in.",
    ),
]


class Storefront(ExperienceApi, version=1, owner="digital-commerce"):
    """What a shop's front page needs.

    Everybody may look and buy. A guest has a session, and a cart in it; at sign-in, the guest's cart goes
    over into the customer's own.
    """

    @get("/products", scope="")
    async def find_products(self, filter: Annotated[ShopQuery, Query()]) -> Page[ShopProduct]:
        """What is for sale, with how many can be had now."""
        ...

    @get("/products/{sku}", scope="", raises=[NotFound])
    async def product(self, sku: Sku) -> ShopProduct:
        """One product."""
        ...

    @post("/sessions", scope="", status=201, keyed=False)
    async def start_session(self) -> GuestSession:
        """Begin as a guest."""
        ...

    @get("/cart", scope="", raises=[Forbidden])
    async def cart(self, session: Session = None) -> CartView:
        """What is in the cart."""
        ...

    @put("/cart/lines/{sku}", scope="", raises=[NotFound, Forbidden])
    async def set_line(
        self, sku: Sku, quantity: Annotated[LineQuantity, Body()], session: Session = None
    ) -> CartView:
        """Say how many of a product shall be in the cart; none takes it out."""
        ...

    @post("/cart/merge", scope="storefront:profile", raises=[Forbidden, NotFound, InvalidState])
    async def merge_guest_cart(self, session: Session = None) -> CartView:
        """After signing in: take over what was put into the guest's cart."""
        ...

    @post(
        "/checkout",
        scope="",
        status=202,
        location="/orders/{id}",
        raises=[Forbidden, InvalidState],
        timeout=20,
        weight=5,
    )
    async def check_out(self, checkout: Annotated[Checkout, Body()], session: Session = None) -> OrderView:
        """Buy what is in the cart."""
        ...

    @get("/orders", scope="storefront:orders", raises=[Forbidden])
    async def find_orders(self, filter: Annotated[MyOrders, Query()]) -> Page[OrderView]:
        """Your orders, oldest first unless asked otherwise."""
        ...

    @get("/orders/{id}", scope="", raises=[NotFound])
    async def order(self, id: Id, session: Session = None) -> OrderView:
        """One of your orders, and how far it has come."""
        ...

    @post(
        "/orders/{id}/returns",
        scope="",
        status=202,
        location="/returns/{id}",
        raises=[NotFound, Conflict, InvalidState],
        timeout=20,
    )
    async def request_return(
        self, id: Id, request: Annotated[ReturnRequest, Body()], session: Session = None
    ) -> CustomerReturn:
        """Ask to send goods back. Send them once it is approved; your money comes when we have them."""
        ...

    @get("/returns/{id}", scope="", raises=[NotFound])
    async def customer_return(self, id: Id, session: Session = None) -> CustomerReturn:
        """One of your returns, and how far it has come."""
        ...

    @get("/orders/{id}/events", scope="", raises=[NotFound])
    def follow_order(
        self, id: Id, session: Session = None, last_event_id: str = ""
    ) -> AsyncIterator[OrderView]:
        """The order now, and again after each change, until it has come to its end."""
        ...

    @get("/events", scope="storefront:orders", raises=[Forbidden])
    def follow_news(self, last_event_id: str = "") -> AsyncIterator[News]:
        """What happens to your orders, invoices and tickets, as it happens.

        The stream ends after ten minutes; ask again with the last id, and nothing is missed.
        """
        ...

    @get("/me", scope="storefront:profile", raises=[Forbidden, NotFound])
    async def me(self) -> Profile:
        """Who you are to us."""
        ...

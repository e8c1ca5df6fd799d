"""What partners can rely on."""

from typing import Annotated

from fastapi import Body, Path, Query

from experiences.partner.versions import CHANGES, FIRST
from experiences.partner.views import (
    NewPartnerOrder,
    OrderQuery,
    PartnerOrder,
    PartnerProduct,
    PartnerStock,
    ProductQuery,
)
from processes.order_to_fulfillment.contract import CustomerReturn, Deliveries, ReturnRequest
from triptych.canonical.fields import Code, Id
from triptych.contract import ExperienceApi, Page, get, post
from triptych.problems import Conflict, Forbidden, InvalidInput, InvalidState, NotFound

Sku = Annotated[Code, Path(description="Stock keeping unit.")]


class Partner(ExperienceApi, version=1, owner="partner-integration", since=FIRST, changes=CHANGES):
    """Products, orders and stock for companies that buy from us.

    Shapes are small and stay: a field that is here today is here tomorrow. Where one has to change, the
    version has a date; you get the one that you began with until you ask for another.
    """

    @get("/products", scope="partner:read")
    async def find_products(self, filter: Annotated[ProductQuery, Query()]) -> Page[PartnerProduct]:
        """What can be bought, with its price and how many can be had now."""
        ...

    @get("/products/{sku}", scope="partner:read", raises=[NotFound])
    async def product(self, sku: Sku) -> PartnerProduct:
        """One product."""
        ...

    @get("/inventory/{sku}", scope="partner:read", raises=[NotFound])
    async def inventory(self, sku: Sku) -> PartnerStock:
        """How many of a product can be had now."""
        ...

    @post(
        "/orders",
        scope="partner:order",
        status=202,
        location="/orders/{id}",
        raises=[InvalidInput, Forbidden],
        timeout=20,
        weight=5,
    )
    async def place_order(self, order: Annotated[NewPartnerOrder, Body()]) -> PartnerOrder:
        """Order products. The answer says where to watch the order; it is charged to your account."""
        ...

    @get("/orders", scope="partner:read")
    async def find_orders(self, filter: Annotated[OrderQuery, Query()]) -> Page[PartnerOrder]:
        """Your orders, oldest first unless asked otherwise."""
        ...

    @get("/orders/{id}", scope="partner:read", raises=[NotFound])
    async def order(self, id: Id) -> PartnerOrder:
        """One of your orders, and how far it has come."""
        ...

    @post(
        "/orders/{id}/cancel",
        scope="partner:order",
        status=202,
        location="/orders/{id}",
        raises=[NotFound, InvalidState],
    )
    async def cancel_order(self, id: Id) -> PartnerOrder:
        """Call one of your orders off. Impossible once it is being shipped.

        Of an order that is delivered in parts, what was not sent is called off then, and not charged.
        """
        ...

    @get("/orders/{id}/deliveries", scope="partner:read", raises=[NotFound])
    async def deliveries(self, id: Id) -> Deliveries:
        """What was sent of one of your orders, and what is to follow."""
        ...

    @get("/orders/{id}/returns", scope="partner:read", raises=[NotFound])
    async def returns(self, id: Id) -> tuple[CustomerReturn, ...]:
        """What you have sent back of one of your orders, or asked to."""
        ...

    @post(
        "/orders/{id}/returns",
        scope="partner:order",
        status=202,
        location="/returns/{id}",
        raises=[NotFound, Conflict, InvalidState],
        timeout=20,
    )
    async def request_return(self, id: Id, request: Annotated[ReturnRequest, Body()]) -> CustomerReturn:
        """Ask to send goods back. Send them once it is approved; your money comes when we have them."""
        ...

    @get("/returns/{id}", scope="partner:read", raises=[NotFound])
    async def customer_return(self, id: Id) -> CustomerReturn:
        """One of your returns, and how far it has come."""
        ...

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
from triptych.canonical.fields import Code, Id
from triptych.contract import ExperienceApi, Page, get, post
from triptych.problems import Forbidden, InvalidInput, InvalidState, NotFound

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
        """Call one of your orders off. Impossible once it is being shipped."""
        ...

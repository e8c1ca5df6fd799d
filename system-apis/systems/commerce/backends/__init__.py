"""What the commerce system API stands on: a store for each noun."""

from typing import Protocol

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
from triptych.storage import Store


class CommerceBackend(Protocol):
    """Where the catalogue, carts and web orders are kept."""

    catalogue: Store[CatalogueItem, NewCatalogueItem, CatalogueItemFilter]
    carts: Store[Cart, NewCart, CartFilter]
    web_orders: Store[WebOrder, NewWebOrder, WebOrderFilter]

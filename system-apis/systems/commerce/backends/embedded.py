"""The shop of a company that has none: catalogue, carts and web orders in the service's own database."""

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
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, entity_table

CATALOGUE = entity_table(
    "catalogue",
    CatalogueItem,
    indexed={"sku": UNIQUE, "category": INDEXED, "published": INDEXED},
    search=["name", "sku", "description"],
)
CARTS = entity_table(
    "carts", Cart, indexed={"customer_id": INDEXED, "session_id": INDEXED, "status": INDEXED}
)
WEB_ORDERS = entity_table(
    "web_orders",
    WebOrder,
    indexed={
        "reference": UNIQUE,
        "cart_id": UNIQUE,
        "customer_id": INDEXED,
        "order_id": INDEXED,
        "status": INDEXED,
    },
)


class EmbeddedCommerce:
    """Implements CommerceBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.catalogue = EmbeddedStore(database, CATALOGUE, new=NewCatalogueItem, filter=CatalogueItemFilter)
        self.carts = EmbeddedStore(database, CARTS, new=NewCart, filter=CartFilter)
        self.web_orders = EmbeddedStore(database, WEB_ORDERS, new=NewWebOrder, filter=WebOrderFilter)

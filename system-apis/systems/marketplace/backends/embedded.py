"""A marketplace for trying things out, in the service's own database."""

from sqlalchemy import Text

from triptych.canonical.marketplace import (
    Listing,
    ListingFilter,
    MarketplaceOrder,
    MarketplaceOrderFilter,
    NewListing,
    NewMarketplaceOrder,
)
from triptych.storage import INDEXED, Database, EmbeddedStore, Indexed, entity_table


def _offer(listing: Listing) -> str:
    """A product is listed once on each marketplace."""
    return f"{listing.marketplace} {listing.sku}"


def _origin(order: MarketplaceOrder) -> str:
    """A marketplace's order comes in once."""
    return f"{order.marketplace} {order.external_id}"


LISTINGS = entity_table(
    "listings",
    Listing,
    indexed={
        "marketplace": INDEXED,
        "external_id": INDEXED,
        "sku": INDEXED,
        "status": INDEXED,
        "offer": Indexed(of=_offer, unique=True, type=Text()),
    },
)
ORDERS = entity_table(
    "orders",
    MarketplaceOrder,
    indexed={
        "marketplace": INDEXED,
        "external_id": INDEXED,
        "status": INDEXED,
        "order_id": INDEXED,
        "origin": Indexed(of=_origin, unique=True, type=Text()),
    },
)


class EmbeddedMarketplace:
    """Implements MarketplaceBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.listings = EmbeddedStore(database, LISTINGS, new=NewListing, filter=ListingFilter)
        self.orders = EmbeddedStore(database, ORDERS, new=NewMarketplaceOrder, filter=MarketplaceOrderFilter)

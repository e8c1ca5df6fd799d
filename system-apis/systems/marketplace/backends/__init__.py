"""What the marketplace system API stands on: a store for each noun."""

from typing import Protocol

from triptych.canonical.marketplace import (
    Listing,
    ListingFilter,
    MarketplaceOrder,
    MarketplaceOrderFilter,
    NewListing,
    NewMarketplaceOrder,
)
from triptych.storage import Store


class MarketplaceBackend(Protocol):
    """Where listings and marketplace orders are kept."""

    listings: Store[Listing, NewListing, ListingFilter]
    orders: Store[MarketplaceOrder, NewMarketplaceOrder, MarketplaceOrderFilter]

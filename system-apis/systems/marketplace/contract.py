"""What the marketplace system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, example
from triptych.canonical.fields import Id, Prose
from triptych.canonical.marketplace import (
    Listing,
    ListingFilter,
    MarketplaceOrder,
    MarketplaceOrderFilter,
    NewListing,
    NewMarketplaceOrder,
)
from triptych.contract import Collection, Creatable, SystemApi, post
from triptych.problems import InvalidState, NotFound


class Acceptance(Model):
    """As which order of ours a marketplace's order goes on."""

    model_config = example(order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg")

    order_id: Id
    """The order in our books."""


class Refusal(Model):
    """Why an order is not taken."""

    model_config = example(reason="The last one was sold in the shop.")

    reason: Prose
    """For the buyer."""


class Marketplace(SystemApi, version=1, owner="channel-sales"):
    """Listings and orders on other people's marketplaces.

    One product is listed once on each marketplace, and an order comes in once, however often it is sent.
    """

    listings: Collection[Listing, NewListing, ListingFilter]
    orders: Creatable[MarketplaceOrder, NewMarketplaceOrder, MarketplaceOrderFilter]

    @post("/listings/{listing_id}/activate", raises=[NotFound, InvalidState])
    async def activate_listing(self, listing_id: Id) -> Listing:
        """Offer it, for the first time or again."""
        ...

    @post("/listings/{listing_id}/pause", raises=[NotFound, InvalidState])
    async def pause_listing(self, listing_id: Id) -> Listing:
        """Offer it no longer for the time being."""
        ...

    @post("/listings/{listing_id}/end", raises=[NotFound])
    async def end_listing(self, listing_id: Id) -> Listing:
        """Take it down for good."""
        ...

    @post("/orders/{order_id}/accept", raises=[NotFound, InvalidState])
    async def accept_order(self, order_id: Id, acceptance: Annotated[Acceptance, Body()]) -> MarketplaceOrder:
        """Take an order into our books."""
        ...

    @post("/orders/{order_id}/reject", raises=[NotFound, InvalidState])
    async def reject_order(self, order_id: Id, because: Annotated[Refusal, Body()]) -> MarketplaceOrder:
        """Refuse an order."""
        ...

    @post("/orders/{order_id}/ship", raises=[NotFound, InvalidState])
    async def ship_order(self, order_id: Id) -> MarketplaceOrder:
        """Tell the marketplace that the goods are on their way."""
        ...

    @post("/orders/{order_id}/cancel", raises=[NotFound, InvalidState])
    async def cancel_order(self, order_id: Id) -> MarketplaceOrder:
        """Call an order off."""
        ...

"""How the marketplace system API keeps its promise."""

from systems.marketplace.backends import MarketplaceBackend
from systems.marketplace.contract import Acceptance, Marketplace, Refusal
from triptych.canonical.lines import OrderLine, totals
from triptych.canonical.marketplace import (
    LISTING_TRANSITIONS,
    MARKETPLACE_ORDER_TRANSITIONS,
    Listing,
    ListingStatus,
    MarketplaceOrder,
    MarketplaceOrderFilter,
    MarketplaceOrderStatus,
    NewMarketplaceOrder,
)
from triptych.storage import Ruled, moved


class Orders(Ruled[MarketplaceOrder, NewMarketplaceOrder, MarketplaceOrderFilter]):
    """Marketplace orders, whose totals are worked out when they come in."""

    async def create(self, new: NewMarketplaceOrder) -> MarketplaceOrder:
        """Take an order in; raises Conflict when it came before, InvalidInput for a line without a price."""
        lines = tuple(OrderLine.of(line) for line in new.lines)
        sums = totals(lines, new.freight)
        return await self.store.add(
            new, lines=lines, subtotal=sums.subtotal, freight=sums.freight, total=sums.total
        )


class MarketplaceService(Marketplace):
    """Listings and marketplace orders over whichever backend is chosen."""

    def __init__(self, backend: MarketplaceBackend) -> None:
        self._backend = backend
        self.listings = backend.listings
        self.orders = Orders(backend.orders)

    async def activate_listing(self, listing_id: str) -> Listing:
        return await self._listing(listing_id, ListingStatus.ACTIVE)

    async def pause_listing(self, listing_id: str) -> Listing:
        return await self._listing(listing_id, ListingStatus.PAUSED)

    async def end_listing(self, listing_id: str) -> Listing:
        return await self._listing(listing_id, ListingStatus.ENDED)

    async def _listing(self, listing_id: str, status: ListingStatus) -> Listing:
        return await moved(self._backend.listings, listing_id, LISTING_TRANSITIONS, status)

    async def accept_order(self, order_id: str, acceptance: Acceptance) -> MarketplaceOrder:
        return await self._order(order_id, MarketplaceOrderStatus.ACCEPTED, order_id=acceptance.order_id)

    async def reject_order(self, order_id: str, because: Refusal) -> MarketplaceOrder:
        return await self._order(order_id, MarketplaceOrderStatus.REJECTED, rejected_because=because.reason)

    async def ship_order(self, order_id: str) -> MarketplaceOrder:
        return await self._order(order_id, MarketplaceOrderStatus.SHIPPED)

    async def cancel_order(self, order_id: str) -> MarketplaceOrder:
        return await self._order(order_id, MarketplaceOrderStatus.CANCELLED)

    async def _order(self, id: str, status: MarketplaceOrderStatus, **changes: str) -> MarketplaceOrder:
        return await moved(self._backend.orders, id, MARKETPLACE_ORDER_TRANSITIONS, status, **changes)

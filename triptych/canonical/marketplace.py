"""What we sell on other people's marketplaces: listings, and the orders that come from there."""

from enum import StrEnum

from triptych.canonical.base import Entity, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Count, Id, Name, Prose, Url
from triptych.canonical.lines import Lines, NewLines, NewOrderLine, OrderLine
from triptych.canonical.money import Amount
from triptych.canonical.party import Address, Contact
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter, History


class ListingStatus(StrEnum):
    """Whether a listing can be bought."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


LISTING_TRANSITIONS = Transitions(
    "listing",
    {
        ListingStatus.DRAFT: {ListingStatus.ACTIVE, ListingStatus.ENDED},
        ListingStatus.ACTIVE: {ListingStatus.PAUSED, ListingStatus.ENDED},
        ListingStatus.PAUSED: {ListingStatus.ACTIVE, ListingStatus.ENDED},
        ListingStatus.ENDED: set(),
    },
)


class NewListing(New):
    """What can be given of a listing."""

    model_config = example(
        marketplace="bazaar",
        external_id="BZ-55012",
        sku="CHAI-10",
        title="Chai, black tea with spices, 10 boxes",
        price={"amount_minor": 1950, "currency": "EUR"},
        quantity=20,
    )

    marketplace: Code
    """On which marketplace."""
    external_id: Code | None = None
    """The listing's number there."""
    sku: Code
    """Which of our products."""
    title: Name | None = None
    """What it is called there; by default as the product is."""
    price: Amount
    """What one costs there (schema.org price)."""
    quantity: Count = 0
    """How many are offered there (schema.org inventoryLevel)."""
    url: Url | None = None
    """Where it can be seen."""


class Listing(NewListing, Entity, prefix="lst"):
    """A product offered on a marketplace (schema.org Offer; UBL CatalogueLine)."""

    model_config = example_of(NewListing, "lst_01jd3k7m9vq8x2c4n6b8d0f2hg", status="active")

    status: ListingStatus = ListingStatus.DRAFT
    """Whether it can be bought."""


class ListingFilter(Filter):
    """Which listings to list."""

    marketplace: Code | None = None
    external_id: Code | None = None
    sku: Code | None = None
    status: ListingStatus | None = None


class MarketplaceOrderStatus(StrEnum):
    """What has been done about an order from a marketplace."""

    NEW = "new"
    ACCEPTED = "accepted"
    """It is an order of ours."""
    SHIPPED = "shipped"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


MARKETPLACE_ORDER_TRANSITIONS = Transitions(
    "marketplace order",
    {
        MarketplaceOrderStatus.NEW: {
            MarketplaceOrderStatus.ACCEPTED,
            MarketplaceOrderStatus.REJECTED,
            MarketplaceOrderStatus.CANCELLED,
        },
        MarketplaceOrderStatus.ACCEPTED: {
            MarketplaceOrderStatus.SHIPPED,
            MarketplaceOrderStatus.CANCELLED,
        },
        MarketplaceOrderStatus.SHIPPED: set(),
        MarketplaceOrderStatus.REJECTED: set(),
        MarketplaceOrderStatus.CANCELLED: set(),
    },
)


class MarketplaceOrderTerms(New):
    """What a marketplace's order says, as it came and as kept."""

    marketplace: Code
    """On which marketplace it was placed."""
    external_id: Code
    """The order's number there (schema.org orderNumber)."""
    buyer: Contact
    """Who bought, as far as the marketplace tells (UBL BuyerCustomerParty)."""
    ship_to: Address
    """Where it goes (UBL DeliveryAddress)."""
    ordered_at: Timestamp
    """When it was placed there (schema.org orderDate)."""


class NewMarketplaceOrder(MarketplaceOrderTerms):
    """What can be given of a marketplace order."""

    model_config = example(
        marketplace="bazaar",
        external_id="BZ-ORD-90017",
        buyer={"name": "Antonio Moreno", "email": "x7f2@buyers.bazaar.example"},
        ship_to=the_example(Address),
        ordered_at="2026-07-01T09:29:00Z",
        lines=[the_example(NewOrderLine)],
        freight={"amount_minor": 490, "currency": "EUR"},
    )

    lines: NewLines
    """What was bought; each line with the price that was paid there."""
    freight: Amount | None = None
    """What the buyer paid for carriage; by default nothing."""


class MarketplaceOrder(MarketplaceOrderTerms, Entity, prefix="mpo"):
    """An order placed on a marketplace (schema.org Order; UBL Order)."""

    model_config = example_of(
        NewMarketplaceOrder,
        "mpo_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="accepted",
        lines=[the_example(OrderLine)],
        subtotal={"amount_minor": 18360, "currency": "EUR"},
        total={"amount_minor": 18850, "currency": "EUR"},
        order_id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
    )

    status: MarketplaceOrderStatus = MarketplaceOrderStatus.NEW
    """What has been done about it."""
    lines: Lines
    """What was bought, with prices and totals."""
    subtotal: Amount
    """The lines together."""
    freight: Amount
    """What the buyer paid for carriage."""
    total: Amount
    """Lines and freight together."""
    order_id: Id | None = None
    """Our order for it."""
    rejected_because: Prose | None = None
    """Why we did not take it."""


class MarketplaceOrderFilter(History):
    """Which marketplace orders to list."""

    marketplace: Code | None = None
    external_id: Code | None = None
    status: MarketplaceOrderStatus | None = None
    order_id: Id | None = None

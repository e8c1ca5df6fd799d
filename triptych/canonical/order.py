"""Orders: what a customer has bought."""

from enum import StrEnum

from triptych.canonical.base import Entity, New, Timestamp, example, example_of, the_example
from triptych.canonical.fields import Code, Flag, Id, PersonalProse, Prose
from triptych.canonical.lines import Lines, NewLines, NewOrderLine, OrderLine
from triptych.canonical.money import Amount
from triptych.canonical.party import Address
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class OrderChannel(StrEnum):
    """Through which door an order came."""

    STOREFRONT = "storefront"
    PARTNER = "partner"
    MARKETPLACE = "marketplace"
    SALES = "sales"
    SUPPORT = "support"
    IMPORT = "import"


class OrderStatus(StrEnum):
    """How far an order has come (after schema.org OrderStatus)."""

    DRAFT = "draft"
    """Entered, and not yet binding (OrderPaymentDue)."""
    CONFIRMED = "confirmed"
    """Binding on both sides (OrderProcessing)."""
    SHIPPED = "shipped"
    """On its way (OrderInTransit)."""
    FULFILLED = "fulfilled"
    """Delivered and paid (OrderDelivered)."""
    RETURNED = "returned"
    """Sent back (OrderReturned)."""
    CANCELLED = "cancelled"
    """Called off (OrderCancelled)."""


ORDER_TRANSITIONS = Transitions(
    "order",
    {
        OrderStatus.DRAFT: {OrderStatus.CONFIRMED, OrderStatus.CANCELLED},
        OrderStatus.CONFIRMED: {OrderStatus.SHIPPED, OrderStatus.FULFILLED, OrderStatus.CANCELLED},
        OrderStatus.SHIPPED: {OrderStatus.FULFILLED, OrderStatus.RETURNED},
        OrderStatus.FULFILLED: {OrderStatus.RETURNED},
        OrderStatus.RETURNED: set(),
        OrderStatus.CANCELLED: set(),
    },
)


class OrderTerms(New):
    """What an order says, as placed and as kept."""

    reference: Code | None = None
    """What the buyer calls it (UBL CustomerReference)."""
    external_id: Code | None = None
    """The order number of the books (schema.org orderNumber)."""
    customer_id: Id
    """Who buys."""
    channel: OrderChannel = OrderChannel.SALES
    """Through which door it came."""
    placed_by: Code | None = None
    """The OAuth client that placed it."""
    quote_id: Id | None = None
    """The quote that was accepted with it (UBL QuotationDocumentReference)."""
    ship_to: Address
    """Where it goes (UBL DeliveryAddress)."""
    bill_to: Address | None = None
    """Where the invoice goes; by default the customer's billing address."""
    required_by: Timestamp | None = None
    """When the buyer needs it (UBL RequestedDeliveryPeriod)."""
    partial_delivery: Flag = False
    """Whether what is there may be sent first and the rest later (UBL PartialDeliveryIndicator)."""
    notes: PersonalProse | None = None
    """What the buyer asks for beside the lines."""


class NewOrder(OrderTerms):
    """What can be given of an order."""

    model_config = example(
        reference="PO-2026-0815",
        external_id="10248",
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        channel="partner",
        lines=[the_example(NewOrderLine)],
        freight={"amount_minor": 3238, "currency": "EUR"},
        ship_to=the_example(Address),
        ordered_at="2026-07-01T09:29:00Z",
        required_by="2026-07-15T00:00:00Z",
    )

    lines: NewLines
    """What is bought."""
    freight: Amount | None = None
    """What carriage costs (UBL AllowanceCharge); by default nothing."""
    ordered_at: Timestamp | None = None
    """When it was placed; by default now."""


class Order(OrderTerms, Entity, prefix="ord"):
    """What a customer has bought (schema.org Order; UBL Order)."""

    model_config = example_of(
        NewOrder,
        "ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        status="confirmed",
        lines=[the_example(OrderLine)],
        subtotal={"amount_minor": 18360, "currency": "EUR"},
        total={"amount_minor": 21598, "currency": "EUR"},
    )

    status: OrderStatus = OrderStatus.DRAFT
    """How far it has come."""
    lines: Lines
    """What is bought, with prices and totals."""
    subtotal: Amount
    """The lines together (UBL LineExtensionAmount)."""
    freight: Amount
    """What carriage costs (UBL AllowanceCharge)."""
    total: Amount
    """Lines and freight together (UBL PayableAmount)."""
    ordered_at: Timestamp
    """When it was placed (schema.org orderDate; UBL IssueDate)."""
    cancelled_because: Prose | None = None
    """Why it was called off."""


class OrderFilter(History):
    """Which orders to list."""

    reference: Code | None = None
    external_id: Code | None = None
    customer_id: Id | None = None
    channel: OrderChannel | None = None
    placed_by: Code | None = None
    status: OrderStatus | None = None
    ordered_since: Timestamp | None = None
    """Ordered at this moment or later."""
    ordered_before: Timestamp | None = None
    """Ordered before this moment."""

"""What the shop shows and takes: catalogue items, carts and web orders."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from triptych.canonical.base import Entity, Model, New, Timestamp, example, example_of, the_example
from triptych.canonical.codes import Currency
from triptych.canonical.fields import (
    Code,
    Flag,
    Id,
    Name,
    PaymentToken,
    PersonalCode,
    PersonalProse,
    Prose,
    Quantity,
    Skus,
    Url,
)
from triptych.canonical.lines import MOST_LINES, Lines, OrderLine
from triptych.canonical.money import Amount, Money
from triptych.canonical.party import Address, Contact
from triptych.canonical.states import Transitions
from triptych.contract.values import Filter, History


class NewCatalogueItem(New):
    """What can be given of a catalogue item."""

    model_config = example(
        sku="CHAI-10",
        name="Chai",
        description="Black tea with spices, as it is drunk in the streets of Kolkata.",
        category="Beverages",
        price={"amount_minor": 1800, "currency": "EUR"},
        images=["https://images.example/chai.jpg"],
        published=True,
    )

    sku: Code
    """Which product (schema.org sku)."""
    name: Name
    """What the shop calls it."""
    description: Prose | None = None
    """What the shop says of it."""
    category: Name | None = None
    """On which shelf it stands."""
    price: Amount
    """What one costs in the shop."""
    images: Annotated[tuple[Url, ...], Field(max_length=50)] = ()
    """Pictures, the first one first (schema.org image)."""
    published: Flag = False
    """Whether the shop shows it."""


class CatalogueItem(NewCatalogueItem, Entity, prefix="cat"):
    """A product as the shop shows it (schema.org Offer; UBL CatalogueLine)."""

    model_config = example_of(NewCatalogueItem, "cat_01jd3k7m9vq8x2c4n6b8d0f2hg")


class CatalogueItemFilter(Filter):
    """Which catalogue items to list."""

    q: Name | None = None
    """Text that the name, SKU or description holds, in any case."""
    sku: Skus | None = None
    category: Name | None = None
    published: bool | None = None


class CartStatus(StrEnum):
    """What became of a cart."""

    OPEN = "open"
    CHECKED_OUT = "checked_out"
    MERGED = "merged"
    """Its lines are in the cart of the customer who logged in."""
    ABANDONED = "abandoned"


CART_TRANSITIONS = Transitions(
    "cart",
    {
        CartStatus.OPEN: {CartStatus.CHECKED_OUT, CartStatus.MERGED, CartStatus.ABANDONED},
        CartStatus.CHECKED_OUT: set(),
        CartStatus.MERGED: set(),
        CartStatus.ABANDONED: {CartStatus.OPEN},
    },
)


class CartLine(Model):
    """One product in a cart, at the price that the shop showed."""

    model_config = example(
        sku="CHAI-10", quantity=2, name="Chai", unit_price={"amount_minor": 1800, "currency": "EUR"}
    )

    sku: Code
    """Which product."""
    quantity: Quantity
    """How many."""
    name: Name
    """What the shop calls it."""
    unit_price: Amount
    """What one costs."""

    @property
    def line_total(self) -> Money:
        """What they cost together."""
        return self.unit_price.times(self.quantity)


class NewCart(New):
    """What can be given of a cart; its lines are put in one by one."""

    model_config = example(session_id="s-4be1c7", currency="EUR")

    customer_id: Id | None = None
    """Whose it is; null while nobody has logged in."""
    session_id: PersonalCode | None = None
    """The anonymous session that it belongs to."""
    currency: Currency = "EUR"
    """In which currency it counts."""


class Cart(NewCart, Entity, prefix="crt"):
    """What somebody may be about to buy (neither schema.org nor UBL has one)."""

    model_config = example_of(
        NewCart, "crt_01jd3k7m9vq8x2c4n6b8d0f2hg", status="open", lines=[the_example(CartLine)]
    )

    status: CartStatus = CartStatus.OPEN
    """What became of it."""
    lines: Annotated[tuple[CartLine, ...], Field(max_length=MOST_LINES)] = ()
    """What is in it, each product once."""
    merged_into: Id | None = None
    """The cart that its lines went to."""
    web_order_id: Id | None = None
    """The web order that it was checked out as."""

    @property
    def total(self) -> Money:
        """What its lines cost together."""
        return Money.sum((line.line_total for line in self.lines), self.currency)


class CartFilter(Filter):
    """Which carts to list."""

    customer_id: Id | None = None
    session_id: PersonalCode | None = None
    status: CartStatus | None = None


class WebOrderStatus(StrEnum):
    """What became of a web order."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    """It is an order of ours."""
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


WEB_ORDER_TRANSITIONS = Transitions(
    "web order",
    {
        WebOrderStatus.PLACED: {
            WebOrderStatus.ACCEPTED,
            WebOrderStatus.REJECTED,
            WebOrderStatus.CANCELLED,
        },
        WebOrderStatus.ACCEPTED: {
            WebOrderStatus.COMPLETED,
            WebOrderStatus.REJECTED,
            WebOrderStatus.CANCELLED,
        },
        WebOrderStatus.COMPLETED: set(),
        WebOrderStatus.REJECTED: set(),
        WebOrderStatus.CANCELLED: set(),
    },
)


class NewWebOrder(New):
    """What can be given of a web order: what is filled in at checkout."""

    model_config = example(
        cart_id="crt_01jd3k7m9vq8x2c4n6b8d0f2hg",
        contact=the_example(Contact),
        ship_to=the_example(Address),
        payment_token="tok_visa",  # noqa: S106 - a made-up token of a test provider
    )

    cart_id: Id
    """What is bought."""
    customer_id: Id | None = None
    """Who buys; null for a guest."""
    contact: Contact | None = None
    """How to reach a guest."""
    ship_to: Address
    """Where it goes (UBL DeliveryAddress)."""
    bill_to: Address | None = None
    """Where the invoice goes; by default where the goods go."""
    payment_token: PaymentToken | None = None
    """The payment provider's token; card data never comes here."""
    notes: PersonalProse | None = None
    """What the buyer asks for."""


class WebOrder(NewWebOrder, Entity, prefix="web"):
    """An order as the shop took it (schema.org Order)."""

    model_config = example_of(
        NewWebOrder,
        "web_01jd3k7m9vq8x2c4n6b8d0f2hg",
        reference="W-2026-000481",
        status="placed",
        lines=[the_example(OrderLine)],
        freight={"amount_minor": 490, "currency": "EUR"},
        total={"amount_minor": 18850, "currency": "EUR"},
        placed_at="2026-07-01T09:29:00Z",
    )

    reference: Code
    """What the buyer is told to ask for (schema.org orderNumber)."""
    status: WebOrderStatus = WebOrderStatus.PLACED
    """What became of it."""
    lines: Lines
    """What is bought, with prices and totals."""
    freight: Amount
    """What carriage costs."""
    total: Amount
    """Lines and freight together."""
    placed_at: Timestamp
    """When it was placed (schema.org orderDate)."""
    order_id: Id | None = None
    """Our order for it."""
    rejected_because: Prose | None = None
    """Why we could not take it."""


class WebOrderFilter(History):
    """Which web orders to list."""

    reference: Code | None = None
    cart_id: Id | None = None
    customer_id: Id | None = None
    order_id: Id | None = None
    status: WebOrderStatus | None = None

"""The shapes that a shop front shows."""

from typing import Annotated

from pydantic import Field

from processes.order_to_fulfillment.contract import CustomerReturn, Deliveries, OrderProgress, OrderState
from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.commerce import Cart, CartLine, CatalogueItem
from triptych.canonical.fields import (
    Code,
    Count,
    Email,
    Flag,
    Id,
    Name,
    PaymentToken,
    PersonName,
    Phone,
    QuantityOrZero,
    Url,
)
from triptych.canonical.money import Amount
from triptych.canonical.party import Address, Customer
from triptych.contract.progress import Event, example_of_event


class ShopProduct(Model):
    """A product in the shop."""

    model_config = example(
        sku="CHAI-10",
        name="Chai",
        description="Black tea with spices.",
        category="Beverages",
        price={"amount_minor": 1800, "currency": "EUR"},
        available=39,
    )

    sku: Code
    """Stock keeping unit."""
    name: Name
    """What it is called."""
    description: str | None = None
    """What it is."""
    category: Name | None = None
    """Which kind of product."""
    price: Amount
    """What one costs."""
    images: tuple[Url, ...] = ()
    """What it looks like."""
    available: int = Field(ge=0)
    """How many can be had now."""

    @classmethod
    def of(cls, item: CatalogueItem, available: int) -> "ShopProduct":
        """The shop's view of a catalogue item."""
        return cls(
            sku=item.sku,
            name=item.name,
            description=item.description,
            category=item.category,
            price=item.price,
            images=item.images,
            available=available,
        )


class GuestSession(Model):
    """A guest's session."""

    model_config = example(session="qk2QyH3xq0m1f4s6Vd8bJt5uW7zN9cR2eL0aP3oY6iT")

    session: str
    """Send it as `Triptych-Session` with everything that concerns the cart. Keep it to yourself."""


class LineQuantity(Model):
    """How many of a product."""

    model_config = example(quantity=2)

    quantity: QuantityOrZero
    """So many in all; none takes it out of the cart."""


class CartLineView(Model):
    """One product in the cart."""

    model_config = example(
        sku="CHAI-10",
        quantity=2,
        name="Chai",
        unit_price={"amount_minor": 1800, "currency": "EUR"},
        line_total={"amount_minor": 3600, "currency": "EUR"},
    )

    sku: Code
    """Stock keeping unit."""
    quantity: Count
    """How many."""
    name: Name
    """What it is called."""
    unit_price: Amount
    """What one costs."""
    line_total: Amount
    """What they cost together."""

    @classmethod
    def of(cls, line: CartLine) -> "CartLineView":
        """The shop's view of a cart's line."""
        return cls(
            sku=line.sku,
            quantity=line.quantity,
            name=line.name,
            unit_price=line.unit_price,
            line_total=line.line_total,
        )


class CartView(Model):
    """What is in the cart."""

    model_config = example(
        lines=[the_example(CartLineView)], count=2, total={"amount_minor": 3600, "currency": "EUR"}
    )

    lines: tuple[CartLineView, ...] = ()
    """The products."""
    count: int = 0
    """How many things, all together."""
    total: Amount | None = None
    """What they cost; null while there is nothing in it."""

    @classmethod
    def of(cls, cart: Cart | None) -> "CartView":
        """The shop's view of a cart; an absent one is empty."""
        if cart is None or not cart.lines:
            return cls()
        return cls(
            lines=tuple(CartLineView.of(line) for line in cart.lines),
            count=sum(line.quantity for line in cart.lines),
            total=cart.total,
        )


class Buyer(Model):
    """Who buys, when they have not signed in."""

    model_config = example(name="Maria Anders", email="maria@alfreds.example")

    name: PersonName
    """What they are called."""
    email: Email
    """Where we write to."""
    phone: Phone | None = None
    """Where we call, if the parcel service asks."""


class Checkout(Model):
    """How the cart is bought."""

    model_config = example(
        buyer=the_example(Buyer),
        ship_to=the_example(Address),
        payment_token="tok_visa",  # noqa: S106 - a test provider's token
    )

    buyer: Buyer | None = None
    """Who buys; guests have to say, of others we know."""
    ship_to: Address
    """Where it goes."""
    payment_token: PaymentToken
    """The payment provider's token; card data never comes here."""
    partial_delivery: Flag = False
    """Whether we may send what is there, and the rest when it comes; you pay parcel by parcel."""


class OrderLineView(CartLineView):
    """One product of an order."""


class OrderView(Deliveries):
    """One of your orders."""

    model_config = example(
        id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        reference="8X2C4N6B8D0F",
        status="shipped",
        lines=[the_example(OrderLineView)],
        total={"amount_minor": 3600, "currency": "EUR"},
        placed_at="2026-07-01T09:29:00Z",
        timeline=[example_of_event("reserved")],
        event_id=4,
    )

    id: Id
    """What it is called here."""
    reference: Code | None = None
    """What it is called on paper."""
    status: OrderState
    """How far it has come."""
    lines: tuple[OrderLineView, ...]
    """What you bought."""
    total: Amount
    """What it costs."""
    placed_at: Timestamp
    """When you bought it."""
    reason: str | None = None
    """Why it was rejected, if it was."""
    timeline: tuple[Event[OrderState], ...] = ()
    """What was done for it, in order."""
    event_id: Annotated[int, Field(ge=0)] = 0
    """Counts the changes."""
    returns: tuple[CustomerReturn, ...] = ()
    """What you send back."""

    @classmethod
    def of(cls, order: OrderProgress) -> "OrderView":
        """The shop's view of an order."""
        return cls(
            id=order.id,
            reference=order.reference,
            status=order.status,
            lines=tuple(
                OrderLineView(
                    sku=line.sku,
                    quantity=line.quantity,
                    name=line.name,
                    unit_price=line.unit_price,
                    line_total=line.line_total,
                )
                for line in order.lines
            ),
            total=order.total,
            placed_at=order.placed_at,
            reason=order.problem.detail if order.problem else None,
            timeline=order.timeline,
            event_id=order.event_id,
            **dict(order.deliveries()),
            returns=tuple(CustomerReturn.of(found) for found in order.returns),
        )


class News(Model):
    """Something that happened to what is yours; the first one of a stream only says where it begins."""

    model_config = example(
        event_id=4711,
        kind="order-shipped",
        about="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        at="2026-07-02T08:00:00Z",
    )

    event_id: Annotated[int, Field(ge=0)]
    """Its place; sent as Last-Event-ID, the stream goes on behind it."""
    kind: Code
    """What happened, such as `order-shipped`. Further kinds may come: pass over what you do not know."""
    about: Id | None = None
    """What it happened to: the id of the order, invoice, refund or ticket."""
    at: Timestamp | None = None
    """When."""


class Profile(Model):
    """Who you are to us."""

    model_config = example(
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        name="Maria Anders",
        email="maria@alfreds.example",
        address=the_example(Address),
    )

    customer_id: Id
    """Your customer account."""
    name: PersonName
    """What you are called."""
    email: Email | None = None
    """Where we write to."""
    address: Address | None = None
    """Where parcels go, unless you say otherwise."""

    @classmethod
    def of(cls, customer: Customer) -> "Profile":
        """The customer's own view of themselves."""
        return cls(
            customer_id=customer.id,
            name=customer.name,
            email=customer.email,
            address=customer.shipping_address or customer.billing_address,
        )

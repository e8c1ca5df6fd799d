"""The shapes that partners see."""

from typing import Annotated

from pydantic import Field

from processes.order_to_fulfillment.contract import OrderProgress, OrderState
from triptych.canonical.base import Model, Timestamp, example, the_example
from triptych.canonical.fields import (
    Code,
    Country,
    Flag,
    Id,
    Name,
    PersonalCode,
    PersonalLine,
    PersonName,
    Quantity,
)
from triptych.canonical.lines import MOST_LINES
from triptych.canonical.money import Amount
from triptych.canonical.product import Product
from triptych.contract import Filter, History
from triptych.contract.progress import Event, example_of_event


class ProductQuery(Filter):
    """Which products to list."""

    q: Name | None = None
    """Text that the name or SKU holds, in any case."""
    category: Name | None = None
    """Those of one category."""


class OrderQuery(History):
    """Which of your orders to list."""

    reference: Code | None = None
    """Those that you call so."""


class PartnerProduct(Model):
    """A product that you can order."""

    model_config = example(
        sku="CHAI-10", name="Chai", price={"amount_minor": 1800, "currency": "EUR"}, available=39
    )

    sku: Code
    """Order it by this."""
    name: Name
    """What it is called."""
    description: str | None = None
    """What it is."""
    category: Name | None = None
    """Which kind of product."""
    price: Amount
    """What one costs."""
    available: int = Field(ge=0)
    """How many can be had now."""

    @classmethod
    def of(cls, product: Product, available: int) -> "PartnerProduct":
        """The partner's view of a product."""
        return cls(
            sku=product.sku,
            name=product.name,
            description=product.description,
            category=product.category,
            price=product.price,
            available=available,
        )


class PartnerStock(Model):
    """How many of a product can be had now."""

    model_config = example(sku="CHAI-10", available=39)

    sku: Code
    """Which product."""
    available: int = Field(ge=0)
    """How many."""


class PartnerAddress(Model):
    """Where goods go."""

    model_config = example(
        name="Acme Receiving", line1="Obere Str. 57", city="Berlin", postal_code="12209", country="DE"
    )

    name: PersonName
    """Who receives them."""
    line1: PersonalLine
    """Street and number."""
    city: Name
    """Town."""
    postal_code: PersonalCode
    """Postal code."""
    country: Country
    """ISO 3166-1 alpha-2."""


class NewPartnerLine(Model):
    """So many of one product."""

    model_config = example(sku="CHAI-10", quantity=12)

    sku: Code
    """Which product."""
    quantity: Quantity
    """How many."""


class PartnerLine(NewPartnerLine):
    """One product of an order, with what it costs."""

    model_config = example(
        sku="CHAI-10",
        quantity=12,
        name="Chai",
        unit_price={"amount_minor": 1800, "currency": "EUR"},
        line_total={"amount_minor": 21600, "currency": "EUR"},
    )

    name: Name
    """What it is called."""
    unit_price: Amount
    """What one costs."""
    line_total: Amount
    """What they cost together."""


class NewPartnerOrder(Model):
    """What you want to buy, and where it goes."""

    model_config = example(
        reference="PO-2026-0815", lines=[the_example(NewPartnerLine)], ship_to=the_example(PartnerAddress)
    )

    reference: Code
    """What you call it."""
    lines: Annotated[tuple[NewPartnerLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    """What you want."""
    ship_to: PartnerAddress
    """Where it goes."""
    partial_delivery: Flag = False
    """Whether we may send what is there, and the rest when it comes; you pay parcel by parcel."""


class PartnerOrder(Model):
    """One of your orders."""

    model_config = example(
        id="ord_01jd3k7m9vq8x2c4n6b8d0f2hg",
        reference="PO-2026-0815",
        status="shipped",
        lines=[the_example(PartnerLine)],
        total={"amount_minor": 21600, "currency": "EUR"},
        placed_at="2026-07-01T09:29:00Z",
        timeline=[example_of_event("reserved")],
    )

    id: Id
    """What we call it."""
    reference: Code | None = None
    """What you call it."""
    status: OrderState
    """How far it has come."""
    lines: tuple[PartnerLine, ...]
    """What you ordered."""
    total: Amount
    """What it costs."""
    placed_at: Timestamp
    """When it was accepted."""
    reason: str | None = None
    """Why it was rejected, if it was."""
    timeline: tuple[Event[OrderState], ...] = ()
    """What was done for it, in order."""

    @classmethod
    def of(cls, order: OrderProgress) -> "PartnerOrder":
        """The partner's view of an order."""
        return cls(
            id=order.id,
            reference=order.reference,
            status=order.status,
            lines=tuple(
                PartnerLine(
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
        )

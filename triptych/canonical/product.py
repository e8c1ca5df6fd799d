"""What is sold: products and their prices."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from triptych.canonical.base import Entity, Model, New, Timestamp, example, example_of
from triptych.canonical.fields import Code, Count, Flag, Id, Name, Prose, Quantity, Rate, Skus
from triptych.canonical.money import Amount, Money
from triptych.contract.values import Filter

Gtin = Annotated[str, StringConstraints(max_length=14, pattern="^([0-9]{8}|[0-9]{12,14})$")]
"""A trade item number as its barcode holds it (GS1 GTIN-8, -12, -13, -14)."""


class Price(Model):
    """What one costs from a quantity on, or for a time (schema.org UnitPriceSpecification; UBL Price)."""

    model_config = example(amount={"amount_minor": 1650, "currency": "EUR"}, min_quantity=100)

    amount: Amount
    """What one costs."""
    min_quantity: Quantity = 1
    """From how many on (schema.org eligibleQuantity; UBL ItemLocationQuantity)."""
    valid_from: Timestamp | None = None
    """When it begins to hold."""
    valid_until: Timestamp | None = None
    """When it no longer holds (schema.org validThrough)."""

    def holds(self, quantity: int, at: datetime) -> bool:
        """Whether so many can be had at this price then."""
        begun = self.valid_from is None or self.valid_from <= at
        over = self.valid_until is not None and self.valid_until <= at
        return quantity >= self.min_quantity and begun and not over


class NewProduct(New):
    """What can be given of a product."""

    model_config = example(
        sku="CHAI-10",
        external_id="1",
        name="Chai",
        description="Black tea with spices.",
        category="Beverages",
        price={"amount_minor": 1800, "currency": "EUR"},
        prices=[{"amount": {"amount_minor": 1650, "currency": "EUR"}, "min_quantity": 100}],
        tax_rate="0.07",
        unit="10 boxes x 20 bags",
        reorder_level=10,
        gtin="4006381333931",
    )

    sku: Code
    """Stock keeping unit, our key for it (schema.org sku; UBL SellersItemIdentification)."""
    external_id: Code | None = None
    """The product number of the books."""
    name: Name
    """What it is called."""
    description: Prose | None = None
    """What it is, in sentences."""
    category: Name | None = None
    """Which kind of product (schema.org category)."""
    price: Amount
    """What one costs, unless one of `prices` is lower."""
    prices: Annotated[tuple[Price, ...], Field(max_length=50)] = ()
    """Prices for larger quantities or for a time."""
    tax_rate: Rate | None = None
    """Share of tax that the price includes: 0.07 is 7 %."""
    unit: Name | None = None
    """What one is: `10 boxes x 20 bags` (schema.org unitText)."""
    supplier_id: Id | None = None
    """Who we buy it from."""
    discontinued: Flag = False
    """Whether it is sold no longer (schema.org ItemAvailability Discontinued)."""
    reorder_level: Count = 0
    """At how many left it is bought again."""
    gtin: Gtin | None = None
    """Number of its barcode (schema.org gtin)."""


class Product(NewProduct, Entity, prefix="prd"):
    """A thing that can be sold (schema.org Product; UBL Item)."""

    model_config = example_of(NewProduct, "prd_01jd3k7m9vq8x2c4n6b8d0f2hg")

    def unit_price(self, quantity: int, at: datetime) -> Money:
        """What one costs when so many are bought at that moment: the lowest price that holds."""
        holding = [price.amount for price in self.prices if price.holds(quantity, at)]
        same = [amount for amount in holding if amount.currency == self.price.currency]
        return min([self.price, *same])


class ProductFilter(Filter):
    """Which products to list."""

    q: Name | None = None
    """Text that the name, SKU or description holds, in any case."""
    sku: Skus | None = None
    external_id: Code | None = None
    category: Name | None = None
    supplier_id: Id | None = None
    discontinued: bool | None = None
    gtin: Gtin | None = None

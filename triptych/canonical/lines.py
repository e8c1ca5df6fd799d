"""Order lines and their arithmetic: the one place where prices become totals.

A line's total is unit price x quantity x (1 - discount), rounded half to even to the minor unit; a total is
the sum of the lines' totals and the freight.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from triptych.canonical.base import Model, example, the_example
from triptych.canonical.fields import Code, Name, Quantity, Rate
from triptych.canonical.money import Amount, Money
from triptych.problems import InvalidInput

MOST_LINES = 500


class StockLine(Model):
    """So many of one product, without a price (UBL DespatchLine, ReceiptLine)."""

    model_config = example(sku="CHAI-10", quantity=12)

    sku: Code
    """Stock keeping unit."""
    quantity: Quantity
    """How many, in the product's unit."""


class LineTerms(Model):
    """What an order line says, as asked for and as priced."""

    sku: Code
    """Stock keeping unit (UBL SellersItemIdentification)."""
    quantity: Quantity
    """How many, in the product's unit."""
    discount: Rate = Decimal(0)
    """Share taken off the line: 0.15 is 15 %."""


class NewOrderLine(LineTerms):
    """One product as it is asked for (schema.org OrderItem; UBL OrderLine)."""

    model_config = example(
        sku="CHAI-10",
        quantity=12,
        discount="0.15",
        name="Chai",
        unit_price={"amount_minor": 1800, "currency": "EUR"},
    )

    name: Name | None = None
    """What the product is called on this document; by default as the product is."""
    unit_price: Amount | None = None
    """What one costs before the discount; by default the product's price."""


class OrderLine(LineTerms):
    """One product with its price and total (schema.org OrderItem; UBL LineItem, InvoiceLine)."""

    model_config = example(**the_example(NewOrderLine), line_total={"amount_minor": 18360, "currency": "EUR"})

    name: Name
    """What the product is called on this document."""
    unit_price: Amount
    """What one costs before the discount."""
    line_total: Amount
    """Unit price x quantity x (1 - discount), rounded half to even (UBL LineExtensionAmount)."""

    @classmethod
    def of(cls, line: NewOrderLine, name: str | None = None, unit_price: Money | None = None) -> Self:
        """The line as asked for, with its total; `name` and `unit_price` fill in what it leaves open.

        Raises InvalidInput when there is no price, or when the total is beyond what Money holds.
        """
        price = line.unit_price or unit_price
        if price is None:
            raise InvalidInput(f"The line of {line.sku} has no unit price.", sku=line.sku)
        return cls(
            sku=line.sku,
            quantity=line.quantity,
            name=line.name or name or line.sku,
            unit_price=price,
            discount=line.discount,
            line_total=line_total(price, line.quantity, line.discount),
        )


Lines = Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=MOST_LINES)]
NewLines = Annotated[tuple[NewOrderLine, ...], Field(min_length=1, max_length=MOST_LINES)]
StockLines = Annotated[tuple[StockLine, ...], Field(min_length=1, max_length=MOST_LINES)]


def counted(lines: Iterable[StockLine | LineTerms]) -> Counter[str]:
    """How many of each product there are in the lines."""
    found = Counter[str]()
    for line in lines:
        found[line.sku] += line.quantity
    return found


def as_new(lines: Iterable[OrderLine]) -> tuple[NewOrderLine, ...]:
    """The lines as the next document asks for them: an accepted quote's for its order, an order's for its
    invoice. Priced again they come to the same."""
    return tuple(
        NewOrderLine(
            sku=line.sku,
            quantity=line.quantity,
            discount=line.discount,
            name=line.name,
            unit_price=line.unit_price,
        )
        for line in lines
    )


class Totals(NamedTuple):
    """What the lines of a document come to."""

    subtotal: Money
    """The lines (UBL LineExtensionAmount)."""
    freight: Money
    """What carriage costs (UBL ChargeTotalAmount)."""
    total: Money
    """Both (UBL PayableAmount)."""


def line_total(unit_price: Money, quantity: int, discount: Decimal = Decimal(0)) -> Money:
    """Unit price x quantity x (1 - discount), rounded half to even once, at the end.

    Raises InvalidInput when that is beyond what Money holds.
    """
    try:
        return unit_price.times(quantity * (1 - discount))
    except ValueError as error:
        raise InvalidInput(f"{quantity} times {unit_price} is more than can be ordered: {error}.") from error


def totals(lines: Sequence[OrderLine], freight: Money | None = None) -> Totals:
    """What the lines and the freight come to; no freight is none in the lines' currency.

    Raises InvalidInput when there is no line, when currencies differ, or when the sum is too large.
    """
    if not lines:
        raise InvalidInput("There is no line.")
    currency = lines[0].line_total.currency
    carriage = freight or Money.zero(currency)
    try:
        subtotal = Money.sum((line.line_total for line in lines), currency)
        return Totals(subtotal, carriage, subtotal + carriage)
    except ValueError as error:
        raise InvalidInput(f"The lines and the freight do not add up: {error}.") from error

"""The three-way match: what a supplier bills, held against what was ordered and what came."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from processes.procure_to_pay.shown import Difference, Kind
from triptych.canonical.lines import OrderLine
from triptych.canonical.money import Money

Quantities = Counter[str]
"""How many, by SKU."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is let pass, as shares: 0.02 lets 2 % pass."""

    price: Decimal
    """How much a unit may cost more than was ordered."""
    quantity: Decimal
    """How much more may be billed than came."""


@dataclass(frozen=True, slots=True)
class Due:
    """What an invoice may ask for."""

    ordered: tuple[OrderLine, ...]
    received: Quantities
    """What came and was not sent back."""
    billed: Quantities
    """What earlier invoices were matched with."""


def differences(
    due: Due, lines: tuple[OrderLine, ...], freight: Money | None, tolerance: Tolerance
) -> tuple[Difference, ...]:
    """In what an invoice is other than it may be; nothing when it matches.

    What is cheaper than ordered matches, and so does less than came: the rest may be billed later. Prices are
    those after the discount, averaged where a product stands on several lines.
    """
    currency = due.ordered[0].unit_price.currency
    billed = [*(line.unit_price for line in lines), *([freight] if freight else [])]
    if foreign := sorted({amount.currency for amount in billed} - {currency}):
        detail = f"it is in {', '.join(foreign)}, and was ordered in {currency}"
        return (Difference(kind=Kind.CURRENCY, detail=detail),)
    found = list(_of_products(due, lines, tolerance))
    if freight and freight.amount_minor > 0:
        found.append(Difference(kind=Kind.FREIGHT, detail=f"{freight} of carriage were not ordered"))
    return tuple(found)


def _of_products(due: Due, lines: tuple[OrderLine, ...], tolerance: Tolerance) -> Iterator[Difference]:
    for sku in dict.fromkeys(line.sku for line in lines):
        ordered = [line for line in due.ordered if line.sku == sku]
        billed = [line for line in lines if line.sku == sku]
        if not ordered:
            yield Difference(kind=Kind.NOT_ORDERED, sku=sku, detail=f"{sku} was not ordered")
            continue
        price, agreed = _price(billed), _price(ordered)
        if price > agreed * (1 + tolerance.price):
            told, expected = _shown(price, billed), _shown(agreed, ordered)
            detail = f"one of {sku} is billed at {told}, and ordered at {expected}"
            yield Difference(kind=Kind.PRICE, sku=sku, detail=detail)
        so_far = due.billed[sku] + sum(line.quantity for line in billed)
        if so_far > due.received[sku] * (1 + tolerance.quantity):
            detail = f"{so_far} of {sku} are billed, and {due.received[sku]} came"
            yield Difference(kind=Kind.QUANTITY, sku=sku, detail=detail)


def _price(lines: list[OrderLine]) -> Decimal:
    """What one costs after the discount, on the average, unrounded."""
    total = sum((line.unit_price.amount * line.quantity * (1 - line.discount) for line in lines), Decimal(0))
    return total / sum(line.quantity for line in lines)


def _shown(price: Decimal, lines: list[OrderLine]) -> str:
    return str(Money.of(price, lines[0].unit_price.currency))

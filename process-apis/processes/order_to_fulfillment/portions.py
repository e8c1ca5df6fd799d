"""What a part of an order comes to, so that all parts together come to the whole, to the minor unit.

The units of a product are counted over the order's lines in their order. What the first n units cost is
worked out at once; a part that goes from the m-th to the n-th costs the difference. So it does not matter in
how many parts something is sent, or comes back: what was taken for all of them is the price of all of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from triptych.canonical.lines import NewOrderLine, OrderLine, StockLine, counted, line_total
from triptych.canonical.money import Money

Units = Mapping[str, int]
"""How many of each product."""


def stock_lines(units: Units) -> tuple[StockLine, ...]:
    """The units as lines, one for each product of which there are any."""
    return tuple(StockLine(sku=sku, quantity=units[sku]) for sku in sorted(units) if units[sku] > 0)


def lacking(wanted: Iterable[StockLine], had: Iterable[StockLine]) -> Counter[str]:
    """What is wanted and not had."""
    return counted(wanted) - counted(had)


def worth(lines: Sequence[OrderLine], units: Units) -> Money:
    """What the first so many units of each product come to."""
    shares = _shares(lines, units)
    each = (
        line_total(line.unit_price, share, line.discount) for line, share in zip(lines, shares, strict=True)
    )
    return Money.sum(each, lines[0].line_total.currency)


def price(lines: Sequence[OrderLine], before: Units, part: Units) -> Money:
    """What a part comes to, after those before it."""
    return worth(lines, Counter(before) + Counter(part)) - worth(lines, before)


def billed(lines: Sequence[OrderLine], before: Units, part: Units) -> tuple[NewOrderLine, ...]:
    """The lines of a part's invoice."""
    after = _shares(lines, Counter(before) + Counter(part))
    shares = [now - then for now, then in zip(after, _shares(lines, before), strict=True)]
    return tuple(
        NewOrderLine(
            sku=line.sku,
            quantity=share,
            discount=line.discount,
            name=line.name,
            unit_price=line.unit_price,
        )
        for line, share in zip(lines, shares, strict=True)
        if share
    )


def rounding(invoice: Sequence[NewOrderLine], price: Money) -> Money | None:
    """What is to be added to the invoice's lines so that they come to the price; None for nothing."""
    lines = [OrderLine.of(line).line_total for line in invoice]
    missing = price - Money.sum(lines, price.currency)
    return missing if missing.amount_minor else None


def given_back(taken: Sequence[Money], first: Money, last: Money) -> list[Money]:
    """From which of the payments the money between two amounts is given back, the oldest payment first.

    All returns of an order together then take each unit of money once, in whichever order they are settled.
    """
    found: list[Money] = []
    begins = Money.zero(first.currency)
    for amount in taken:
        ends = begins + amount
        found.append(max(min(last, ends) - max(first, begins), Money.zero(first.currency)))
        begins = ends
    return found


def _shares(lines: Sequence[OrderLine], units: Units) -> list[int]:
    """How many of each line's units are among the first so many of its product."""
    left = Counter(units)
    shares: list[int] = []
    for line in lines:
        share = min(line.quantity, left[line.sku])
        left[line.sku] -= share
        shares.append(share)
    return shares

"""The three-way match: every way in which a supplier's invoice can be wrong, each found by its name."""

from collections import Counter
from decimal import Decimal

from processes.procure_to_pay.contract import Kind
from processes.procure_to_pay.matching import Due, Tolerance, differences
from triptych.canonical.lines import NewOrderLine, OrderLine
from triptych.canonical.money import Money

EXACT = Tolerance(price=Decimal(0), quantity=Decimal(0))
TEN_PERCENT = Tolerance(price=Decimal("0.1"), quantity=Decimal("0.1"))


def line(sku: str, quantity: int, price: str, currency: str = "EUR", discount: str = "0") -> OrderLine:
    """A line of an order or of an invoice."""
    amount = Money.of(price, currency)
    asked = NewOrderLine(sku=sku, quantity=quantity, unit_price=amount, discount=Decimal(discount))
    return OrderLine.of(asked)


ORDERED = (line("CHAI", 10, "3.33"), line("MATE", 5, "7.00", discount="0.15"))
ALL_CAME = Due(ORDERED, Counter(CHAI=10, MATE=5), Counter())


def found(
    *lines: OrderLine, due: Due = ALL_CAME, tolerance: Tolerance = EXACT, freight: Money | None = None
) -> list[tuple[Kind, str | None]]:
    """What does not match: in what, and of which product."""
    return [(each.kind, each.sku) for each in differences(due, lines, freight, tolerance)]


def test_what_was_ordered_and_came_matches_to_the_cent() -> None:
    assert found(*ORDERED) == []


def test_a_part_of_what_came_matches() -> None:
    assert found(line("CHAI", 3, "3.33")) == []


def test_what_is_cheaper_than_ordered_matches() -> None:
    assert found(line("CHAI", 10, "3.00")) == []


def test_a_price_that_is_a_cent_too_high_does_not_match() -> None:
    assert found(line("CHAI", 10, "3.34")) == [(Kind.PRICE, "CHAI")]


def test_a_discount_that_is_missing_is_a_price_that_is_too_high() -> None:
    assert found(line("MATE", 5, "7.00")) == [(Kind.PRICE, "MATE")]


def test_a_price_within_the_tolerance_matches_and_one_beyond_does_not() -> None:
    assert found(line("CHAI", 10, "3.66"), tolerance=TEN_PERCENT) == []
    assert found(line("CHAI", 10, "3.67"), tolerance=TEN_PERCENT) == [(Kind.PRICE, "CHAI")]


def test_a_price_that_is_split_over_lines_is_compared_as_a_whole() -> None:
    assert found(line("CHAI", 9, "3.00"), line("CHAI", 1, "6.30")) == []
    assert found(line("CHAI", 9, "3.00"), line("CHAI", 1, "6.31")) == [(Kind.PRICE, "CHAI")]


def test_more_than_came_does_not_match() -> None:
    eight = Due(ORDERED, Counter(CHAI=8), Counter())
    assert found(line("CHAI", 9, "3.33"), due=eight) == [(Kind.QUANTITY, "CHAI")]


def test_what_never_came_does_not_match() -> None:
    nothing = Due(ORDERED, Counter(), Counter())
    assert found(line("CHAI", 1, "3.33"), due=nothing) == [(Kind.QUANTITY, "CHAI")]


def test_what_an_earlier_invoice_billed_is_not_billed_again() -> None:
    seven_billed = Due(ORDERED, Counter(CHAI=10), Counter(CHAI=7))
    assert found(line("CHAI", 3, "3.33"), due=seven_billed) == []
    assert found(line("CHAI", 4, "3.33"), due=seven_billed) == [(Kind.QUANTITY, "CHAI")]


def test_a_quantity_that_is_split_over_lines_counts_together() -> None:
    assert found(line("CHAI", 6, "3.33"), line("CHAI", 5, "3.33")) == [(Kind.QUANTITY, "CHAI")]


def test_a_quantity_within_the_tolerance_matches_and_one_beyond_does_not() -> None:
    assert found(line("CHAI", 11, "3.33"), tolerance=TEN_PERCENT) == []
    assert found(line("CHAI", 12, "3.33"), tolerance=TEN_PERCENT) == [(Kind.QUANTITY, "CHAI")]


def test_what_was_not_ordered_does_not_match_whatever_the_tolerance() -> None:
    assert found(line("RUM", 1, "0.01"), tolerance=TEN_PERCENT) == [(Kind.NOT_ORDERED, "RUM")]


def test_another_currency_does_not_match_whatever_it_comes_to() -> None:
    assert found(line("CHAI", 10, "1", currency="JPY"), tolerance=TEN_PERCENT) == [(Kind.CURRENCY, None)]
    assert found(*ORDERED, freight=Money.of(1, "JPY")) == [(Kind.CURRENCY, None)]


def test_carriage_that_nobody_ordered_does_not_match() -> None:
    assert found(*ORDERED, freight=Money.of("9.00", "EUR")) == [(Kind.FREIGHT, None)]
    assert found(*ORDERED, freight=Money.zero("EUR")) == []


def test_every_difference_is_told_at_once_with_what_was_expected() -> None:
    lines = (line("CHAI", 12, "4.00"), line("RUM", 1, "9.00"))

    told = [each.detail for each in differences(ALL_CAME, lines, Money.of("2.50", "EUR"), EXACT)]

    assert told == [
        "one of CHAI is billed at 4.00 EUR, and ordered at 3.33 EUR",
        "12 of CHAI are billed, and 10 came",
        "RUM was not ordered",
        "2.50 EUR of carriage were not ordered",
    ]

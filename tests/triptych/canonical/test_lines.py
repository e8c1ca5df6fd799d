"""From unit prices to totals."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from triptych.canonical.base import the_example
from triptych.canonical.lines import NewOrderLine, OrderLine, as_new, line_total, totals
from triptych.canonical.money import MOST, Money
from triptych.canonical.order import Order
from triptych.problems import InvalidInput

prices = some.integers(0, 10**9).map(lambda minor: Money(amount_minor=minor, currency="EUR"))
discounts = some.decimals(0, 1, places=4)
asked_lines = some.builds(
    NewOrderLine,
    sku=some.just("CHAI-10"),
    quantity=some.integers(1, 10_000),
    unit_price=prices,
    discount=discounts,
)


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


@given(asked_lines)
def test_a_line_comes_to_price_times_quantity_less_discount_rounded_once(asked: NewOrderLine) -> None:
    line = OrderLine.of(asked)

    exact = line.unit_price.amount * line.quantity * (1 - line.discount)
    assert line.line_total.amount == exact.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    assert euros("0") <= line.line_total <= line.unit_price.times(line.quantity)


@given(some.lists(asked_lines, min_size=1, max_size=20), prices)
def test_a_total_is_the_sum_of_its_lines_and_the_freight(asked: list[NewOrderLine], freight: Money) -> None:
    lines = [OrderLine.of(line) for line in asked]

    subtotal, carriage, total = totals(lines, freight)

    assert subtotal.amount_minor == sum(line.line_total.amount_minor for line in lines)
    assert carriage == freight
    assert total == subtotal + freight
    assert totals(list(reversed(lines)), freight).total == total


@given(some.lists(asked_lines, min_size=1, max_size=20))
def test_lines_taken_over_into_the_next_document_come_to_the_same(asked: list[NewOrderLine]) -> None:
    lines = tuple(OrderLine.of(line, name="Chai") for line in asked)

    assert tuple(OrderLine.of(line) for line in as_new(lines)) == lines


@pytest.mark.parametrize(
    ("price", "quantity", "discount", "total"),
    [
        ("14.00", 12, "0", "168.00"),
        ("7.70", 15, "0.15", "98.18"),  # 98.175: half to even
        ("0.01", 5, "0.5", "0.02"),  # 0.025: half to even, downwards
        ("0.01", 15, "0.5", "0.08"),  # 0.075: half to even, upwards
        ("263.50", 50, "0.25", "9881.25"),
        ("10.00", 1, "1", "0.00"),
    ],
)
def test_worked_totals_of_lines(price: str, quantity: int, discount: str, total: str) -> None:
    assert line_total(euros(price), quantity, Decimal(discount)) == euros(total)


def test_a_line_takes_from_the_product_only_what_it_leaves_open() -> None:
    bare = NewOrderLine(sku="CHAI-10", quantity=2)
    full = NewOrderLine(sku="CHAI-10", quantity=2, name="Chai, special", unit_price=euros("9.00"))

    assert OrderLine.of(bare, "Chai", euros("18.00")).line_total == euros("36.00")
    assert OrderLine.of(bare, "Chai", euros("18.00")).name == "Chai"
    assert OrderLine.of(full, "Chai", euros("18.00")).line_total == euros("18.00")
    assert OrderLine.of(full, "Chai", euros("18.00")).name == "Chai, special"
    assert OrderLine.of(bare, unit_price=euros("18.00")).name == "CHAI-10"


def test_a_price_of_zero_is_a_price() -> None:
    free = NewOrderLine(sku="SAMPLE", quantity=1, unit_price=euros("0.00"))

    assert OrderLine.of(free, unit_price=euros("18.00")).line_total == euros("0.00")


def test_a_line_without_a_price_is_refused_by_sku() -> None:
    with pytest.raises(InvalidInput, match="CHAI-10") as refused:
        OrderLine.of(NewOrderLine(sku="CHAI-10", quantity=1))

    assert refused.value.extra == {"sku": "CHAI-10"}


def test_lines_in_two_currencies_are_refused() -> None:
    euro = OrderLine.of(NewOrderLine(sku="A", quantity=1, unit_price=euros("1.00")))
    yen = OrderLine.of(NewOrderLine(sku="B", quantity=1, unit_price=Money.of(1, "JPY")))

    for lines, freight in (([euro, yen], None), ([euro], Money.of(1, "JPY"))):
        with pytest.raises(InvalidInput, match="EUR with JPY"):
            totals(lines, freight)


def test_no_lines_have_no_total() -> None:
    with pytest.raises(InvalidInput, match="no line"):
        totals([])


def test_a_total_beyond_all_money_is_refused_and_not_an_internal_error() -> None:
    dear = Money(amount_minor=MOST, currency="EUR")

    with pytest.raises(InvalidInput, match="more than can be ordered"):
        OrderLine.of(NewOrderLine(sku="A", quantity=2, unit_price=dear))
    with pytest.raises(InvalidInput, match="do not add up"):
        totals([OrderLine.of(NewOrderLine(sku="A", quantity=1, unit_price=dear))], euros("0.01"))


def test_the_examples_totals_are_those_of_its_lines() -> None:
    order = Order.model_validate(the_example(Order))

    assert (order.subtotal, order.freight, order.total) == totals(order.lines, order.freight)
    assert tuple(OrderLine.of(line) for line in as_new(order.lines)) == order.lines

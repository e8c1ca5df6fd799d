"""What single entities know of themselves."""

from datetime import UTC, datetime

import pytest

from triptych.canonical.base import the_example
from triptych.canonical.billing import Payment
from triptych.canonical.commerce import Cart
from triptych.canonical.inventory import InventoryLevel
from triptych.canonical.money import CurrencyMismatch, Money
from triptych.canonical.product import Product

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


def product(*prices: dict[str, object]) -> Product:
    return Product.model_validate({**the_example(Product), "prices": prices})


def price(amount: str, currency: str = "EUR", **terms: object) -> dict[str, object]:
    return {"amount": Money.of(amount, currency), **terms}


def test_a_larger_quantity_has_its_lower_price() -> None:
    tea = product(price("16.50", min_quantity=100), price("15.00", min_quantity=1000))

    assert [tea.unit_price(quantity, NOW) for quantity in (1, 99, 100, 999, 1000)] == [
        *[euros("18.00")] * 2,
        *[euros("16.50")] * 2,
        euros("15.00"),
    ]


def test_a_price_holds_from_its_first_moment_until_before_its_last() -> None:
    tea = product(price("16.00", valid_from="2026-07-01T12:00:00Z", valid_until="2026-07-02T12:00:00Z"))

    assert tea.unit_price(1, NOW) == euros("16.00")
    assert tea.unit_price(1, NOW.replace(hour=11)) == euros("18.00")
    assert tea.unit_price(1, NOW.replace(day=2)) == euros("18.00")


def test_a_price_that_is_higher_or_in_another_currency_never_replaces_the_usual_one() -> None:
    assert product(price("20.00"), price("1.00", "USD")).unit_price(1, NOW) == euros("18.00")


@pytest.mark.parametrize(
    ("on_hand", "reserved", "safety_stock", "available"),
    [(39, 12, 5, 22), (5, 0, 5, 0), (5, 3, 5, 0), (0, 0, 0, 0)],
)
def test_what_is_available_is_neither_promised_nor_held_back(
    on_hand: int, reserved: int, safety_stock: int, available: int
) -> None:
    stock = {"on_hand": on_hand, "reserved": reserved, "safety_stock": safety_stock}

    assert InventoryLevel.model_validate({**the_example(InventoryLevel), **stock}).available == available


def test_a_payment_knows_how_much_can_still_be_given_back() -> None:
    payment = Payment.model_validate({**the_example(Payment), "refunded": euros("15.98")})

    assert payment.refundable == euros("200.00")


def test_a_cart_comes_to_the_sum_of_its_lines_and_an_empty_one_to_nothing() -> None:
    cart = Cart.model_validate(the_example(Cart))

    assert cart.total == euros("36.00")
    assert cart.model_copy(update={"lines": ()}).total == euros("0.00")
    with pytest.raises(CurrencyMismatch):
        _ = cart.model_copy(update={"currency": "USD"}).total

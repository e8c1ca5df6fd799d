"""Money is exact, keeps to its currency, and rounds half to even."""

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from triptych.canonical.money import MOST, Amount, CurrencyMismatch, Money, exponent

EUR = "EUR"
minor_units = some.integers(-(10**12), 10**12)


def euros(minor: int) -> Money:
    return Money(amount_minor=minor, currency=EUR)


@given(minor_units, some.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_an_amount_read_back_from_its_decimal_is_the_same(minor: int, currency: str) -> None:
    money = Money(amount_minor=minor, currency=currency)

    assert Money.of(money.amount, currency) == money
    assert Money.of(str(money.amount), currency) == money
    assert money.amount == Decimal(minor) / 10 ** exponent(currency)


@given(minor_units, minor_units, minor_units)
def test_sums_do_not_depend_on_their_order(first: int, second: int, third: int) -> None:
    forward = Money.sum([euros(first), euros(second), euros(third)], EUR)

    assert forward == euros(third) + euros(second) + euros(first)
    assert forward - euros(third) == euros(first) + euros(second)
    assert forward + -forward == Money.zero(EUR)


@given(minor_units, some.decimals(0, 1000, places=4))
def test_a_product_is_rounded_half_to_even(minor: int, factor: Decimal) -> None:
    assert euros(minor).times(factor).amount_minor == round(Fraction(minor) * Fraction(factor))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("19.99", EUR, 1999),
        ("0.125", EUR, 12),
        ("0.135", EUR, 14),
        ("1999.5", "JPY", 2000),
        ("1.9995", "KWD", 2000),
    ],
)
def test_a_decimal_amount_is_rounded_to_the_currencys_minor_unit(
    amount: str, currency: str, minor: int
) -> None:
    assert Money.of(amount, currency).amount_minor == minor


def test_the_callers_decimal_context_does_not_matter() -> None:
    with localcontext(prec=3):
        assert Money.of("123456.78", EUR) == euros(12345678)
        assert euros(12345678).times(Decimal("0.5")) == euros(6172839)


def test_currencies_are_never_mixed() -> None:
    yen = Money(amount_minor=1, currency="JPY")
    mixtures: list[Any] = [
        lambda: euros(1) + yen,
        lambda: euros(1) - yen,
        lambda: euros(1) < yen,
        lambda: euros(1) >= yen,
        lambda: Money.sum([euros(1), yen], EUR),
        lambda: Money.sum([yen], EUR),
    ]
    for mixture in mixtures:
        with pytest.raises(CurrencyMismatch, match="cannot combine EUR with JPY"):
            mixture()
    assert euros(1) != yen


def test_amounts_are_ordered() -> None:
    assert sorted([euros(3), euros(-1), euros(2)]) == [euros(-1), euros(2), euros(3)]
    assert max([euros(3), euros(2)]) == euros(3)
    assert euros(2) <= euros(2) <= euros(3)


@pytest.mark.parametrize("amount", ["abc", "NaN", "Infinity", "1e400", str(MOST)])
def test_what_no_amount_can_be_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        Money.of(amount, EUR)


def test_an_amount_beyond_what_json_readers_keep_exact_is_refused() -> None:
    assert euros(MOST).amount_minor == MOST
    for beyond in (lambda: euros(MOST + 1), lambda: euros(MOST) + euros(1), lambda: euros(MOST).times(2)):
        with pytest.raises(ValueError, match="amount"):
            beyond()


def test_an_unknown_currency_has_no_minor_unit() -> None:
    with pytest.raises(ValueError, match="'XYZ' is no currency"):
        exponent("XYZ")


@pytest.mark.parametrize("wrong", ["1999", 19.99, True, None])
def test_minor_units_are_whole_numbers_and_nothing_else(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount_minor": wrong, "currency": EUR})


def test_a_price_is_not_below_zero() -> None:
    assert TypeAdapter(Amount).validate_python({"amount_minor": 0, "currency": EUR}) == Money.zero(EUR)
    with pytest.raises(ValidationError, match="below zero"):
        TypeAdapter(Amount).validate_python({"amount_minor": -1, "currency": EUR})


def test_money_reads_as_people_write_it() -> None:
    assert str(Money.of("1234567.5", EUR)) == "1,234,567.50 EUR"
    assert str(Money.of(1999, "JPY")) == "1,999 JPY"

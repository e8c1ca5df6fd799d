"""Money: whole minor units in one currency, so that nothing is lost to fractions."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Annotated, Self

from pydantic import AfterValidator, Field, Strict
from pydantic_core import PydanticCustomError

from triptych.canonical.base import Model, example
from triptych.canonical.codes import MINOR_UNITS, Currency

MOST = 2**53 - 1
"""The largest amount, in minor units: what every JSON reader keeps exact (RFC 8259, section 6)."""


def exponent(currency: str) -> int:
    """How many decimal places the currency's minor unit has (ISO 4217): EUR 2, JPY 0, KWD 3.

    Raises ValueError for what is no currency.
    """
    try:
        return MINOR_UNITS[currency]
    except KeyError:
        raise ValueError(f"{currency!r} is no currency of ISO 4217") from None


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added or compared."""


class Money(Model):
    """An amount in whole minor units of one ISO 4217 currency (schema.org MonetaryAmount; UBL Amount).

    Arithmetic that would mix currencies raises CurrencyMismatch, that leaves ±(2⁵³ - 1) ValueError.
    """

    model_config = example(amount_minor=1999, currency="EUR")

    amount_minor: Annotated[int, Strict(), Field(ge=-MOST, le=MOST)]
    """The amount in the currency's minor unit: 1999 is 19.99 EUR, 1999 JPY or 1.999 KWD."""
    currency: Currency
    """ISO 4217 code."""

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> Self:
        """From a decimal amount in major units, rounded half to even: `Money.of("19.99", "EUR")`."""
        try:
            major = Decimal(amount)
        except InvalidOperation:
            raise ValueError(f"{amount!r} is no amount") from None
        return cls(amount_minor=_rounded(_EXACT.scaleb(major, exponent(currency))), currency=currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in that currency."""
        return cls(amount_minor=0, currency=currency)

    @classmethod
    def sum(cls, amounts: Iterable["Money"], currency: str) -> Self:
        """All amounts together, which must be in that currency; nothing when there are none."""
        total = cls.zero(currency)
        for amount in amounts:
            total += amount
        return total

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount_minor).scaleb(-exponent(self.currency))

    def times(self, factor: Decimal | int) -> Self:
        """The amount times a factor, rounded half to even."""
        return self._with(_rounded(_EXACT.multiply(self.amount_minor, factor)))

    def _with(self, amount_minor: int) -> Self:
        return type(self)(amount_minor=amount_minor, currency=self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"cannot combine {self.currency} with {other.currency}")
        return other.amount_minor

    def __add__(self, other: "Money") -> Self:
        return self._with(self.amount_minor + self._same(other))

    def __sub__(self, other: "Money") -> Self:
        return self._with(self.amount_minor - self._same(other))

    def __neg__(self) -> Self:
        return self._with(-self.amount_minor)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount_minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount_minor >= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount:,} {self.currency}"


_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""More digits than any amount times any factor has, whatever the caller's own decimal context says."""


def _rounded(minor: Decimal) -> int:
    if not minor.is_finite() or abs(minor) > MOST:
        raise ValueError(f"the amount is beyond ±{MOST} minor units")
    return int(minor.quantize(Decimal(1), context=_EXACT))


def _not_negative(money: Money) -> Money:
    if money.amount_minor < 0:
        raise PydanticCustomError("negative_amount", "Input should not be below zero")
    return money


Amount = Annotated[Money, AfterValidator(_not_negative)]
"""Money that is not below zero: a price, a charge, a total."""

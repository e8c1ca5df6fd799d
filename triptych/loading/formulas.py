"""Formulas: where a field comes from, in one line, such as `freight | money(USD)`.

    formula   alternatives joined by pipes      companyName | trim | upper
    path      a column, a field, a list         phone    product.category.name    lines[].sku
    literal   text, number, true, false, null   "organization"    14    true
    &         texts put together                "NW-" & productID
    = !=      whether two values read the same  country = "Germany"
    if(…)     if(condition, then, else)         if(shippedDate, "shipped", "confirmed")
    coalesce  the first that is not null        coalesce(region, city)

A name that is no plain word stands in back quotes. Whatever is null stays null through paths and formats,
and is the empty text to `&`. Formulas have no loops, so each of them ends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from triptych.loading.formats import Transform, shown, text

Row = Mapping[str, Any]
Evaluate = Callable[[Row], Any]
Tables = Mapping[str, Mapping[str, Any]]
LIST = "[]"
"""The step of a path that goes through all parts of a list."""


class FormulaError(ValueError):
    """A formula cannot be read: at which character, counted from 0, and why."""

    def __init__(self, detail: str, offset: int, suggestion: str = "") -> None:
        self.detail, self.offset, self.suggestion = detail, offset, suggestion
        super().__init__(f"{detail} at character {offset + 1}")


@dataclass(frozen=True, slots=True)
class PathUse:
    """A path that a formula reads: `("lines", "[]", "sku")`, and at which character it stands."""

    steps: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Reference:
    """Stands for the id of a record that is found by one of its fields."""

    target: str
    """Its collection: `crm.customers`."""
    by: str
    """The field; empty for the key under which this mapping loads the collection."""
    value: str


@dataclass(frozen=True, slots=True)
class ReferenceUse:
    """A reference that a formula makes, and at which character."""

    target: str
    by: str
    offset: int


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, ready to be evaluated; what it reads is known beforehand."""

    text: str
    evaluate: Evaluate
    """Raises ValueError, naming the value, when a format cannot read what it is given."""
    paths: tuple[PathUse, ...]
    references: tuple[ReferenceUse, ...]


def constant(value: Any) -> Evaluate:
    """The same for every row."""
    return lambda row: value


def comparison(left: Evaluate, right: Evaluate, *, equal: bool) -> Evaluate:
    """Whether two values read the same."""

    def same(row: Row) -> bool:
        one, other = left(row), right(row)
        if one is None or other is None:
            return ((one is None) == (other is None)) == equal
        return (text(one) == text(other)) == equal

    return same


def concatenation(parts: list[Evaluate]) -> Evaluate:
    """Texts put together."""

    def joined(row: Row) -> str:
        return "".join("" if (value := part(row)) is None else text(value) for part in parts)

    return joined


def choice(condition: Evaluate, then: Evaluate, otherwise: Evaluate) -> Evaluate:
    """One of two, by a condition that holds unless it is null, false or the empty text."""
    return lambda row: otherwise(row) if condition(row) in (None, False, "") else then(row)


def first(parts: list[Evaluate]) -> Evaluate:
    """The first that is not null."""
    return lambda row: next((value for part in parts if (value := part(row)) is not None), None)


def applied(transform: Transform, value: Evaluate) -> Evaluate:
    """A format over a value, or over each part of a list; null passes by."""

    def apply(row: Row) -> Any:
        found = value(row)
        if found is None:
            return None
        if isinstance(found, list):
            return [None if part is None else transform(part) for part in cast("list[Any]", found)]
        return transform(found)

    return apply


def whole(transform: Transform, value: Evaluate) -> Evaluate:
    """A format over a value as it is, list or not; null passes by."""
    return lambda row: None if (found := value(row)) is None else transform(found)


def lookup(name: str, table: Mapping[str, Any]) -> Transform:
    """A format that reads a table."""

    def look(value: Any) -> Any:
        try:
            return table[text(value)]
        except KeyError:
            raise ValueError(f"{shown(value)} is not in the table {name}") from None

    return look


def walk(steps: tuple[str, ...]) -> Evaluate:
    """What a path leads to, null where something on the way is null."""
    if len(steps) == 1:
        name = steps[0]
        return lambda row: row.get(name)
    return lambda row: _follow(row, steps)


def _follow(value: Any, steps: tuple[str, ...]) -> Any:
    for position, step in enumerate(steps):
        if value is None:
            return None
        if step == LIST:
            if not isinstance(value, list):
                raise ValueError(f"{shown(value)} is no list")
            rest = steps[position + 1 :]
            found = [_follow(part, rest) for part in cast("list[Any]", value)]
            return [inner for part in found for inner in part or ()] if LIST in rest else found
        if not isinstance(value, Mapping):
            raise ValueError(f"{shown(value)} has no field {step!r}")
        value = cast("Mapping[str, Any]", value).get(step)
    return value

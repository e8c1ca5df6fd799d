"""Shapes: what a mapping makes of a row, a record with objects and lists in it, formulas at its leaves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from triptych.loading.formulas import Formula, Row
from triptych.loading.mistakes import Place


class Unreadable(Exception):
    """A row cannot become a record: which field (JSON Pointer, RFC 6901), and why."""

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer, self.detail = pointer, detail
        super().__init__(f"{pointer}: {detail}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value: one formula."""

    formula: Formula
    place: Place

    def made(self, row: Row, pointer: str) -> Any:
        """The value; raises Unreadable."""
        try:
            return self.formula.evaluate(row)
        except ValueError as error:
            raise Unreadable(pointer, str(error)) from error


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    shape: "Shape"
    place: Place


@dataclass(frozen=True, slots=True)
class Object:
    """An object; null when all its fields are."""

    fields: tuple[Field, ...]

    def made(self, row: Row, pointer: str) -> dict[str, Any] | None:
        """The object without the fields that are null; raises Unreadable."""
        values = {
            field.name: value
            for field in self.fields
            if (value := field.shape.made(row, f"{pointer}/{field.name}")) is not None
        }
        return values or None

    def names(self) -> tuple[str, ...]:
        """The names of its fields."""
        return tuple(field.name for field in self.fields)


@dataclass(frozen=True, slots=True)
class Items:
    """A list with its parts written out; those that are null are left out."""

    parts: tuple["Shape", ...]

    def made(self, row: Row, pointer: str) -> list[Any]:
        """The list; raises Unreadable."""
        made = [part.made(row, f"{pointer}/{index}") for index, part in enumerate(self.parts)]
        return [value for value in made if value is not None]


@dataclass(frozen=True, slots=True)
class Each:
    """A list, with one part for each of another list: `lines from each details:`."""

    source: Leaf
    part: "Shape"

    def made(self, row: Row, pointer: str) -> list[Any]:
        """The list, empty where the other one is null; raises Unreadable."""
        found = self.source.made(row, pointer)
        if found is None:
            return []
        if not isinstance(found, list):
            raise Unreadable(pointer, f"{self.source.formula.text} is no list")
        rows = cast("list[Any]", found)
        made = [self.part.made(_row(row, pointer), f"{pointer}/{index}") for index, row in enumerate(rows)]
        return [value for value in made if value is not None]


@dataclass(frozen=True, slots=True)
class Within:
    """An object made from inside another: `customer from buyer:`."""

    source: Leaf
    part: "Shape"

    def made(self, row: Row, pointer: str) -> Any:
        """What the part makes of it, null where the other one is; raises Unreadable."""
        found = self.source.made(row, pointer)
        return None if found is None else self.part.made(_row(found, pointer), pointer)


Shape = Leaf | Object | Items | Each | Within


def _row(found: Any, pointer: str) -> Row:
    if not isinstance(found, Mapping):
        raise Unreadable(pointer, "what it is made from is no object")
    return cast("Row", found)


def leaves(shape: Shape) -> Iterator[Leaf]:
    """Every formula of a shape that is read in the shape's own row, not in a row within it."""
    match shape:
        case Leaf():
            yield shape
        case Object():
            for field in shape.fields:
                yield from leaves(field.shape)
        case Items():
            for part in shape.parts:
                yield from leaves(part)
        case Each() | Within():
            yield shape.source


def inner(shape: Shape) -> Iterator[Each | Within]:
    """Every part of a shape that is made in rows of its own."""
    match shape:
        case Object():
            for field in shape.fields:
                yield from inner(field.shape)
        case Items():
            for part in shape.parts:
                yield from inner(part)
        case Each() | Within():
            yield shape
        case Leaf():
            return


def all_leaves(shape: Shape) -> Iterator[Leaf]:
    """Every formula of a shape, wherever it is read."""
    yield from leaves(shape)
    for part in inner(shape):
        yield from all_leaves(part.part)

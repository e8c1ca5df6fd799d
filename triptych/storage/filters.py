"""Turns a contract's Filter into the conditions of a SELECT."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Table, and_, bindparam, false
from sqlalchemy.sql.elements import ColumnElement

from triptych.contract import Filter
from triptych.problems import FieldError, InvalidInput
from triptych.storage.tables import searchable, storable

F = TypeVar("F", bound=Filter)

PAGING = {"cursor", "limit"}
ORDERING = {"newest_first"}
MOST_VALUES = 100
MOST_WORDS = 8
_ESCAPES = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})

Shape = tuple[tuple[str, int | None], ...]
"""Which fields were given, and for those with several values how many: questions of one shape share SQL."""


class Filters(Generic[F]):
    """The filters that one list can be asked for: each field of the model has its column.

    `status` is compared with the column `status`, and with several values (a tuple) means any of them.
    `placed_since` and `placed_before` bound the column `placed_at` (or `placed`), the moment itself included
    and excluded; `q` looks for each of its words in what the table is searched by.
    """

    def __init__(self, table: Table, model: type[F]) -> None:
        self.model = model
        self._columns: dict[str, Callable[[int | None], ColumnElement[bool]]] = {}
        for name in model.model_fields.keys() - PAGING - ORDERING:
            condition = _condition(table, name)
            if condition is None:
                raise TypeError(
                    f"{model.__name__}.{name} has no column in the table {table.name}: "
                    f"add it to `indexed`{' or name the fields in `search`' if name == 'q' else ''}"
                )
            self._columns[name] = condition

    def asked(self, filter: F) -> tuple[Shape, dict[str, Any]]:
        """What is asked for: the shape of the question, and the values to bind. Raises InvalidInput."""
        shape: list[tuple[str, int | None]] = []
        values: dict[str, Any] = {}
        for name in self._columns:
            value = getattr(filter, name)
            if value is None:
                continue
            several = _several(name, value)
            if several is None:
                values[name] = storable(value, f"?{name}")
            else:
                values.update({f"{name}_{at}": storable(one, f"?{name}") for at, one in enumerate(several)})
            shape.append((name, None if several is None else len(several)))
        return tuple(shape), values

    def conditions(self, shape: Shape) -> ColumnElement[bool]:
        """The condition for a question of this shape; it is true for an empty one."""
        return and_(True, *(self._columns[name](count) for name, count in shape))


def _several(name: str, value: Any) -> list[Any] | None:
    if name == "q":
        words = [f"%{searchable(word).translate(_ESCAPES)}%" for word in str(value).split()]
        return words[:MOST_WORDS]
    if not isinstance(value, tuple | list | set | frozenset):
        return None
    several: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType] - checked one by one
    if len(several) > MOST_VALUES:
        detail = f"takes at most {MOST_VALUES} values"
        raise InvalidInput(f"{name} {detail}.", errors=[FieldError(pointer=f"?{name}", detail=detail)])
    return several


def _condition(table: Table, name: str) -> Callable[[int | None], ColumnElement[bool]] | None:
    columns = {column.name: column for column in table.c}
    if name == "q":
        return _contains(columns["search"]) if "search" in columns else None
    if name in columns:
        return _equals(columns[name], name)
    subject, _, bound = name.rpartition("_")
    for candidate in (f"{subject}_at", subject):
        if bound in ("since", "before") and candidate in columns:
            return _bounded(columns[candidate], name, since=bound == "since")
    return None


def _equals(column: ColumnElement[Any], name: str) -> Callable[[int | None], ColumnElement[bool]]:
    def condition(count: int | None) -> ColumnElement[bool]:
        if count is None:
            return column == bindparam(name, type_=column.type)
        if count == 0:
            return false()
        return column.in_([bindparam(f"{name}_{at}", type_=column.type) for at in range(count)])

    return condition


def _bounded(
    column: ColumnElement[Any], name: str, *, since: bool
) -> Callable[[int | None], ColumnElement[bool]]:
    def condition(_: int | None) -> ColumnElement[bool]:
        bound = bindparam(name, type_=column.type)
        return column >= bound if since else column < bound

    return condition


def _contains(column: ColumnElement[Any]) -> Callable[[int | None], ColumnElement[bool]]:
    def condition(count: int | None) -> ColumnElement[bool]:
        words = (bindparam(f"q_{at}", type_=column.type) for at in range(count or 0))
        return and_(True, *(column.like(word, escape="\\") for word in words))

    return condition

"""Makes records of rows, a batch at a time and off the event loop: reading, looking up, formulas."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from triptych.loading.columns import forgotten
from triptych.loading.files import Row, RowReader, Unread
from triptych.loading.formats import number
from triptych.loading.formulas import Reference
from triptych.loading.joins import Shelf, packed
from triptych.loading.mapping import FileFormat, Step
from triptych.loading.shapes import Unreadable

Rows = Iterator[Row | Unread]


@dataclass(slots=True)
class Prepared:
    """A row on its way to become a record."""

    line: int
    record: dict[str, Any] = field(default_factory=dict[str, Any])
    """The fields' values; a `Reference` stands where an id is yet to be found."""
    key: dict[str, Any] = field(default_factory=dict[str, Any])
    state: str | None = None
    """How far the record is to go."""
    kept: frozenset[str] = frozenset()
    """Fields that no formula names, kept in `extensions`."""
    repaired: bool = False
    fault: Unreadable | None = None
    """Why the row cannot become a record."""
    repeats: bool = False
    """Whether an earlier row said the very same."""
    joined: list[int] = field(default_factory=list[int])
    """Which looked-up rows went into it."""
    row: Row | None = None
    """What was read, should it have to wait."""


class Preparation:
    """Prepares the rows of one step."""

    def __init__(self, step: Step, format: FileFormat | None, read: set[str], shelf: Shelf) -> None:
        self.step = step
        self._format = format
        self._read = read
        self._shelf = shelf

    def batch(self, rows: Rows, size: int, *, again: bool = False) -> list[Prepared]:
        """The next rows; `again` for those that were read before and had to wait."""
        with self._shelf.together():
            return [self._prepared(row, again=again) for row in islice(rows, size)]

    def _prepared(self, row: Row | Unread, *, again: bool) -> Prepared:
        if isinstance(row, Unread):
            return Prepared(row.line, fault=Unreadable("", row.reason))
        made = Prepared(row.line, repaired=row.repaired, row=row)
        try:
            self._make(made, row)
            if not again:
                self._check_repeats(made)
        except Unreadable as error:
            made.fault = error
        return made

    def _make(self, made: Prepared, row: Row) -> None:
        values, step = row.values, self.step
        left = forgotten(values, self._read, self._format) if self._format else []
        if left and self._format and self._format.others == "refuse":
            raise Unreadable("", f"nothing is said of {', '.join(map(repr, left))}")
        if step.joins:
            looked = self._shelf.look(values, step.joins)
            made.joined, values = looked.rows, looked.values
            if looked.fault:
                raise looked.fault
        made.record = step.record.made(values, "") or {}
        if left and self._format and self._format.others == "keep":
            others = {name: values[name] for name in left if values[name] is not None}
            made.kept = frozenset(left)
            made.record["extensions"] = {**others, **made.record.get("extensions", {})}
        if "extensions" in made.record:
            made.record["extensions"] = _as_json(made.record["extensions"])
        if step.states is not None:
            state = step.states.reach.made(values, f"/{step.states.name}")
            made.state = None if state is None else str(state)
        for name in step.key:
            if made.record.get(name) is None:
                raise Unreadable(f"/{name}", "the key is absent")
            made.key[name] = made.record[name]

    def _check_repeats(self, made: Prepared) -> None:
        """A key that comes twice with the same content is no harm; with other content it cannot be right."""
        digest = hashlib.blake2b(packed([made.record, made.state]).encode(), digest_size=16).digest()
        before = self._shelf.repeated(packed(made.key), made.line, digest)
        if before is not None:
            line, same = before
            if not same:
                names = ", ".join(self.step.key)
                raise Unreadable(
                    f"/{self.step.key[0]}", f"line {line} says something else of the same {names}"
                )
            made.repeats = True


def batches_of(reader: RowReader | None) -> Rows:
    """The rows of a file, or for a step without one the single row that it stands for."""
    return iter(reader) if reader is not None else iter([Row(1, {})])


def _as_json(value: Any) -> Any:
    """A value as JSON has it: decimals as numbers, for `extensions` keep what nobody will add up."""
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_as_json(part) for part in cast("list[Any]", value)]
    if isinstance(value, Reference):
        return value
    if hasattr(value, "as_tuple"):
        exact = number(value)
        return int(exact) if exact == exact.to_integral_value() else float(exact)
    return value

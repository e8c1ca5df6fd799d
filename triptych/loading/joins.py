"""Rows that are looked up for other rows, kept beside the memory: an order's lines, a product's category.

They lie in a private SQLite file that the operating system deletes with its last handle, so a file of any
size can be joined in any order. Each row remembers what became of the records that it went into, so that
none is lost unseen.
"""

import json
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from itertools import islice
from types import TracebackType
from typing import Any, Self

import orjson

from triptych.loading.columns import forgotten
from triptych.loading.files import Row, RowReader, Unread
from triptych.loading.formats import text
from triptych.loading.formulas import Reference
from triptych.loading.mapping import Join, Step
from triptych.loading.shapes import Unreadable


class Outcome(IntEnum):
    """What became of a row, best first."""

    CREATED = 0
    UPDATED = 1
    UNCHANGED = 2
    REFUSED = 3
    UNUSED = 4


@dataclass(slots=True)
class Looked:
    """A row with what was looked up for it, and which rows those are."""

    values: dict[str, Any]
    rows: list[int]
    fault: Unreadable | None = None
    """Why a row that belongs to it could not be read."""


_TABLES = """
    CREATE TABLE joined (
        id INTEGER PRIMARY KEY, file TEXT, line INTEGER, cells TEXT, fault TEXT, repaired INTEGER,
        outcome INTEGER
    );
    CREATE TABLE keys (
        file TEXT, "by" TEXT, key TEXT, row INTEGER, PRIMARY KEY (file, "by", key, row)
    ) WITHOUT ROWID;
    CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER, digest BLOB) WITHOUT ROWID;
    CREATE TABLE waiting (line INTEGER PRIMARY KEY, cells TEXT, round INTEGER);
"""


class Shelf:
    """The rows beside the memory. Not for several threads at once, but for any one at a time."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -8192"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_TABLES)
        self._last = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def fill(self, reader: RowReader, columns: set[str], read: set[str]) -> Iterator[int]:
        """Keep all rows of a file, to be found by these columns; yields the row count now and then.

        A row with fields that are neither read nor dropped is kept as one that could not be read.
        """
        file, format, count = reader.path.name, reader.format, 0
        rows = iter(reader)
        while some := list(islice(rows, 1000)):
            joined: list[tuple[Any, ...]] = []
            keys: list[tuple[Any, ...]] = []
            for id, row in enumerate(some, self._last + 1):
                fault = row.reason if isinstance(row, Unread) else None
                if not fault and format.others == "refuse" and (left := forgotten(row.values, read, format)):
                    fault = f"nothing is said of {', '.join(map(repr, left))}"
                try:
                    keys += [
                        (file, name, text(key), id)
                        for name in columns
                        if (key := row.values.get(name)) is not None
                    ]
                except ValueError as error:
                    fault = str(error)
                repaired = isinstance(row, Row) and row.repaired
                joined.append((id, file, row.line, packed(row.values), fault, repaired, Outcome.UNUSED))
            self._last += len(some)
            with self.together():
                self._database.executemany("INSERT INTO joined VALUES (?, ?, ?, ?, ?, ?, ?)", joined)
                self._database.executemany("INSERT INTO keys VALUES (?, ?, ?, ?)", keys)
            yield (count := count + len(some))

    def look(self, values: dict[str, Any], joins: tuple[Join, ...]) -> Looked:
        """The row's values with those of the rows that belong to it, under the joins' aliases.

        A lookup of one row that finds none or several is a fault of the row; without a key there is none
        to find.
        """
        looked = Looked(dict(values), [])
        for join in joins:
            try:
                key = join.value.made(values, f"/{join.alias}")
                found = [] if key is None else self._found(join, text(key), looked)
            except Unreadable as error:
                key, found = None, []
                looked.fault = error
            if not join.each and key is not None and len(found) != 1 and looked.fault is None:
                many = f"{len(found)} rows" if found else "no row"
                detail = f"{join.file} has {many} whose {join.by} is {text(key)}"
                looked.fault = Unreadable(f"/{join.alias}", detail)
            looked.values[join.alias] = found if join.each else next(iter(found), None)
        return looked

    def _found(self, join: Join, key: str, looked: Looked) -> list[dict[str, Any]]:
        query = """
            SELECT joined.id, line, cells, fault FROM keys JOIN joined ON joined.id = keys.row
            WHERE keys.file = ? AND keys."by" = ? AND keys.key = ? ORDER BY line
        """
        found: list[dict[str, Any]] = []
        for row, line, cells, fault in self._database.execute(query, (join.file, join.by, key)).fetchall():
            looked.rows.append(row)
            if fault is not None:
                looked.fault = Unreadable(f"/{join.alias}", f"{join.file}, line {line}: {fault}")
                continue
            inner = self.look(unpacked(cells), join.joins)
            looked.rows += inner.rows
            looked.fault = looked.fault or inner.fault
            found.append(inner.values)
        return found

    @contextmanager
    def together(self) -> Generator[None]:
        """Do many small things as one, which is much quicker."""
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            self._database.execute("COMMIT")

    def settle(self, outcomes: list[tuple[Outcome, list[int]]]) -> None:
        """Note for joined rows what became of the records that they went into; the best counts."""
        self._database.executemany(
            "UPDATE joined SET outcome = min(outcome, ?) WHERE id = ?",
            [(int(outcome), row) for outcome, rows in outcomes for row in rows],
        )

    def settled(self, file: str) -> dict[Outcome, int]:
        """How many rows of a joined file had which outcome."""
        query = "SELECT outcome, count(*) FROM joined WHERE file = ? GROUP BY outcome"
        return {Outcome(outcome): count for outcome, count in self._database.execute(query, (file,))}

    def repaired(self, file: str) -> int:
        """How many rows of a joined file had torn cells that were put together again."""
        query = "SELECT count(*) FROM joined WHERE file = ? AND repaired"
        return int(self._database.execute(query, (file,)).fetchone()[0])

    def lost(self, file: str) -> Iterator[tuple[int, str]]:
        """The rows of a joined file that no record holds: line and reason."""
        query = "SELECT line, fault, outcome FROM joined WHERE file = ? AND outcome >= ? ORDER BY line"
        with closing(self._database.execute(query, (file, Outcome.REFUSED))) as rows:
            for line, fault, outcome in rows:
                if fault is not None:
                    yield line, str(fault)
                elif outcome == Outcome.UNUSED:
                    yield line, "no record takes it up"
                else:
                    yield line, "the record that it belongs to was refused"

    def repeated(self, key: str, line: int, digest: bytes) -> tuple[int, bool] | None:
        """Where this key of the present file stood before, and whether with the same content."""
        query = "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        if self._database.execute(query, (key, line, digest)).rowcount:
            return None
        found = self._database.execute("SELECT line, digest FROM seen WHERE key = ?", (key,)).fetchone()
        return found[0], found[1] == digest

    def defer(self, rows: list[Row], turn: int) -> None:
        """Keep rows of the present file for another turn."""
        self._database.executemany(
            "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?)",
            [(row.line, packed(row.values), turn) for row in rows],
        )

    def deferred(self, turn: int) -> Iterator[Row]:
        """The rows that wait for this turn."""
        query = "SELECT line, cells FROM waiting WHERE round = ? AND line > ? ORDER BY line LIMIT 100"
        last = 0
        while rows := self._database.execute(query, (turn, last)).fetchall():
            for last, cells in rows:
                yield Row(last, unpacked(cells))

    def forget(self) -> None:
        """Another file begins: no key was seen yet, and no row waits."""
        self._database.executescript("DELETE FROM seen; DELETE FROM waiting;")


def columns_to_find_by(steps: tuple[Step, ...]) -> dict[str, set[str]]:
    """Which files are looked up, and by which columns each is."""
    found: dict[str, set[str]] = {}
    for step in steps:
        for join in _all(step.joins):
            found.setdefault(join.file, set()).add(join.by)
    return found


def files_joined(steps: tuple[Step, ...]) -> dict[str, list[str]]:
    """The files that are looked up and not loaded themselves, and into which collections their rows go."""
    loaded = {step.file for step in steps}
    found: dict[str, list[str]] = {}
    for step in steps:
        for join in _all(step.joins):
            into = found.setdefault(join.file, [])
            if step.into not in into:
                into.append(step.into)
    return {file: into for file, into in found.items() if file not in loaded}


def _all(joins: tuple[Join, ...]) -> list[Join]:
    return [found for join in joins for found in (join, *_all(join.joins))]


_DECIMAL = "\0decimal"


def packed(value: Any) -> str:
    """A row as JSON; decimal numbers come back exact from `unpacked`."""
    try:
        return orjson.dumps(value, default=_written, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # a whole number beyond 64 bits; the space tells `unpacked`
        return " " + json.dumps(value, default=_written, sort_keys=True)


def unpacked(cells: str) -> Any:
    """The row again."""
    exact = cells[0] == " " or "\\u0000decimal" in cells
    return json.loads(cells, object_hook=_read) if exact else orjson.loads(cells)


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, Reference):
        return [value.target, value.by, value.value]
    raise TypeError(f"{type(value).__name__} is no JSON")


def _read(found: dict[str, Any]) -> Any:
    return Decimal(found[_DECIMAL]) if _DECIMAL in found else found

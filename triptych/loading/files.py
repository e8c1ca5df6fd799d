"""Reads the rows of a file one by one, in constant memory, each with the line that it stands on."""

import csv
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from triptych.loading.mapping import FileFormat

LONGEST_LINE = 1_000_000
"""Characters of one line, or of one row over several lines; what is longer is refused."""
MOST_LINES = 1000
"""Lines of one row; a quote that is open for longer was never closed."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that could be read: its values by column, null where the file says so."""

    line: int
    values: dict[str, Any]
    repaired: bool = False
    """Whether cells were put together again that an unquoted delimiter had torn apart."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that could not be read, and why; what its cells seem to be, as far as there are any."""

    line: int
    reason: str
    values: dict[str, Any]


class FileError(Exception):
    """A whole file cannot be read: it is absent, has no header, or names a column twice."""


class RowReader:
    """The rows of one file: `with RowReader(path, format) as reader: for row in reader: ...`."""

    def __init__(self, path: Path, format: FileFormat) -> None:
        self.path = path
        self.format = format
        self.columns: tuple[str, ...] = ()
        """The columns, by the header or the mapping; none for JSON Lines."""
        self.size = 0
        """Bytes of the file."""

    def __enter__(self) -> Self:
        encoding = self.format.encoding
        if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
            encoding = "utf-8-sig"  # the same, and skips a byte order mark
        try:
            self._bytes = self.path.open("rb")
        except OSError as error:
            raise FileError(f"{self.path.name} cannot be opened: {error.strerror}") from error
        self.size = self.path.stat().st_size
        self._text = TextIOWrapper(self._bytes, encoding=encoding, errors="surrogateescape", newline="")
        self._lines = _Lines(self._text)
        if self.format.kind == "csv":
            self._csv = csv.reader(
                self._lines, delimiter=self.format.delimiter, quotechar=self.format.quote, strict=True
            )
            try:
                self.columns = self.format.columns or self._header()
            except FileError:
                self._text.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    @property
    def read(self) -> int:
        """How many bytes have been read."""
        return self._bytes.tell()

    def __iter__(self) -> Iterator[Row | Unread]:
        while (found := self._next()) is not None:
            yield found

    def _header(self) -> tuple[str, ...]:
        found = self._cells()
        if not isinstance(found, list):
            raise FileError(f"{self.path.name} has no header" + (f": {found.reason}" if found else ""))
        names = tuple(name.strip() for name in found)
        for name in names:
            if not name or names.count(name) > 1:
                raise FileError(f"{self.path.name} names the column {name!r} {names.count(name)} times")
        return names

    def _next(self) -> Row | Unread | None:
        found = self._cells() if self.format.kind == "csv" else self._object()
        if isinstance(found, list):
            return self._fitted(found)
        return found

    def _cells(self) -> list[str] | Unread | None:
        """The cells of the next row that is not empty, or why it cannot be read; None at the end."""
        while True:
            self._lines.begin()
            try:
                cells = next(self._csv)
            except StopIteration:
                return None
            except (csv.Error, _Endless, UnicodeError) as error:
                reason = _in_words(error, self._lines.first)
                self._lines.give_back()
                return Unread(self._lines.first, reason, {})
            if cells:
                return cells

    def _fitted(self, cells: list[str]) -> Row | Unread:
        """The cells under their columns."""
        line, count, torn = self._lines.first, len(cells), len(cells) > len(self.columns)
        if torn and self.format.continuation:
            cells = _mended(cells, self.format)
        absent = self.format.absent
        named = zip(self.columns, cells, strict=False)
        values: dict[str, Any] = {name: None if not cell or cell in absent else cell for name, cell in named}
        if len(cells) != len(self.columns):
            mended = f", {len(cells)} when torn ones are put together" if len(cells) != count else ""
            reason = f"it has {count} cells{mended}; the header has {len(self.columns)}"
            return Unread(line, reason, values)
        if not self._lines.plain:
            for name, cell in values.items():
                if cell and _undecoded(cell):
                    return Unread(line, f"{name!r} is not written in {self.format.encoding}", values)
        return Row(line, values, repaired=torn)

    def _object(self) -> Row | Unread | None:
        """The next line of JSON that is not empty, as a row."""
        while True:
            self._lines.begin()
            try:
                line = next(self._lines)
                if line.strip():
                    return self._parsed(line)
            except StopIteration:
                return None
            except (ValueError, RecursionError) as error:
                return Unread(self._lines.first, _in_words(error, self._lines.first), {})

    def _parsed(self, line: str) -> Row | Unread:
        if _undecoded(line):
            return Unread(self._lines.first, f"it is not written in {self.format.encoding}", {})
        found: Any = json.loads(
            line.rstrip(), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once_each
        )
        if not isinstance(found, dict):
            return Unread(self._lines.first, "it is no JSON object", {})
        if "\\u" in line and _undecoded(json.dumps(found, default=str, ensure_ascii=False)):
            return Unread(self._lines.first, "it holds half of a surrogate pair", {})
        values = cast("dict[str, Any]", found)
        absent = self.format.absent
        return Row(
            self._lines.first,
            {
                name: None if isinstance(value, str) and (not value or value in absent) else value
                for name, value in values.items()
            },
        )


class _Endless(ValueError):
    """A row goes on for longer than any row does."""


class _Lines:
    """The lines of a file, numbered; a row's lines can be given back, to be read again one by one."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._file = file
        self._waiting = deque[str]()
        self._taken: list[str] = []
        self._characters = 0
        self._passed = 0
        self.first = 1
        """Number of the line on which the row begins."""
        self.plain = True
        """Whether the row is all ASCII."""

    def begin(self) -> None:
        """A new row begins here."""
        self._passed += len(self._taken)
        self._taken, self._characters, self.plain = [], 0, True
        self.first = self._passed + 1

    def give_back(self) -> None:
        """Go on behind the first line of the row, as if the others had not been read."""
        self._waiting.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self._taken.append(line)
        self._characters += len(line)
        self.plain = self.plain and line.isascii()
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            self._skip()
            raise _Endless(f"the line is longer than {LONGEST_LINE} characters")
        if len(self._taken) > MOST_LINES or (len(self._taken) > 1 and self._characters > LONGEST_LINE):
            raise _Endless(f"a quote is open for {len(self._taken)} lines and more")
        return line

    def _skip(self) -> None:
        """Leave out the rest of a line that is too long."""
        while (rest := self._file.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
            continue


def _mended(cells: list[str], format: FileFormat) -> list[str]:
    """The cells, each that begins with the continuation put to the one before it, delimiter and all."""
    mended: list[str] = []
    for cell in cells:
        if mended and cell.startswith(format.continuation):
            mended[-1] += format.delimiter + cell
        else:
            mended.append(cell)
    return mended


def _undecoded(text: str) -> bool:
    """Whether the text has a byte, or half of a character, that could not be decoded."""
    return not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _no_number(written: str) -> Any:
    raise ValueError(f"{written} is no number of JSON")


def _in_words(error: Exception, line: int) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error.msg} at character {error.pos + 1}"
    if isinstance(error, RecursionError):
        return "no JSON: nested too deep"
    if isinstance(error, csv.Error) and "unexpected end of data" in str(error):
        return f"a quote that opens on line {line} is never closed"
    if isinstance(error, UnicodeError):
        return f"the text cannot be decoded: {error}"
    return str(error)

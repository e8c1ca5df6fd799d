"""A mapping: which files a folder has, how they are written, and what becomes of their rows."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from triptych.loading.mistakes import Place
from triptych.loading.shapes import Leaf, Object

Kind = Literal["csv", "jsonl"]
Others = Literal["refuse", "keep", "drop"]
Existing = Literal["update", "keep"]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How one file is written."""

    place: Place
    kind: Kind = "csv"
    encoding: str = "utf-8"
    """Any that Python knows; a byte order mark is skipped."""
    delimiter: str = ","
    quote: str = '"'
    columns: tuple[str, ...] = ()
    """The columns' names, for a file without a header."""
    continuation: str = ""
    """A cell that begins with this continues the cell before it, where a row has too many cells."""
    absent: frozenset[str] = frozenset()
    """Texts that mean null; the empty text always does."""
    drop: tuple[str, ...] = ()
    """Columns that are left out on purpose."""
    others: Others = "refuse"
    """What becomes of columns that the mapping neither reads nor drops: an error, kept in `extensions`, or
    left out."""


@dataclass(frozen=True, slots=True)
class Join:
    """Rows of another file, looked up for each row: under `alias` one of them, or the list of them all."""

    alias: str
    file: str
    each: bool
    by: str
    """Column of the other file."""
    value: Leaf
    """What the column must be, from this row."""
    joins: tuple["Join", ...]
    """Further rows, looked up for each row found."""
    place: Place


@dataclass(frozen=True, slots=True)
class States:
    """How far a record is to go, by named operations, since states are no fields that can be written."""

    name: str
    """The field that says how far it is: `status`."""
    reach: Leaf
    """The state that a row says."""
    steps: Dictionary[str, str]
    """Which operation leads on from each state, in their order: `{"draft": "confirm_order"}`."""
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of the rows of one file, or a record that the mapping itself spells out."""

    file: str
    """Its name; empty for one record that no file has and the mapping spells out."""
    into: str
    """The collection: `crm.customers`."""
    key: tuple[str, ...]
    """The fields that tell whether a record is there already; its filter knows them."""
    record: Object
    place: Place
    """Where `into` stands."""
    key_place: Place
    joins: tuple[Join, ...] = ()
    existing: Existing = "update"
    """What becomes of a record that is there and differs: opening stock, for one, is kept as it is."""
    states: States | None = None

    @property
    def service(self) -> str:
        """The system API: `crm`."""
        return self.into.partition(".")[0]

    @property
    def collection(self) -> str:
        """The collection's name in its contract: `customers`."""
        return self.into.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file, read: formulas parsed, not yet checked against contracts and headers."""

    path: Path
    name: str
    files: Dictionary[str, FileFormat]
    """Every file of the folder, by name; the mapping fits a folder that has them all."""
    steps: tuple[Step, ...]
    """What is loaded, in this order."""
    title: str = ""
    tables: Dictionary[str, Dictionary[str, object]] = field(
        default_factory=dict[str, Dictionary[str, object]]
    )

    def fits(self, folder: Path) -> bool:
        """Whether the folder has all the files."""
        return all((folder / name).is_file() for name in self.files)

    def key_of(self, into: str) -> str:
        """The one field under which this mapping loads a collection, or "" where it does not."""
        return next((step.key[0] for step in self.steps if step.into == into and len(step.key) == 1), "")

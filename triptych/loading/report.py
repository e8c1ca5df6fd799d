"""What a load did: how many rows of each file were created, updated, left alone or refused, and why."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from triptych.loading.joins import Outcome

SHOWN = 20
"""Refused rows of one file that the table spells out; `--json` has them all."""
COUNTS = ("rows", "created", "updated", "unchanged", "repaired")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is not in the system, and why."""

    line: int
    """Where it begins in its file, the first line being 1."""
    reason: str
    pointer: str = ""
    """Which field of the record was wrong (JSON Pointer, RFC 6901), where it was one."""


@dataclass(slots=True)
class FileReport:
    """What became of the rows of one file. Rows are created + updated + unchanged + refused."""

    file: str
    into: str
    """The collection, or for a file that is looked up those that its rows went into."""
    looked_up: bool = False
    """Whether its rows are parts of other records."""
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    """Left alone: the system says the same already, or an earlier row did."""
    repaired: int = 0
    """Of the rows that were read, those whose cells had to be put together again."""
    refused: list[Refusal] = field(default_factory=list[Refusal])
    dropped: tuple[str, ...] = ()
    """Columns that the mapping leaves out."""

    def count(self, outcome: Outcome, rows: int = 1) -> None:
        """Note what became of a row that is not refused."""
        match outcome:
            case Outcome.CREATED:
                self.created += rows
            case Outcome.UPDATED:
                self.updated += rows
            case Outcome.UNCHANGED:
                self.unchanged += rows
            case Outcome.REFUSED | Outcome.UNUSED:
                raise ValueError("a refused row comes with its reason")
        self.rows += rows

    def refuse(self, line: int, reason: str, pointer: str = "") -> None:
        """Note a row that is refused."""
        self.rows += 1
        self.refused.append(Refusal(line, reason, pointer))


@dataclass(slots=True)
class LoadReport:
    """What a run of `triptych load` did."""

    mapping: str
    folder: str
    files: list[FileReport] = field(default_factory=list[FileReport])
    seconds: float = 0.0
    stopped: str = ""
    """Why the run ended before its end, if it did; loading again goes on."""

    @property
    def complete(self) -> bool:
        """Whether every row is in the systems."""
        return not self.stopped and not any(file.refused for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """The report for programs; the totals count each row of a file once for each step that reads it."""
        totals: dict[str, int] = {name: sum(getattr(file, name) for file in self.files) for name in COUNTS}
        totals["refused"] = sum(len(file.refused) for file in self.files)
        return {**asdict(self), "totals": totals, "complete": self.complete}

    def as_table(self) -> RenderableType:
        """The report for people."""
        table = Table(title=f"{self.mapping}: {self.folder}", title_justify="left")
        for name in ("file", "into"):
            table.add_column(name)
        for name in (*COUNTS, "refused"):
            table.add_column(name, justify="right")
        for file in self.files:
            into = f"part of {file.into}" if file.looked_up else file.into
            counts = [str(getattr(file, name)) for name in COUNTS]
            table.add_row(file.file, into, *counts, str(len(file.refused)))
        return Group(table, *map(Text, self._remarks()))

    def _remarks(self) -> list[str]:
        dropped = {file.file: ", ".join(file.dropped) for file in self.files if file.dropped}
        found = [f"{file}: left out {columns}, as the mapping says" for file, columns in dropped.items()]
        for file in self.files:
            for row in file.refused[:SHOWN]:
                pointer = f" {row.pointer}:" if row.pointer else ""
                found.append(f"{file.file}, line {row.line}:{pointer} {row.reason}")
            if len(file.refused) > SHOWN:
                found.append(f"{file.file}: {len(file.refused) - SHOWN} more; --json lists them all")
        if self.stopped:
            found.append(f"Stopped: {self.stopped} Load again to go on.")
        return found

"""What a benchmark reports: rows with a value, its baseline and their ratio, as a table and as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path("var/bench")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value. `ratio` is value over baseline, both from this run."""

    what: str
    value: float
    unit: str
    baseline: float | None = None
    against: str = ""
    """What the baseline is."""
    aim: str = ""
    """What we want it to be."""

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None


def machine() -> str:
    """Where this ran, in a few words."""
    what = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{what}, {os.cpu_count()} cores"


def publish(name: str, rows: Sequence[Row]) -> None:
    """Show the rows, and write them to `var/bench/<name>.json`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    document = {
        "name": name,
        "machine": machine(),
        "rows": [{**asdict(row), "ratio": row.ratio} for row in rows],
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
    table = Table(title=name, title_justify="left")
    for heading in ("what", "value", "baseline", "ratio", "aim"):
        table.add_column(heading, justify="left" if heading in ("what", "aim") else "right")
    for row in rows:
        baseline = f"{row.baseline:,.4g} {row.unit} ({row.against})" if row.baseline else ""
        ratio = f"{row.ratio:.3g}" if row.ratio else ""
        table.add_row(row.what, f"{row.value:,.4g} {row.unit}", baseline, ratio, row.aim)
    Console().print(table)

"""Loading the Northwind books into an empty installation, against the bare disk.

The books are read, joined, mapped, looked up and validated, and each record goes through the system APIs: a
keyed write, in a transaction of its own, on the disk when it is answered. The baseline has none of that to
do: it writes the documents that came of it into as many SQLite files of its own, with plain sqlite3, with the
same journal and the same durability, a transaction for each version of each record, as the loader had.

The books are no part of the project: they lie beside it, or where TRIPTYCH_SHARED says; without them there is
nothing to measure.
"""

import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench.report import Row, publish
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.loading import find_mapping, load
from triptych.settings import Settings

ROUNDS = 3
BOOKS = Path(os.environ.get("TRIPTYCH_SHARED", "../shared")) / "data" / "northwind"
ALL_ENTITIES = """
    SELECT name FROM sqlite_master WHERE type = 'table'
    AND EXISTS (SELECT 1 FROM pragma_table_info(sqlite_master.name) WHERE name = 'change_seq')
"""

Documents = Mapping[str, Sequence[tuple[str, int, str]]]
"""By service: the id, the version and the text of each document."""


class Round(NamedTuple):
    """Rows a second of one round, and milliseconds of CPU for a row."""

    loaded: float
    again: float
    bare: float
    cpu: float
    bare_cpu: float


def round_of(books: Path) -> Round:
    """Load the books, load them again, and write what came of it."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as own:
        rows, loaded, cpu, again = uvloop.run(_load(books, Path(folder)))
        documents = _documents(Path(folder))
        began, busy = time.perf_counter(), time.process_time()
        _write(documents, Path(own))
        bare, bare_cpu = time.perf_counter() - began, time.process_time() - busy
    return Round(rows / loaded, rows / again, rows / bare, cpu / rows * 1e3, bare_cpu / rows * 1e3)


async def _load(books: Path, data: Path) -> tuple[int, float, float, float]:
    """How many rows there were, the seconds and the CPU that they took, and the seconds of a second time."""
    services = installed()
    async with Platform(Settings(data=data), services) as platform:
        clients = {name: platform.client(made, "bench") for name, made in services.items()}
        busy = time.process_time()
        first = await load(books, find_mapping(books), clients)
        cpu = time.process_time() - busy
        second = await load(books, find_mapping(books), clients)
    if not (first.complete and second.complete):
        raise RuntimeError("Rows were refused: the books or their mapping are not what they were.")
    return sum(file.rows for file in first.files), first.seconds, cpu, second.seconds


def _documents(data: Path) -> Documents:
    found: dict[str, list[tuple[str, int, str]]] = {}
    for path in data.glob("*.db"):
        with sqlite3.connect(path) as connection:
            documents = [
                document
                for (table,) in connection.execute(ALL_ENTITIES).fetchall()
                for document in connection.execute(f"SELECT id, version, body FROM {table}")  # noqa: S608 - our own
            ]
        if documents:
            found[path.name] = documents
    return found


def _write(documents: Documents, folder: Path) -> None:
    for name, written in documents.items():
        connection = sqlite3.connect(folder / name, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE document (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
        for id, version, body in written:
            for _ in range(version):
                connection.execute("INSERT OR REPLACE INTO document VALUES (?, ?)", (id, body))
        connection.close()


def measure(books: Path) -> list[Row]:
    """The medians of a few rounds, after one that is not counted."""
    rounds = [round_of(books) for _ in range(ROUNDS + 1)][1:]
    median = Round(*(statistics.median(values) for values in zip(*rounds, strict=True)))
    bare = "their documents, plain sqlite3, as many transactions"
    return [
        Row("rows loaded", median.loaded, "1/s", median.bare, bare),
        Row("rows loaded again, nothing to change", median.again, "1/s"),
        Row("one row", median.cpu, "ms CPU", median.bare_cpu, bare),
    ]


def main() -> None:
    """Measure and publish."""
    if not BOOKS.is_dir():
        sys.stderr.write(f"loading: skipped, there are no Northwind books in {BOOKS} (TRIPTYCH_SHARED)\n")
        return
    publish("loading", measure(BOOKS))

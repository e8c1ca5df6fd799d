"""Reads a folder for a mapping, in a thread of its own: files open, rows joined, records made in batches."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from triptych.loading.columns import column_use
from triptych.loading.files import FileError, RowReader
from triptych.loading.joins import Outcome, Shelf, columns_to_find_by
from triptych.loading.mapping import Mapping, Step
from triptych.loading.preparing import Preparation, Prepared, Rows, batches_of

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Told how far it is: which file, how many of its bytes are read, and how many it has."""
BATCH = 200


def silent(file: str, read: int, size: int) -> None:
    """Progress that nobody watches."""


class Reading:
    """A folder, open: `async with Reading(folder, mapping, steps, progress) as reading:`.

    Raises FileError when files are missing or have no header, and MappingError when the mapping does not fit
    their columns.
    """

    def __init__(self, folder: Path, mapping: Mapping, steps: tuple[Step, ...], progress: Progress) -> None:
        self._folder = folder
        self._mapping = mapping
        self._steps = steps
        self._progress = progress
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="loading")
        self._open = ExitStack()
        self._read: dict[str, set[str]] = {}
        self.shelf: Shelf

    async def __aenter__(self) -> Self:
        try:
            headers = await self.do(lambda: _headers(self._folder, self._mapping))
            self._read = column_use(self._mapping, headers)
            self.shelf = await self.do(lambda: self._open.enter_context(Shelf()))
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def do(self, work: Callable[[], T]) -> T:
        """Work in the thread, after all that was asked of it before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def fill(self) -> None:
        """Put the files that are looked up on the shelf."""
        for name, columns in columns_to_find_by(self._steps).items():
            reader = await self._reader(name)
            counts = self.shelf.fill(reader, columns, self._read.get(name, set()))
            while await self.do(lambda counts=counts: next(counts, None)) is not None:
                self._progress(name, reader.read, reader.size)

    async def turns(self, step: Step) -> "Turns":
        """The rows of a step, to be gone through once, and again for those that have to wait."""
        reader = await self._reader(step.file) if step.file else None
        await self.do(self.shelf.forget)
        format = self._mapping.files.get(step.file)
        return Turns(self, Preparation(step, format, self._read.get(step.file, set()), self.shelf), reader)

    async def _reader(self, name: str) -> RowReader:
        reader = RowReader(self._folder / name, self._mapping.files[name])
        return await self.do(lambda: self._open.enter_context(reader))

    async def _close(self) -> None:
        """Close everything in its thread, behind whatever still runs there."""
        await asyncio.shield(asyncio.ensure_future(self.do(self._open.close)))
        self._thread.shutdown(wait=False)


class Turns:
    """The rows of one step."""

    def __init__(self, reading: Reading, preparation: Preparation, reader: RowReader | None) -> None:
        self._reading = reading
        self._preparation = preparation
        self._reader = reader
        self._turn = 0
        self._settled: list[tuple[Outcome, list[int]]] = []
        self._waiting: list[Prepared] = []

    @property
    def progress(self) -> tuple[int, int]:
        """How many bytes of the file are read, and how many it has."""
        return (self._reader.read, self._reader.size) if self._reader else (1, 1)

    def settle(self, row: Prepared, outcome: Outcome) -> None:
        """Say what became of a row, for the sake of those that were looked up for it."""
        if row.joined:
            self._settled.append((outcome, row.joined))

    def wait(self, row: Prepared) -> None:
        """Let a row wait for the next turn."""
        self._waiting.append(row)

    async def batches(self) -> AsyncIterator[list[Prepared]]:
        """The rows of this turn, in batches; the next one is prepared while one is written."""
        rows = batches_of(self._reader) if self._turn == 0 else self._reading.shelf.deferred(self._turn)
        self._turn += 1
        ahead = asyncio.ensure_future(self._batch(rows))
        try:
            while batch := await ahead:
                ahead = asyncio.ensure_future(self._batch(rows))
                yield batch
        finally:
            ahead.cancel()
        await self._note()

    async def _batch(self, rows: Rows) -> list[Prepared]:
        await self._note()
        again = self._turn > 1
        return await self._reading.do(lambda: self._preparation.batch(rows, BATCH, again=again))

    async def _note(self) -> None:
        """Take what was settled, and who waits, to the shelf."""
        settled, self._settled = self._settled, []
        waiting = [row.row for row in self._waiting if row.row is not None]
        self._waiting, shelf, turn = [], self._reading.shelf, self._turn

        def note() -> None:
            with shelf.together():
                shelf.settle(settled)
                shelf.defer(waiting, turn)

        await self._reading.do(note)


def _headers(folder: Path, mapping: Mapping) -> dict[str, tuple[str, ...]]:
    """The columns of each file. Raises FileError naming all files that are missing."""
    missing = [name for name in mapping.files if not (folder / name).is_file()]
    if missing:
        raise FileError(f"{folder} has no {', '.join(missing)}, which {mapping.path.name} reads")
    headers: dict[str, tuple[str, ...]] = {}
    for name, format in mapping.files.items():
        with RowReader(folder / name, format) as reader:
            headers[name] = reader.columns
    return headers

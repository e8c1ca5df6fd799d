"""A run of the loader: folder, mapping and services in, report out."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from triptych.loading.checking import checked
from triptych.loading.joins import Outcome, files_joined
from triptych.loading.mapping import Mapping, Step
from triptych.loading.mistakes import MappingError, Mistake, Place, did_you_mean
from triptych.loading.preparing import Prepared
from triptych.loading.reading import Progress, Reading, Turns, silent
from triptych.loading.references import Missing, References
from triptych.loading.report import FileReport, LoadReport
from triptych.loading.shapes import Unreadable
from triptych.loading.targets import Clients, Target
from triptych.loading.writing import Patience, Stopped, Writer
from triptych.validation import invalid_input

CONCURRENCY = 8
"""Rows under way at once."""


async def load(
    folder: Path,
    mapping: Mapping,
    clients: Clients,
    progress: Progress = silent,
    *,
    only: Iterable[str] = (),
    patience: Patience | None = None,
) -> LoadReport:
    """Load a folder, and report what became of each row; loading again changes nothing.

    `only` names the collections to load, in the mapping's order; by default all. Raises MappingError and
    FileError before anything is written.
    """
    run = LoadRun(folder, mapping, clients, progress, only=only, patience=patience)
    await run.run()
    return run.report


class LoadRun:
    """One run. `report` grows while it runs, and tells what was done when it is cancelled."""

    def __init__(
        self,
        folder: Path,
        mapping: Mapping,
        clients: Clients,
        progress: Progress = silent,
        *,
        only: Iterable[str] = (),
        patience: Patience | None = None,
    ) -> None:
        self.report = LoadReport(mapping.name, str(folder))
        self._folder = folder
        self._mapping = mapping
        self._steps = _chosen(mapping, only)
        self._clients = clients
        self._progress = progress
        self._patience = patience or Patience()
        self._begun = datetime.now(UTC)

    async def run(self) -> None:
        """Load everything."""
        started = time.monotonic()
        try:
            targets = checked(self._mapping, self._steps, self._clients)
            async with Reading(self._folder, self._mapping, self._steps, self._progress) as reading:
                await self._load(reading, targets)
        finally:
            self.report.seconds = round(time.monotonic() - started, 3)

    async def _load(self, reading: Reading, targets: list[Target]) -> None:
        await reading.fill()
        references = References(self._mapping, self._clients)
        try:
            for step, target in zip(self._steps, targets, strict=True):
                writer = Writer(
                    step,
                    target,
                    references,
                    source=f"{self._mapping.name} {step.file}",
                    begun=self._begun,
                    patience=self._patience,
                )
                report = self._reported(step)
                await StepRun(writer, await reading.turns(step), report, self._progress).run()
            for file, into in files_joined(self._steps).items():
                report = self._looked_up(file, into)
                await reading.do(lambda file=file, report=report: _account(reading, file, report))
        except Stopped as reason:
            self.report.stopped = str(reason)

    def _reported(self, step: Step) -> FileReport:
        format = self._mapping.files.get(step.file)
        report = FileReport(step.file or self._mapping.path.name, step.into)
        report.dropped = format.drop if format else ()
        self.report.files.append(report)
        return report

    def _looked_up(self, file: str, into: list[str]) -> FileReport:
        report = FileReport(file, ", ".join(into), looked_up=True, dropped=self._mapping.files[file].drop)
        self.report.files.append(report)
        return report


class StepRun:
    """One step of a run: its rows written, several at a time."""

    def __init__(self, writer: Writer, turns: Turns, report: FileReport, progress: Progress) -> None:
        self._writer = writer
        self._turns = turns
        self._report = report
        self._progress = progress
        self._waiting = 0

    async def run(self) -> None:
        """Write all rows; those that refer to rows of the same file which come later, in further turns."""
        first, before = True, 0
        while first or self._waiting:
            last = not first and self._waiting == before  # nobody waits for anything that still comes
            before, self._waiting = self._waiting, 0
            async for batch in self._turns.batches():
                await self._write(batch, first=first, last=last)
                self._progress(self._report.file, *self._turns.progress)
            first = False
        self._report.refused.sort(key=lambda row: row.line)

    async def _write(self, batch: list[Prepared], *, first: bool, last: bool) -> None:
        """Write a batch. Raises Stopped when a row was, after those that were under way have ended."""
        places = asyncio.Semaphore(CONCURRENCY)
        stopped: list[Stopped] = []

        async def one(row: Prepared) -> None:
            async with places:
                if not stopped:
                    try:
                        await self._row(row, first=first, last=last)
                    except Stopped as reason:
                        stopped.append(reason)

        async with asyncio.TaskGroup() as group:
            for row in batch:
                group.create_task(one(row))
        if stopped:
            raise stopped[0]

    async def _row(self, row: Prepared, *, first: bool, last: bool) -> None:
        if first:
            self._report.repaired += row.repaired
        try:
            if row.fault is not None:
                raise row.fault
            if row.repeats:
                self._wait(row)
                return
            outcome = await self._writer.write(row)
        except Missing as missing:
            if missing.target == self._writer.step.into and not last:
                self._wait(row)
            else:
                self._refuse(row, missing)
        except Unreadable as refusal:
            self._refuse(row, refusal)
        else:
            self._report.count(outcome)
            self._turns.settle(row, outcome)

    def _wait(self, row: Prepared) -> None:
        self._waiting += 1
        self._turns.wait(row)

    def _refuse(self, row: Prepared, refusal: Unreadable) -> None:
        self._report.refuse(row.line, refusal.detail, refusal.pointer)
        self._turns.settle(row, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Record:
    """A row as what its collection would take, not written anywhere."""

    line: int
    key: dict[str, Any]
    new: BaseModel
    state: str | None
    """How far the record is, as the row says."""


async def records(folder: Path, mapping: Mapping, clients: Clients, into: str) -> AsyncIterator[Record]:
    """What `load` would write into a collection, for whoever wants to do something else with it.

    References lead to records that are in the systems already. Raises MappingError, FileError, and
    Unreadable for the first row that makes no record.
    """
    steps = _chosen(mapping, [into])
    targets = checked(mapping, steps, clients)
    references = References(mapping, clients)
    async with Reading(folder, mapping, steps, silent) as reading:
        await reading.fill()
        for step, target in zip(steps, targets, strict=True):
            async for batch in (await reading.turns(step)).batches():
                for row in batch:
                    yield await _record(row, target, references)


async def _record(row: Prepared, target: Target, references: References) -> Record:
    if row.fault is not None:
        raise row.fault
    try:
        new = target.new.model_validate(await references.resolved(row.record))
    except ValidationError as error:
        raise Unreadable("", f"line {row.line}: {invalid_input(error).detail}") from error
    return Record(row.line, row.key, new, row.state)


def _chosen(mapping: Mapping, only: Iterable[str]) -> tuple[Step, ...]:
    chosen = set(only)
    known = {step.into for step in mapping.steps}
    if unknown := sorted(chosen - known):
        hint = did_you_mean(unknown[0], sorted(known))
        raise MappingError(
            mapping.path, [Mistake(Place(1, 1), f"it does not load {', '.join(unknown)}", hint)]
        )
    return tuple(step for step in mapping.steps if not chosen or step.into in chosen)


def _account(reading: Reading, file: str, report: FileReport) -> None:
    """Report the rows of a file that was looked up: as what became of the records that they are part of."""
    for outcome, rows in reading.shelf.settled(file).items():
        if outcome < Outcome.REFUSED:
            report.count(outcome, rows)
    for line, reason in reading.shelf.lost(file):
        report.refuse(line, reason)
    report.repaired = reading.shelf.repaired(file)

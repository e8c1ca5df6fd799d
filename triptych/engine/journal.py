"""What one run of a process keeps in DBOS and beside it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from triptych.context import Context
from triptych.engine.bell import Bells
from triptych.engine.calls import Calls
from triptych.engine.database import EngineDatabase, Fate
from triptych.engine.durable import Durable
from triptych.engine.mailbox import Answer, Answered, Heard, Mailbox
from triptych.engine.status import StepRecord, StepStatus
from triptych.engine.terms import Names
from triptych.engine.walk import Asleep, Fates
from triptych.telemetry.version import VERSION


class RunJournal:
    """The journal of one run: a `Journal` as the walk asks for it."""

    def __init__(
        self,
        process: str,
        kept: Sequence[StepRecord],
        durable: Durable,
        database: EngineDatabase,
        bells: Bells,
    ) -> None:
        self._process = process
        self._kept = list(reversed(kept))
        self._durable = durable
        self._database = database
        self._mailbox = Mailbox(database)
        self._bells = bells
        self._names = Names(database.names_key)
        self._calls = Calls(self._names.hear)

    def observing(self, document: Mapping[str, Any], context: Context) -> Context:
        """The context in which its steps call others: what they ask and are answered is kept."""
        if not self._kept:
            self._names.begin(self._process, document, context)
        return replace(context, observer=self._calls)

    def kept(self, step: str, *, undo: bool = False) -> StepRecord | None:
        """The next record, if a run before this one has kept it.

        Raises RuntimeError when it is one of another step: the sentence was changed without a new version.
        """
        if not self._kept:
            return None
        record = self._kept.pop()
        if (record.step, record.undo) != (step, undo):
            raise RuntimeError(
                f"process {self._process} had come to {_name(record.step, record.undo)} "
                f"where its sentence now has {_name(step, undo)}: a changed sentence is a new version"
            )
        self._durable.skip()
        return record

    async def write(
        self, step: str, make: Callable[[Fates], StepRecord], *, undo: bool = False
    ) -> StepRecord:
        """Keep the next record, in one transaction with what is decided as it is made."""
        more = {"code": VERSION, "calls": self._calls.take()}

        def made(connection: sa.Connection) -> StepRecord:
            fates = _FatesWithin(self._database, connection, self._process)
            return make(fates).model_copy(update=more)

        record = await self._durable.write(self._process, _name(step, undo), made, self._names.take())
        self._bells.ring(self._process)
        return record

    def decide(self, wish: Fate) -> Fate:
        """Decide the process's fate, unless it is decided: what stands. Blocks."""
        return self._database.decide(self._process, wish)

    def fate(self) -> Fate | None:
        """The process's fate so far. Blocks."""
        return self._database.fate(self._process)

    def open(self, wait: str, until: datetime | None) -> None:
        """Note what the process waits for, and until when. Blocks."""
        self._mailbox.open(self._process, wait, until)

    def settle(self, wait: str, answer: Answer) -> Answered:
        """Answer a wait, unless it was answered: what stands. Blocks."""
        return self._mailbox.settle(self._process, wait, answer)

    async def rest(self, wait: str, until: datetime | None) -> Heard:
        """Lie down until somebody tells it something, or until then.

        Raises Asleep, with which this run ends, unless there is a reason to go on at once.
        """
        owner = self._durable.owner(self._process)
        heard = await self._durable.ask(self._mailbox.rest, self._process, wait, owner, until)
        if heard is None:
            raise Asleep
        return heard

    async def struggling(self, struggle: StepStatus) -> None:
        """Note that a step is being tried again."""
        await self._durable.ask(self._database.note, self._process, struggle)
        self._bells.ring(self._process)

    async def pause(self, seconds: float) -> bool:
        """Wait; True as soon as the process is to be cancelled."""
        until = time.monotonic() + seconds
        with self._bells.listen(self._process) as bell:
            while True:
                if await self._durable.ask(self._database.fate, self._process) == "cancel":
                    return True
                remaining = until - time.monotonic()
                if remaining <= 0:
                    return False
                await bell.wait(remaining)


class _FatesWithin:
    """What becomes of a process, decided in a transaction."""

    def __init__(self, database: EngineDatabase, connection: sa.Connection, process: str) -> None:
        self._database = database
        self._connection = connection
        self._process = process

    def decide(self, wish: Fate) -> Fate:
        """Decide it, unless it is decided: what stands."""
        return self._database.decide_within(self._connection, self._process, wish)

    def fate(self) -> Fate | None:
        """What was decided so far."""
        return self._database.fate_within(self._connection, self._process)


def _name(step: str, undo: bool) -> str:
    return f"undo {step}" if undo else step

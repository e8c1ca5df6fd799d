"""How a process follows its sentence: forward line by line, and back when it is refused or cancelled."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol

from triptych.canonical.base import thaw
from triptych.context import Caller, Context
from triptych.engine.attempt import Attempted, Attempts, Struggles, Task
from triptych.engine.database import Fate
from triptych.engine.sentence import Line, Part, Patience, Reminders, S, Step, Wait, is_refusal, lines
from triptych.engine.status import Outcome, Phase, StepRecord, Trouble, Turn, now
from triptych.problems import InvalidState

if TYPE_CHECKING:
    from triptych.engine.mailbox import Answer, Answered, Heard


class Parked(Exception):
    """Ends the run of a process that cannot go on by itself: it is a dead letter now."""

    def __init__(self, trouble: Trouble | None) -> None:
        super().__init__(trouble.detail if trouble else "")
        self.trouble = trouble


class Asleep(Exception):
    """Ends the run of a process that waits: another run goes on with it when there is a reason to."""


class Fates(Protocol):
    """Where it is decided what becomes of a process. Blocks."""

    def decide(self, wish: Fate) -> Fate:
        """Decide the process's fate, unless it is decided: what stands."""
        ...

    def fate(self) -> Fate | None:
        """The process's fate so far."""
        ...


class Journal(Struggles, Fates, Protocol):
    """What a walk asks of the durable engine for its one process."""

    def kept(self, step: str, *, undo: bool = False) -> StepRecord | None:
        """The next record, if a run before this one has kept it."""
        ...

    async def write(
        self, step: str, make: Callable[[Fates], StepRecord], *, undo: bool = False
    ) -> StepRecord:
        """Keep the next record. It is made in a thread; what it decides is kept with it, or not at all."""
        ...

    def open(self, wait: str, until: datetime | None) -> None:
        """Note what the process waits for, and until when. Blocks."""
        ...

    def settle(self, wait: str, answer: "Answer") -> "Answered":
        """Answer a wait, unless it was answered: what stands. Blocks."""
        ...

    async def rest(self, wait: str, until: datetime | None) -> "Heard":
        """Why the process need not wait. Raises Asleep when it has to."""
        ...


class Walk(Generic[S]):
    """One run of one process. A run after a crash goes through the same records and then on."""

    def __init__(
        self,
        sentence: Sequence[Part[S]],
        document: Mapping[str, Any],
        attempts: Attempts[S],
        journal: Journal,
        patience: tuple[Patience, Patience],
    ) -> None:
        self._sentence = sentence
        self._document = dict(document)
        self._attempts = attempts
        self._journal = journal
        self._doing, self._undoing = patience

    async def run(self) -> Phase:
        """Follow the sentence to its end: `completed`, `rejected` or `cancelled`.

        Raises Parked when a step or an undo keeps failing; Asleep when the process has to wait.
        """
        taken: list[Line[S]] = []
        for number, line in enumerate(lines(self._sentence, self._state)):
            if number == 0 and line.sealed and await self._cancelled_before_it_began():
                return "cancelled"
            record = await self._follow(line)
            self._document.update(thaw(record.adds))
            if record.outcome not in ("refused", "skipped"):  # what kept failing may have had an effect
                taken.append(line)
            if record.turn == "on":
                continue
            if record.turn == "park" and await asyncio.to_thread(self._journal.fate) != "cancel":
                raise Parked(record.problem)
            await self._go_back(taken)
            return "rejected" if record.turn == "reject" else "cancelled"
        return "completed"

    async def _cancelled_before_it_began(self) -> bool:
        return await asyncio.to_thread(self._journal.decide, "final") == "cancel"

    def _state(self) -> S:
        return self._attempts.read(self._document)

    async def _follow(self, line: Line[S]) -> StepRecord:
        return await (
            self._do(line, line.part) if isinstance(line.part, Step) else self._wait(line, line.part)
        )

    async def _do(self, line: Line[S], step: Step[S]) -> StepRecord:
        if kept := self._journal.kept(line.name):
            return kept
        if step.when and not step.when(self._state()):
            return await self._write(line, Attempted(now()), outcome="skipped")
        task = Task(line.name, step.do, step.patience or self._doing, line.name, timeout=step.timeout)
        attempted = await self._attempts.attempt(task, self._document)
        return await self._write(
            line, attempted, reaches=None if attempted.error else step.reaches, optional=step.optional
        )

    async def _write(
        self,
        line: Line[S],
        attempted: Attempted,
        *,
        outcome: Outcome | None = None,
        reaches: str | None = None,
        optional: bool = False,
    ) -> StepRecord:
        """Keep how a line ended, and where the process goes from there."""

        def make(fates: Fates) -> StepRecord:
            turn = _turn(fates, line, None if optional else attempted.error)
            return _record(line.name, attempted, turn, outcome=outcome, reaches=reaches)

        return await self._journal.write(line.name, make)

    async def _wait(self, line: Line[S], wait: Wait[S, Any]) -> StepRecord:
        record = self._journal.kept(line.name) or await self._arrive(line, wait)
        arrived, reminded = record.started, 0
        while record.outcome in ("waiting", "reminded"):
            self._document.update(thaw(record.adds))
            reminded += record.outcome == "reminded"
            record = self._journal.kept(line.name) or await self._hear(
                line, wait, record.until, arrived, reminded
            )
        return record

    async def _arrive(self, line: Line[S], wait: Wait[S, Any]) -> StepRecord:
        arrived, state = now(), self._state()
        if wait.when and not wait.when(state):
            await asyncio.to_thread(self._journal.settle, line.name, "skipped")
            return await self._write(line, Attempted(arrived), outcome="skipped")
        until = wait.until(state, arrived)
        await asyncio.to_thread(self._journal.open, line.name, until)
        return await self._journal.write(
            line.name,
            lambda _: _record(
                line.name, Attempted(arrived), "on", outcome="waiting", reaches=wait.meanwhile, until=until
            ),
        )

    async def _hear(
        self, line: Line[S], wait: Wait[S, Any], until: datetime | None, arrived: datetime, reminded: int
    ) -> StepRecord:
        """Wait until there is something to keep: the message, a reminder, the deadline, a cancellation."""
        heard = await self._journal.rest(line.name, until)
        reminders = wait.reminders
        if heard.what == "due" and reminders and reminded < reminders.times:
            return await self._remind(line, reminders, reminded + 1)
        if heard.what == "told":
            return await self._take(line, wait, arrived, heard.message)
        answer = "late" if heard.what == "due" else "cancelled"
        stands = await asyncio.to_thread(self._journal.settle, line.name, answer)
        if stands.answer == "told":  # at the last moment
            return await self._take(line, wait, arrived, stands.message)
        if answer == "cancelled":
            return await self._write(line, Attempted(arrived), outcome="cancelled")
        return await self._be_late(line, wait, arrived, until)

    async def _remind(self, line: Line[S], reminders: Reminders[S], number: int) -> StepRecord:
        task = Task(line.name, reminders.remind, self._doing, f"{line.name}/reminder-{number}")
        attempted = await self._attempts.attempt(task, self._document)
        until = _later(reminders.every)
        await asyncio.to_thread(self._journal.open, line.name, until)
        return await self._journal.write(
            line.name, lambda _: _record(line.name, attempted, "on", outcome="reminded", until=until)
        )

    async def _take(
        self, line: Line[S], wait: Wait[S, Any], arrived: datetime, message: str | None
    ) -> StepRecord:
        def taking(state: S) -> Any:
            return wait.take(state, wait.message.model_validate_json(message or ""))

        attempted = self._add(taking, arrived)
        return await self._write(line, attempted, reaches=None if attempted.error else wait.reaches)

    async def _be_late(
        self, line: Line[S], wait: Wait[S, Any], arrived: datetime, until: datetime | None
    ) -> StepRecord:
        def refusing(_: S) -> Any:
            raise InvalidState(f"nothing was heard of {line.name} until {until:%Y-%m-%d %H:%M:%S} UTC")

        attempted = self._add(wait.late or refusing, arrived)
        return await self._write(line, attempted, outcome=None if attempted.error else "late")

    def _add(self, adding: Callable[[S], Any], started: datetime) -> Attempted:
        """What a function adds that has no effects: it is not tried twice."""
        state = self._state()
        try:
            return Attempted(started, 1, self._attempts.changes(state, adding(state)))
        except Exception as error:  # noqa: BLE001 - whatever went wrong is kept in the process's record
            return Attempted(started, 1, {}, error)

    async def _go_back(self, taken: Sequence[Line[S]]) -> None:
        for line in reversed(taken):
            if isinstance(line.part, Step) and line.part.undo:
                record = self._journal.kept(line.name, undo=True) or await self._undo(line.name, line.part)
                self._document.update(thaw(record.adds))
                if record.outcome != "done":
                    raise Parked(record.problem)

    async def _undo(self, name: str, step: Step[S]) -> StepRecord:
        assert step.undo
        task = Task(name, step.undo, self._undoing, f"undo-{name}", undo=True, timeout=step.timeout)
        attempted = await self._attempts.attempt(task, self._document)
        turn: Turn = "on" if attempted.error is None else "park"
        return await self._journal.write(name, lambda _: _record(name, attempted, turn, undo=True), undo=True)


def _turn(fates: Fates, line: Line[Any], error: Exception | None) -> Turn:
    """Where the process goes after this line. Blocks: it asks for the process's fate, or decides it."""
    if error is None:
        if line.sealed:
            return "on"
        fate = fates.decide("final") if line.seals else fates.fate()
        return "cancel" if fate == "cancel" else "on"
    if is_refusal(error) and line.turns_back:
        return "cancel" if fates.decide("reject") == "cancel" else "reject"
    return "cancel" if fates.decide("park") == "cancel" else "park"


def _later(time: timedelta) -> datetime:
    moment = now() + time
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _record(
    name: str,
    attempted: Attempted,
    turn: Turn,
    *,
    undo: bool = False,
    outcome: Outcome | None = None,
    reaches: str | None = None,
    until: datetime | None = None,
) -> StepRecord:
    error = attempted.error
    ended: Outcome = "done" if error is None else "refused" if is_refusal(error) and not undo else "failed"
    return StepRecord(
        step=name,
        undo=undo,
        outcome=outcome or ended,
        turn=turn,
        started=attempted.started,
        ended=now(),
        until=until,
        attempts=attempted.attempts,
        state=reaches,
        adds=attempted.adds,
        problem=Trouble.of(error) if error else None,
    )


def as_caller(origin: Mapping[str, str], service: str) -> Context:
    """The context that a process's steps run in: who started it, with this service as the caller."""
    return Context(
        caller=Caller(origin.get("subject", ""), origin.get("client", ""), service),
        request_id=origin.get("request_id", ""),
        traceparent=origin.get("traceparent", ""),
    )

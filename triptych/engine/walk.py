"""How a process follows its sentence: forward step by step, and back when it is refused or cancelled."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol

import orjson
from pydantic import BaseModel

from triptych.canonical.base import thaw
from triptych.context import Caller, Context, deadline, entered
from triptych.engine.database import Fate
from triptych.engine.sentence import Action, Added, Patience, S, Step, is_refusal
from triptych.engine.status import Phase, StepRecord, StepStatus, Trouble, Turn, now
from triptych.problems import DeadlineExceeded, Problem

log = logging.getLogger(__name__)


class Parked(Exception):
    """Ends the run of a process that cannot go on by itself: it is a dead letter now."""

    def __init__(self, trouble: Trouble | None) -> None:
        super().__init__(trouble.detail if trouble else "")
        self.trouble = trouble


class Journal(Protocol):
    """What a walk asks of the durable engine for its one process."""

    def kept(self, step: str, *, undo: bool = False) -> StepRecord | None:
        """The next record, if a run before this one has kept it."""
        ...

    async def write(self, step: str, make: Callable[[], StepRecord], *, undo: bool = False) -> StepRecord:
        """Keep the next record, which is made in a thread."""
        ...

    def decide(self, wish: Fate) -> Fate:
        """Decide the process's fate, unless it is decided: what stands. Blocks."""
        ...

    def fate(self) -> Fate | None:
        """The process's fate so far. Blocks."""
        ...

    async def struggling(self, struggle: StepStatus) -> None:
        """Note that a step is being tried again."""
        ...

    async def pause(self, seconds: float) -> bool:
        """Wait; True as soon as the process is to be cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Attempted:
    """How the doing of something ended: what it added, or what it answered instead."""

    started: datetime
    attempts: int
    adds: Mapping[str, Any]
    error: Exception | None = None


class Walk(Generic[S]):
    """One run of one process. A run after a crash goes through the same records and then on."""

    def __init__(
        self,
        process: str,
        steps: Sequence[Step[S]],
        state: type[S],
        document: Mapping[str, Any],
        context: Context,
        journal: Journal,
        patience: tuple[Patience, Patience],
    ) -> None:
        self._process = process
        self._steps = steps
        self._state_type = state
        self._document = dict(document)
        self._context = context
        self._journal = journal
        self._doing, self._undoing = patience
        sealing = [index for index, step in enumerate(steps) if step.final]
        self._seal_after = sealing[0] - 1 if sealing else len(steps) - 1
        """The step with whose end it is settled that the process can no longer be cancelled."""

    async def run(self) -> Phase:
        """Follow the sentence to its end: `completed`, `rejected` or `cancelled`.

        Raises Parked when a step or an undo keeps failing.
        """
        if self._seal_after < 0:
            fate = await asyncio.to_thread(self._journal.decide, "final")
            if fate == "cancel":
                return "cancelled"
        taken: list[Step[S]] = []
        for index, step in enumerate(self._steps):
            record = await self._do(index, step)
            self._document.update(thaw(record.adds))
            if record.outcome != "refused":  # what kept failing may have had an effect all the same
                taken.append(step)
            if record.turn == "on":
                continue
            if record.turn == "park" and await asyncio.to_thread(self._journal.fate) != "cancel":
                raise Parked(record.problem)
            await self._go_back(taken)
            return "rejected" if record.turn == "reject" else "cancelled"
        return "completed"

    async def _do(self, index: int, step: Step[S]) -> StepRecord:
        if kept := self._journal.kept(step.name):
            return kept
        patience = step.patience or self._doing
        attempted = await self._attempt(step.do, step, patience, undo=False)

        def make() -> StepRecord:
            turn = self._turn(index, step, attempted.error)
            done = attempted.error is None
            return self._record(step, attempted, turn, reaches=step.reaches if done else None)

        return await self._journal.write(step.name, make)

    async def _go_back(self, steps: Sequence[Step[S]]) -> None:
        for step in reversed(steps):
            if step.undo is None:
                continue
            record = await self._undo(step, step.undo)
            self._document.update(thaw(record.adds))
            if record.outcome != "done":
                raise Parked(record.problem)

    async def _undo(self, step: Step[S], undo: Action[S]) -> StepRecord:
        if kept := self._journal.kept(step.name, undo=True):
            return kept
        attempted = await self._attempt(undo, step, self._undoing, undo=True)
        turn: Turn = "on" if attempted.error is None else "park"
        return await self._journal.write(
            step.name, lambda: self._record(step, attempted, turn, undo=True), undo=True
        )

    async def _attempt(
        self, action: Action[S], step: Step[S], patience: Patience, *, undo: bool
    ) -> Attempted:
        """Do it, again and again while that can help; an undo is not stopped by a refusal."""
        started = now()
        attempt = 1
        while True:
            try:
                return Attempted(started, attempt, await self._once(action, step, undo))
            except Exception as error:  # noqa: BLE001 - whatever went wrong is kept in the process's record
                final = is_refusal(error) and not undo
                if final or attempt >= patience.attempts:
                    return Attempted(started, attempt, {}, error)
                struggle = StepStatus(
                    step=step.name,
                    undo=undo,
                    outcome="retrying",
                    started=started,
                    attempts=attempt,
                    problem=Trouble.of(error),
                )
                log.info("%s struggles: %s", self._process, struggle)
                await self._journal.struggling(struggle)
                asked = error.retry_after or 0.0 if isinstance(error, Problem) else 0.0
                if await self._journal.pause(patience.pause(attempt, asked)) and not undo:
                    return Attempted(started, attempt, {}, error)
                attempt += 1

    async def _once(self, action: Action[S], step: Step[S], undo: bool) -> Mapping[str, Any]:
        state = self._state_type.model_validate_json(orjson.dumps(self._document))
        context = Context(
            caller=self._context.caller,
            idempotency_key=f"{self._process}/{'undo-' if undo else ''}{step.name}",
            request_id=self._context.request_id,
            traceparent=self._context.traceparent,
        )
        limit = asyncio.timeout(step.timeout)
        try:
            with entered(context), deadline(step.timeout):
                async with limit:
                    added = await action(state)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise DeadlineExceeded(f"{step.name} did not end within {step.timeout:g} s") from error
        return self._changes(state, added)

    def _changes(self, state: S, added: Added[S]) -> Mapping[str, Any]:
        """The fields that a step set, as JSON; checked, so that what is kept can be read again."""
        if added is None:
            return {}
        before = state.model_dump(mode="json")
        if isinstance(added, BaseModel):
            after = added.model_dump(mode="json")
        else:
            after = self._state_type.model_validate({**state.model_dump(), **added}).model_dump(mode="json")
        self._state_type.model_validate_json(orjson.dumps(after))
        return {name: value for name, value in after.items() if name not in before or value != before[name]}

    def _turn(self, index: int, step: Step[S], error: Exception | None) -> Turn:
        """Where the process goes after this step. Blocks: it asks for the process's fate, or decides it."""
        journal = self._journal
        if error is None or step.optional:
            if index > self._seal_after:
                return "on"
            fate = journal.decide("final") if index == self._seal_after else journal.fate()
            return "cancel" if fate == "cancel" else "on"
        if is_refusal(error) and index <= self._seal_after + 1:
            return "cancel" if journal.decide("reject") == "cancel" else "reject"
        return "cancel" if journal.decide("park") == "cancel" else "park"

    def _record(
        self,
        step: Step[S],
        attempted: Attempted,
        turn: Turn,
        *,
        undo: bool = False,
        reaches: str | None = None,
    ) -> StepRecord:
        error = attempted.error
        refused = error is not None and is_refusal(error) and not undo
        return StepRecord(
            step=step.name,
            undo=undo,
            outcome="done" if error is None else "refused" if refused else "failed",
            turn=turn,
            started=attempted.started,
            ended=now(),
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

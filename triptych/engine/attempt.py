"""How one action of a process is done: again and again while that can help, with its key and its deadline."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol

import orjson
from pydantic import BaseModel

from triptych.context import Context, deadline, entered
from triptych.engine.sentence import Action, Added, Patience, S, is_refusal
from triptych.engine.status import StepStatus, Trouble, now
from triptych.problems import (
    DeadlineExceeded,
    IdempotencyKeyInFlight,
    OutcomeUnknown,
    Overloaded,
    Problem,
)

log = logging.getLogger(__name__)


class Struggles(Protocol):
    """Where it is noted that something is tried again."""

    async def struggling(self, struggle: StepStatus) -> None:
        """Note that a step is being tried again."""
        ...

    async def pause(self, seconds: float) -> bool:
        """Wait; True as soon as the process is to be cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Task(Generic[S]):
    """What is to be done, under which name."""

    name: str
    action: Action[S]
    patience: Patience
    key: str
    """The last part of its idempotency key."""
    undo: bool = False
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Attempted:
    """How the doing of something ended: what it added, or what it answered instead."""

    started: datetime
    attempts: int = 1
    adds: Mapping[str, Any] = field(default_factory=dict[str, Any])
    error: Exception | None = None


class Attempts(Generic[S]):
    """Does what a process has to do, on behalf of whoever started it."""

    def __init__(self, process: str, state: type[S], context: Context, struggles: Struggles) -> None:
        self._process = process
        self._state_type = state
        self._context = context
        self._struggles = struggles

    def read(self, document: Mapping[str, Any]) -> S:
        """The state of the process, from JSON."""
        return self._state_type.model_validate_json(orjson.dumps(document))

    async def attempt(self, task: Task[S], document: Mapping[str, Any]) -> Attempted:
        """Do it, again and again while that can help; an undo is not stopped by a refusal.

        A cancellation ends the trying, but not in doubt: what may have had an effect that cannot be seen yet
        would be looked for too early by its undo.
        """
        started = now()
        attempt = 1
        while True:
            try:
                return Attempted(started, attempt, await self._once(task, self.read(document)))
            except Exception as error:  # noqa: BLE001 - whatever went wrong is kept in the process's record
                # what nobody can find out is a person's business, and trying again would not be safe
                final = isinstance(error, OutcomeUnknown) or (is_refusal(error) and not task.undo)
                if final or attempt >= task.patience.attempts:
                    return Attempted(started, attempt, {}, error)
                struggle = StepStatus(
                    step=task.name,
                    undo=task.undo,
                    outcome="retrying",
                    started=started,
                    attempts=attempt,
                    problem=Trouble.of(error),
                )
                log.info("%s struggles: %s", self._process, struggle)
                await self._struggles.struggling(struggle)
                asked = error.retry_after or 0.0 if isinstance(error, Problem) else 0.0
                pause = task.patience.pause(attempt, asked)
                if await self._struggles.pause(pause) and not task.undo:
                    if not _is_in_doubt(error):
                        return Attempted(started, attempt, {}, error)
                    await asyncio.sleep(pause)
                attempt += 1

    async def _once(self, task: Task[S], state: S) -> Mapping[str, Any]:
        context = Context(
            caller=self._context.caller,
            idempotency_key=f"{self._process}/{task.key}",
            request_id=self._context.request_id,
            traceparent=self._context.traceparent,
            observer=self._context.observer,
        )
        limit = asyncio.timeout(task.timeout)
        try:
            with entered(context), deadline(task.timeout):
                async with limit:
                    added = await task.action(state)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise DeadlineExceeded(f"{task.name} did not end within {task.timeout:g} s") from error
        return self.changes(state, added)

    def changes(self, state: S, added: Added[S]) -> Mapping[str, Any]:
        """The fields that something sets, as JSON; checked, so that what is kept can be read again."""
        if added is None:
            return {}
        before = state.model_dump(mode="json")
        if isinstance(added, BaseModel):
            after = added.model_dump(mode="json")
        else:
            after = self._state_type.model_validate({**state.model_dump(), **added}).model_dump(mode="json")
        self._state_type.model_validate_json(orjson.dumps(after))
        return {name: value for name, value in after.items() if name not in before or value != before[name]}


def _is_in_doubt(error: Exception) -> bool:
    """Whether it may have had an effect all the same, as far as this answer tells."""
    if not isinstance(error, Problem) or isinstance(error, IdempotencyKeyInFlight):
        return True
    return error.status >= 500 and not isinstance(error, Overloaded)

"""Writes one record through its system API: made, changed, left alone, or refused with a reason."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from triptych.canonical.base import Entity
from triptych.context import idempotency_key
from triptych.loading.checking import states_of
from triptych.loading.differences import differences
from triptych.loading.joins import Outcome
from triptych.loading.mapping import Step
from triptych.loading.preparing import Prepared
from triptych.loading.references import References
from triptych.loading.shapes import Unreadable
from triptych.loading.targets import Ambiguous, Target, shown_key
from triptych.problems import Conflict, Forbidden, NotFound, PreconditionFailed, Problem, Unauthenticated
from triptych.validation import invalid_input

T = TypeVar("T")
ATTEMPTS = 5


class Stopped(Exception):
    """Nothing can be loaded at present; the message says why. What was loaded stays."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a service that does not answer is waited for, beyond what the policies do."""

    seconds: float = 30.0
    """Waits for one row together; then the run stops."""
    pause: float = 0.5
    """First wait; the following ones double."""


class Writer:
    """Writes the records of one step."""

    def __init__(
        self,
        step: Step,
        target: Target,
        references: References,
        *,
        source: str,
        begun: datetime,
        patience: Patience,
    ) -> None:
        self.step = step
        self._target = target
        self._references = references
        self._source = source
        self._begun = begun
        self._patience = patience

    async def write(self, row: Prepared) -> Outcome:
        """Write a record. Raises Unreadable when it is refused, Missing among them, and Stopped."""
        try:
            record = await self._patiently(lambda: self._references.resolved(row.record))
            key = {name: record[name] for name in self.step.key}
            wanted = self._target.new.model_validate(record)
            for _ in range(ATTEMPTS):
                try:
                    present, outcome = await self._written(row, key, wanted)
                    return await self._moved(row, present, outcome)
                except PreconditionFailed:
                    continue  # somebody changed it since it was read: read it again
            raise Unreadable("", "others keep changing the record")
        except ValidationError as error:
            raise _refusal(invalid_input(error)) from error
        except Ambiguous as error:
            raise Unreadable("", str(error)) from error
        except (Forbidden, Unauthenticated) as problem:
            raise Stopped(problem.detail) from problem
        except Problem as problem:
            raise _refusal(problem) from problem

    async def _written(self, row: Prepared, key: dict[str, Any], wanted: BaseModel) -> tuple[Entity, Outcome]:
        present = await self._patiently(lambda: self._target.find(key))
        if present is None:
            try:
                made = await self._created(key, wanted)
                self._references.remember(self.step.into, key, made.id)
                return made, Outcome.CREATED
            except Conflict:
                present = await self._patiently(lambda: self._target.find(key))
                if present is None:
                    raise
        self._references.remember(self.step.into, key, present.id)
        fill = not self._target.changeable
        changes = differences(self.step.record, wanted, present, kept=row.kept, fill=fill)
        if not changes or self.step.existing == "keep":
            return present, Outcome.UNCHANGED
        if not self._target.changeable:
            names = ", ".join(changes)
            raise Unreadable(
                f"/{next(iter(changes))}",
                f"{present.id} has another {names}, and {self.step.into} cannot be changed",
            )
        once = self._key("update", key, wanted, present.version)
        before = present
        return await self._patiently(lambda: self._target.update(before, changes), once), Outcome.UPDATED

    async def _created(self, key: Mapping[str, Any], wanted: BaseModel) -> Entity:
        """Make the record. The same row made twice, in a run that was broken off say, is made once.

        An answer from before this run is the stored answer to a former one, and its record may be gone by
        now, or be called otherwise; then the row is made anew.
        """
        former = ""
        for _ in range(ATTEMPTS):
            once = self._key("create", key, wanted, former)
            made = await self._patiently(lambda: self._target.create(wanted), once)
            if made.created_at >= self._begun:
                return made
            try:
                made = await self._patiently(lambda made=made: self._target.get(made.id))
                if all(getattr(made, name) == getattr(wanted, name) for name in key):
                    return made
            except NotFound:
                pass  # expected: a former run made it, and somebody deleted it since
            former = made.id
        raise Unreadable("", f"the record with {shown_key(key)} is deleted as soon as it is made")

    async def _moved(self, row: Prepared, present: Entity, outcome: Outcome) -> Outcome:
        """Take the record as far as the row says it is; one that is further already is left there."""
        states = self.step.states
        if states is None or row.state is None:
            return outcome
        known = states_of(self._target, states.name)
        if known and row.state not in known:
            raise Unreadable(f"/{states.name}", f"{row.state!r} is none of {', '.join(known)}")
        order = list(states.steps)
        goal = order.index(row.state) if row.state in order else len(order)
        while (here := str(getattr(present, states.name))) in order[:goal]:
            operation, id = states.steps[here], present.id
            once = self._key(operation, {"id": id}, None, present.version)
            present = await self._patiently(lambda id=id, by=operation: self._target.move(by, id), once)
            if str(getattr(present, states.name)) == here:
                raise Unreadable(f"/{states.name}", f"{operation} leaves it {here}")
            outcome = min(outcome, Outcome.UPDATED)
        return outcome

    def _key(self, what: str, key: Mapping[str, Any], wanted: BaseModel | None, seen: object) -> str:
        """The idempotency key of a write: of the same row, with the same content, upon the same state."""
        digest = hashlib.blake2b(digest_size=20)
        content = wanted.model_dump_json() if wanted is not None else ""
        for part in (self._source, self.step.into, what, shown_key(key), content, str(seen)):
            digest.update(part.encode() + b"\0")
        return f"load-{digest.hexdigest()}"

    async def _patiently(self, call: Callable[[], Awaitable[T]], once: str = "") -> T:
        """Call, and wait for a service that cannot answer just now. Raises Stopped in the end.

        A write carries its idempotency key `once`, the same each time.
        """
        waited, pause = 0.0, self._patience.pause
        while True:
            try:
                with idempotency_key(once) if once else nullcontext():
                    return await call()
            except Problem as problem:
                if not (problem.retryable or problem.status == 429):
                    raise
                if waited >= self._patience.seconds:
                    raise Stopped(problem.detail) from problem
                wait = max(pause, problem.retry_after or 0)
            await asyncio.sleep(wait)
            waited, pause = waited + wait, min(2 * pause, 10)


def _refusal(problem: Problem) -> Unreadable:
    if not problem.errors:
        return Unreadable("", problem.detail)
    others = len(problem.errors) - 1
    more = f" (and {others} more)" if others else ""
    first = problem.errors[0]
    return Unreadable(first["pointer"], first["detail"] + more)

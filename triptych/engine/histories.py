"""Histories of processes: what was kept of one, and whether other code would go the same way."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ValidationError

from triptych.canonical.base import Extensions, Model, thaw
from triptych.context import Context
from triptych.engine.attempt import Attempts
from triptych.engine.database import EngineDatabase, Fate
from triptych.engine.durable import Durable
from triptych.engine.saga import Saga
from triptych.engine.sentence import Patience
from triptych.engine.status import Phase, StepRecord, StepStatus
from triptych.engine.view import arguments_of, view
from triptych.engine.walk import Fates, Parked, Walk
from triptych.problems import NotFound

if TYPE_CHECKING:
    from triptych.engine.mailbox import Answer, Answered, Heard


class History(Model):
    """What was kept of one process, from its beginning to its end or to where it had come."""

    flow: str
    """The sentence that it followed: `order-to-fulfillment.fulfil.v1`."""
    about: str
    phase: Phase
    """Where it ended, or was when this was taken down."""
    fate: Fate | None
    began: Extensions
    """Its first state, as JSON."""
    records: tuple[StepRecord, ...]
    """What was kept of each line, in order."""


def take_down(durable: Durable, database: EngineDatabase, process: str) -> History:
    """The history of a process so far. Blocks; raises NotFound."""
    found = durable.process(process)
    if found is None:
        raise NotFound(f"there is no process {process}")
    row, records = found
    facts = database.facts([process]).get(process, (None, None))
    status = view(row, records, facts, None)
    return History(
        flow=row.name,
        about=status.about,
        phase=status.phase,
        fate=facts[0],
        began=arguments_of(row)[0],
        records=tuple(record.model_copy(update={"calls": ""}) for record in records),
    )


async def difference(history: History, saga: Saga[Any]) -> str | None:
    """What this sentence would do otherwise than the process did; None where it goes the same way.

    No step is done: the sentence is followed as after a crash, over the records, up to where they end.
    """
    if unread := _unread(history, saga.state_type):
        return unread
    retold = _Retold(history)
    attempts = Attempts(f"{saga.name}:{history.about}", saga.state_type, Context(), retold)
    patience = Patience(), Patience()
    try:
        phase: Phase = await Walk(saga.sentence, thaw(history.began), attempts, retold, patience).run()
    except _Differs as differs:
        return str(differs)
    except _Over as over:
        ended = history.phase in ("completed", "rejected", "cancelled")
        return f"it had ended as {history.phase}, where its sentence now has {over}" if ended else None
    except Parked:
        phase = "parked"
    if retold.left:
        return f"it had come to {_name(retold.left[0])}, where its sentence now ends as {phase}"
    if phase != history.phase and history.phase != "discarded":
        return f"it was {history.phase} at its end, and is {phase} now"
    return None


def _unread(history: History, state: type[BaseModel]) -> str | None:
    document, after = thaw(history.began), "at its beginning"
    for record in (None, *history.records):
        if record:
            document.update(thaw(record.adds))
            after = f"after {_name(record)}"
        try:
            state.model_validate_json(orjson.dumps(document))
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(map(str, fault["loc"]))
            return f"its state {after} is none any more: {place}: {fault['msg']}"
    return None


class _Differs(Exception):
    """Ends the retelling where the sentence goes another way."""


class _Over(Exception):
    """Ends the retelling where nothing more was kept."""


class _Retold:
    """The journal of a process whose history is told again, and not written on."""

    def __init__(self, history: History) -> None:
        self.left = list(history.records)
        self._fate: Fate | None = history.fate

    def kept(self, step: str, *, undo: bool = False) -> StepRecord:
        """The next record; ends the retelling when it is another one's, or when there is none."""
        if not self.left:
            raise _Over(_named(step, undo))
        record = self.left.pop(0)
        if (record.step, record.undo) != (step, undo):
            raise _Differs(f"it had come to {_name(record)}, where its sentence now has {_named(step, undo)}")
        return record

    def decide(self, wish: Fate) -> Fate:
        """What was decided."""
        return self._fate or wish

    def fate(self) -> Fate | None:
        """What was decided."""
        return self._fate

    async def write(
        self, step: str, make: Callable[[Fates], StepRecord], *, undo: bool = False
    ) -> StepRecord:
        """Nothing is written: `kept` ends the retelling before."""
        raise _Over(_named(step, undo))

    def open(self, wait: str, until: datetime | None) -> None:
        """Nobody waits here."""
        raise _Over(wait)

    def settle(self, wait: str, answer: "Answer") -> "Answered":
        """Nobody answers here."""
        raise _Over(wait)

    async def rest(self, wait: str, until: datetime | None) -> "Heard":
        """Nobody waits here."""
        raise _Over(wait)

    async def struggling(self, struggle: StepStatus) -> None:
        """Nothing is tried here."""
        raise _Over(struggle.step)

    async def pause(self, seconds: float) -> bool:
        """Nor waited for."""
        raise _Over


def _name(record: StepRecord) -> str:
    return _named(record.step, record.undo)


def _named(step: str, undo: bool) -> str:
    return f"undo {step}" if undo else step

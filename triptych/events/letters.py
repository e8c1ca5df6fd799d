"""Dead letters of deliveries among all others: found, shown, replayed and discarded in the same words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, MetaData, Row, and_, func, literal, or_, select

from triptych.engine.letters import Change, DeadLetter, LetterQuery, OpenedLetter
from triptych.engine.status import Trouble
from triptych.events import tables
from triptych.events.desk import DeliveryDesk
from triptych.events.log import EventLog
from triptych.problems import InvalidState, NotFound
from triptych.storage import Event

_EVENTS = tables.events_v1(MetaData())
_DELIVERIES = tables.deliveries_v1(MetaData())
_D, _E = _DELIVERIES.c, _EVENTS.c
_ID = _E.id + literal(":") + _D.subscriber


class DeliveryLetters:
    """Implements LetterSource. The flow of a letter is its subscriber, the step the type of its event."""

    def __init__(self, log: EventLog) -> None:
        self._database = log.database
        self._desk = DeliveryDesk(log.database, log.bell)

    async def find(
        self, query: LetterQuery, limit: int = 50, after: tuple[float, str] | None = None
    ) -> Sequence[DeadLetter]:
        """Those that are meant, oldest first; `after` the one that died at that second and has that id."""
        meant = _meant(query)
        if after is not None:
            died = datetime.fromtimestamp(after[0], UTC)
            meant.append(or_(_D.due > died, and_(_D.due == died, after[1] < _ID)))
        chosen = _letters().where(*meant).order_by(_D.due, _ID).limit(limit)
        async with self._database.read() as connection:
            return [_letter(row) for row in (await connection.execute(chosen)).all()]

    async def count(self, query: LetterQuery) -> tuple[int, datetime | None]:
        """How many are meant, and since when the oldest waits."""
        asked = select(func.count(), func.min(_D.due)).where(_E.number == _D.event, *_meant(query))
        async with self._database.read() as connection:
            count, oldest = (await connection.execute(asked)).one()
        return count, oldest

    async def show(self, letter: str, /) -> OpenedLetter:
        """One of them, with the data of its event."""
        asked = _letters().where(*_meant(LetterQuery()), letter == _ID)
        async with self._database.read() as connection:
            row = (await connection.execute(asked)).first()
        if row is None:
            raise NotFound(f"there is no dead letter {letter[:200]!r}")
        data: Any = Event.model_validate_json(row.payload).data
        return OpenedLetter(letter=_letter(row), state="dead", payload=data)

    async def edit(
        self, letter: str, patch: Mapping[str, Any], reason: str = "", /, *, dry_run: bool = False
    ) -> tuple[Change, ...]:
        """Refused: an event says what has happened, to all who hear it. Raises NotFound, InvalidState."""
        await self.show(letter)
        raise InvalidState(
            f"{letter} is an event, which says what has happened: mend whoever was told, and replay it, or "
            "discard it."
        )

    async def replay(self, letter: str, delay: float = 0.0, /) -> object:
        """Have it delivered again, `delay` seconds from now, under the key that it had."""
        return await self._desk.replay(letter, delay)

    async def discard(self, letter: str, reason: str, /, *, undo: bool = False) -> None:
        """Give it up; the next one of its subject may go. Raises InvalidState where it was to be undone."""
        if undo:
            await self.show(letter)
            raise InvalidState(f"{letter} is an event, and nothing was done for it that could be undone.")
        await self._desk.discard(letter, reason)


def _letters() -> Any:
    shown = (_D.subscriber, _D.attempts, _D.due, _D.trouble, _E.id, _E.type, _E.payload)
    return select(*shown).where(_E.number == _D.event)


def _meant(query: LetterQuery) -> list[ColumnElement[bool]]:
    meant: list[ColumnElement[bool]] = [_D.state == "dead"]
    if query.service is not None:
        meant.append(_D.service == query.service)
    if query.flow is not None:
        meant.append(_D.subscriber == query.flow)
    if query.step is not None:
        meant.append(_E.type == query.step)
    if query.error is not None:
        meant.append(_D.trouble.contains(f'"error":"{query.error}"', autoescape=True))
    if query.since is not None:
        meant.append(_D.due >= query.since)
    if query.text is not None:
        text = query.text.lower()
        meant.append(
            or_(
                func.lower(_ID).contains(text, autoescape=True),
                func.lower(_D.trouble).contains(text, autoescape=True),
            )
        )
    return meant


def _letter(row: Row[Any]) -> DeadLetter:
    event, trouble = Event.model_validate_json(row.payload), Trouble.model_validate_json(row.trouble)
    return DeadLetter(
        id=f"{row.id}:{row.subscriber}",
        flow=row.subscriber,
        version=int(event.type.rpartition(".v")[2]),
        step=event.type,
        attempts=row.attempts,
        error=trouble.error,
        problem=trouble,
        request_id=event.requestid or "",
        trace=event.traceparent or "",
        died=row.due,
    )

"""Events, written together with what they tell of, and handed on afterwards."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue
from sqlalchemy import MetaData, bindparam, delete, insert, select

from triptych.canonical.base import Model, Timestamp
from triptych.ids import new_id
from triptych.storage import shapes
from triptych.storage.queries import Query

if TYPE_CHECKING:
    from triptych.storage.database import Database

_OUTBOX = shapes.outbox_v1(MetaData())


class Event(Model):
    """Something that happened, as CloudEvents 1.0 has it: `Event(type="crm.customer.created.v1", …)`."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(default_factory=lambda: new_id("evt"))
    """Unique, so that whoever gets it twice can tell."""
    source: str = ""
    """Who says so; the service's own path when it is left empty."""
    type: str = Field(pattern=r"^[a-z0-9_.-]+\.v[0-9]+$")
    """What happened, in a version that only grows."""
    subject: str | None = None
    """What it happened to: a canonical id."""
    time: Timestamp = Field(default_factory=lambda: datetime.now(UTC))
    """When."""
    datacontenttype: Literal["application/json"] = "application/json"
    data: JsonValue = None
    """What is told of it."""


class Outbox:
    """The events of one service that are not delivered yet."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    async def add(self, event: Event) -> Event:
        """Write an event, to be delivered if and only if this transaction commits; answers it complete.

        Raises RuntimeError outside of one: an event on its own tells of nothing.
        """
        if not self._database.writing:
            raise RuntimeError(
                "An event belongs into the transaction that it tells of: emit it in `write()`."
            )
        complete = (
            event if event.source else event.model_copy(update={"source": f"/{self._database.service}"})
        )
        values = complete.model_dump(include={"id", "type", "source", "subject", "time"})
        await self._database.fetch(self._insert, **values, payload=complete.model_dump_json())
        return complete

    async def pending(self, limit: int = 100) -> list[Event]:
        """The oldest events that are not done.

        Within a transaction they are reserved until it ends: another relay gets those after them.
        """
        query = self._reserved if self._database.writing else self._waiting
        rows = await self._database.fetch(query, how_many=limit)
        return [Event.model_validate_json(row[0]) for row in rows]

    async def done(self, ids: Iterable[str]) -> None:
        """Forget events that were handed on."""
        async with self._database.write():
            for id in ids:
                await self._database.fetch(self._delete, event=id)

    @cached_property
    def _insert(self) -> Query:
        columns = [column for column in _OUTBOX.c if column.name != "number"]
        values: dict[str, Any] = {
            column.name: bindparam(column.name, type_=column.type) for column in columns
        }
        return self._database.compiled(insert(_OUTBOX).values(values).inline())

    @cached_property
    def _waiting(self) -> Query:
        return self._database.compiled(
            select(_OUTBOX.c.payload).order_by(_OUTBOX.c.number).limit(bindparam("how_many"))
        )

    @cached_property
    def _reserved(self) -> Query:
        query = select(_OUTBOX.c.payload).order_by(_OUTBOX.c.number).limit(bindparam("how_many"))
        return self._database.compiled(query.with_for_update(skip_locked=True))

    @cached_property
    def _delete(self) -> Query:
        return self._database.compiled(delete(_OUTBOX).where(_OUTBOX.c.id == bindparam("event")))

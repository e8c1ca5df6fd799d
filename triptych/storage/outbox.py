"""Events, written together with what they tell of, and handed on afterwards."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue
from sqlalchemy import MetaData, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

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
    """What it happened to: a canonical id. Events of one subject are delivered in their order."""
    time: Timestamp = Field(default_factory=lambda: datetime.now(UTC))
    """When."""
    datacontenttype: Literal["application/json"] = "application/json"
    customer: str | None = None
    """Canonical id of the customer whose it is, if it is one's."""
    initiator: str | None = None
    """Who started what led to it: the subject of the first call."""
    requestid: str | None = None
    """The request that led to it."""
    traceparent: str | None = None
    """The trace that it belongs to (CloudEvents' distributed tracing extension)."""
    data: JsonValue = None
    """What is told of it."""

    def as_json(self) -> str:
        """The event in CloudEvents' JSON format: what is not known of it is left out."""
        return self.model_dump_json(exclude_none=True)


class Outbox:
    """The events of one service that are not delivered yet."""

    def __init__(self, database: "Database") -> None:
        self._database = database
        self.news = asyncio.Event()
        """Set whenever a transaction of this process has committed with an event in it."""

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
        await self._database.fetch(self._insert, **values, payload=complete.as_json())
        self._database.after_commit(self.news.set)
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
        insert = (postgresql if self._database.dialect == "postgresql" else sqlite).insert(_OUTBOX)
        # an id that is made of a key comes again when the call is repeated
        return self._database.compiled(insert.values(values).on_conflict_do_nothing().inline())

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

"""The log of all events of an installation: appended to by relays, read by whoever follows."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, and_, bindparam, case, delete, func, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from triptych.contract import Subscription
from triptych.events import tables
from triptych.events.bell import Bell
from triptych.storage import Database, Event, Moment
from triptych.storage.queries import Query

MIGRATIONS = Path(__file__).with_name("migrations")
PURGED_AT_ONCE = 1000
LOOK_AGAIN = 1.0
"""Seconds after which a follower looks again, for what another process has appended."""

_EVENTS = tables.events_v1(MetaData())
_SUBSCRIPTIONS = tables.subscriptions_v1(MetaData())
_DELIVERIES = tables.deliveries_v1(MetaData())


@dataclass(frozen=True, slots=True)
class Logged:
    """One event and its place in the log."""

    number: int
    event: Event


class EventLog:
    """The events' database: what was told, in an order in which nothing appears behind what was read.

    The order of an outbox is kept, so events of one subject come as they happened. On PostgreSQL, where
    numbers are drawn in one order and committed in another, one transaction at a time appends.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bell = Bell()
        """Rings whenever this process has appended, or changed what is to be delivered."""

    async def subscribe(self, services: Iterable[str], subscriptions: Iterable[Subscription]) -> None:
        """Have these services told of these events and no others; without services, of these as well.

        What was logged before a subscription begins is not told; what is to be delivered already still is.
        """
        wanted = {(found.kind.type, found.subscriber, found.service) for found in subscriptions}
        async with self.database.write():
            await self.database.only_one("log")
            present: set[tuple[str, str, str]] = set()
            for service in services:
                rows = await self.database.fetch(self._subscribed, service=service)
                present |= {(row[0], row[1], service) for row in rows}
            for type, subscriber, _ in present - wanted:
                await self.database.fetch(self._unsubscribe, type=type, subscriber=subscriber)
            for type, subscriber, service in sorted(wanted - present):
                await self.database.fetch(self._subscribe, type=type, subscriber=subscriber, service=service)

    async def append(self, events: Sequence[Event]) -> int:
        """Log events in this order, each with a delivery for each subscriber; those that are there already
        are passed over. Answers how many were new."""
        fresh = 0
        async with self.database.write():
            await self.database.only_one("log")
            for event in events:
                fresh += await self._log(event)
            if fresh:
                self.database.after_commit(self.bell.ring)
        return fresh

    async def _log(self, event: Event) -> bool:
        now = datetime.now(UTC)
        subject = event.subject or event.id
        rows = await self.database.fetch(
            self._insert,
            id=event.id,
            type=event.type,
            subject=subject,
            customer=event.customer,
            logged_at=now,
            payload=event.as_json(),
        )
        if not rows:
            return False
        if await self.database.fetch(self._wanted, type=event.type):
            # until this commits no delivery of the subject ends, so none of its successors is forgotten
            await self.database.only_one(f"subject {subject}")
            await self.database.fetch(
                self._deliver, number=rows[0][0], the_type=event.type, the_subject=subject, now=now
            )
        return True

    async def last(self) -> int:
        """The number of the event that was logged last; 0 where there is none."""
        rows = await self.database.fetch(self._last)
        return rows[0][0] or 0

    async def place_of(self, id: str) -> int | None:
        """The number of an event, by its id; None where it is not, or no longer, in the log."""
        rows = await self.database.fetch(self._place, id=id)
        return rows[0][0] if rows else None

    async def read(self, after: int, limit: int = 100) -> list[Logged]:
        """What was told after a place in the log, whoever told it."""
        rows = await self.database.fetch(self._after, after=after, how_many=limit)
        return [Logged(number, Event.model_validate_json(payload)) for number, payload in rows]

    async def of_customer(self, customer: str, after: int, limit: int = 100) -> list[Logged]:
        """What was told about a customer after a place in the log."""
        rows = await self.database.fetch(self._of_customer, customer=customer, after=after, how_many=limit)
        return [Logged(number, Event.model_validate_json(payload)) for number, payload in rows]

    async def follow(self, customer: str, after: int, ends: float) -> AsyncGenerator[Logged]:
        """What is told about a customer after a place in the log, as it comes, until a moment of the loop."""
        now = asyncio.get_running_loop().time
        while (left := ends - now()) > 0:
            heard = self.bell.listen()
            found = await self.of_customer(customer, after)
            for logged in found:
                after = logged.number
                yield logged
            if not found:
                await self.bell.wait(heard, min(left, LOOK_AGAIN))

    async def purge(self, keep: timedelta) -> int:
        """Forget events that are older, with their deliveries, once nobody waits for them any more."""
        before, purged = datetime.now(UTC) - keep, 0
        while True:
            async with self.database.write():
                rows = await self.database.fetch(self._purge_events, before=before)
                for row in rows:
                    await self.database.fetch(self._purge_deliveries, number=row[0])
            purged += len(rows)
            if len(rows) < PURGED_AT_ONCE:
                return purged

    # --- statements ---

    @cached_property
    def _subscribed(self) -> Query:
        columns = _SUBSCRIPTIONS.c
        chosen = select(columns.type, columns.subscriber).where(columns.service == bindparam("service"))
        return self.database.compiled(chosen)

    @cached_property
    def _subscribe(self) -> Query:
        values: dict[str, Any] = {name: bindparam(name) for name in ("type", "subscriber", "service")}
        dialect = postgresql if self.database.dialect == "postgresql" else sqlite
        statement = dialect.insert(_SUBSCRIPTIONS).values(values).on_conflict_do_nothing()
        return self.database.compiled(statement.inline())

    @cached_property
    def _unsubscribe(self) -> Query:
        columns = _SUBSCRIPTIONS.c
        this = and_(columns.type == bindparam("type"), columns.subscriber == bindparam("subscriber"))
        return self.database.compiled(delete(_SUBSCRIPTIONS).where(this))

    @cached_property
    def _wanted(self) -> Query:
        chosen = select(_SUBSCRIPTIONS.c.subscriber).where(_SUBSCRIPTIONS.c.type == bindparam("type"))
        return self.database.compiled(chosen.limit(1))

    @cached_property
    def _insert(self) -> Query:
        dialect = postgresql if self.database.dialect == "postgresql" else sqlite
        columns = [column for column in _EVENTS.c if column.name != "number"]
        values = {column.name: bindparam(column.name, type_=column.type) for column in columns}
        statement = dialect.insert(_EVENTS).values(values).on_conflict_do_nothing()
        return self.database.compiled(statement.returning(_EVENTS.c.number))

    @cached_property
    def _deliver(self) -> Query:
        """A delivery for each subscriber; it waits behind an earlier one of the same subject."""
        wanted, before = _SUBSCRIPTIONS.c, _DELIVERIES.alias("before")
        subject = bindparam("the_subject", type_=_DELIVERIES.c.subject.type)
        ahead = (
            select(literal(1))
            .where(
                before.c.subscriber == wanted.subscriber,
                before.c.subject == subject,
                before.c.state.in_([literal("waiting"), literal("behind"), literal("dead")]),
            )
            .exists()
        )
        chosen = select(
            bindparam("number", type_=_DELIVERIES.c.event.type),
            wanted.subscriber,
            wanted.service,
            subject,
            case((ahead, literal("behind")), else_=literal("waiting")),
            literal(0),
            bindparam("now", type_=Moment),
        ).where(wanted.type == bindparam("the_type"))
        names = ["event", "subscriber", "service", "subject", "state", "attempts", "due"]
        return self.database.compiled(insert(_DELIVERIES).from_select(names, chosen))

    @cached_property
    def _last(self) -> Query:
        return self.database.compiled(select(func.max(_EVENTS.c.number)))

    @cached_property
    def _place(self) -> Query:
        return self.database.compiled(select(_EVENTS.c.number).where(_EVENTS.c.id == bindparam("id")))

    @cached_property
    def _after(self) -> Query:
        columns = _EVENTS.c
        chosen = select(columns.number, columns.payload).where(columns.number > bindparam("after"))
        return self.database.compiled(chosen.order_by(columns.number).limit(bindparam("how_many")))

    @cached_property
    def _of_customer(self) -> Query:
        columns = _EVENTS.c
        theirs = and_(columns.customer == bindparam("customer"), columns.number > bindparam("after"))
        chosen = select(columns.number, columns.payload).where(theirs).order_by(columns.number)
        return self.database.compiled(chosen.limit(bindparam("how_many")))

    @cached_property
    def _purge_events(self) -> Query:
        open_still = (
            select(literal(1))
            .where(_DELIVERIES.c.event == _EVENTS.c.number, _DELIVERIES.c.ended_at.is_(None))
            .exists()
        )
        over = and_(_EVENTS.c.logged_at < bindparam("before", type_=Moment), ~open_still)
        chosen = select(_EVENTS.c.number).where(over).limit(PURGED_AT_ONCE)
        statement = delete(_EVENTS).where(_EVENTS.c.number.in_(chosen)).returning(_EVENTS.c.number)
        return self.database.compiled(statement)

    @cached_property
    def _purge_deliveries(self) -> Query:
        return self.database.compiled(delete(_DELIVERIES).where(_DELIVERIES.c.event == bindparam("number")))

"""Turns source systems into events: what changes in a store behind our back is read, compared and told.

A feed is read from a little before where it was left, since systems tell of late commits late; what was told
of an entity is remembered, so that reading it again tells nothing. The first reading tells nothing either:
what is there already has not happened now.
"""

import asyncio
import hashlib
import json
import logging
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import MetaData, and_, bindparam, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from triptych.contract import Change, Changes, EventType
from triptych.events import tables
from triptych.events.log import EventLog
from triptych.ids import fixed_id
from triptych.problems import Problem
from triptych.storage import Event, Moment
from triptych.storage.queries import Query

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=2)
"""How far back a feed is read again each time."""
LEASE = timedelta(seconds=30)
"""How long a replica that reads a feed keeps the others from it, from the last page that it has read."""
PAGE = 100

_FEEDS = tables.feeds_v1(MetaData())
_TOLD = tables.told_v1(MetaData())

Checkpoint = tuple[datetime, str]
"""When a feed was read, and the position that it had then."""


class Changing(Protocol):
    """A store whose changes can be read."""

    async def changes(self, since: str = "", limit: int = 100) -> Changes[Any]:
        """What changed after a position."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """A store of another system, and the events that are made of its changes."""

    store: Changing
    source: str
    """Path of the service that stands on it."""
    made: EventType[Any] | None = None
    changed: EventType[Any] | None = None
    gone: EventType[Any] | None = None
    reaching: Mapping[StrEnum, EventType[Any]] = field(default_factory=dict[StrEnum, EventType[Any]])

    @property
    def kind(self) -> EventType[Any]:
        """One of its events: all of them tell of the store's entities."""
        kinds = (self.made, self.changed, self.gone, *self.reaching.values())
        return next(kind for kind in kinds if kind is not None)

    @property
    def name(self) -> str:
        """`crm.customer`: unique in the installation, and the same at every start."""
        return f"{self.kind.api.name}.{self.kind.payload.__name__.lower()}"

    def events(self, before: Any | None, after: Any | None, fingerprint: str) -> Iterator[Event]:
        """What has happened between what was told last and what is there now."""
        if after is None:
            if before is not None and self.gone is not None:
                yield self._event(self.gone, before, fingerprint)
            return
        first = self.made if before is None else self.changed
        if first is not None:
            yield self._event(first, after, fingerprint)
        status = getattr(after, "status", None)
        if status is not None and status != getattr(before, "status", None) and status in self.reaching:
            yield self._event(self.reaching[status], after, fingerprint)

    def _event(self, kind: EventType[Any], data: Any, fingerprint: str) -> Event:
        return Event(
            id=fixed_id("evt", self.name, kind.type, data.id, fingerprint),
            type=kind.type,
            source=self.source,
            subject=kind.subject_of(data),
            customer=kind.customer_of(data),
            initiator="source system",
            data=data.model_dump(mode="json"),
        )


class Feed:
    """Reads one watched store; of several replicas one at a time."""

    def __init__(self, watched: Watched, to: EventLog, seconds: float) -> None:
        self._watched = watched
        self._log = to
        self._database = to.database
        self._seconds = seconds

    async def run(self) -> None:
        """Read now and then, until cancelled."""
        while True:
            try:
                await self.read()
            except Problem as problem:
                log.warning("%s cannot be read now: %s", self._watched.name, problem.detail)
            await asyncio.sleep(self._seconds * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load

    async def read(self) -> int:
        """Read what is new, and answer how many events that made; 0 while another one is reading."""
        began = datetime.now(UTC)
        checkpoints = await self._leased(began)
        if checkpoints is None:
            return 0
        old = [number for number, (at, _) in enumerate(checkpoints) if at < began - OVERLAP]
        checkpoints = checkpoints[old[-1] if old else 0 :]
        try:
            told, position = await self._read_from(checkpoints)
        except Exception:
            await self._keep(checkpoints)
            raise
        await self._keep([*checkpoints, (began, position)])
        return told

    async def _read_from(self, checkpoints: list[Checkpoint]) -> tuple[int, str]:
        """How many events the changes have made since the first of these, and where they end."""
        position, told, more = checkpoints[0][1] if checkpoints else "", 0, True
        while more:
            page = await self._watched.store.changes(position, PAGE)
            told += await self._taken(page, silently=not checkpoints)
            position, more = page.position, page.more
        return told, position

    async def _leased(self, now: datetime) -> list[Checkpoint] | None:
        """Where the feed was left, unless another replica has it in hand."""
        async with self._database.write():
            await self._database.fetch(self._begin, the_feed=self._watched.name)
            rows = await self._database.fetch(
                self._lease, the_feed=self._watched.name, now=now, lasts=now + LEASE
            )
        if not rows:
            return None
        return [(datetime.fromisoformat(at), position) for at, position in json.loads(rows[0][0])]

    async def _keep(self, checkpoints: list[Checkpoint]) -> None:
        written = json.dumps([(at.isoformat(), position) for at, position in checkpoints])
        async with self._database.write():
            await self._database.fetch(
                self._release, the_feed=self._watched.name, positions=written, now=datetime.now(UTC)
            )

    async def _taken(self, page: Changes[Any], *, silently: bool) -> int:
        """Compare a page with what was told, and tell what is new, in one transaction."""
        events: list[Event] = []
        async with self._database.write():
            lasts = datetime.now(UTC) + LEASE
            await self._database.fetch(self._renew, the_feed=self._watched.name, lasts=lasts)
            for change in page.items:
                events += await self._compared(change)
            return 0 if silently else await self._log.append(events)

    async def _compared(self, change: Change[Any]) -> list[Event]:
        key = {"the_feed": self._watched.name, "the_entity": change.id}
        rows = await self._database.fetch(self._told, **key)
        body = "" if change.entity is None else change.entity.model_dump_json()
        if (rows[0][0] if rows else "") == body:
            return []
        before = self._watched.kind.data.validate_json(rows[0][0]) if rows and rows[0][0] else None
        await self._database.fetch(self._remember, **key, body=body)
        fingerprint = hashlib.sha256(body.encode()).hexdigest()
        return list(self._watched.events(before, change.entity, fingerprint))

    # --- statements ---

    @cached_property
    def _begin(self) -> Query:
        values: dict[str, Any] = {"feed": bindparam("the_feed"), "positions": literal("[]")}
        statement = self._dialect.insert(_FEEDS).values(values).on_conflict_do_nothing()
        return self._database.compiled(statement.inline())

    @cached_property
    def _lease(self) -> Query:
        now, feeds = bindparam("now", type_=Moment), _FEEDS.c
        free = or_(feeds.leased_until.is_(None), feeds.leased_until <= now)
        statement = (
            update(_FEEDS)
            .where(feeds.feed == bindparam("the_feed"), free)
            .values(leased_until=bindparam("lasts", type_=Moment))
        )
        return self._database.compiled(statement.returning(feeds.positions))

    @cached_property
    def _renew(self) -> Query:
        lasts = bindparam("lasts", type_=Moment)
        this = _FEEDS.c.feed == bindparam("the_feed")
        return self._database.compiled(update(_FEEDS).where(this).values(leased_until=lasts))

    @cached_property
    def _release(self) -> Query:
        values: dict[str, Any] = {
            "positions": bindparam("positions"),
            "leased_until": None,
            "read_at": bindparam("now", type_=Moment),
        }
        statement = update(_FEEDS).where(_FEEDS.c.feed == bindparam("the_feed")).values(values)
        return self._database.compiled(statement)

    @cached_property
    def _told(self) -> Query:
        this = and_(_TOLD.c.feed == bindparam("the_feed"), _TOLD.c.entity == bindparam("the_entity"))
        return self._database.compiled(select(_TOLD.c.body).where(this))

    @cached_property
    def _remember(self) -> Query:
        names = {"feed": "the_feed", "entity": "the_entity", "body": "body"}
        values: dict[str, Any] = {column: bindparam(name) for column, name in names.items()}
        statement = self._dialect.insert(_TOLD).values(values)
        return self._database.compiled(
            statement.on_conflict_do_update(
                index_elements=[_TOLD.c.feed, _TOLD.c.entity], set_={"body": statement.excluded.body}
            ).inline()
        )

    @property
    def _dialect(self) -> Any:
        return postgresql if self._database.dialect == "postgresql" else sqlite

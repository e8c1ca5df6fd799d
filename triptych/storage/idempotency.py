"""Writes that happen once, however often they are asked for (draft-ietf-httpapi-idempotency-key-header).

A key belongs to a scope (who asks for which operation) and to the payload that first came with it. Only
successes are recorded: after an error the same key may try again.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import MetaData, and_, bindparam, delete, func, or_, select, true, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import CompilerElement

from triptych.problems import IdempotencyKeyInFlight, IdempotencyKeyReused
from triptych.storage import shapes
from triptych.storage.endings import Endings
from triptych.storage.queries import Query
from triptych.storage.records import RETRY_AFTER, Attempt, Record
from triptych.storage.types import Moment

if TYPE_CHECKING:
    from triptych.storage.database import Database

PURGED_AT_ONCE = 1000

_KEYS = shapes.idempotency_keys_v1(MetaData())
_THIS_KEY = and_(_KEYS.c.scope == bindparam("the_scope"), _KEYS.c.key == bindparam("the_key"))
_THIS_CLAIM = and_(_THIS_KEY, _KEYS.c.claim == bindparam("the_claim"))


class IdempotencyKeys:
    """The records of one service."""

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._endings = Endings()

    @asynccontextmanager
    async def with_effect(
        self, scope: str, key: str, fingerprint: str, seconds: float
    ) -> AsyncGenerator[Record]:
        """A record that commits together with the effect, which the block performs in this database."""
        async with self._database.write():
            claim = _claim(scope, key)
            known = await self._known(claim, fingerprint, seconds, lease=seconds)
            if known is not None:
                yield known
                return
            record = Record(replayed=False)
            yield record
            await self._database.fetch(self._store, **claim, body=_answered(record))

    @asynccontextmanager
    async def elsewhere(
        self, scope: str, key: str, fingerprint: str, seconds: float, lease: float
    ) -> AsyncGenerator[Record]:
        """A record of an effect in other places: the key is claimed first, and answered afterwards.

        A claim whose process dies is free again after `lease` seconds. Whoever takes it over repeats the
        effect, which is why calls further down carry keys derived from this one.
        """
        if self._database.writing:
            raise RuntimeError("A claim has to be seen by others at once: make it outside of transactions.")
        claim = _claim(scope, key)
        claiming = self._endings.later(self._claimed(claim, fingerprint, seconds, lease))
        try:
            known = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await self._endings.to_the_end(self._released(claim, claiming))
            raise
        if known is not None:
            yield known
            return
        record = Record(replayed=False)
        try:
            yield record
            body = _answered(record)
        except BaseException:
            await self._endings.to_the_end(self._released(claim))
            raise
        await self._endings.to_the_end(self._written(self._store, {**claim, "body": body}))

    @asynccontextmanager
    async def attempted(
        self, scope: str, key: str, what: str, seconds: float, lease: float
    ) -> AsyncGenerator[Attempt]:
        """As `elsewhere`, for a write that cannot be repeated blindly.

        An attempt whose outcome nobody knows, since it was killed, timed out or failed, stays on record: who
        comes next with the key is told when it was over. One that was killed was so at the end of its lease.
        """
        claim = _claim(scope, key)
        claiming = self._endings.later(self._begun(claim, what, seconds, lease))
        try:
            attempt = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.wait([claiming])
            if claiming.exception() is None:
                await self._endings.to_the_end(self._left(claim, claiming.result()))
            raise
        if attempt.replayed:
            yield attempt
            return
        try:
            yield attempt
            body = _answered(attempt)
        except BaseException:
            await self._endings.to_the_end(self._left(claim, attempt))
            raise
        await self._endings.to_the_end(self._written(self._store, {**claim, "body": body}))

    async def purge(self) -> int:
        """Delete the records that have expired, in steps that hold nobody up; answers how many."""
        purged = 0
        while True:
            async with self._database.write():
                rows = await self._database.fetch(self._purge, now=datetime.now(UTC))
            purged += len(rows)
            if len(rows) < PURGED_AT_ONCE:
                return purged

    async def close(self) -> None:
        """Wait for what has to be written still."""
        await self._endings.all_done()

    async def _known(
        self, claim: Mapping[str, str], fingerprint: str, seconds: float, lease: float
    ) -> Record | None:
        """Claim the key: None when it was free, else the record of what was done with it."""
        now = datetime.now(UTC)
        scope, key = claim["the_scope"], claim["the_key"]
        fresh = await self._database.fetch(
            self._claim,
            **claim,
            fingerprint=fingerprint,
            now=now,
            leased_until=now + timedelta(seconds=lease),
            expires_at=now + timedelta(seconds=seconds),
            lock=f"{self._database.engine.schema} {scope} {key}",
        )
        if fresh:
            return None
        for known, body in await self._database.fetch(self._look, the_scope=scope, the_key=key):
            if known != fingerprint:
                raise IdempotencyKeyReused("This Idempotency-Key came before, with another request.")
            if body is not None:
                return Record(replayed=True, body=body)
        raise IdempotencyKeyInFlight(
            "A request with this Idempotency-Key is still running.", retry_after=RETRY_AFTER
        )

    async def _claimed(
        self, claim: Mapping[str, str], fingerprint: str, seconds: float, lease: float
    ) -> Record | None:
        async with self._database.write():
            return await self._known(claim, fingerprint, seconds, lease)

    async def _begun(self, claim: Mapping[str, str], what: str, seconds: float, lease: float) -> Attempt:
        held_until = time.monotonic() + lease
        async with self._database.write() as connection:
            await self._database.only_one(f"attempt {claim['the_scope']} {claim['the_key']}")
            here = and_(_KEYS.c.scope == claim["the_scope"], _KEYS.c.key == claim["the_key"])
            before = select(_KEYS.c.leased_until).where(here, _KEYS.c.body.is_(None))
            over_at = (await connection.execute(before)).scalar()
            known = await self._known(claim, what, seconds, lease)
        attempt = Attempt(over_at=over_at) if known is None else Attempt(known.body)
        attempt.held_until = held_until
        return attempt

    async def _left(self, claim: Mapping[str, str], attempt: Attempt) -> None:
        """Free the key; of an attempt whose outcome is unknown it stays on record when it was over."""
        over_at = datetime.now(UTC) if attempt.under_way else attempt.over_at
        if over_at is None:
            await self._written(self._release, claim)
        else:
            await self._written(self._leave, {**claim, "over_at": over_at})

    async def _released(
        self, claim: Mapping[str, str], claiming: "asyncio.Task[Record | None] | None" = None
    ) -> None:
        """Free the key, but not before the claim on it is made."""
        if claiming is not None:
            await asyncio.wait([claiming])
            if claiming.exception() is not None:
                return
        await self._written(self._release, claim)

    async def _written(self, query: Query, values: Mapping[str, Any]) -> None:
        async with self._database.write():
            await self._database.fetch(query, **values)

    @cached_property
    def _claim(self) -> Query:
        """Claims a key that nobody has, or whose record or lease is over; answers a row if it did.

        On PostgreSQL a second request does not wait for the transaction of the first with a connection in its
        hands: it cannot have the advisory lock, and so gets no row.
        """
        on_postgresql = self._database.dialect == "postgresql"
        free = true()
        if on_postgresql:
            free = func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("lock"), 0))
        now = bindparam("now", type_=Moment)
        values = {
            "scope": bindparam("the_scope", type_=_KEYS.c.scope.type),
            "key": bindparam("the_key", type_=_KEYS.c.key.type),
            "fingerprint": bindparam("fingerprint", type_=_KEYS.c.fingerprint.type),
            "claim": bindparam("the_claim", type_=_KEYS.c.claim.type),
            "leased_until": bindparam("leased_until", type_=Moment),
            "created_at": now,
            "expires_at": bindparam("expires_at", type_=Moment),
        }
        insert = (postgresql if on_postgresql else sqlite).insert(_KEYS)
        over = or_(_KEYS.c.expires_at <= now, and_(_KEYS.c.body.is_(None), _KEYS.c.leased_until <= now))
        statement = insert.from_select(list(values), select(*values.values()).where(free))
        taken_over = {
            name: statement.excluded[name] for name in (*values, "body") if name not in ("scope", "key")
        }
        return self._compiled(
            statement.on_conflict_do_update(
                index_elements=[_KEYS.c.scope, _KEYS.c.key], set_=taken_over, where=over
            ).returning(_KEYS.c.claim)
        )

    @cached_property
    def _look(self) -> Query:
        return self._compiled(select(_KEYS.c.fingerprint, _KEYS.c.body).where(_THIS_KEY))

    @cached_property
    def _store(self) -> Query:
        return self._compiled(
            update(_KEYS).where(_THIS_CLAIM).values(body=bindparam("body"), leased_until=None)
        )

    @cached_property
    def _leave(self) -> Query:
        over_at = bindparam("over_at", type_=Moment)
        return self._compiled(update(_KEYS).where(_THIS_CLAIM).values(leased_until=over_at))

    @cached_property
    def _release(self) -> Query:
        return self._compiled(delete(_KEYS).where(_THIS_CLAIM))

    @cached_property
    def _purge(self) -> Query:
        names = (_KEYS.c.scope, _KEYS.c.key)
        expired = (
            select(*names).where(_KEYS.c.expires_at <= bindparam("now", type_=Moment)).limit(PURGED_AT_ONCE)
        )
        return self._compiled(delete(_KEYS).where(tuple_(*names).in_(expired)).returning(_KEYS.c.key))

    def _compiled(self, statement: CompilerElement) -> Query:
        return self._database.compiled(statement)


def _claim(scope: str, key: str) -> dict[str, str]:
    """What identifies one claim on a key, among those that others made on it before or make after."""
    return {"the_scope": scope, "the_key": key, "the_claim": uuid4().hex}


def _answered(record: Record) -> str:
    if record.body is None:
        raise RuntimeError("A write with a key has to store its answer: `record.store(body)`.")
    return record.body

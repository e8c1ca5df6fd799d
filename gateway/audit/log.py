"""Appends to the audit log: queued at once, written in batches by one task, on the disk within moments."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit.records import Deed, Head, Record
from gateway.audit.tables import HEAD, RECORDS
from gateway.audit.verifying import Finding, Kept, TamperedError, verify
from gateway.exchange import Exchange
from triptych.context import current
from triptych.problems import Overloaded
from triptych.storage import Database

GATHERING = 0.02
"""Seconds that the writer waits for more deeds before it commits those that are there."""
LARGEST = 500
"""Records of one transaction."""
PATIENCE = 10_000
"""Deeds that may wait to be written; while there are more, no write is let through."""
LONGEST = 1_000
"""Characters of a field; what comes from outside may be longer, and is cut."""

_log = logging.getLogger(__name__)


class AuditLog:
    """The chain of everything that was done through this gateway.

    `key` signs its end; it must not lie in the same database. Nobody waits for a deed to be written, but
    while more than `PATIENCE` of them wait (the database is down), `has_room` is False, and no more begin.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key
        self._waiting: list[Deed] = []
        self._come = asyncio.Event()
        self._written = asyncio.Condition()
        self._queued = 0
        self._done = 0
        self._stopping = False

    @property
    def has_room(self) -> bool:
        """Whether more can be recorded."""
        return len(self._waiting) < PATIENCE

    def write(self, exchange: Exchange, outcome: str) -> None:
        """Queue the record of a request that changes something."""
        token, endpoint = exchange.token, exchange.endpoint
        self._append(
            actor=token.subject if token else "anonymous",
            client=token.client if token else "",
            action=endpoint.name if endpoint else exchange.method,
            object=exchange.path,
            outcome=outcome,
            request_id=exchange.request_id,
            details=_details({"acting": token.acting}) if token and token.acting else "{}",
        )

    async def __call__(self, event: str, **facts: object) -> None:
        """Queue an event of the authorization server, such as `login.failed`; raises Overloaded."""
        if not self.has_room:
            raise Overloaded("The audit log cannot be written right now.", retry_after=1)
        said = {name: value for name, value in facts.items() if value not in (None, "")}
        actor = said.pop("subject", None) or said.pop("account", None)
        client = str(said.pop("client", ""))
        outcome = said.pop("error", None) or event.rpartition(".")[2]
        self._append(
            actor=str(actor or client or "anonymous"),
            client=client,
            action=event,
            object=str(said.pop("object", "")),
            outcome=str(outcome),
            request_id=current().request_id,
            details=_details(said),
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Write what is queued, and in the end whatever is left. Raises if that cannot be written."""
        self._stopping = False
        writer = asyncio.create_task(self._write_until_stopped())
        try:
            yield
        finally:
            self._stopping = True
            self._come.set()
            await writer
            head = await self.head()
            _log.info("audit log ends at %d with %s", head.sequence, head.hash)

    async def flush(self) -> None:
        """Wait until everything that is queued by now is on the disk."""
        until = self._queued
        async with self._written:
            await self._written.wait_for(lambda: self._done >= until)

    async def head(self) -> Head:
        """The signed end of the chain, to be kept elsewhere."""
        async with self._database.read() as connection:
            return await _head(connection, locked=False)

    async def verify(self, kept: str = "") -> Finding:
        """Walk the whole chain: see `gateway.audit.verifying.verify`. Raises InvalidInput for no head."""
        return await verify(self._database, self._key, Kept.read(kept))

    def _append(self, **said: str) -> None:
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        self._waiting.append(Deed(time=now, **{name: _clean(value) for name, value in said.items()}))
        self._queued += 1
        self._come.set()

    async def _write_until_stopped(self) -> None:
        pause = GATHERING
        while not self._stopping or self._waiting:
            await self._come.wait()
            if not self._stopping:
                await asyncio.sleep(pause)
            try:
                await self._write_waiting()
                pause = GATHERING
            except Exception:
                _log.exception("the audit log cannot be written; %d records wait", len(self._waiting))
                if self._stopping:
                    raise
                pause = min(2.0, pause * 2)

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = self._waiting[:LARGEST]
            async with self._database.write() as connection:
                await self._chain(connection, batch)
            del self._waiting[: len(batch)]
            self._done += len(batch)
            async with self._written:
                self._written.notify_all()
        self._come.clear()

    async def _chain(self, connection: AsyncConnection, deeds: Sequence[Deed]) -> None:
        head = await _head(connection, locked=True)
        if head.sequence and not head.genuine(self._key):
            raise TamperedError("the end of the audit log was not signed by this installation")
        sequence, previous, rows = head.sequence, head.hash, list[dict[str, Any]]()
        for deed in deeds:
            record = Record.after(sequence + 1, previous, deed)
            sequence, previous = record.sequence, record.hash
            rows.append(
                {
                    **deed.columns(),
                    "sequence": sequence,
                    "previous": record.previous,
                    "hash": record.hash,
                }
            )
        await connection.execute(insert(RECORDS), rows)
        await connection.execute(update(HEAD).values(**asdict(Head.signed(sequence, previous, self._key))))


async def _head(connection: AsyncConnection, *, locked: bool) -> Head:
    statement = select(HEAD.c.sequence, HEAD.c.hash, HEAD.c.signature)
    row = (await connection.execute(statement.with_for_update() if locked else statement)).first()
    if row is None:
        raise TamperedError("the end of the audit log is gone")
    return Head(row.sequence, row.hash, row.signature)


def _details(facts: Mapping[str, object]) -> str:
    return orjson.dumps(facts, default=str, option=orjson.OPT_SORT_KEYS).decode()


def _clean(value: str) -> str:
    """What every database can keep: no zero characters or half surrogates, and no end of text."""
    return value.replace("\0", "␀").encode("utf-8", "replace").decode("utf-8")[:LONGEST]

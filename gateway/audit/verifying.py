"""Walks the audit log, and names the first record that is not as it was written."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit.records import GENESIS, Deed, Head, Record, chained
from gateway.audit.tables import HEAD, RECORDS
from triptych.problems import FieldError, InvalidInput
from triptych.storage import Database

AT_ONCE = 1_000


class TamperedError(Exception):
    """The end of the chain is missing or was not signed by this installation."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An end of the chain that was kept elsewhere."""

    sequence: int
    hash: str

    @classmethod
    def read(cls, head: str) -> "Kept | None":
        """The one that `Finding.head` told; None for an empty text. Raises InvalidInput."""
        if not head:
            return None
        found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", head)
        if found is None:
            detail = "is no head of an audit log: it reads `sequence:hash`"
            raise InvalidInput(
                f"{head[:80]!r} {detail}.", errors=[FieldError(pointer="?kept", detail=detail)]
            )
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Finding:
    """What a walk along the chain found."""

    records: int
    """How many are sound, from the first on."""
    sequence: int | None = None
    """The first that is not, or that is missing; None when all is well."""
    reason: str = ""
    hash: str = GENESIS
    """Of the last record that is sound."""

    @property
    def head(self) -> str:
        """The end that was reached, `sequence:hash`; keep it elsewhere, and name it the next time."""
        return f"{self.records}:{self.hash}"

    @property
    def sound(self) -> bool:
        """Whether the log is as it was written."""
        return not self.reason


async def verify(database: Database, key: bytes, kept: Kept | None = None) -> Finding:
    """Check every record, and that the chain ends where the signed head says.

    Whoever can write the database but does not have the key can put it back to an earlier state as a whole;
    only a head that was `kept` elsewhere shows that.
    """
    last, previous, fault, head = 0, GENESIS, "", None
    async with database.read() as connection:
        while head is None or last < head.sequence:  # it may grow while it is walked
            before = last
            async for record in _records(connection, last):
                fault = _fault(record, last, previous, kept)
                if fault:
                    missing = record.sequence > last + 1
                    return Finding(last, last + 1 if missing else record.sequence, fault, previous)
                last, previous = record.sequence, record.hash
            if head is not None and last == before:
                break
            head = await _head(connection)
            if head is None:
                return Finding(last, last + 1, "the end of the log is gone", previous)
    if head.sequence or last:
        fault = _end(head, key, last, previous)
    if not fault and kept is not None and kept.sequence > last:
        fault = f"the log was cut: it reached {kept.sequence} once"
    return Finding(last, last + 1 if fault else None, fault, previous)


def _fault(record: Record, last: int, previous: str, kept: Kept | None) -> str:
    if record.sequence > last + 1:
        return f"records {last + 1} to {record.sequence - 1} are missing"
    if record.sequence != last + 1:
        return "the record is out of sequence"
    if record.hash != chained(record.sequence, record.previous, record.deed):
        return "the record was changed"
    if record.previous != previous:
        return "the record does not follow the one before it"
    if kept is not None and record.sequence == kept.sequence and record.hash != kept.hash:
        return "the log is not the one that was kept"
    return ""


async def _head(connection: AsyncConnection) -> Head | None:
    row = (await connection.execute(select(HEAD.c.sequence, HEAD.c.hash, HEAD.c.signature))).first()
    return Head(row.sequence, row.hash, row.signature) if row is not None else None


def _end(head: Head, key: bytes, last: int, previous: str) -> str:
    if not head.genuine(key):
        return "the end of the log was not signed by this installation"
    if head.sequence < last:
        return f"the log goes on after its signed end at {head.sequence}"
    if head.sequence > last:
        return f"the log was cut: its signed end is at {head.sequence}"
    return "" if head.hash == previous else "the last record is not the one that was signed"


async def _records(connection: AsyncConnection, after: int) -> AsyncIterator[Record]:
    last = after if after else -1  # nothing may stand before the first one
    while True:
        page = select(RECORDS).where(RECORDS.c.sequence > last).order_by(RECORDS.c.sequence).limit(AT_ONCE)
        rows = (await connection.execute(page)).all()
        if not rows:
            return
        for row in rows:
            deed = Deed(
                row.time,
                row.actor,
                row.client,
                row.action,
                row.object,
                row.outcome,
                row.request_id,
                row.details,
            )
            yield Record(row.sequence, deed, row.previous, row.hash)
            last = row.sequence

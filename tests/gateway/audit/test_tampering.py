"""A log that was changed, cut, made anew or put back is found out, and the first wrong record is named."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import delete, insert, select, update

from gateway.audit import AuditLog, Head
from gateway.audit.tables import HEAD, RECORDS
from tests.gateway.audit.conftest import KEY, change, of
from triptych.problems import InvalidInput
from triptych.storage import Database


async def test_an_edited_record_is_named(database: Database):
    async with of(database, 10) as log:
        for column in ("actor", "time", "outcome", "object", "details", "request_id", "previous", "hash"):
            async with database.read() as connection:
                found = await connection.execute(select(RECORDS).where(RECORDS.c.sequence == 4))
                whole = dict(found.mappings().one())
            await change(database, update(RECORDS).where(RECORDS.c.sequence == 4).values({column: "x"}))
            assert (await log.verify()).sequence == 4, column
            await change(database, update(RECORDS).where(RECORDS.c.sequence == 4).values(whole))
            assert (await log.verify()).sound


async def test_a_deleted_record_is_named(database: Database):
    async with of(database, 10) as log:
        await change(database, delete(RECORDS).where(RECORDS.c.sequence == 5))
        finding = await log.verify()
    assert (finding.records, finding.sequence, finding.reason) == (4, 5, "records 5 to 5 are missing")


async def test_records_cut_out_of_the_middle_and_closed_up_are_named(database: Database):
    async with of(database, 10) as log:
        await change(database, delete(RECORDS).where(RECORDS.c.sequence.between(4, 6)))
        for sequence in (7, 8, 9, 10):
            values = {"sequence": sequence - 3}
            await change(database, update(RECORDS).where(RECORDS.c.sequence == sequence).values(values))
        assert (await log.verify()).sequence == 4


async def test_reordered_records_are_named(database: Database):
    async with of(database, 10) as log:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            await change(database, update(RECORDS).where(RECORDS.c.sequence == old).values({"sequence": new}))
        assert (await log.verify()).sequence == 3


async def test_a_cut_tail_is_named_and_so_is_a_tail_that_was_added(database: Database):
    async with of(database, 10) as log:
        async with database.read() as connection:
            found = await connection.execute(select(RECORDS).where(RECORDS.c.sequence == 10))
            last = dict(found.mappings().one())
        await change(database, delete(RECORDS).where(RECORDS.c.sequence == 10))
        finding = await log.verify()
        assert (finding.sequence, finding.reason) == (10, "the log was cut: its signed end is at 10")
        await change(database, insert(RECORDS).values(last))
        assert (await log.verify()).sound
        await change(database, update(HEAD).values({"sequence": 9}))
        assert "not signed" in (await log.verify()).reason


async def test_a_chain_that_was_made_anew_without_the_key_is_found_out(database: Database):
    async with of(database, 10):
        pass
    await change(database, delete(RECORDS))
    await change(database, update(HEAD).values({"sequence": 0, "hash": "0" * 64, "signature": ""}))
    async with of_other_key(database, 5) as forged:
        assert (await forged.verify()).sound
    finding = await AuditLog(database, KEY).verify()
    assert finding.reason == "the end of the log was not signed by this installation"


@asynccontextmanager
async def of_other_key(database: Database, events: int) -> AsyncGenerator[AuditLog]:
    """A log whose writer does not have the installation's key."""
    log = AuditLog(database, b"other" * 8)
    async with log.running():
        for _ in range(events):
            await log("token.issued", client="acme")
        await log.flush()
        yield log


async def test_a_log_put_back_as_a_whole_shows_against_a_head_that_was_kept(database: Database):
    async with of(database, 5) as log:
        early = await log.head()
        for _ in range(5):
            await log("token.issued", client="acme")
        await log.flush()
        late = await log.head()
    assert early.genuine(KEY)
    assert not Head(early.sequence, early.hash, early.signature[::-1]).genuine(KEY)
    assert (await log.verify(f"{early.sequence}:{early.hash}")).sound
    found = await log.verify(f"{late.sequence}:{late.hash}")
    assert found.sound
    assert found.head == f"{late.sequence}:{late.hash}"
    await change(database, delete(RECORDS).where(RECORDS.c.sequence > 5))
    restored = {"sequence": early.sequence, "hash": early.hash, "signature": early.signature}
    await change(database, update(HEAD).values(restored))
    assert (await log.verify()).sound, "the state of an earlier moment, whole"
    finding = await log.verify(found.head)
    assert finding.reason == "the log was cut: it reached 10 once"


@pytest.mark.parametrize("head", ["10", "x:" + "0" * 64, "1:" + "z" * 64, "1" * 99, "-1:" + "0" * 64])
async def test_what_is_no_head_is_refused(database: Database, head: str):
    async with of(database, 1) as log:
        with pytest.raises(InvalidInput, match="no head of an audit log"):
            await log.verify(head)


async def test_nothing_is_appended_to_a_log_whose_end_was_forged(database: Database):
    async with of(database, 5):
        pass
    await change(database, update(HEAD).values({"signature": "0" * 64}))
    log = AuditLog(database, KEY)
    await log("token.issued", client="acme")
    with pytest.raises(Exception, match="not signed by this installation"):
        async with log.running():
            pass
    async with database.read() as connection:
        assert len((await connection.execute(select(RECORDS))).all()) == 5

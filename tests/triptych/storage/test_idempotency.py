"""A write with a key happens once, however many ask for it, however it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import MetaData, select

from tests.triptych.storage.conftest import Opened
from tests.triptych.storage.things import PARTS, NewPart, Part, PartFilter, Parts
from triptych.context import Context, deadline, entered
from triptych.problems import Conflict, IdempotencyKeyInFlight, IdempotencyKeyReused
from triptych.storage import Database, EmbeddedStore, factory, shapes

KEYS = shapes.idempotency_keys_v1(MetaData())
PART = TypeAdapter(Part)
Perform = Callable[[], Awaitable[Part]]
WAYS = ["once_with_effect", "once_elsewhere"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Where the effect is: in the same database, or elsewhere."""
    return request.param


async def once(
    database: Database, way: str, perform: Perform, *, key: str = "k", fingerprint: str = "f", **given: Any
) -> Part:
    arguments = {"scope": "acme crm.parts.create", "seconds": 60.0, **given}
    return await getattr(database, way)(perform, PART, key=key, fingerprint=fingerprint, **arguments)


async def test_the_second_time_the_first_answer_comes_back(
    parts: Parts, database: Database, way: str
) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    with entered(Context()) as first:
        made = await once(database, way, create)
    with entered(Context()) as second:
        assert await once(database, way, create) == made
    assert len((await parts.find()).items) == 1
    assert (first.notes, second.notes) == ({}, {"Idempotency-Replayed": "true"})


async def test_the_stored_answer_survives_a_restart(
    parts: Parts, database: Database, another_process: Opened, way: str
) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    async def never() -> Part:
        raise AssertionError("done already")

    made = await once(database, way, create)
    async with another_process() as other:
        assert await once(other, way, never) == made


async def test_keys_of_others_and_other_operations_are_other_keys(
    parts: Parts, database: Database, way: str
) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    for scope in ("acme crm.parts.create", "other crm.parts.create", "acme crm.parts.change"):
        await once(database, way, create, scope=scope)
    await once(database, way, create, key="another")
    assert len((await parts.find()).items) == 4


async def test_another_payload_with_the_same_key_is_refused(
    parts: Parts, database: Database, way: str
) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    await once(database, way, create)
    with pytest.raises(IdempotencyKeyReused):
        await once(database, way, create, fingerprint="other")
    assert len((await parts.find()).items) == 1


async def test_after_an_error_the_key_may_try_again(parts: Parts, database: Database, way: str) -> None:
    async def fail() -> Part:
        await parts.create(NewPart(name="half done"))
        raise Conflict("no")

    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    with pytest.raises(Conflict):
        await once(database, way, fail)
    made = await once(database, way, create, fingerprint="corrected")
    names = [part.name for part in (await parts.find()).items]
    assert names == (["Bolt"] if way == "once_with_effect" else ["half done", "Bolt"])
    assert await once(database, way, fail, fingerprint="corrected") == made


async def test_of_twenty_at_once_one_performs(
    parts: Parts, database: Database, another_process: Opened, way: str
) -> None:
    performed = 0

    async with another_process() as other:
        stores = [parts, EmbeddedStore(other, PARTS, new=NewPart, filter=PartFilter)]

        async def ask(number: int) -> Part:
            store = stores[number % 2]

            async def create() -> Part:
                nonlocal performed
                performed += 1
                made = await store.create(NewPart(name="Bolt"))
                await asyncio.sleep(0.01)
                return made

            while True:
                try:
                    return await once(store.database, way, create)
                except IdempotencyKeyInFlight as problem:
                    await asyncio.sleep((problem.retry_after or 60) / 100)

        answers = await asyncio.gather(*(ask(number) for number in range(20)))
    assert len({answer.id for answer in answers}) == 1
    assert performed == 1
    assert len((await parts.find()).items) == 1


async def test_while_the_first_is_running_the_second_is_told_so(
    parts: Parts, database: Database, way: str
) -> None:
    if way == "once_with_effect" and database.dialect == "sqlite":
        pytest.skip("with one writer at a time, the second waits and then has the first's answer")
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> Part:
        started.set()
        await go_on.wait()
        return await parts.create(NewPart(name="Bolt"))

    async def never() -> Part:
        raise AssertionError("not while the first is running")

    first = asyncio.create_task(once(database, way, slow))
    await started.wait()
    with pytest.raises(IdempotencyKeyInFlight):
        await once(database, way, never)
    go_on.set()
    made = await first
    assert await once(database, way, never) == made


async def test_one_who_is_cancelled_leaves_the_key_free(parts: Parts, database: Database, way: str) -> None:
    async def stuck() -> Part:
        await asyncio.sleep(60)
        raise AssertionError("cancelled before")

    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    for pause in (0.0, 0.001, 0.005, 0.02):
        task = asyncio.create_task(once(database, way, stuck, key=str(pause)))
        await asyncio.sleep(pause)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while True:
            try:
                await once(database, way, create, key=str(pause))
                break
            except IdempotencyKeyInFlight:
                await asyncio.sleep(0.005)
    assert len((await parts.find()).items) == 4


async def test_a_claim_whose_process_died_is_free_after_its_lease(parts: Parts, database: Database) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    claim = database.keys.elsewhere("acme crm.parts.create", "k", "f", seconds=60, lease=0.2)
    record = await claim.__aenter__()
    assert not record.replayed
    with pytest.raises(IdempotencyKeyInFlight):
        await once(database, "once_elsewhere", create)
    await asyncio.sleep(0.25)
    made = await once(database, "once_elsewhere", create)

    record.store('"the answer of the one that was thought dead"')
    await claim.__aexit__(None, None, None)
    assert await once(database, "once_elsewhere", create) == made


async def test_a_lease_ends_soon_after_the_deadline(parts: Parts, database: Database) -> None:
    seen: list[timedelta] = []

    async def look() -> Part:
        async with database.read() as connection:
            row = (await connection.execute(KEYS.select())).one()
        seen.append(row.leased_until - row.created_at)
        return await parts.create(NewPart(name="Bolt"))

    with deadline(2):
        await once(database, "once_elsewhere", look)
    assert timedelta(seconds=6) < seen[0] <= timedelta(seconds=7)


async def test_an_expired_key_is_a_new_one(parts: Parts, database: Database, way: str) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    first = await once(database, way, create, seconds=-1)
    second = await once(database, way, create, fingerprint="other")
    assert first.id != second.id


async def test_what_has_expired_is_swept_away_while_storage_is_open(
    another_process: Opened, parts: Parts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    monkeypatch.setattr(factory, "HOUSEKEEPING", 0.01)
    await once(database, "once_with_effect", create, key="old", seconds=-1)
    async with another_process():
        for _ in range(500):
            async with database.read() as connection:
                if not (await connection.execute(select(KEYS))).all():
                    return
            await asyncio.sleep(0.01)
    pytest.fail("the expired key was not swept away")


async def test_purging_deletes_what_has_expired_and_nothing_else(parts: Parts, database: Database) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    for number in range(5):
        await once(database, "once_with_effect", create, key=f"old {number}", seconds=-1)
    made = await once(database, "once_with_effect", create, key="fresh")
    assert await database.purge() == 5
    assert await database.purge() == 0
    assert await once(database, "once_with_effect", create, key="fresh") == made


async def test_a_claim_inside_a_transaction_is_refused(database: Database) -> None:
    async with database.write():
        with pytest.raises(RuntimeError, match="outside of transactions"):
            async with database.keys.elsewhere("s", "k", "f", seconds=1, lease=1):
                pass


async def test_an_effect_without_an_answer_is_refused(database: Database) -> None:
    with pytest.raises(RuntimeError, match="store its answer"):
        async with database.keys.with_effect("s", "k", "f", seconds=60):
            pass


async def test_a_write_that_answers_nothing_is_replayed_as_nothing(database: Database, way: str) -> None:
    runs: list[None] = []

    async def nothing() -> None:
        runs.append(None)

    for _ in range(2):
        function = getattr(database, way)
        answer = await function(nothing, TypeAdapter(None), scope="s", key="k", fingerprint="f", seconds=60)
        assert answer is None
    assert len(runs) == 1


async def test_hostile_keys_are_kept_apart(parts: Parts, database: Database) -> None:
    async def create() -> Part:
        return await parts.create(NewPart(name="Bolt"))

    keys = ["'", '"', "k' --", "%", "k ", "K", "k" * 255, "\\"]
    made = [(await once(database, "once_with_effect", create, key=key)).id for key in keys]
    again = [(await once(database, "once_with_effect", create, key=key)).id for key in keys]
    assert made == again
    assert len(set(made)) == len(keys)

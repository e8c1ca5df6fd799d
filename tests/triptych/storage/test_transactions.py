"""What a transaction means, who joins it, and that nothing a caller does leaves one behind."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from tests.triptych.storage.conftest import Opened
from tests.triptych.storage.holding import hold
from tests.triptych.storage.things import PARTS, NewPart, Part, PartFilter, Parts
from triptych.context import current, idempotency_key
from triptych.problems import NotFound, Overloaded
from triptych.storage import Database, EmbeddedStore, detached, sessions


class GaveUp(Exception):
    pass


async def count(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(PARTS.table))).scalar_one()


async def test_what_is_written_is_there_when_the_block_has_ended(parts: Parts, database: Database) -> None:
    async with database.write():
        made = await parts.create(NewPart(name="Bolt"))
        assert await parts.get(made.id) == made
    assert await parts.get(made.id) == made


async def test_an_error_undoes_all_of_it(parts: Parts, database: Database) -> None:
    async def twice() -> None:
        async with database.write():
            await parts.create(NewPart(name="Bolt"))
            async with database.write():
                await parts.create(NewPart(name="Nut"))
            raise GaveUp

    with pytest.raises(GaveUp):
        await twice()
    assert await count(database) == 0


async def test_an_inner_block_that_is_left_with_an_error_decides_nothing(
    parts: Parts, database: Database
) -> None:
    async with database.write():
        with suppress(GaveUp):
            async with database.write():
                await parts.create(NewPart(name="Bolt"))
                raise GaveUp
    assert await count(database) == 1


async def test_others_see_nothing_before_the_end(
    parts: Parts, database: Database, another_process: Opened
) -> None:
    async with another_process() as other, database.write() as connection:
        await parts.create(NewPart(name="Bolt"))
        assert await count(other) == 0
        assert (await connection.execute(PARTS.table.select())).one().version == 1


async def test_sqlalchemy_and_the_stores_share_the_transaction(parts: Parts, database: Database) -> None:
    made = await parts.create(NewPart(name="Bolt"))
    with suppress(GaveUp):
        async with database.write() as connection:
            await connection.execute(PARTS.table.update().values(version=7))
            async with database.read() as reading:
                assert (await reading.execute(PARTS.table.select())).one().version == 7
            raise GaveUp
    assert await parts.get(made.id) == made
    async with database.read() as connection:
        assert (await connection.execute(PARTS.table.select())).one().version == 1


async def test_a_savepoint_can_be_taken_back_alone(parts: Parts, database: Database) -> None:
    async with database.write() as connection:
        await parts.create(NewPart(name="kept"))
        savepoint = await connection.begin_nested()
        await parts.create(NewPart(name="not kept"))
        await savepoint.rollback()
    assert [part.name for part in (await parts.find()).items] == ["kept"]


async def test_reading_connections_cannot_write_on_sqlite(database: Database) -> None:
    if database.dialect != "sqlite":
        return
    with pytest.raises(Exception, match="readonly"):
        async with database.read() as connection:
            await connection.execute(PARTS.table.delete())


async def test_a_commit_of_ones_own_does_not_end_the_transaction(parts: Parts, database: Database) -> None:
    with suppress(GaveUp):
        async with database.write() as connection:
            await parts.create(NewPart(name="Bolt"))
            await connection.execute(PARTS.table.select())
            await connection.commit()
            raise GaveUp
    assert await count(database) == 0


async def test_a_swallowed_error_of_the_database_is_not_taken_for_success(
    parts: Parts, database: Database
) -> None:
    """PostgreSQL answers the COMMIT of a broken transaction with a quiet ROLLBACK."""

    async def careless() -> None:
        async with database.write() as connection:
            await parts.create(NewPart(name="Bolt"))
            with suppress(DBAPIError):
                await connection.exec_driver_sql("SELECT nonsense")

    if database.dialect == "postgresql":
        with pytest.raises(RuntimeError, match="nothing of it was stored"):
            await careless()
        assert await count(database) == 0
    else:
        await careless()
        assert await count(database) == 1


# --- boundaries ---


async def test_beyond_a_boundary_nobody_joins(parts: Parts, database: Database) -> None:
    async with database.write():
        made = await parts.create(NewPart(name="Bolt"))
        with detached():
            with pytest.raises(NotFound):
                await parts.get(made.id)
            assert not database.writing
        assert database.writing


async def test_a_service_that_would_wait_for_itself_is_told_so(parts: Parts, database: Database) -> None:
    async with database.write():
        with detached(), pytest.raises(RuntimeError, match="would wait for itself"):
            await parts.create(NewPart(name="Bolt"))


async def test_a_task_started_inside_does_not_share_the_connection(parts: Parts, database: Database) -> None:
    async with database.write():
        with pytest.raises(RuntimeError, match="belongs to the task"):
            await asyncio.gather(parts.find(), parts.find())


async def test_a_task_that_outlives_the_transaction_reads_on_its_own(
    parts: Parts, database: Database
) -> None:
    ended = asyncio.Event()

    async def later() -> int:
        await ended.wait()
        return len((await parts.find()).items)

    async with database.write():
        await parts.create(NewPart(name="Bolt"))
        task = asyncio.create_task(later())
    ended.set()
    assert await task == 1


# --- writers together ---


async def test_writers_wait_for_each_other_in_order(database: Database) -> None:
    if database.dialect != "sqlite":
        return
    order: list[int] = []

    async def write(number: int) -> None:
        async with database.write():
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(write(number) for number in range(50)))
    assert order == list(range(50))


async def test_who_waits_too_long_is_told_that_there_is_too_much_to_do(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "PATIENCE", 0.05)
    async with asyncio.TaskGroup() as tasks:
        done = asyncio.Event()
        for _ in range(20 if database.dialect == "postgresql" else 1):
            started = asyncio.Event()
            tasks.create_task(hold(database, started, done))
            await started.wait()
        with pytest.raises(Overloaded, match="have been busy") as caught:
            async with database.write():
                pass
        assert caught.value.retry_after
        done.set()
    async with database.write():
        pass


async def test_another_process_that_writes_is_waited_for(
    parts: Parts, database: Database, another_process: Opened
) -> None:
    async with another_process() as other:
        theirs = EmbeddedStore(other, PARTS, new=NewPart, filter=PartFilter)
        both = [store for _ in range(15) for store in (parts, theirs)]
        await asyncio.gather(*(store.create(NewPart(name="Bolt")) for store in both))
    assert await count(database) == 30


async def test_a_deadlock_is_resolved_by_running_again(parts: Parts, database: Database) -> None:
    """Two who want the same two parts in opposite order; on SQLite they take turns anyway."""
    one, two = await parts.create(NewPart(name="one")), await parts.create(NewPart(name="two"))
    runs = 0

    def sell(first: Part, second: Part) -> Callable[[], Awaitable[None]]:
        async def both() -> None:
            nonlocal runs
            runs += 1
            for part in (first, second):
                present = await parts.get(part.id)
                await parts.save(present, sold=present.sold + 1)
                await asyncio.sleep(0.05)

        return both

    orders = [sell(one, two), sell(two, one)] * 3
    await asyncio.gather(*(database.run(order) for order in orders))
    assert [(await parts.get(part.id)).sold for part in (one, two)] == [6, 6]
    assert runs > 6 or database.dialect == "sqlite"


class Fleeting(Exception):
    pass


def _is_fleeting(error: BaseException) -> bool:
    return isinstance(error, Fleeting)


async def test_a_second_run_derives_the_same_keys(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []

    async def function() -> None:
        seen.append(current().derived_key("erp.orders.create"))
        if len(seen) == 1:
            raise Fleeting

    monkeypatch.setattr(database.engine, "fleeting", _is_fleeting)
    with idempotency_key("k"):
        await database.run(function)
    assert seen == ["k/erp.orders.create"] * 2

"""Callers that are cancelled leave neither open transactions nor lost connections behind."""

import asyncio
import random

import pytest
from sqlalchemy import func, select

from tests.triptych.storage.holding import hold
from tests.triptych.storage.things import PARTS, NewPart, Parts
from triptych.storage import Database


class GaveUp(Exception):
    pass


async def count(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(PARTS.table))).scalar_one()


async def test_a_cancelled_writer_leaves_nothing_behind(parts: Parts, database: Database) -> None:
    """Cancels at every kind of moment: waiting for a connection, beginning, writing, committing."""
    chance = random.Random(7)
    made: list[str] = []

    async def write(number: int) -> None:
        async with database.write() as connection:
            part = await parts.create(NewPart(name=f"{number} first"))
            await connection.execute(PARTS.table.select().limit(1))
            await parts.create(NewPart(name=f"{number} second"))
        made.append(part.id)

    for round in range(60):
        tasks = [asyncio.create_task(write(round * 10 + number)) for number in range(5)]
        for task in tasks:
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0)
            if chance.random() < 0.3:
                await asyncio.sleep(chance.random() * 0.004)
            if chance.random() < 0.8:
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert 0 < len(made) < 300
    async with database.read() as connection:
        names = [str(row.search) for row in await connection.execute(PARTS.table.select())]
    firsts = {name.split()[0] for name in names if "first" in name}
    assert firsts == {name.split()[0] for name in names if "second" in name}
    assert len(firsts) >= len(made)
    await _everything_is_free(database)


async def test_a_cancelled_reader_leaves_nothing_behind(parts: Parts, database: Database) -> None:
    made = await parts.create(NewPart(name="Bolt"))
    chance = random.Random(11)

    async def read() -> None:
        await parts.get(made.id)
        async with database.read() as connection:
            await connection.execute(PARTS.table.select())
        await parts.find()

    for _ in range(80):
        tasks = [asyncio.create_task(read()) for _ in range(5)]
        await asyncio.sleep(chance.random() * 0.003)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await _everything_is_free(database)


async def test_a_timeout_inside_a_transaction_undoes_it(parts: Parts, database: Database) -> None:
    async def slow() -> None:
        async with asyncio.timeout(0.02), database.write():
            await parts.create(NewPart(name="Bolt"))
            await asyncio.sleep(10)

    for _ in range(3):
        with pytest.raises(TimeoutError):
            await slow()
    async with database.write():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(10)
        await parts.create(NewPart(name="Nut"))
    assert [part.name for part in (await parts.find()).items] == ["Nut"]


async def _everything_is_free(database: Database) -> None:
    """As many transactions at once as there are connections, and none of them finds an open one."""
    size = 20 if database.dialect == "postgresql" else 1
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(10):
        done = asyncio.Event()
        for _ in range(size):
            started = asyncio.Event()
            tasks.create_task(hold(database, started, done))
            await started.wait()
        done.set()

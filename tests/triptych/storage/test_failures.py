"""When the database fails under a service: clear problems, nothing half done, and work again afterwards."""

import asyncio
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.triptych.storage.conftest import KEY, Opened
from tests.triptych.storage.things import MIGRATIONS, PARTS, NewPart, PartFilter, Parts
from triptych.problems import InvalidInput, Overloaded, Unavailable
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import Database, EmbeddedStore, Storage, sqlite

KILL_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'triptych'
"""


@pytest.fixture
def on_postgresql(database: Database) -> Database:
    if database.dialect != "postgresql":
        pytest.skip("only PostgreSQL has connections to lose")
    return database


async def lose_connections(another_process: Opened) -> None:
    async with another_process() as other, other.read() as connection:
        assert (await connection.execute(text(KILL_OTHERS))).scalar_one() > 0


async def test_lost_connections_are_replaced_unnoticed(
    parts: Parts, on_postgresql: Database, another_process: Opened
) -> None:
    made = await parts.create(NewPart(name="Bolt"))
    await asyncio.gather(*(parts.get(made.id) for _ in range(10)))
    await lose_connections(another_process)
    await asyncio.sleep(0.05)
    assert await asyncio.gather(*(parts.get(made.id) for _ in range(10))) == [made] * 10
    assert (await parts.create(NewPart(name="Nut"))).version == 1


async def test_a_connection_that_is_lost_in_a_transaction_undoes_it(
    parts: Parts, on_postgresql: Database, another_process: Opened
) -> None:
    async def interrupted() -> None:
        async with on_postgresql.write():
            await parts.create(NewPart(name="Bolt"))
            await lose_connections(another_process)
            await parts.create(NewPart(name="Nut"))

    with pytest.raises(Unavailable, match="connection to the database was lost"):
        await interrupted()
    assert (await parts.find()).items == ()


async def test_a_connection_that_is_lost_under_sqlalchemy_is_told_the_same_way(
    parts: Parts, on_postgresql: Database, another_process: Opened
) -> None:
    async def interrupted() -> None:
        async with on_postgresql.write() as connection:
            await connection.execute(PARTS.table.select())
            await lose_connections(another_process)
            await connection.execute(PARTS.table.select())

    with pytest.raises(Unavailable):
        await interrupted()
    assert (await parts.find()).items == ()


async def test_a_text_that_postgresql_cannot_keep_is_the_callers_fault(on_postgresql: Database) -> None:
    with pytest.raises(InvalidInput):
        async with on_postgresql.read() as connection:
            await connection.execute(text("SELECT CAST(:value AS text)"), {"value": "\0"})


async def test_a_file_that_another_process_keeps_locked_is_reported_as_overload(
    parts: Parts, database: Database
) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL has no file to lock")
    fast = sqlite.SqliteFile(Path(database.engine.place), busy_seconds=0.05)

    async def write_too() -> None:
        async with fast.writing() as session:
            await session.fetch("SELECT 1", ())

    async with database.write():
        await parts.find()
        with pytest.raises(sqlite3.OperationalError) as caught:
            await write_too()
    assert isinstance(fast.problem(caught.value), Overloaded)
    await fast.close()


CRASHING = """
import asyncio, sys
from pathlib import Path
from pydantic import SecretStr
from tests.triptych.storage.things import MIGRATIONS, PARTS, NewPart, PartFilter
from triptych.secrets import Secrets
from triptych.settings import Settings
from triptych.storage import EmbeddedStore, Storage

async def main() -> None:
    settings = Settings(data=Path(sys.argv[1]), secret_key=SecretStr("k" * 40))
    async with Storage(settings, Secrets(settings)) as storage:
        database = await storage.open("parts", MIGRATIONS)
        store = EmbeddedStore(database, PARTS, new=NewPart, filter=PartFilter)
        number = 0
        while True:
            async with database.write():
                one = await store.create(NewPart(name=f"{number} one"))
                two = await store.create(NewPart(name=f"{number} two"))
            print(one.id, two.id, flush=True)
            number += 1

asyncio.run(main())
"""


async def test_a_killed_process_loses_nothing_that_it_committed(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, secret_key=KEY)
    committed: list[str] = []
    for commits in (2, 20):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CRASHING, tmp_path, stdout=PIPE, cwd=Path(__file__).parents[3]
        )
        assert process.stdout is not None
        for _ in range(commits):
            committed += (await process.stdout.readline()).decode().split()
        os.kill(process.pid, signal.SIGKILL)
        committed += (await process.stdout.read()).decode().rpartition("\n")[0].split()
        await process.wait()

        async with Storage(settings, Secrets(settings)) as storage:
            database = await storage.open("parts", MIGRATIONS)
            async with database.read() as connection:
                rows = (await connection.execute(PARTS.table.select())).all()
                assert (await connection.execute(text("PRAGMA integrity_check"))).scalar_one() == "ok"
            assert {row.id for row in rows} >= set(committed)
            names = [row.search.split() for row in rows]
            assert sum("one" in name for name in names) == sum("two" in name for name in names)
            assert len(rows) <= len(committed) + 2 * len((2, 20))
            store = EmbeddedStore(database, PARTS, new=NewPart, filter=PartFilter)
            committed.append((await store.create(NewPart(name="one two"))).id)

"""What has long been over moves to the archive, whole and once, and can still be seen."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tests.triptych.engine.approvals import DAYS, Sale, comes_to_wait
from tests.triptych.engine.conftest import House, Open, OrderState, Trade
from triptych.engine import Step
from triptych.engine.archive import PLACES
from triptych.engine.database import EngineDatabase
from triptych.problems import InvalidState, Unavailable

AT_ONCE = -1.0
"""Days: what is over by tomorrow."""
MANY = 40
ARCHIVER = """
import sys
from pathlib import Path
from triptych.engine.archive import Archive, ArchivedProcess
from triptych.engine.database import EngineDatabase
from triptych.settings import Settings

folder = Path(sys.argv[1])
archive = Archive(EngineDatabase(Settings(data=folder)))
kept = map(ArchivedProcess.model_validate_json, (folder / "told").open())
told = {each.status.id: each for each in kept}
print("begins", flush=True)
while archive.archive(-1.0, told.__getitem__, limit=2):
    pass
"""


async def put_away(trading: Open) -> int:
    """Archive everything that is over: how many processes."""
    total = 0
    while some := await trading.engine.keeping.put_away(AT_ONCE):
        total += some
    return total


def left_of(house: House, process: str) -> dict[str, int]:
    """The tables in which there is something of a process."""
    database = EngineDatabase(house.settings)
    prefix = f"{database.schema}." if database.schema else ""
    found: dict[str, int] = {}
    with database.engine.connect() as connection:
        for table, key in (*PLACES, ("workflow_status", "workflow_uuid"), ("triptych_archive", "id")):
            asked = sa.text(f"SELECT count(*) FROM {prefix}{table} WHERE {key} = :id")
            found[table] = connection.execute(asked, {"id": process}).scalar_one()
    database.close()
    return {table: count for table, count in found.items() if count}


async def test_what_is_over_is_archived_whole_and_still_seen_and_counted(each_house: House, trade: Trade):
    async with each_house.open(trade.sentence()) as trading:
        before = await trading.run("ord_1")
        flow = before.process
        assert await trading.engine.keeping.put_away(1) == 0  # it was over a moment ago
        assert await put_away(trading) == 1
        assert await asyncio.to_thread(left_of, each_house, before.id) == {"triptych_archive": 1}
        assert await trading.fulfil.status("ord_1") == before
        assert (await trading.start("ord_1")).phase == "completed"
        with pytest.raises(InvalidState, match="cannot be cancelled: it is completed"):
            await trading.fulfil.cancel("ord_1")
        (account,) = [one for one in await trading.engine.accounts() if one.flow == flow]
        assert (account.came_in, account.done, account.missing) == (1, 1, 0)
        month = await trading.engine.keeping.archived(datetime.now(UTC), 10, "")
        (found,) = [one for one in month if one.status.id == before.id]
        assert [record.step for record in found.records] == ["reserve", "authorise", "ship", "notify"]
        assert await trading.engine.missing() == []
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_what_waits_runs_or_is_dead_is_not_archived_and_a_discarded_letter_is_with_its_reason(
    each_house: House, trade: Trade
):
    sale = Sale(trade, within=DAYS)
    async with each_house.open([*sale.sentence(), Step[OrderState]("last", trade.does("last"))]) as trading:
        await trading.start("ord_1")
        await comes_to_wait(trading, "ord_1")
        trade.fails("reserve", Unavailable())
        letter = await trading.run("ord_2")
        trade.works("reserve")
        trade.holds("reserve")
        await trading.start("ord_3")
        await trade.arrives("reserve")
        assert await put_away(trading) == 0
        await trading.engine.letters.discard(letter.id, "settled by phone")
        assert await put_away(trading) == 1
        assert (await trading.fulfil.status("ord_2")).phase == "discarded"
        found = await trading.engine.keeping.archived(datetime.now(UTC), 200, "")
        (given_up,) = [one for one in found if one.status.id == letter.id]
        assert [each.reason for each in given_up.interventions] == ["settled by phone"]
        trade.doors["reserve"].set()


async def test_a_batch_that_fails_half_way_leaves_everything_where_it_was(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        for number in range(3):
            await trading.run(f"ord_{number}")
        await asyncio.to_thread(
            execute,
            house,
            "CREATE TRIGGER full BEFORE DELETE ON triptych_processes WHEN old.id LIKE '%ord_1'"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        )
        with pytest.raises(IntegrityError, match="disk full"):
            await trading.engine.keeping.put_away(AT_ONCE)
        assert len(await trading.engine.list(which="finished")) == 3
        assert await trading.engine.keeping.archived(datetime.now(UTC), 10) == []
        await asyncio.to_thread(execute, house, "DROP TRIGGER full")
        assert await put_away(trading) == 3
        assert await trading.engine.list(which="finished") == ()


def execute(house: House, statement: str) -> None:
    with closing(sqlite3.connect(house.settings.data / "engine.db", timeout=30)) as engine:
        engine.execute(statement)
        engine.commit()


async def test_whoever_archives_is_killed_and_each_process_is_here_or_there(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        await asyncio.gather(*(trading.run(f"ord_{number}") for number in range(MANY)))
        await trading.engine.keeping.put_away(36_500)  # the books are closed
        read = trading.engine.keeping.read
        told = [await asyncio.to_thread(read, f"trade.fulfil:ord_{number}") for number in range(MANY)]
    folder = house.settings.data
    (folder / "told").write_text("".join(each.model_dump_json() + "\n" for each in told))
    here, there = await asyncio.to_thread(kill_again_and_again, folder)
    assert (here, there) == (set(), {each.status.id for each in told})


def kill_again_and_again(folder: Path) -> tuple[set[str], set[str]]:
    """Where the processes are once an archiver was let to its end; before, each is in one place."""
    chance, here, there = random.Random(3), set[str](), set[str]()
    for kill in range(6):
        archiver = subprocess.Popen(
            [sys.executable, "-c", ARCHIVER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert archiver.stdout
        assert archiver.stdout.readline() == "begins\n"
        if kill < 5:
            time.sleep(chance.uniform(0.0, 0.03))
            archiver.kill()
        archiver.communicate()
        here, there = places(folder)
        assert not here & there
        assert len(here | there) == MANY
    return here, there


def places(folder: Path) -> tuple[set[str], set[str]]:
    """Which processes are among those that ran, and which in the archive."""
    with closing(sqlite3.connect(folder / "engine.db", timeout=30)) as engine:
        rows = engine.execute("SELECT workflow_uuid FROM workflow_status").fetchall()
        archived = engine.execute("SELECT id FROM triptych_archive").fetchall()
    return {found for (found,) in rows}, {found for (found,) in archived}

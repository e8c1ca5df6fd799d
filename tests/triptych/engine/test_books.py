"""Everything that came in is done, dead, filtered out or running; what is not, is missed by name."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.triptych.engine.conftest import House, Open, Trade
from triptych.engine.books import STARTING, Account
from triptych.engine.database import EngineDatabase
from triptych.problems import PaymentDeclined, Unavailable


async def account(trading: Open, house: House) -> Account:
    """The account of the house's one kind of process."""
    flow = f"{house.service}.fulfil"
    found = {one.flow: one for one in await trading.engine.accounts()}
    return found.get(flow, Account(flow=flow))


async def until(trading: Open, house: House, holds: Callable[[Account], bool]) -> Account:
    """The account once something holds of it."""
    async with asyncio.timeout(10):
        while not holds(found := await account(trading, house)):  # noqa: ASYNC110 - it has no bell
            await asyncio.sleep(0.05)
    return found


async def tampered(house: House, statement: str, **values: Any) -> None:
    """Do something to the engine's tables that nobody should."""

    def run() -> None:
        database = EngineDatabase(house.settings)
        prefix = "dbos." if database.postgres else ""
        try:
            with database.engine.begin() as connection:
                connection.execute(sa.text(statement.replace("{}", prefix)), values)
        finally:
            database.close()

    await asyncio.to_thread(run)


async def test_every_process_is_in_one_column_and_the_sum_is_what_came_in(each_house: House, trade: Trade):
    async with each_house.open(trade.sentence()) as trading:
        await trading.run("done")
        trade.fails("authorise", PaymentDeclined())
        await trading.run("rejected")
        trade.fails("authorise", Unavailable())
        dead = await trading.run("dead")
        given_up = await trading.run("given-up")
        await trading.engine.letters.discard(given_up.id, "no use")
        door = trade.holds("reserve")
        await trading.start("running")
        await trade.arrives("reserve")
        found = await account(trading, each_house)
        assert found.model_dump(exclude={"flow"}) == {
            "came_in": 5,
            "done": 2,
            "dead": 1,
            "filtered": 1,
            "running": 1,
        }
        assert found.missing == 0
        door.set()
        trade.works("authorise")
        await trading.engine.retry(dead.id)
        assert (await until(trading, each_house, lambda one: one.done == 4)).missing == 0
        assert list(await trading.engine.missing()) == []


async def test_what_is_started_again_is_counted_once_also_after_its_end(each_house: House, trade: Trade):
    async with each_house.open(trade.sentence()) as trading:
        for _ in range(3):
            await trading.run("ord_1")
        await until(trading, each_house, lambda one: one.done == 1)
        await trading.start("ord_1")
        found = await account(trading, each_house)
    assert (found.came_in, found.done, found.missing) == (1, 1, 0)


async def test_a_process_that_vanishes_is_missed_by_name_until_it_is_written_off(
    each_house: House, trade: Trade
):
    trade.fails("authorise", Unavailable())
    async with each_house.open(trade.sentence()) as trading:
        await trading.run("kept")
        lost = await trading.run("lost")
        await tampered(each_house, "DELETE FROM {}workflow_status WHERE workflow_uuid = :id", id=lost.id)
        await tampered(each_house, "UPDATE {}triptych_accepted SET at = at - :old", old=STARTING)
        assert (await account(trading, each_house)).missing == 1
        assert lost.id in await trading.engine.missing()
        await trading.engine.letters.discard(lost.id, "entered again by hand")
        found = await account(trading, each_house)
        assert lost.id not in await trading.engine.missing()
    assert (found.filtered, found.dead, found.missing) == (1, 1, 0)


async def test_a_process_that_nobody_accepted_shows_as_one_too_many(house: House, trade: Trade):
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
        await tampered(house, "UPDATE {}workflow_status SET status = 'LOST IN THOUGHT'")
        assert (await account(trading, house)).missing == 1
        await tampered(house, "UPDATE {}workflow_status SET status = 'ERROR'")
        await tampered(house, "UPDATE {}triptych_books SET accepted = 0")
        assert (await account(trading, house)).missing == -1


async def test_what_was_accepted_a_moment_ago_and_has_not_begun_is_not_missed_yet(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
        await until(trading, house, lambda one: one.done == 1)
        await tampered(
            house,
            "INSERT INTO triptych_accepted (id, flow, at) VALUES ('trade.fulfil:x', 'trade.fulfil', :now)",
            now=asyncio.get_running_loop().time() + 1e10,
        )
        await tampered(house, "UPDATE triptych_books SET accepted = 2")
        found = await account(trading, house)
    assert (found.came_in, found.running, found.missing) == (2, 1, 0)


async def test_processes_that_are_older_than_the_books_are_entered_when_those_are_opened(
    house: House, trade: Trade
):
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        dead = await trading.run("ord_1")
    await tampered(house, "DROP TABLE triptych_accepted")
    await tampered(house, "DROP TABLE triptych_books")
    trade.works("authorise")
    async with house.open(trade.sentence()) as trading:
        found = await account(trading, house)
        assert (found.came_in, found.dead, found.missing) == (1, 1, 0)
        await trading.engine.retry(dead.id)
        assert (await until(trading, house, lambda one: one.done == 1)).missing == 0


async def test_a_start_that_the_engine_refuses_is_not_counted(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
        await tampered(house, "ALTER TABLE workflow_status RENAME TO elsewhere")
        with pytest.raises(Exception, match="workflow_status"):
            await trading.start("ord_2")
        await tampered(house, "ALTER TABLE elsewhere RENAME TO workflow_status")
        found = await account(trading, house)
    assert (found.came_in, found.missing) == (1, 0)

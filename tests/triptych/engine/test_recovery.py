"""What is running when the engine stops goes on when it starts again."""

import asyncio
import base64
import json
import logging
import pickle
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.engine import Former, ProcessEngine, Step
from triptych.engine.database import EngineDatabase
from triptych.problems import PaymentDeclined, Unavailable


async def test_a_process_goes_on_after_a_restart_from_the_step_it_was_at(each_house: House, trade: Trade):
    trade.holds("ship")
    async with each_house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("ship")
    trade.doors["ship"].set()
    async with each_house.open(trade.sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.asked == ["reserve", "authorise", "ship", "ship", "notify"]
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_a_process_goes_on_when_its_engine_has_another_name_after_a_restart(house: House, trade: Trade):
    """As when its service is served together with others, or as another replica: on SQLite there is one."""
    trade.holds("ship")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("ship")
    trade.doors["ship"].set()
    house.settings = house.settings.model_copy(update={"replica": "renamed"})
    async with house.open(trade.sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_an_undoing_goes_on_after_a_restart_from_the_undo_it_was_at(house: House, trade: Trade):
    trade.fails("ship", PaymentDeclined())
    trade.holds("release")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("release")
    trade.doors["release"].set()
    async with house.open(trade.sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "rejected"
    assert trade.ledger == ["reserve", "authorise", "void", "release"]


async def test_a_recovered_step_sees_the_same_state_and_key_as_before(house: House, trade: Trade):
    trade.holds("authorise")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
    trade.doors["authorise"].set()
    async with house.open(trade.sentence()) as trading:
        await trading.settled("ord_1")
        state = await trading.fulfil.state("ord_1")
    assert state.done == ("reserve", "authorise", "ship", "notify")
    before, after = trade.contexts[1:3]
    assert (before.idempotency_key, before.caller) == (after.idempotency_key, after.caller)


async def test_a_process_started_again_after_a_restart_is_the_same_process(house: House, trade: Trade):
    trade.holds("authorise")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
    trade.doors["authorise"].set()
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trading.settled("ord_1")
        await trading.start("ord_1")
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_processes_of_a_former_version_end_as_they_began_beside_those_of_the_new_one(
    each_house: House, trade: Trade
):
    trade.holds("reserve")
    async with each_house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("reserve")
    trade.doors["reserve"].set()
    engine = ProcessEngine(each_house.settings, poll=0.1)
    name = f"{each_house.service}.fulfil"
    shorter = [Step("check", trade.does("check")), *trade.sentence()[:1]]
    former = [Former(version=1, steps=trade.sentence())]
    fulfil = engine.saga(name, version=2, steps=shorter, state=OrderState, former=former)
    await engine.start()
    try:
        await fulfil.start("ord_2", OrderState(order="ord_2"))
        assert (await fulfil.start("ord_1", OrderState(order="other"))).version == 1
        first, second = await asyncio.gather(fulfil.settled("ord_1"), fulfil.settled("ord_2"))
    finally:
        await engine.stop()
    assert [line.step for line in first.timeline] == ["reserve", "authorise", "ship", "notify"]
    assert [line.step for line in second.timeline] == ["check", "reserve"]
    assert second.version == 2


async def test_what_a_service_left_unfinished_waits_for_it_and_is_not_lost_to_another_one(
    each_house: House, trade: Trade
):
    trade.holds("ship")
    async with each_house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("ship")
    trade.doors["ship"].set()
    other = House(each_house.settings, f"other-{each_house.service}")
    async with other.open(trade.sentence()[:1]) as trading:
        await trading.run("ord_1")
        await asyncio.sleep(0.5)
    assert trade.asked == ["reserve", "authorise", "ship", "reserve"]
    async with each_house.open(trade.sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.asked[4:] == ["ship", "notify"]


async def test_a_sentence_that_was_changed_without_a_new_version_parks_what_was_running(
    house: House, trade: Trade
):
    trade.holds("authorise")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
    reserve, authorise, *_ = trade.sentence()
    trade.doors["authorise"].set()
    async with house.open([authorise, reserve]) as trading:
        parked = await trading.settled("ord_1")
        assert parked.problem
        assert "had come to reserve where its sentence now has authorise" in parked.problem.detail
    async with house.open(trade.sentence()) as trading:
        await trading.engine.retry(parked.id)
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_a_second_engine_in_the_same_os_process_is_refused(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        with pytest.raises(RuntimeError, match="one ProcessEngine at a time"):
            async with house.open(trade.sentence()):
                pytest.fail("two engines share one DBOS")
        assert (await trading.run("ord_1")).phase == "completed"


async def test_the_loop_has_threads_again_after_the_engine_has_stopped(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
    assert await asyncio.to_thread(lambda: "done") == "done"


async def test_nothing_is_said_but_what_an_operator_has_to_know(
    each_house: House, trade: Trade, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    trade.holds("ship")
    async with each_house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("ship")
    trade.doors["ship"].set()
    async with each_house.open(trade.sentence()) as trading:
        await trading.settled("ord_1")
        await trading.start("ord_1")
        assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
        trade.fails("authorise", Unavailable("closed"))
        await trading.run("ord_2")
    said = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == [f"process {each_house.service}.fulfil:ord_2 is parked as a dead letter: closed"]
    assert capfd.readouterr() == ("", "")


def rows(database: EngineDatabase) -> list[Mapping[str, Any]]:
    """Every row of every table that the engine keeps."""
    metadata = sa.MetaData()
    with database.engine.connect() as connection:
        metadata.reflect(connection, schema=database.schema)
        found = [connection.execute(sa.select(table)).mappings().all() for table in metadata.tables.values()]
    return [dict(row) for table in found for row in table]


async def test_everything_is_kept_as_json_and_nothing_as_a_pickle(each_house: House, trade: Trade):
    trade.fails("notify", Unavailable())
    async with each_house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
    database = await asyncio.to_thread(EngineDatabase, each_house.settings)
    try:
        kept = await asyncio.to_thread(rows, database)
    finally:
        database.close()
    values = [row[name] for row in kept for name in ("inputs", "output", "error") if row.get(name)]
    assert len(values) >= 6
    for value in values:
        json.loads(value)
        with pytest.raises((pickle.UnpicklingError, ValueError)):
            pickle.loads(base64.b64decode(value, validate=True))

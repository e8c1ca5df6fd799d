"""A process that counts as running here, and does not, goes on from its last record."""

import pytest

from tests.triptych.engine.conftest import House, Trade
from triptych.engine.database import EngineDatabase
from triptych.engine.strays import PATIENCE, Strays


@pytest.mark.blocking("it asks the engine's database itself")
async def test_whoever_is_missed_for_long_enough_goes_on_and_a_run_that_was_only_late_is_refused(
    house: House, trade: Trade
):
    door = trade.holds("authorise")
    clock = [0.0]
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
        database = EngineDatabase(house.settings)
        flows, me = [trading.fulfil.flow], f"all@{house.settings.replica}"
        here = Strays(database, me, flows, lambda _: True, lambda: clock[0])
        missing = Strays(database, me, flows, lambda _: False, lambda: clock[0])
        for clock[0] in (0.0, PATIENCE - 1):
            here.call_back()
            missing.call_back()
        assert (await trading.fulfil.status("ord_1")).phase == "running"
        clock[0] = PATIENCE
        trade.arrivals["authorise"].clear()
        missing.call_back()
        await trade.arrives("authorise")  # the second run is here, and the first one still is
        door.set()
        ended = await trading.settled("ord_1")
        database.close()
    assert ended.phase == "completed"
    assert trade.asked.count("authorise") == 2
    assert [line.step for line in ended.timeline] == ["reserve", "authorise", "ship", "notify"]

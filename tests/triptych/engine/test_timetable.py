"""Processes that begin by the clock: once for each tick, also for those that came while nothing ran."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.engine import ProcessEngine, ProcessStatus, Schedule, Step
from triptych.engine.database import EngineDatabase


def state_at(tick: datetime) -> OrderState:
    """What a process begins with."""
    return OrderState(order=f"run of {tick:%H:%M}")


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_ticks_follow_the_clock_on_the_wall_over_summer_time():
    daily = Schedule("30 6 * * *", state_at, zone="Europe/Berlin", missed="every")
    found = daily.due(at("2026-03-27 12:00"), at("2026-03-30 12:00"))
    assert found == (at("2026-03-28 05:30"), at("2026-03-29 04:30"), at("2026-03-30 04:30"))


@pytest.mark.parametrize(
    ("missed", "hours"),
    [("every", [7, 8, 9]), ("latest", [9]), ("none", [])],
    ids=["every", "latest", "none"],
)
def test_what_was_missed_is_made_up_for_as_the_schedule_says(
    missed: Literal["every", "latest", "none"], hours: list[int]
):
    hourly = Schedule("0 * * * *", state_at, missed=missed)
    assert [tick.hour for tick in hourly.due(at("2026-07-01 06:00"), at("2026-07-01 09:30"))] == hours


def test_a_tick_that_has_just_come_was_not_missed():
    hourly = Schedule("0 * * * *", state_at, missed="none")
    found = hourly.due(at("2026-07-01 06:00"), at("2026-07-01 07:00") + timedelta(seconds=5))
    assert [tick.hour for tick in found] == [7]


def test_a_time_that_is_none_and_a_zone_that_nobody_knows_are_refused():
    with pytest.raises(ValueError, match="'six' is no time"):
        Schedule("six", state_at)
    with pytest.raises(KeyError, match="Atlantis"):
        Schedule("0 6 * * *", state_at, zone="Europe/Atlantis")


async def begun(house: House, trade: Trade, count: int) -> tuple[ProcessStatus, ...]:
    """What an hourly schedule began in an engine that runs for as long as that takes."""
    engine = ProcessEngine(house.settings, poll=0.1)
    steps: list[Step[Any]] = [Step[OrderState]("reserve", trade.does("reserve"))]
    schedule = Schedule("0 * * * *", state_at, missed="every")
    engine.saga(f"{house.service}.run", version=1, steps=steps, state=OrderState, schedule=schedule)
    await engine.start()
    try:
        for _ in range(200):
            found = await engine.list(house.service, which="finished")
            if len(found) >= count:
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
        return await engine.list(house.service)
    finally:
        await engine.stop()


def set_back(house: House, hours: int) -> None:
    """As if nothing had run for some hours."""
    database = EngineDatabase(house.settings)
    table = f"{database.schema}.triptych_ticks" if database.schema else "triptych_ticks"
    moment = int((datetime.now(UTC) - timedelta(hours=hours)).timestamp() * 1000)
    with database.engine.begin() as connection:
        statement = sa.text(f"UPDATE {table} SET last = :last WHERE process LIKE :of")
        connection.execute(statement, {"last": moment, "of": f"{house.service}.%"})
    database.close()


async def test_each_tick_begins_one_process_however_often_it_is_come_upon(each_house: House, trade: Trade):
    assert await begun(each_house, trade, 0) == ()  # a new schedule makes up for nothing
    await asyncio.to_thread(set_back, each_house, 3)
    found = await begun(each_house, trade, 3)
    await asyncio.to_thread(set_back, each_house, 3)
    assert await begun(each_house, trade, 3) == found
    assert trade.ledger == ["reserve"] * 3
    assert len(found) == 3
    assert {status.about[-4:] for status in found} == {":00Z"}
    assert {context.caller.subject for context in trade.contexts} == {"schedule"}

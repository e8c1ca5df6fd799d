"""What can be seen of a process, while it runs and afterwards."""

import asyncio
from itertools import pairwise

import pytest

from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.engine import Patience, ProcessStatus
from triptych.engine.status import StepRecord
from triptych.problems import NotFound, Overloaded, PaymentDeclined, Unavailable


async def test_the_timeline_tells_each_step_with_its_times_and_the_one_at_work_last(
    house: House, trade: Trade
):
    door = trade.holds("authorise")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
        running = await trading.fulfil.status("ord_1")
        door.set()
        ended = await trading.settled("ord_1")
    assert [(line.step, line.outcome) for line in running.timeline] == [
        ("reserve", "done"),
        ("authorise", "running"),
    ]
    assert (running.phase, running.state) == ("running", "reserved")
    assert all(line.ended and line.started <= line.ended for line in ended.timeline)
    assert all(one.ended and one.ended <= two.started for one, two in pairwise(ended.timeline))
    assert ended.created <= ended.timeline[0].started
    assert ended.updated >= (ended.timeline[-1].ended or ended.created)


async def test_the_timeline_tells_what_a_step_struggles_with(each_house: House, trade: Trade):
    trade.fails("authorise", Overloaded("closed"))
    async with each_house.open(trade.sentence(), patience=Patience(attempts=5, delay=3600)) as trading:
        await trading.start("ord_1")
        async for status in trading.fulfil.follow("ord_1"):
            line = status.timeline[-1]
            if line.outcome == "retrying":
                assert (line.step, line.attempts, line.undo) == ("authorise", 1, False)
                assert line.problem
                assert line.problem.detail == "closed"
                break
        await trading.fulfil.cancel("ord_1")
        await trading.settled("ord_1")


async def test_the_timeline_tells_what_is_undone(house: House, trade: Trade):
    trade.fails("ship", PaymentDeclined())
    door = trade.holds("void")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("void")
        status = await trading.fulfil.status("ord_1")
        door.set()
        await trading.settled("ord_1")
    lines = [(line.step, line.undo, line.outcome) for line in status.timeline]
    assert lines[2:] == [("ship", False, "refused"), ("authorise", True, "running")]
    assert status.phase == "unwinding"
    assert status.problem
    assert status.problem.title == "Payment declined"


async def test_a_follower_hears_of_every_step_and_then_of_the_end(house: House, trade: Trade):
    door = trade.holds("authorise")
    heard: list[ProcessStatus] = []
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        async for status in trading.fulfil.follow("ord_1"):
            heard.append(status)
            if trade.arrivals["authorise"].is_set():
                door.set()
    states = [status.state for status in heard]
    assert states == sorted(states, key=["accepted", "reserved", "shipped", "completed"].index)
    assert {"reserved", "completed"} <= set(states)
    assert [status.phase for status in heard].count("completed") == 1
    assert heard[-1].phase == "completed"


async def test_a_follower_of_nothing_is_told_so(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        with pytest.raises(NotFound):
            _ = [status async for status in trading.fulfil.follow("ord_unknown")]


async def test_a_follower_is_let_go_when_the_engine_stops(each_house: House, trade: Trade):
    trade.holds("reserve")
    async with each_house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        follower = asyncio.create_task(trading.settled("ord_1"))
        await trade.arrives("reserve")
    with pytest.raises(Unavailable, match="stopping"):
        await follower


async def test_processes_are_listed_by_service_by_kind_and_by_stage(each_house: House, trade: Trade):
    async with each_house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
        trade.fails("authorise", Unavailable())
        await trading.run("ord_2")
        trade.holds("reserve")
        await trading.start("ord_3")
        await trade.arrives("reserve")
        engine, service = trading.engine, each_house.service
        everything = await engine.list(service)
        assert {status.about for status in everything} == {"ord_1", "ord_2", "ord_3"}
        assert everything == await engine.list(f"{service}.fulfil")
        assert [status.about for status in await engine.list(service, which="finished")] == ["ord_1"]
        assert [status.about for status in await engine.list(service, which="parked")] == ["ord_2"]
        assert [status.about for status in await engine.list(service, which="running")] == ["ord_3"]
        assert await engine.list(f"{service}.other") == ()
        pages = [await engine.list(service, limit=2, offset=offset) for offset in (0, 2)]
        assert tuple(status for page in pages for status in page) == everything


async def test_a_status_is_the_same_after_a_restart_and_without_the_sentence(house: House, trade: Trade):
    trade.fails("authorise", PaymentDeclined("no", card="1234"))
    async with house.open(trade.sentence()) as trading:
        before = await trading.run("ord_1")
    async with house.open(trade.sentence(), version=2) as trading:
        assert await trading.engine.show(before.id) == before


async def test_a_status_reads_back_into_the_processes_state(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
        state = trading.fulfil.read(status)
    assert state == OrderState(
        order="ord_1", reservation="rsv-ord_1", done=("reserve", "authorise", "ship", "notify")
    )


def test_a_record_of_a_newer_release_is_read_by_an_older_one():
    kept = '{"step": "ship", "outcome": "done", "started": "2026-07-01T09:30:00Z", "weather": "fair"}'
    assert StepRecord.model_validate_json(kept).step == "ship"

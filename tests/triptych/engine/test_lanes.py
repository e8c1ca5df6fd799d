"""Processes that are to run in order wait behind each other, also behind a dead one; others do not."""

import asyncio
from itertools import pairwise

import pytest

from tests.triptych.engine.conftest import House, Open, OrderState, Trade
from triptych.engine import ProcessStatus, Step
from triptych.problems import Unavailable


async def start(trading: Open, about: str, customer: str) -> ProcessStatus:
    """Start a process for a customer."""
    return await trading.fulfil.start(about, OrderState(order=customer))


def sentence(trade: Trade, log: list[str]) -> list[Step[OrderState]]:
    """One step that fails for customers whose name the trade says it fails for."""

    async def ship(state: OrderState) -> None:
        await trade.does(state.order)(state)
        log.append(state.order)

    return [Step("ship", ship)]


async def test_the_same_key_waits_behind_a_dead_head_in_order_and_other_keys_flow(
    each_house: House, trade: Trade
):
    shipped: list[str] = []
    trade.fails("ada", Unavailable())
    async with each_house.open(sentence(trade, shipped), in_order_by="order") as trading:
        head = await start(trading, "ada-1", "ada")
        await trading.settled("ada-1")
        behind = [(await start(trading, f"ada-{number}", "ada")).about for number in (2, 3)]
        await start(trading, "bob-1", "bob")
        assert (await trading.settled("bob-1")).phase == "completed"
        assert [(await trading.fulfil.status(about)).phase for about in behind] == ["running", "running"]
        assert [(await trading.fulfil.status(about)).timeline for about in behind] == [(), ()]
        trade.works("ada")
        await trading.engine.letters.replay(head.id)
        ended = [await trading.settled(about) for about in ("ada-1", "ada-2", "ada-3")]
    assert [status.phase for status in ended] == ["completed"] * 3
    first, second, third = (status.timeline[0] for status in ended)
    assert first.ended
    assert second.ended
    assert first.ended <= second.started
    assert second.ended <= third.started
    assert shipped == ["bob", "ada", "ada", "ada"]


async def test_who_waits_goes_on_when_the_dead_head_is_discarded(each_house: House, trade: Trade):
    trade.fails("ada", Unavailable())
    async with each_house.open(sentence(trade, []), in_order_by="order") as trading:
        head = await start(trading, "ada-1", "ada")
        await trading.settled("ada-1")
        await start(trading, "ada-2", "ada")
        trade.works("ada")
        await trading.engine.letters.discard(head.id, "sent by courier")
        assert (await trading.settled("ada-2")).phase == "completed"
        assert (await trading.fulfil.status("ada-1")).phase == "discarded"


async def test_who_waits_still_waits_after_a_restart(each_house: House, trade: Trade):
    trade.fails("ada", Unavailable())
    async with each_house.open(sentence(trade, []), in_order_by="order") as trading:
        head = await start(trading, "ada-1", "ada")
        await trading.settled("ada-1")
        await start(trading, "ada-2", "ada")
    trade.works("ada")
    async with each_house.open(sentence(trade, []), in_order_by="order") as trading:
        await start(trading, "bob-1", "bob")
        await trading.settled("bob-1")
        assert (await trading.fulfil.status("ada-2")).timeline == ()
        await trading.engine.letters.replay(head.id)
        assert (await trading.settled("ada-2")).phase == "completed"


async def test_many_accepted_at_once_run_one_after_the_other(each_house: House, trade: Trade):
    async with each_house.open(sentence(trade, []), in_order_by="order") as trading:
        names = [f"ada-{number}" for number in range(6)]
        await asyncio.gather(*(start(trading, name, "ada") for name in names))
        lines = [(await trading.settled(name)).timeline[0] for name in names]
    spans = sorted((line.started, line.ended) for line in lines if line.ended)
    assert len(spans) == 6
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


async def test_an_order_by_something_that_the_state_does_not_have_is_refused(house: House, trade: Trade):
    with pytest.raises(ValueError, match="in the order of colour, which is not in its state"):
        async with house.open(trade.sentence(), in_order_by="colour"):
            pytest.fail("it started")

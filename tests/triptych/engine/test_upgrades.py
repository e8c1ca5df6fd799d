"""Processes that wait go on under the sentence of today, where that is declared and comes the same way."""

import asyncio
from typing import Any

import pytest

from tests.triptych.engine.approvals import DAYS, Approval, Sale, approve, comes_to_wait
from tests.triptych.engine.conftest import House, Open, OrderState, Trade
from triptych.engine import Former, Step, Wait
from triptych.engine.sentence import Part


def wrapping(sale: Sale, trade: Trade) -> list[Part[OrderState]]:
    """The sale with one more step, after what is waited for."""
    reserve, approval, ship = sale.sentence()
    return [reserve, approval, Step[OrderState]("wrap", trade.does("wrap"), undo=trade.does("unwrap")), ship]


def former(sale: Sale) -> list[Former]:
    """The sale as it was, whose waiting orders are to be upgraded."""
    return [Former(version=1, steps=sale.sentence(), state=OrderState, upgrade=True)]


async def sold(house: House, sale: Sale, *orders: str) -> None:
    """Have orders wait for their approval, under the first version."""
    async with house.open(sale.sentence()) as trading:
        for order in orders:
            await trading.start(order)
            await comes_to_wait(trading, order)


async def upgraded(trading: Open, order: str) -> None:
    """Wait until an order follows the second version."""
    for _ in range(1000):
        if (await trading.fulfil.status(order)).version == 2:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"{order} is not upgraded")


async def test_an_order_that_waits_goes_on_under_todays_sentence_with_nothing_done_twice(
    each_house: House, trade: Trade
):
    sale = Sale(trade, within=DAYS)
    await sold(each_house, sale, "ord_1", "ord_2")
    async with each_house.open(wrapping(sale, trade), version=2, former=former(sale)) as trading:
        await upgraded(trading, "ord_1")
        await upgraded(trading, "ord_2")
        waiting = await trading.fulfil.status("ord_1")
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        ended = await trading.settled("ord_1")
        await trading.fulfil.cancel("ord_2")
        cancelled = await trading.settled("ord_2")
        uses = {use.version: use.followed for use in await trading.engine.versions()}
        assert await trading.engine.missing() == []
    assert (waiting.phase, waiting.state, waiting.version) == ("waiting", "in approval", 2)
    assert [(line.step, line.outcome) for line in ended.timeline] == [
        ("reserve", "done"),
        ("approval", "waiting"),
        ("approval", "done"),
        ("wrap", "done"),
        ("ship", "done"),
    ]
    assert (ended.phase, cancelled.phase) == ("completed", "cancelled")
    assert trade.ledger == ["reserve", "reserve", "wrap", "ship", "release"]
    assert uses == {1: 0, 2: 0}


async def test_one_that_would_have_come_another_way_stays_and_ends_as_it_began(
    each_house: House, trade: Trade
):
    sale = Sale(trade, within=DAYS)
    await sold(each_house, sale, "ord_1")
    checked = [Step("check", trade.does("check")), *sale.sentence()]
    async with each_house.open(checked, version=2, former=former(sale)) as trading:
        assert await trading.engine.keeping.upgrades.move() == 0
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        ended = await trading.settled("ord_1")
    assert (ended.phase, ended.version) == ("completed", 1)
    assert trade.ledger == ["reserve", "ship"]


async def test_one_whose_wait_is_a_step_now_stays(house: House, trade: Trade):
    sale = Sale(trade, within=DAYS)
    await sold(house, sale, "ord_1")
    reserve, _, ship = sale.sentence()
    asked = [reserve, Step[OrderState]("approval", trade.does("approval")), ship]
    async with house.open(asked, version=2, former=former(sale)) as trading:
        assert await trading.engine.keeping.upgrades.move() == 0
        assert (await trading.fulfil.status("ord_1")).version == 1


async def test_one_that_comes_to_wait_later_is_upgraded_then(each_house: House, trade: Trade):
    twice = Wait[OrderState, Approval]("second", Approval, approve, meanwhile="asked again", within=DAYS)
    sale = Sale(trade, within=DAYS)
    reserve, approval, ship = sale.sentence()
    before: list[Part[OrderState]] = [reserve, approval, twice, ship]
    async with each_house.open(before) as trading:
        await trading.start("ord_1")
        await comes_to_wait(trading, "ord_1")
    was = [Former(version=1, steps=before, upgrade=False)]
    async with each_house.open(before[:2] + before[3:], version=2, former=was) as trading:
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        await comes_to_wait(trading, "ord_1")
        assert (await trading.fulfil.status("ord_1")).version == 1
    was = [Former(version=1, steps=before, upgrade=True)]
    wrapped: list[Any] = [reserve, approval, twice, Step("wrap", trade.does("wrap")), ship]
    async with each_house.open(wrapped, version=2, former=was) as trading:
        await upgraded(trading, "ord_1")
        await trading.fulfil.tell("ord_1", "second", Approval(by="Bob"))
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.ledger == ["reserve", "wrap", "ship"]

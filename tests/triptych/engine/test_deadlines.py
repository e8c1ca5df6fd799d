"""What happens when nobody tells a process in time what it waits for."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.triptych.engine.approvals import DAYS, SOON, Approval, Sale, comes_to_wait
from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.engine import Reminders
from triptych.problems import InvalidState


def late(state: OrderState) -> dict[str, Any]:
    """Go on without an approval."""
    return {"done": (*state.done, "nobody objected")}


async def test_an_order_that_nobody_approves_in_time_is_undone(each_house: House, trade: Trade):
    async with each_house.open(Sale(trade, within=SOON).sentence()) as trading:
        status = await trading.run("ord_1")
        with pytest.raises(InvalidState, match="it is too late"):
            await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
    assert (status.phase, trade.ledger) == ("rejected", ["reserve", "release"])
    assert status.problem
    assert status.problem.detail.startswith("nothing was heard of approval until 20")


async def test_a_deadline_may_let_the_order_go_on_without_an_answer(house: House, trade: Trade):
    async with house.open(Sale(trade, within=SOON, late=late).sentence()) as trading:
        status = await trading.run("ord_1")
    assert [(line.step, line.outcome) for line in status.timeline][2] == ("approval", "late")
    assert trading.fulfil.read(status).done == ("reserve", "nobody objected", "ship")


async def test_a_deadline_may_depend_on_the_order(house: House, trade: Trade):
    def by_order(state: OrderState) -> timedelta:
        return SOON if state.order == "ord_urgent" else DAYS

    async with house.open(Sale(trade, within=by_order).sentence()) as trading:
        await trading.start("ord_1")
        assert (await trading.run("ord_urgent")).phase == "rejected"
        assert (await trading.fulfil.status("ord_1")).phase == "waiting"


async def test_reminders_are_sent_before_it_is_late_each_with_a_key_of_its_own(
    each_house: House, trade: Trade
):
    reminders = Reminders(trade.does("remind"), every=SOON, times=2)
    async with each_house.open(Sale(trade, within=SOON, reminders=reminders).sentence()) as trading:
        status = await trading.run("ord_1")
    outcomes = [line.outcome for line in status.timeline if line.step == "approval"]
    assert outcomes == ["waiting", "reminded", "reminded", "refused"]
    assert trade.ledger == ["reserve", "remind", "remind", "release"]
    keys = [context.idempotency_key for context in trade.contexts[1:3]]
    assert keys == [f"{status.id}/approval/reminder-{number}" for number in (1, 2)]
    assert trading.fulfil.read(status).done[:3] == ("reserve", "remind", "remind")


async def test_an_answer_after_a_reminder_is_in_time_also_if_the_reminder_failed(house: House, trade: Trade):
    trade.fails("remind", InvalidState("no address"))
    reminders = Reminders(trade.does("remind"), every=DAYS)
    async with house.open(Sale(trade, within=SOON, reminders=reminders).sentence()) as trading:
        await trading.start("ord_1")
        async for status in trading.fulfil.follow("ord_1"):
            if status.timeline[-1].outcome == "reminded":
                break
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        status = await trading.settled("ord_1")
    assert status.phase == "completed"
    assert status.timeline[2].problem
    assert status.timeline[2].problem.detail == "no address"


async def test_a_deadline_that_passes_while_nothing_runs_is_kept_at_the_next_start(
    each_house: House, trade: Trade
):
    sentence = Sale(trade, within=timedelta(seconds=1)).sentence
    async with each_house.open(sentence()) as trading:
        await trading.start("ord_1")
        await comes_to_wait(trading, "ord_1")
    assert trade.ledger == ["reserve"]
    await asyncio.sleep(1)
    async with each_house.open(sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "rejected"
    assert trade.ledger == ["reserve", "release"]


async def test_a_payment_that_never_comes_is_a_dead_letter_that_waits_again_when_it_is_retried(
    each_house: House, trade: Trade
):
    urgent: list[Callable[[], timedelta]] = [lambda: SOON]

    def by_urgency(_: OrderState) -> timedelta:
        return urgent[0]()

    *before, approval, ship = Sale(trade, within=by_urgency).sentence()
    async with each_house.open([*before, ship, approval]) as trading:
        parked = await trading.run("ord_1")
        assert parked.phase == "parked"
        urgent[0] = lambda: DAYS
        await trading.engine.retry(parked.id)
        await comes_to_wait(trading, "ord_1")
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        status = await trading.settled("ord_1")
    assert (status.phase, trade.ledger) == ("completed", ["reserve", "ship"])

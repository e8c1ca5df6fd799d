"""A process waits for people and events, until somebody tells it something."""

import asyncio
from datetime import timedelta

import pytest

from tests.triptych.engine.approvals import DAYS, Approval, Sale, comes_to_wait
from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.engine import Step
from triptych.problems import InvalidState, NotFound


async def test_an_order_waits_for_its_approval_and_then_goes_on_with_it(each_house: House, trade: Trade):
    async with each_house.open(Sale(trade, within=DAYS).sentence()) as trading:
        await trading.start("ord_1")
        await comes_to_wait(trading, "ord_1")
        waiting = await trading.fulfil.status("ord_1")
        assert trade.ledger == ["reserve"]
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        ended = await trading.settled("ord_1")
    assert (waiting.phase, waiting.state) == ("waiting", "in approval")
    assert waiting.waits
    assert waiting.waits.until
    assert (waiting.waits.step, waiting.waits.outcome) == ("approval", "waiting")
    assert DAYS - (waiting.waits.until - waiting.waits.started) < timedelta(milliseconds=1)
    assert (ended.phase, ended.waits) == ("completed", None)
    assert [(line.step, line.outcome, line.state) for line in ended.timeline] == [
        ("reserve", "done", "reserved"),
        ("approval", "waiting", "in approval"),
        ("approval", "done", "approved"),
        ("ship", "done", "shipped"),
    ]
    assert trading.fulfil.read(ended).done == ("reserve", "approved by Ada", "ship")


async def test_what_is_told_before_anybody_waits_for_it_is_kept(each_house: House, trade: Trade):
    door = trade.holds("reserve")
    async with each_house.open(Sale(trade).sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("reserve")
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        door.set()
        assert (await trading.settled("ord_1")).phase == "completed"
        assert await trading.engine.waiting() == ()


async def test_telling_the_same_again_changes_nothing_and_telling_something_else_is_refused(
    each_house: House, trade: Trade
):
    async with each_house.open(Sale(trade).sentence()) as trading:
        await trading.start("ord_1")
        await comes_to_wait(trading, "ord_1")
        tell = trading.fulfil.tell
        await asyncio.gather(*(tell("ord_1", "approval", Approval(by="Ada")) for _ in range(5)))
        with pytest.raises(InvalidState, match="told something else before"):
            await tell("ord_1", "approval", Approval(by="Bob"))
        await trading.settled("ord_1")
        assert (await tell("ord_1", "approval", Approval(by="Ada"))).phase == "completed"
        with pytest.raises(InvalidState, match="told something else before"):
            await tell("ord_1", "approval", Approval(by="Bob"))
        assert trade.ledger == ["reserve", "ship"]
        assert (await trading.fulfil.state("ord_1")).done == ("reserve", "approved by Ada", "ship")


async def test_of_two_who_answer_at_once_one_is_heard_and_the_other_is_told_so(
    each_house: House, trade: Trade
):
    names = [f"approver {number}" for number in range(8)]
    async with each_house.open(Sale(trade).sentence()) as trading:
        await trading.start("ord_1")
        answers = await asyncio.gather(
            *(trading.fulfil.tell("ord_1", "approval", Approval(by=name)) for name in names),
            return_exceptions=True,
        )
        await trading.settled("ord_1")
        state = await trading.fulfil.state("ord_1")
    heard = [name for name, answer in zip(names, answers, strict=True) if not isinstance(answer, Exception)]
    assert state.done == ("reserve", f"approved by {heard[0]}", "ship")
    assert len(heard) == 1
    assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [InvalidState] * 7


async def test_an_approval_that_is_not_granted_undoes_what_was_done(house: House, trade: Trade):
    async with house.open(Sale(trade).sentence()) as trading:
        await trading.start("ord_1")
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada", granted=False))
        status = await trading.settled("ord_1")
    assert (status.phase, trade.ledger) == ("rejected", ["reserve", "release"])
    assert status.problem
    assert status.problem.detail == "Ada says no"


async def test_what_is_not_needed_is_skipped_and_nobody_can_answer_it(house: House, trade: Trade):
    def needed(state: OrderState) -> bool:
        return state.order == "ord_dear"

    sale = Sale(trade, when=needed)
    reserve, approval, ship = sale.sentence()
    check = Step("check", trade.does("check"), undo=trade.does("uncheck"), when=needed)
    async with house.open([reserve, check, approval, ship]) as trading:
        status = await trading.run("ord_1")
        with pytest.raises(InvalidState, match="it is not needed"):
            await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        assert trade.ledger == ["reserve", "ship"]
        await trading.start("ord_dear")
        await comes_to_wait(trading, "ord_dear")
        await trading.fulfil.cancel("ord_dear")
        await trading.settled("ord_dear")
    assert [line.outcome for line in status.timeline] == ["done", "skipped", "skipped", "done"]
    assert trade.ledger[2:] == ["reserve", "check", "uncheck", "release"]


async def test_a_waiting_order_can_be_cancelled_and_then_nobody_can_answer(each_house: House, trade: Trade):
    async with each_house.open(Sale(trade, within=DAYS).sentence()) as trading:
        await trading.start("ord_1")
        await comes_to_wait(trading, "ord_1")
        assert (await trading.fulfil.cancel("ord_1")).cancelling
        status = await trading.settled("ord_1")
        with pytest.raises(InvalidState, match="it is cancelled"):
            await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        assert await trading.engine.waiting() == ()
    assert (status.phase, trade.ledger) == ("cancelled", ["reserve", "release"])


async def test_waiting_orders_keep_nobody_from_working(house: House, trade: Trade):
    async with house.open(Sale(trade, within=DAYS).sentence(), concurrency=1) as trading:
        for number in range(5):
            await trading.start(f"ord_{number}")
        for number in range(5):
            await comes_to_wait(trading, f"ord_{number}")
        await trading.fulfil.tell("ord_3", "approval", Approval(by="Ada"))
        assert (await trading.settled("ord_3")).phase == "completed"
        assert len(await trading.engine.waiting()) == 4


async def test_people_find_what_waits_for_them_the_most_urgent_first(each_house: House, trade: Trade):
    hours = {"ord_a": 30, "ord_b": 10, "ord_c": 20}

    def by_order(state: OrderState) -> timedelta:
        return timedelta(hours=hours[state.order])

    async with each_house.open(Sale(trade, within=by_order).sentence()) as trading:
        for order in hours:
            await trading.start(order)
            await comes_to_wait(trading, order)
        engine, service = trading.engine, each_house.service
        found = await engine.waiting(service, "approval")
        assert [status.about for status in found] == ["ord_b", "ord_c", "ord_a"]
        assert [s.about for s in await engine.waiting(service, limit=1, offset=1)] == ["ord_c"]
        assert await engine.waiting(service, "payment") == ()
        assert await engine.waiting(f"{service}.other") == ()
        await trading.fulfil.tell("ord_b", "approval", Approval(by="Ada"))
        assert [status.about for status in await engine.waiting(service)] == ["ord_c", "ord_a"]


async def test_waiting_outlives_a_restart_and_so_does_what_was_told(each_house: House, trade: Trade):
    sentence = Sale(trade, within=DAYS).sentence
    async with each_house.open(sentence()) as trading:
        for order in ("ord_1", "ord_2"):
            await trading.start(order)
            await comes_to_wait(trading, order)
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
    async with each_house.open(sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "completed"
        before = await trading.fulfil.status("ord_2")
        assert before.phase == "waiting"
        await trading.fulfil.tell("ord_2", "approval", Approval(by="Ada"))
        assert (await trading.settled("ord_2")).phase == "completed"
    assert trade.asked.count("reserve") == 2


async def test_only_what_a_sentence_waits_for_can_be_told(house: House, trade: Trade):
    async with house.open(Sale(trade).sentence()) as trading:
        with pytest.raises(NotFound):
            await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        await trading.start("ord_1")
        for name in ("ship", "approval.2", "payment"):
            with pytest.raises(ValueError, match=f"has no wait named {name}"):
                await trading.fulfil.tell("ord_1", name, Approval(by="Ada"))
        with pytest.raises(TypeError, match="is told a Approval"):
            await trading.fulfil.tell("ord_1", "approval", OrderState(order="ord_1"))

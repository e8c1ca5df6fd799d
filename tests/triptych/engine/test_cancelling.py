"""A process can be cancelled until its final step begins: decided once, whatever happens at the same time."""

import asyncio

import pytest

from tests.triptych.engine.conftest import House, Open, OrderState, Trade
from triptych.engine import Patience, Step
from triptych.problems import IdempotencyKeyInFlight, InvalidState, Overloaded, PaymentDeclined, Unavailable


async def test_a_cancelled_order_ends_its_present_step_and_is_then_undone(each_house: House, trade: Trade):
    door = trade.holds("authorise")
    async with each_house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
        asked = await trading.fulfil.cancel("ord_1")
        assert (asked.phase, asked.cancelling, trade.ledger) == ("running", True, ["reserve"])
        door.set()
        status = await trading.settled("ord_1")
    assert trade.ledger == ["reserve", "authorise", "void", "release"]
    assert (status.phase, status.state, status.problem) == ("cancelled", "cancelled", None)


async def test_cancelling_twice_is_cancelling_once(house: House, trade: Trade):
    door = trade.holds("authorise")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
        await asyncio.gather(*(trading.fulfil.cancel("ord_1") for _ in range(3)))
        door.set()
        await trading.settled("ord_1")
        assert (await trading.fulfil.cancel("ord_1")).phase == "cancelled"
    assert trade.ledger == ["reserve", "authorise", "void", "release"]


async def test_an_order_whose_final_step_has_begun_cannot_be_cancelled(house: House, trade: Trade):
    door = trade.holds("ship")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("ship")
        with pytest.raises(InvalidState, match="past the point of no return"):
            await trading.fulfil.cancel("ord_1")
        door.set()
        assert (await trading.settled("ord_1")).phase == "completed"


async def test_a_final_step_that_is_refused_is_undone_although_it_cannot_be_cancelled(
    house: House, trade: Trade
):
    trade.fails("ship", InvalidState("no address"))
    async with house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
    assert trade.ledger == ["reserve", "authorise", "void", "release"]
    assert status.phase == "rejected"


@pytest.mark.parametrize("refused", [False, True])
async def test_what_has_ended_cannot_be_cancelled(house: House, trade: Trade, refused: bool):
    if refused:
        trade.fails("authorise", PaymentDeclined())
    async with house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
        with pytest.raises(InvalidState, match=f"it is {status.phase}"):
            await trading.fulfil.cancel("ord_1")


async def test_an_order_that_is_being_rejected_cannot_be_cancelled_too(house: House, trade: Trade):
    trade.fails("authorise", PaymentDeclined())
    door = trade.holds("release")
    async with house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("release")
        with pytest.raises(InvalidState, match="rejected already"):
            await trading.fulfil.cancel("ord_1")
        door.set()
        assert (await trading.settled("ord_1")).phase == "rejected"


async def test_a_cancelled_order_does_not_wait_for_its_next_attempt(each_house: House, trade: Trade):
    trade.fails("authorise", Overloaded())
    async with each_house.open(trade.sentence(), patience=Patience(attempts=5, delay=3600)) as trading:
        await trading.start("ord_1")
        async for status in trading.fulfil.follow("ord_1"):
            if status.timeline[-1].outcome == "retrying":
                break
        await trading.fulfil.cancel("ord_1")
        status = await trading.settled("ord_1")
    assert trade.ledger == ["reserve", "void", "release"]
    assert status.phase == "cancelled"


async def test_a_step_in_doubt_is_tried_until_that_is_settled_before_it_is_undone(
    each_house: House, trade: Trade
):
    trade.stumbles("authorise", Unavailable(), IdempotencyKeyInFlight("Soon.", retry_after=0.1))
    async with each_house.open(trade.sentence(), patience=Patience(attempts=5, delay=0.3)) as trading:
        await trading.start("ord_1")
        async for status in trading.fulfil.follow("ord_1"):
            if status.timeline[-1].outcome == "retrying":
                break
        await trading.fulfil.cancel("ord_1")
        status = await trading.settled("ord_1")
    assert trade.ledger == ["reserve", "authorise", "void", "release"]
    assert status.phase == "cancelled"


async def test_a_process_without_a_final_step_can_be_cancelled_until_its_end(house: House, trade: Trade):
    door = trade.holds("notify")
    steps = [
        Step[OrderState]("reserve", trade.does("reserve"), undo=trade.does("release")),
        Step[OrderState]("notify", trade.does("notify")),
    ]
    async with house.open(steps) as trading:
        await trading.start("ord_1")
        await trade.arrives("notify")
        await trading.fulfil.cancel("ord_1")
        door.set()
        assert (await trading.settled("ord_1")).phase == "cancelled"
    assert trade.ledger == ["reserve", "notify", "release"]


async def test_a_process_that_begins_with_its_final_step_can_never_be_cancelled(house: House, trade: Trade):
    door = trade.holds("ship")
    async with house.open([Step[OrderState]("ship", trade.does("ship"), final=True)]) as trading:
        await trading.start("ord_1")
        await trade.arrives("ship")
        with pytest.raises(InvalidState):
            await trading.fulfil.cancel("ord_1")
        door.set()
        assert (await trading.settled("ord_1")).phase == "completed"


async def test_a_cancellation_that_was_accepted_outlives_a_restart(each_house: House, trade: Trade):
    trade.holds("authorise")
    async with each_house.open(trade.sentence()) as trading:
        await trading.start("ord_1")
        await trade.arrives("authorise")
        await trading.fulfil.cancel("ord_1")
    trade.doors["authorise"].set()
    async with each_house.open(trade.sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "cancelled"
    assert trade.ledger == ["reserve", "authorise", "void", "release"]


async def cancelled_at(trading: Open, order: str, pause: float) -> bool:
    """Start an order and cancel it a moment later: whether the cancellation was accepted."""
    await trading.start(order)
    await asyncio.sleep(pause)
    try:
        await trading.fulfil.cancel(order)
    except InvalidState:
        return False
    return True


async def test_a_race_between_cancelling_and_shipping_has_one_winner_each_time(
    each_house: House, trade: Trade
):
    async with each_house.open(trade.sentence()) as trading:
        orders = [f"ord_{n}" for n in range(40)]
        pauses = [n * 0.001 for n in range(40)]
        accepted = await asyncio.gather(
            *(cancelled_at(trading, order, pause) for order, pause in zip(orders, pauses, strict=True))
        )
        ended = [await trading.settled(order) for order in orders]
    for status, cancelled in zip(ended, accepted, strict=True):
        assert status.phase == ("cancelled" if cancelled else "completed")
        done = [("-" if line.undo else "") + line.step for line in status.timeline]
        assert ("ship" in done) is not cancelled
        assert ("-reserve" in done) is cancelled
    assert trade.ledger.count("ship") == accepted.count(False)
    assert trade.ledger.count("reserve") - trade.ledger.count("release") == accepted.count(False)

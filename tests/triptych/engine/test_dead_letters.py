"""What cannot go on by itself is kept as a dead letter, and goes on when an operator says so."""

import asyncio

import pytest

from tests.triptych.engine.conftest import House, Trade
from triptych.engine import ProcessEngine, ProcessStatus
from triptych.problems import InvalidState, OutcomeUnknown, PaymentDeclined, Unavailable


async def test_an_order_whose_system_stays_away_is_parked_with_nothing_undone(
    each_house: House, trade: Trade
):
    trade.fails("authorise", Unavailable("closed for today"))
    async with each_house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
        letters = await trading.engine.list(each_house.service, which="parked")
    assert trade.ledger == ["reserve"]
    assert trade.asked == ["reserve", "authorise", "authorise", "authorise"]
    assert (status.phase, status.state) == ("parked", "reserved")
    assert status.problem
    assert status.problem.detail == "closed for today"
    assert (status.timeline[-1].outcome, status.timeline[-1].attempts) == ("failed", 3)
    assert letters == (status,)


async def test_a_write_of_unknown_outcome_parks_its_order_at_once(house: House, trade: Trade):
    trade.fails("authorise", OutcomeUnknown("nobody can say whether the money was promised"))
    async with house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
    assert trade.asked == ["reserve", "authorise"]
    assert (status.phase, status.timeline[-1].attempts) == ("parked", 1)


async def test_a_retried_dead_letter_goes_on_from_the_step_that_failed(each_house: House, trade: Trade):
    trade.fails("authorise", Unavailable())
    async with each_house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        trade.works("authorise")
        retried = await trading.engine.retry(parked.id)
        assert retried.phase == "running"
        status = await trading.settled("ord_1")
        assert await trading.engine.list(each_house.service, which="parked") == ()
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]
    assert (status.phase, len(status.timeline)) == ("completed", 4)


async def test_a_dead_letter_can_be_parked_and_retried_again_and_again(house: House, trade: Trade):
    trade.fails("ship", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        for _ in range(2):
            await trading.engine.retry(parked.id)
            assert (await trading.settled("ord_1")).phase == "parked"
        trade.works("ship")
        await trading.engine.retry(parked.id)
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_a_retried_step_has_the_key_of_its_first_attempt(house: House, trade: Trade):
    trade.fails("reserve", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        trade.works("reserve")
        await trading.engine.retry(parked.id)
        await trading.settled("ord_1")
    assert len({context.idempotency_key for context in trade.contexts[:4]}) == 1


async def test_an_undo_that_fails_is_tried_longer_and_then_parked(each_house: House, trade: Trade):
    trade.fails("ship", InvalidState("no address"))
    trade.fails("void", Unavailable("bank closed"))
    async with each_house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        assert (parked.phase, trade.ledger) == ("parked", ["reserve", "authorise"])
        assert parked.problem
        assert parked.problem.detail == "bank closed"
        trade.works("void")
        await trading.engine.retry(parked.id)
        status = await trading.settled("ord_1")
    assert trade.ledger == ["reserve", "authorise", "void", "release"]
    assert status.phase == "rejected"
    assert status.problem
    assert status.problem.detail == "no address"


async def test_an_undo_that_is_refused_is_tried_again_all_the_same(house: House, trade: Trade):
    trade.fails("ship", PaymentDeclined())
    trade.stumbles("void", InvalidState("still being booked"))
    async with house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
    assert trade.ledger == ["reserve", "authorise", "void", "release"]
    assert status.phase == "rejected"


async def test_a_dead_letter_that_is_cancelled_is_undone_with_the_step_of_unknown_outcome(
    each_house: House, trade: Trade
):
    trade.fails("authorise", Unavailable("perhaps it was done"))
    async with each_house.open(trade.sentence()) as trading:
        await trading.run("ord_1")
        await trading.fulfil.cancel("ord_1")
        status = await trading.settled("ord_1")
    assert trade.ledger == ["reserve", "void", "release"]
    assert (status.phase, status.state) == ("cancelled", "cancelled")


async def test_a_refusal_after_the_final_step_parks_the_process_and_undoes_nothing(
    each_house: House, trade: Trade
):
    trade.fails("notify", InvalidState("no address"))
    async with each_house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        assert (parked.phase, parked.state, parked.timeline[-1].outcome) == ("parked", "shipped", "refused")
        assert trade.ledger == ["reserve", "authorise", "ship"]
        trade.works("notify")
        await trading.engine.retry(parked.id)
        assert (await trading.settled("ord_1")).phase == "completed"


async def test_a_dead_letter_past_its_final_step_can_only_be_retried(house: House, trade: Trade):
    trade.fails("notify", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        with pytest.raises(InvalidState, match="past the point of no return"):
            await trading.fulfil.cancel("ord_1")
        trade.works("notify")
        await trading.engine.retry(parked.id)
        assert (await trading.settled("ord_1")).phase == "completed"


async def test_operators_who_retry_at_the_same_time_retry_it_once(house: House, trade: Trade):
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        trade.works("authorise")
        answers = await asyncio.gather(
            *(trading.engine.retry(parked.id) for _ in range(4)), return_exceptions=True
        )
        assert (await trading.settled("ord_1")).phase == "completed"
    assert {type(answer) for answer in answers} <= {ProcessStatus, InvalidState}
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_operators_who_cancel_a_dead_letter_at_the_same_time_cancel_it_once(house: House, trade: Trade):
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
        await asyncio.gather(*(trading.engine.cancel(parked.id) for _ in range(4)))
        assert (await trading.settled("ord_1")).phase == "cancelled"
    assert trade.ledger == ["reserve", "void", "release"]


async def test_only_a_dead_letter_can_be_retried(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        status = await trading.run("ord_1")
        with pytest.raises(InvalidState, match="it is completed"):
            await trading.engine.retry(status.id)


async def test_a_dead_letter_survives_a_restart_and_is_retried_by_the_next_engine(house: House, trade: Trade):
    trade.fails("authorise", Unavailable())
    async with house.open(trade.sentence()) as trading:
        parked = await trading.run("ord_1")
    trade.works("authorise")
    async with house.open(trade.sentence()) as trading:
        assert await trading.engine.list(house.service, which="parked") == (parked,)
        await trading.engine.retry(parked.id)
        assert (await trading.settled("ord_1")).phase == "completed"
    assert trade.ledger == ["reserve", "authorise", "ship", "notify"]


async def test_an_operators_engine_without_sagas_sees_retries_and_cancels_what_others_run(
    each_house: House, trade: Trade
):
    trade.fails("authorise", Unavailable("closed"))
    async with each_house.open(trade.sentence()) as trading:
        first, second = await trading.run("ord_1"), await trading.run("ord_2")
    trade.works("authorise")
    operator = ProcessEngine(each_house.settings, "operator")
    await operator.start()
    try:
        assert await operator.list(each_house.service, which="parked") == (second, first)
        assert (await operator.retry(first.id)).phase == "running"
        assert (await operator.cancel(second.id)).phase == "unwinding"
    finally:
        await operator.stop()
    async with each_house.open(trade.sentence()) as trading:
        assert (await trading.settled("ord_1")).phase == "completed"
        assert (await trading.settled("ord_2")).phase == "cancelled"

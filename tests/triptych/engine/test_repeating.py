"""Lines of a sentence that are followed again and again, as often as its state says."""

import asyncio
from typing import Any

import pytest

from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.canonical.base import Model
from triptych.engine import Repeat, Step, Wait
from triptych.engine.sentence import Part, check_sentence
from triptych.problems import PaymentDeclined, Unavailable


class Payment(Model):
    """What a round waits for."""

    number: int


def pay(state: OrderState, payment: Payment) -> dict[str, Any]:
    """Note a payment."""
    return {"done": (*state.done, f"paid {payment.number}")}


def more(state: OrderState) -> bool:
    """Whether there are fewer than two payments."""
    return len([each for each in state.done if each.startswith("paid")]) < 2


def sentence(trade: Trade) -> list[Part[OrderState]]:
    """Reserve, invoice twice and wait for each payment, ship."""
    does = trade.does
    rounds = [
        Step("invoice", does("invoice"), undo=does("credit"), reaches="invoiced"),
        Wait("paid", Payment, pay),
    ]
    return [
        Step("reserve", does("reserve"), undo=does("release")),
        Repeat("payments", more, rounds),
        Step("ship", does("ship"), final=True),
    ]


async def test_each_round_is_told_apart_by_its_number_over_a_restart_too(each_house: House, trade: Trade):
    async with each_house.open(sentence(trade)) as trading:
        await trading.start("ord_1")
        await trading.fulfil.tell("ord_1", "paid.1", Payment(number=1))
        async for status in trading.fulfil.follow("ord_1"):
            if status.waits and status.waits.step == "paid.2":
                break
    async with each_house.open(sentence(trade)) as trading:
        await trading.fulfil.tell("ord_1", "paid.2", Payment(number=2))
        status = await trading.settled("ord_1")
    assert trading.fulfil.read(status).done == ("reserve", "invoice", "paid 1", "invoice", "paid 2", "ship")
    ended = [line.step for line in status.timeline if line.outcome == "done"]
    assert ended == ["reserve", "invoice.1", "paid.1", "invoice.2", "paid.2", "payments", "ship"]
    keys = [context.idempotency_key for context in trade.contexts]
    assert keys == [f"{status.id}/{step}" for step in ("reserve", "invoice.1", "invoice.2", "ship")]


async def test_what_each_round_did_is_undone_the_last_one_first(house: House, trade: Trade):
    trade.fails("ship", PaymentDeclined())
    async with house.open(sentence(trade)) as trading:
        for number in (1, 2):
            await trading.start("ord_1")
            await trading.fulfil.tell("ord_1", f"paid.{number}", Payment(number=number))
        status = await trading.settled("ord_1")
    assert status.phase == "rejected"
    undone = [line.step for line in status.timeline if line.undo]
    assert undone == ["invoice.2", "invoice.1", "reserve"]


async def test_an_order_can_be_cancelled_between_two_rounds(house: House, trade: Trade):
    async with house.open(sentence(trade)) as trading:
        await trading.start("ord_1")
        await trading.fulfil.tell("ord_1", "paid.1", Payment(number=1))
        await trading.fulfil.cancel("ord_1")
        assert (await trading.settled("ord_1")).phase == "cancelled"
    assert "ship" not in trade.ledger


async def test_a_round_that_fails_is_retried_as_that_round(house: House, trade: Trade):
    async with house.open(sentence(trade)) as trading:
        await trading.start("ord_1")
        trade.fails("invoice", Unavailable())
        await trading.fulfil.tell("ord_1", "paid.1", Payment(number=1))
        parked = await trading.settled("ord_1")
        assert parked.timeline[-1].step.startswith("invoice.")
        trade.works("invoice")
        await trading.engine.retry(parked.id)
        await trading.fulfil.tell("ord_1", "paid.2", Payment(number=2))
        assert (await trading.settled("ord_1")).phase == "completed"


async def test_the_timeline_shows_the_round_at_work(house: House, trade: Trade):
    door = trade.holds("invoice")
    async with house.open(sentence(trade)) as trading:
        await trading.start("ord_1")
        await trade.arrives("invoice")
        running = await trading.fulfil.status("ord_1")
        door.set()
        async with asyncio.timeout(10):
            async for status in trading.fulfil.follow("ord_1"):
                if status.waits:
                    break
    assert (running.timeline[-1].step, running.timeline[-1].outcome) == ("invoice.1", "running")


def test_a_final_step_is_not_repeated(trade: Trade):
    ship = Step[OrderState]("ship", trade.does("ship"), final=True)
    with pytest.raises(ValueError, match="repeats ship, which is final"):
        check_sentence("trade.fulfil", 1, [Repeat("parcels", more, [ship])])


def test_a_repeated_line_has_a_name_of_its_own(trade: Trade):
    invoice = Step[OrderState]("invoice", trade.does("invoice"))
    with pytest.raises(ValueError, match="several steps named invoice"):
        check_sentence("trade.fulfil", 1, [invoice, Repeat("payments", more, [invoice])])

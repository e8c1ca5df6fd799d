"""A history that is told again says where a sentence was changed without a new version."""

from dataclasses import replace
from typing import Any

import pytest

from tests.triptych.engine.approvals import DAYS, Approval, Sale, comes_to_wait
from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.canonical.base import Model
from triptych.engine import Saga, Step
from triptych.engine.histories import History, difference
from triptych.engine.sentence import Part
from triptych.problems import NotFound, PaymentDeclined, Unavailable


def saga(steps: list[Step[OrderState]] | list[Part[OrderState]], state: type[Any] = OrderState) -> Saga[Any]:
    """Other code for the processes of the house."""

    def nobody() -> Any:
        raise AssertionError("nothing is asked of the engine")

    return Saga("trade.fulfil", 1, steps, state, "accepted", None, nobody)


async def taken_down(house: House, trade: Trade) -> History:
    """The history of an order."""
    async with house.open(trade.sentence()) as trading:
        ended = await trading.run("ord_1")
        return await trading.engine.history(ended.id)


async def test_what_was_completed_rejected_parked_or_cancelled_goes_the_same_way_again(
    house: House, trade: Trade
):
    completed = await taken_down(house, trade)
    trade.fails("ship", PaymentDeclined())
    async with house.open(trade.sentence()) as trading:
        rejected = await trading.engine.history((await trading.run("ord_2")).id)
        trade.works("ship")
        trade.fails("authorise", Unavailable())
        letter = await trading.run("ord_3")
        parked = await trading.engine.history(letter.id)
        await trading.engine.cancel(letter.id)
        cancelled = await trading.engine.history((await trading.settled("ord_3")).id)
    found = [completed, rejected, parked, cancelled]
    assert [one.phase for one in found] == ["completed", "rejected", "parked", "cancelled"]
    assert [await difference(one, saga(trade.sentence())) for one in found] == [None] * 4


async def test_what_waits_goes_the_same_way_again_as_far_as_it_had_come(house: House, trade: Trade):
    sale = Sale(trade, within=DAYS)
    async with house.open(sale.sentence()) as trading:
        await trading.start("ord_1")
        await comes_to_wait(trading, "ord_1")
        waiting = await trading.engine.history("trade.fulfil:ord_1")
        await trading.fulfil.tell("ord_1", "approval", Approval(by="Ada"))
        ended = await trading.engine.history((await trading.settled("ord_1")).id)
    assert await difference(waiting, saga(sale.sentence())) is None
    assert await difference(ended, saga(sale.sentence())) is None
    assert await difference(waiting, saga(trade.sentence())) == (
        "it had come to approval, where its sentence now has authorise"
    )


class Wider(Model):
    """A state with a field that older ones lack."""

    order: str
    reservation: str | None = None
    done: tuple[str, ...] = ()
    warehouse: str


async def test_every_change_is_told_with_its_line(house: House, trade: Trade):
    completed = await taken_down(house, trade)
    reserve, authorise, ship, notify = trade.sentence()
    changed = {
        "it had come to reserve, where its sentence now has authorise": [authorise, reserve, ship, notify],
        "it had come to ship, where its sentence now has notify": [reserve, authorise, notify],
        "it had come to notify, where its sentence now has tell": [
            reserve,
            authorise,
            ship,
            replace(notify, name="tell"),
        ],
        "it had come to notify, where its sentence now ends as completed": [reserve, authorise, ship],
        "it had ended as completed, where its sentence now has archive": [
            *trade.sentence(),
            Step("archive", trade.does("archive")),
        ],
    }
    for told, steps in changed.items():
        assert await difference(completed, saga(steps)) == told
    lacks = await difference(completed, saga(trade.sentence(), Wider))
    assert lacks == "its state at its beginning is none any more: warehouse: Field required"


async def test_an_undo_that_was_taken_out_is_told(house: House, trade: Trade):
    trade.fails("ship", PaymentDeclined())
    rejected = await taken_down(house, trade)
    reserve, authorise, *rest = trade.sentence()
    told = await difference(rejected, saga([reserve, replace(authorise, undo=None), *rest]))
    assert told == "it had come to undo authorise, where its sentence now has undo reserve"


async def test_a_history_of_nobody_is_not_found(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        with pytest.raises(NotFound, match=r"there is no process trade\.fulfil:nobody"):
            await trading.engine.history("trade.fulfil:nobody")

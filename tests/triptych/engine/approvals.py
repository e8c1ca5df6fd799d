"""Sales that wait for an approval."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.triptych.engine.conftest import Open, OrderState, Trade
from triptych.canonical.base import Model
from triptych.engine import Step, Wait
from triptych.engine.sentence import Part
from triptych.problems import InvalidState

SOON = timedelta(seconds=0.2)
DAYS = timedelta(days=5)


class Approval(Model):
    """What the head of sales says."""

    by: str
    granted: bool = True


def approve(state: OrderState, approval: Approval) -> dict[str, Any]:
    """Note who approved it; refuse what was not granted."""
    if not approval.granted:
        raise InvalidState(f"{approval.by} says no")
    return {"done": (*state.done, f"approved by {approval.by}")}


class Sale:
    """A sentence with an approval between reserving and shipping."""

    def __init__(self, trade: Trade, **wait: Any) -> None:
        self.trade = trade
        self.wait: Wait[OrderState, Approval] = Wait(
            "approval", Approval, approve, meanwhile="in approval", reaches="approved", **wait
        )

    def sentence(self) -> list[Part[OrderState]]:
        """Reserve, wait for the approval, ship."""
        does = self.trade.does
        return [
            Step("reserve", does("reserve"), undo=does("release"), reaches="reserved"),
            self.wait,
            Step("ship", does("ship"), reaches="shipped", final=True),
        ]


async def comes_to_wait(trading: Open, order: str) -> None:
    """Wait until the process of an order waits, and no run has it."""
    for _ in range(1000):
        if order in {each.about for each in await trading.engine.list(which="waiting")}:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"{order} does not wait: {await trading.fulfil.status(order)}")

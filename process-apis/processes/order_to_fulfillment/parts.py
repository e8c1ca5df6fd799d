"""What is known of an order that is sent in parts, and what follows from it alone."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field

from processes.order_to_fulfillment.contract import Parcel
from processes.order_to_fulfillment.portions import lacking, price, stock_lines
from processes.order_to_fulfillment.steps import Fulfilment
from triptych.canonical.base import Model, Timestamp
from triptych.canonical.fields import Prose
from triptych.canonical.lines import StockLine, counted
from triptych.canonical.money import Money
from triptych.canonical.order import Order

LONGEST = timedelta(days=1)
"""Stock is looked for once a day at least."""


@dataclass(frozen=True, slots=True)
class BackOrders:
    """How long an order waits for what it lacks."""

    within: timedelta = timedelta(days=30)
    """After that the rest is called off."""
    look: timedelta = timedelta(minutes=1)
    """When stock is looked for the first time without word of any; the pause doubles each time."""


class Supply(Model):
    """That there may be stock, or that the customer waits for none."""

    called_off: bool = False


class InParts(Fulfilment):
    """What is known of one order that is sent in parts."""

    until: Timestamp
    """When the rest is called off."""
    ordered: tuple[StockLine, ...]
    held: tuple[StockLine, ...] = ()
    """What is promised to it, and not sent."""
    parcels: tuple[Parcel, ...] = ()
    looks: int = Field(default=0, ge=0)
    """How often stock was looked for in vain."""
    announced: int = 0
    """Of how many parcels the customer was told."""
    called_off_because: Prose | None = None
    """Why what it lacks is not sent any more."""

    @property
    def sent(self) -> Counter[str]:
        """What was sent."""
        return counted(line for parcel in self.parcels for line in parcel.lines)

    @property
    def lacks(self) -> Counter[str]:
        """What was not sent."""
        return lacking(self.ordered, stock_lines(self.sent))


def charge(order: Order, before: Counter[str], part: Counter[str]) -> Money:
    """What is taken for a part of an order: carriage with the first one."""
    amount = price(order.lines, before, part)
    return amount if before else amount + order.freight

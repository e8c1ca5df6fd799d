"""What is known of a quote on its way to cash, and what follows from it alone."""

from decimal import Decimal
from itertools import accumulate

from processes.order_to_fulfillment.contract import OrderState
from processes.quote_to_cash.contract import Milestone
from triptych.canonical.base import Model, Timestamp
from triptych.canonical.fields import Code, Id, Name, Prose
from triptych.canonical.money import Amount, Money
from triptych.canonical.party import Address


class Sale(Model):
    """The state of the process of one quote."""

    quote_id: Id
    customer_id: Id
    reference: Code | None = None
    total: Amount
    valid_until: Timestamp | None = None
    ship_to: Address
    milestones: tuple[Milestone, ...]
    approved_by: Name | None = None
    accepted: bool | None = None
    declined_because: Prose | None = None
    order_id: Id | None = None
    order_state: OrderState | None = None
    due_at: Timestamp | None = None
    invoices: tuple[Id, ...] = ()
    reminders: int = 0
    bank_reference: Code | None = None
    paid: int = 0


def amounts(total: Money, milestones: tuple[Milestone, ...]) -> list[Money]:
    """What each milestone comes to, rounded so that all of them together are the total."""
    reached = [total.times(share) for share in accumulate(each.share for each in milestones)]
    before = [total.times(Decimal(0)), *reached]
    return [now - then for now, then in zip(reached, before, strict=False)]

"""The business sentence for goods that a customer sends back, from the request to the money."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from processes.order_to_fulfillment.contract import PlannedRefund, ReturnState
from processes.order_to_fulfillment.portions import given_back, price, worth
from systems.billing.contract import Billing
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Inspection, Refusal, Warehouse
from triptych.canonical.base import Model
from triptych.canonical.billing import NewRefund, Payment, PaymentFilter
from triptych.canonical.fields import Id, Name, PersonalProse, Prose
from triptych.canonical.lines import StockLine, counted
from triptych.canonical.messages import NewMessage
from triptych.canonical.money import Amount, Money
from triptych.canonical.order import Order, OrderStatus
from triptych.canonical.shipping import (
    InspectedLine,
    ReturnedLine,
    ReturnFilter,
    ReturnReason,
    ReturnStatus,
    ShipmentFilter,
)
from triptych.contract import every
from triptych.engine import Decided, Part, Step, Wait
from triptych.problems import InvalidState, Unavailable


class TakingBack(Model):
    """What is known of goods on their way back."""

    return_id: Id
    order_id: Id
    customer_id: Id
    lines: tuple[StockLine, ...]
    reason: ReturnReason
    note: PersonalProse | None = None
    billed_separately: bool = False
    """Whether whoever placed the order gives the money back."""
    approved: bool | None = None
    decided_by: Name | None = None
    because: Prose | None = None
    inspected: tuple[InspectedLine, ...] = ()
    location_id: Id | None = None
    came_back: tuple[ReturnedLine, ...] = ()
    everything: bool = False
    """Whether nothing of the order is with the customer any more, nor will be."""
    refunds: tuple[PlannedRefund, ...] = ()
    refunded: Amount | None = None


@dataclass(frozen=True, slots=True)
class ReturnTerms:
    """How long the company waits for what."""

    goods: timedelta = timedelta(days=30)
    """From the approval on; goods that come later are not taken back."""


class ReturnSteps:
    """The steps, over the system APIs."""

    def __init__(
        self,
        erp: Erp,
        warehouse: Warehouse,
        billing: Billing,
        marketing: Marketing,
        is_done: Callable[[Order], Awaitable[bool]],
        terms: ReturnTerms,
    ) -> None:
        """`is_done` says whether an order's own process has come to its end."""
        self._erp = erp
        self._warehouse = warehouse
        self._billing = billing
        self._marketing = marketing
        self._is_done = is_done
        self._terms = terms

    def sentence(self) -> list[Part[TakingBack]]:
        """From the request to the money."""
        return [
            Step("enter", self.check_return, undo=self.refuse_goods),
            Wait("decision", Decided, self.take_decision),
            Step("approve", self.approve_return, reaches=ReturnState.APPROVED),
            Step("invite", self.invite_customer, optional=True),
            Wait("goods", Inspection, self.take_inspection, within=self._terms.goods),
            Step("receive", self.receive_goods, reaches=ReturnState.RECEIVED, final=True),
            Step("reckon", self.reckon, when=self.is_refunded_here),
            Step("refund", self.refund, when=self.is_refunded_here),
            Step("close", self.close_return, reaches=ReturnState.CLOSED),
            Step("thank", self.thank_customer, optional=True),
        ]

    # --- the goods ---

    async def check_return(self, state: TakingBack) -> None:
        """See that nobody has refused it in the warehouse meanwhile."""
        returned = await self._warehouse.returns.get(state.return_id)
        if returned.status is ReturnStatus.REJECTED:
            raise InvalidState(f"{returned.id} was refused in the warehouse: {returned.rejected_because}.")

    async def refuse_goods(self, state: TakingBack) -> None:
        """Note in the warehouse that they do not come, unless they have."""
        returned = await self._warehouse.returns.get(state.return_id)
        if returned.status in (ReturnStatus.REQUESTED, ReturnStatus.APPROVED):
            because = state.because if state.approved is False else None
            reason = because or "It was withdrawn, or did not come in time."
            await self._warehouse.refuse_return(returned.id, Refusal(reason=reason))

    def take_decision(self, state: TakingBack, decided: Decided) -> dict[str, Any]:
        """Who decided what, and why."""
        return {"approved": decided.approved, "decided_by": decided.by, "because": decided.reason}

    async def approve_return(self, state: TakingBack) -> None:
        """Let the customer send the goods; refused where that was decided."""
        if not state.approved:
            raise InvalidState(f"{state.decided_by} refuses it: {state.because or 'no reason given'}.")
        returned = await self._warehouse.returns.get(state.return_id)
        if returned.status is not ReturnStatus.RECEIVED:  # without having been announced
            await self._warehouse.approve_return(returned.id)

    async def invite_customer(self, state: TakingBack) -> None:
        """Tell the customer to send the goods, and until when."""
        goods = [f"{line.quantity} × {line.sku}" for line in state.lines[:30]]
        days = f"within {self._terms.goods.days} days, with this number: {state.return_id}"
        await self._tell(state, "Your return is approved", "\n".join([f"Please send {days}", "", *goods]))

    def take_inspection(self, state: TakingBack, inspection: Inspection) -> dict[str, Any]:
        """What came back."""
        return {"inspected": inspection.lines, "location_id": inspection.location_id}

    async def receive_goods(self, state: TakingBack) -> dict[str, Any]:
        """Put what is good into stock again, unless that was done in the warehouse."""
        inspection = Inspection(lines=state.inspected, location_id=state.location_id)
        returned = await self._warehouse.inspect_return(state.return_id, inspection)
        return {"came_back": returned.came_back}

    async def close_return(self, state: TakingBack) -> None:
        """Note that it is settled; and in the ERP, when nothing is left of the order."""
        await self._warehouse.close_return(state.return_id)
        order = await self._erp.orders.get(state.order_id)
        if state.everything and order.status in (OrderStatus.SHIPPED, OrderStatus.FULFILLED):
            await self._erp.return_order(order.id)

    # --- the money ---

    def is_refunded_here(self, state: TakingBack) -> bool:
        """Whether the money is this process's business."""
        return not state.billed_separately

    async def reckon(self, state: TakingBack) -> dict[str, Any]:
        """Work out what is given back, and of which payments; once, so that each attempt gives the same.

        Carriage goes back with the last piece of an order that has come to its end.
        """
        order = await self._erp.orders.get(state.order_id)
        payments = await self._payments(order)
        total = Money.sum((payment.captured for payment in payments), order.total.currency)
        before, now = await self._before(state), counted(state.came_back)
        done = await self._is_done(order)
        everything = done and before + now == await self._sent(order)
        first = worth(order.lines, before)
        last = total if everything else first + self._price(order, state)
        if last > total and not done:
            raise Unavailable(f"Not all that was sent of {order.id} is charged yet.")
        shares = given_back([payment.captured for payment in payments], first, last)
        refunds = tuple(
            PlannedRefund(payment_id=payment.id, amount=share)
            for payment, share in zip(payments, shares, strict=True)
            if share.amount_minor
        )
        return {"refunds": refunds, "everything": everything}

    def _price(self, order: Order, state: TakingBack) -> Money:
        """What is given back for the goods, after what came back of the same products before."""
        earlier = Counter({line.sku: line.earlier for line in state.came_back})
        return price(order.lines, earlier, counted(state.came_back))

    async def _payments(self, order: Order) -> list[Payment]:
        """What was taken for the order, the first payment first."""
        theirs = PaymentFilter(order_id=order.id, limit=200)
        return [found async for found in every(self._billing.payments, theirs) if found.captured.amount_minor]

    async def _sent(self, order: Order) -> Counter[str]:
        """What was sent of the order."""
        theirs = ShipmentFilter(order_id=(order.id,), limit=200)
        found = [one async for one in every(self._warehouse.shipments, theirs) if one.has_left]
        return counted(line for shipment in found for line in shipment.lines)

    async def _before(self, state: TakingBack) -> Counter[str]:
        """What of the order came back before this."""
        theirs = ReturnFilter(order_id=state.order_id, limit=200)
        found = [one async for one in every(self._warehouse.returns, theirs) if one.received_at]
        found.sort(key=lambda one: (one.received_at, one.id))
        mine = [one.id for one in found].index(state.return_id)
        return counted(line for one in found[:mine] for line in one.came_back)

    async def refund(self, state: TakingBack) -> dict[str, Money]:
        """Give back what was worked out."""
        for planned in state.refunds:
            await self._billing.refunds.create(
                NewRefund(
                    payment_id=planned.payment_id, amount=planned.amount, reason=f"Return {state.return_id}."
                )
            )
        currency = (await self._erp.orders.get(state.order_id)).total.currency
        return {"refunded": Money.sum((planned.amount for planned in state.refunds), currency)}

    async def thank_customer(self, state: TakingBack) -> None:
        """Tell the customer what came back, and how much money they get."""
        goods = [f"{line.quantity} × {line.sku}" for line in state.came_back[:30]]
        money = [f"We give you back {state.refunded}."] if state.refunded else []
        await self._tell(state, "Your return has come in", "\n".join([*money, "We received:", "", *goods]))

    async def _tell(self, state: TakingBack, subject: str, body: str) -> None:
        await self._marketing.messages.create(
            NewMessage(
                customer_id=state.customer_id,
                order_id=state.order_id,
                subject=f"{subject} ({state.return_id})",
                body=body,
            )
        )

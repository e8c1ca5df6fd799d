"""The business sentence: what is done for a quote, in order, each step with its undo beside it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from processes.order_to_fulfillment.contract import OrderState, OrderToFulfillment, PaymentMeans, PlaceOrder
from processes.quote_to_cash.contract import Answer, Due, MilestoneReached, PaymentReceived, QuoteState
from processes.quote_to_cash.sale import Sale, amounts
from systems.billing.contract import Billing, Settlement
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from triptych.canonical.billing import InvoiceStatus, NewInvoice, NewPayment, PaymentMethod
from triptych.canonical.lines import NewOrderLine, as_new
from triptych.canonical.messages import NewMessage
from triptych.canonical.order import NewOrder, Order, OrderChannel, OrderFilter
from triptych.canonical.sales import QuoteStatus
from triptych.contract import every
from triptych.engine import Decided, Part, Patience, Reminders, Repeat, Step, Wait
from triptych.problems import InvalidState, Unavailable

OVER = (OrderState.REJECTED, OrderState.CANCELLED)
BINDING = (OrderState.CONFIRMED, OrderState.SHIPPED, OrderState.COMPLETED)
UNTIL_CONFIRMED = Patience(attempts=60, delay=0.25, longest=60.0)
"""About three quarters of an hour; an order is confirmed in seconds, unless a system is down."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long the company waits for what."""

    approval: timedelta = timedelta(days=5)
    offer: timedelta = timedelta(days=30)
    """How long a quote stands that does not say it."""
    dunning: timedelta = timedelta(days=7)
    """Between two reminders."""
    reminders: int = 3


class QuoteSteps:
    """The steps, over the system APIs and order-to-fulfillment."""

    def __init__(
        self,
        crm: Crm,
        erp: Erp,
        billing: Billing,
        marketing: Marketing,
        orders: OrderToFulfillment,
        threshold: int,
        terms: Terms,
    ) -> None:
        self._crm = crm
        self._erp = erp
        self._billing = billing
        self._marketing = marketing
        self._orders = orders
        self._threshold = threshold
        self._terms = terms

    def sentence(self) -> list[Part[Sale]]:
        """From the draft to the last payment."""
        terms = self._terms
        return [
            Step("check", self.check_quote, undo=self.let_lapse),
            Wait(
                "approval",
                Decided,
                self.take_decision,
                when=self.needs_approval,
                within=terms.approval,
                meanwhile=QuoteState.IN_APPROVAL,
                reaches=QuoteState.APPROVED,
            ),
            Step("offer", self.send_offer, reaches=QuoteState.OFFERED),
            Wait("answer", Answer, self.take_answer, within=self.stands_until),
            Step("accept", self.note_answer, reaches=QuoteState.ACCEPTED),
            Step("order", self.place_order, undo=self.call_off_order, reaches=QuoteState.ORDERED),
            Step("look", self.look_at_order, patience=UNTIL_CONFIRMED),
            Step("confirm", self.confirm_to_customer, final=True, reaches=QuoteState.CONFIRMED),
            Repeat("milestones", self.more_to_bill, self.milestone(), reaches=QuoteState.PAID),
            Step("thank", self.thank_customer, optional=True),
        ]

    def milestone(self) -> list[Step[Sale] | Wait[Sale, Any]]:
        """What is done for each milestone."""
        dunning = Reminders(self.dun, every=self._terms.dunning, times=self._terms.reminders)
        return [
            Wait(
                "reached",
                MilestoneReached,
                self.go_on,
                when=self.is_reported,
                meanwhile=QuoteState.IN_DELIVERY,
            ),
            Step("due", self.set_due_date),
            Step("invoice", self.issue_invoice, reaches=QuoteState.INVOICED),
            Wait("payment", PaymentReceived, self.take_payment, within=self.due, reminders=dunning),
            Step("settle", self.settle_invoice),
        ]

    # --- the offer ---

    async def check_quote(self, state: Sale) -> None:
        """See that the quote is still a draft; somebody may have dealt with it in the CRM meanwhile."""
        quote = await self._crm.quotes.get(state.quote_id)
        if quote.status is not QuoteStatus.DRAFT:
            raise InvalidState(f"{quote.id} is {quote.status.value} in the CRM already.")

    async def let_lapse(self, state: Sale) -> None:
        """Note that it can no longer be accepted, unless the customer has answered."""
        quote = await self._crm.quotes.get(state.quote_id)
        if quote.status in (QuoteStatus.DRAFT, QuoteStatus.SENT):
            await self._crm.expire_quote(quote.id)

    def needs_approval(self, state: Sale) -> bool:
        """Whether it is over the threshold."""
        return state.total.amount > self._threshold

    def take_decision(self, state: Sale, decided: Decided) -> dict[str, str]:
        """Who approved it; refused where that was decided."""
        if not decided.approved:
            raise InvalidState(f"{decided.by} does not approve it: {decided.reason or 'no reason given'}.")
        return {"approved_by": decided.by}

    async def send_offer(self, state: Sale) -> None:
        """Make it binding on us, and tell the customer."""
        quote = await self._crm.send_quote(state.quote_id)
        lines = [f"{line.quantity} × {line.name}: {line.line_total}" for line in quote.lines[:30]]
        await self._tell(state, "Our offer", "\n".join([*lines, f"Together with carriage: {quote.total}"]))

    def stands_until(self, state: Sale) -> timedelta | datetime:
        """Until when it can be accepted."""
        return state.valid_until or self._terms.offer

    def take_answer(self, state: Sale, answer: Answer) -> dict[str, Any]:
        """What the customer says."""
        return {"accepted": answer.accepted, "declined_because": answer.reason}

    async def note_answer(self, state: Sale) -> None:
        """Note it in the CRM; refused when it is a no."""
        if not state.accepted:
            await self._crm.decline_quote(state.quote_id)
            raise InvalidState(f"The customer declined: {state.declined_because or 'no reason given'}.")
        await self._crm.accept_quote(state.quote_id)

    # --- the order ---

    async def place_order(self, state: Sale) -> dict[str, str]:
        """Have it ordered, invoiced by us."""
        if placed := await self._ordered(state):
            return {"order_id": placed.id}
        quote = await self._crm.quotes.get(state.quote_id)
        order = NewOrder(
            reference=state.reference,
            customer_id=state.customer_id,
            channel=OrderChannel.SALES,
            quote_id=quote.id,
            lines=as_new(quote.lines),
            freight=quote.freight,
            ship_to=state.ship_to,
        )
        means = PaymentMeans(method=PaymentMethod.ON_ACCOUNT)
        placed = await self._orders.place_order(
            PlaceOrder(order=order, payment=means, billed_separately=True)
        )
        return {"order_id": placed.id}

    async def call_off_order(self, state: Sale) -> None:
        """Call it off, if there is one and it goes on."""
        order = await self._ordered(state)
        if order and (await self._orders.order(order.id)).status not in OVER:
            await self._orders.cancel_order(order.id)

    async def _ordered(self, state: Sale) -> Order | None:
        """The order that was placed on this quote, whether or not we heard of it."""
        theirs = OrderFilter(customer_id=state.customer_id, channel=OrderChannel.SALES)
        async for order in every(self._erp.orders, theirs):
            if order.quote_id == state.quote_id:
                return order
        return None

    async def look_at_order(self, state: Sale) -> dict[str, str]:
        """See whether it is confirmed; refused when it did not go through."""
        assert state.order_id is not None
        order = await self._orders.order(state.order_id)
        if order.status in OVER:
            why = order.problem.detail if order.problem else "it was called off"
            raise InvalidState(f"The order {order.id} did not go through: {why}")
        if order.status not in BINDING:
            raise Unavailable(f"The order {order.id} is not confirmed yet: it is {order.status.value}.")
        return {"order_state": order.status}

    async def confirm_to_customer(self, state: Sale) -> None:
        """Confirm the order and how it is paid: from here on nobody withdraws."""
        parts = zip(state.milestones, amounts(state.total, state.milestones), strict=True)
        plan = [f"{part.name}: {amount}, within {part.days} days" for part, amount in parts]
        await self._tell(state, "Your order is confirmed", "\n".join(plan))

    # --- the money ---

    def more_to_bill(self, state: Sale) -> bool:
        """Whether there are milestones that are not paid."""
        return state.paid < len(state.milestones)

    def is_reported(self, state: Sale) -> bool:
        """Whether somebody has to report the present milestone."""
        return state.milestones[state.paid].due is Due.ON_REPORT

    def go_on(self, state: Sale, message: MilestoneReached) -> None:
        """That it is reached says it all."""

    async def set_due_date(self, state: Sale) -> dict[str, datetime]:
        """Say until when it is to be paid: once, so that each attempt asks for the same invoice."""
        days = state.milestones[state.paid].days
        return {"due_at": datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)}

    def due(self, state: Sale) -> datetime:
        """Until when it is to be paid."""
        assert state.due_at is not None
        return state.due_at

    async def issue_invoice(self, state: Sale) -> dict[str, Any]:
        """Issue the invoice of the present milestone."""
        assert state.order_id is not None
        milestone = state.milestones[state.paid]
        amount = amounts(state.total, state.milestones)[state.paid]
        invoice = await self._billing.invoices.create(
            NewInvoice(
                order_id=state.order_id,
                customer_id=state.customer_id,
                reference=state.reference,
                due_at=state.due_at,
                lines=(
                    NewOrderLine(
                        sku=f"MILESTONE-{state.paid + 1}", quantity=1, name=milestone.name, unit_price=amount
                    ),
                ),
            )
        )
        return {"invoices": (*state.invoices, invoice.id)}

    async def dun(self, state: Sale) -> dict[str, int]:
        """Remind the customer of the open invoice."""
        invoice = await self._billing.invoices.get(state.invoices[-1])
        number = state.reminders + 1
        await self._tell(
            state,
            f"Reminder {number}: invoice {invoice.number}",
            f"{invoice.total} were due on {state.due_at:%Y-%m-%d}. Please pay them now.",
        )
        return {"reminders": number}

    def take_payment(self, state: Sale, payment: PaymentReceived) -> dict[str, str]:
        """What the bank calls it."""
        return {"bank_reference": payment.bank_reference}

    async def settle_invoice(self, state: Sale) -> dict[str, Any]:
        """Enter the payment, and settle the invoice with it, unless that was done in billing."""
        settled = {"paid": state.paid + 1, "reminders": 0, "due_at": None}
        invoice = await self._billing.invoices.get(state.invoices[-1])
        if invoice.status is InvoiceStatus.PAID:
            return settled
        promised = await self._billing.payments.create(
            NewPayment(
                order_id=invoice.order_id,
                customer_id=state.customer_id,
                amount=invoice.total,
                method=PaymentMethod.TRANSFER,
            )
        )
        payment = await self._billing.capture_payment(promised.id)
        await self._billing.settle_invoice(invoice.id, Settlement(payment_id=payment.id))
        return settled

    async def thank_customer(self, state: Sale) -> None:
        """Tell them that all is paid."""
        await self._tell(state, "Thank you", f"{state.total} are paid in full.")

    async def _tell(self, state: Sale, subject: str, body: str) -> None:
        about = f"{subject} ({state.reference or state.quote_id})"
        await self._marketing.messages.create(
            NewMessage(customer_id=state.customer_id, order_id=state.order_id, subject=about, body=body)
        )

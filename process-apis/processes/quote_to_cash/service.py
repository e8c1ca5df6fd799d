"""How quote-to-cash keeps its promise: the CRM keeps the quote, a durable process carries it out."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import ClassVar

from processes.order_to_fulfillment.contract import OrderToFulfillment
from processes.quote_to_cash.contract import (
    Answer,
    Decision,
    DrawUpQuote,
    Due,
    MilestoneReached,
    PaymentReceived,
    QuoteProgress,
    QuoteToCash,
    Work,
)
from processes.quote_to_cash.progress import progress
from processes.quote_to_cash.sale import Sale, amounts
from processes.quote_to_cash.steps import QuoteSteps, Terms
from systems.billing.contract import Billing
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from triptych.canonical.billing import Invoice
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.party import CustomerStatus
from triptych.canonical.product import ProductFilter
from triptych.context import current
from triptych.contract import Happened, every, on
from triptych.engine import Decided, ProcessEngine, ProcessStatus
from triptych.problems import InvalidInput, InvalidState, NotFound
from triptych.settings import Settings


class QuoteToCashService(QuoteToCash):
    """Quotes are kept in the CRM, processes in the engine; the quote's id names both."""

    terms: ClassVar[Terms] = Terms()

    def __init__(
        self,
        crm: Crm,
        erp: Erp,
        billing: Billing,
        marketing: Marketing,
        orders: OrderToFulfillment,
        engine: ProcessEngine,
        settings: Settings,
    ) -> None:
        self._crm = crm
        self._erp = erp
        self._engine = engine
        steps = QuoteSteps(crm, erp, billing, marketing, orders, settings.quote_approval_over, self.terms)
        self._sales = engine.saga(
            "quote-to-cash.sell", version=1, steps=steps.sentence(), state=Sale, begins="draft"
        )

    async def draw_up_quote(self, new: DrawUpQuote) -> QuoteProgress:
        await self._check_customer(new.quote.customer_id)
        lines = await self._priced(new.quote.lines)
        quote = await self._crm.quotes.create(new.quote.model_copy(update={"lines": lines}))
        sale = Sale(
            quote_id=quote.id,
            customer_id=quote.customer_id,
            reference=quote.reference,
            total=quote.total,
            valid_until=quote.valid_until,
            ship_to=new.ship_to,
            milestones=new.milestones,
        )
        return self._shown(await self._sales.start(quote.id, sale))

    async def _check_customer(self, customer_id: str) -> None:
        try:
            customer = await self._crm.customers.get(customer_id)
        except NotFound:
            customer = None
        if customer is None or customer.status is not CustomerStatus.ACTIVE:
            raise InvalidInput.at("/quote/customer_id", "there is no active customer with this id")

    async def _priced(self, lines: tuple[NewOrderLine, ...]) -> tuple[NewOrderLine, ...]:
        """The lines with the products' names and prices where they leave them open."""
        skus = tuple(dict.fromkeys(line.sku for line in lines))
        chunks = [skus[start : start + 100] for start in range(0, len(skus), 100)]
        products = {
            product.sku: product
            for chunk in chunks
            async for product in every(self._erp.products, ProductFilter(sku=chunk))
        }
        found: list[NewOrderLine] = []
        for number, line in enumerate(lines):
            product = products.get(line.sku)
            if product is None:
                raise InvalidInput.at(f"/quote/lines/{number}/sku", f"there is no product {line.sku}")
            open_terms = {
                "name": line.name or product.name,
                "unit_price": line.unit_price or product.price,
            }
            found.append(line.model_copy(update=open_terms))
        return tuple(found)

    async def waiting(self, work: Work | None = None, limit: int = 50) -> tuple[QuoteProgress, ...]:
        found = await self._engine.waiting("quote-to-cash.sell", work, limit=limit)
        return tuple(self._shown(status).model_copy(update={"timeline": ()}) for status in found)

    async def quote(self, quote_id: str) -> QuoteProgress:
        return self._shown(await self._sales.status(quote_id))

    async def decide_quote(self, quote_id: str, decision: Decision) -> QuoteProgress:
        who = current().caller.who
        decided = Decided(approved=decision.approved, reason=decision.reason, by=who)
        return self._shown(await self._sales.tell(quote_id, "approval", decided))

    async def answer_quote(self, quote_id: str, answer: Answer) -> QuoteProgress:
        return self._shown(await self._sales.tell(quote_id, "answer", answer))

    async def reach_milestone(self, quote_id: str, reached: MilestoneReached) -> QuoteProgress:
        number = reached.milestone
        sale = await self._with_milestone(quote_id, number)
        if sale.milestones[number - 1].due is not Due.ON_REPORT:
            raise InvalidState(f"Milestone {number} is due with the order: nobody has to report it.")
        return self._shown(await self._sales.tell(quote_id, f"reached.{number}", reached))

    async def receive_payment(self, quote_id: str, payment: PaymentReceived) -> QuoteProgress:
        number = payment.milestone
        sale = await self._with_milestone(quote_id, number)
        if number > len(sale.invoices):
            raise InvalidState(f"Milestone {number} is not invoiced yet.")
        owed = amounts(sale.total, sale.milestones)[number - 1]
        if payment.amount != owed:
            raise InvalidInput.at("/amount", f"the invoice is of {owed}, not {payment.amount}")
        return self._shown(await self._sales.tell(quote_id, f"payment.{number}", payment))

    async def _with_milestone(self, quote_id: str, number: int) -> Sale:
        sale = await self._sales.state(quote_id)
        if number > len(sale.milestones):
            raise NotFound(f"{quote_id} has {len(sale.milestones)} milestones, and no {number}.")
        return sale

    async def cancel_quote(self, quote_id: str) -> QuoteProgress:
        return self._shown(await self._sales.cancel(quote_id))

    async def follow_quote(self, quote_id: str, last_event_id: str = "") -> AsyncIterator[QuoteProgress]:
        async for status in self._sales.follow(quote_id):
            update = self._shown(status)
            if str(update.event_id) != last_event_id:
                yield update

    @on(Billing.invoice_paid)
    async def hear_of_payment(self, happened: Happened[Invoice]) -> None:
        """An invoice that somebody settles in billing is paid here too."""
        invoice = happened.data
        # it may be no milestone's, or paid by this process itself, which was told before
        with suppress(NotFound, InvalidState):
            order = await self._erp.orders.get(invoice.order_id)
            sale = await self._sales.state(order.quote_id or invoice.order_id)
            if invoice.id in sale.invoices:
                number = sale.invoices.index(invoice.id) + 1
                paid = PaymentReceived(
                    milestone=number, amount=invoice.total, bank_reference=invoice.payment_id or invoice.id
                )
                await self._sales.tell(sale.quote_id, f"payment.{number}", paid)

    def _shown(self, status: ProcessStatus) -> QuoteProgress:
        return progress(self._sales.read(status), status)

"""A quote's whole journey to the last payment, in every topology; and what happens when nobody pays."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Protocol, TypeVar

import pytest

from processes.quote_to_cash.contract import (
    Answer,
    Decision,
    DrawUpQuote,
    Due,
    Milestone,
    MilestoneReached,
    PaymentReceived,
    QuoteProgress,
    QuoteToCash,
)
from processes.quote_to_cash.service import QuoteToCashService
from processes.quote_to_cash.steps import Terms
from systems.billing.contract import Billing, Settlement
from systems.crm.contract import Crm
from systems.erp.contract import Erp
from systems.marketing.contract import Marketing
from systems.warehouse.contract import Warehouse
from tests.landscape import Landscape
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.billing import InvoiceFilter, InvoiceStatus, NewPayment, PaymentFilter, PaymentMethod
from triptych.canonical.inventory import NewInventoryLevel, NewLocation
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.messages import MessageFilter
from triptych.canonical.money import Money
from triptych.canonical.order import OrderStatus
from triptych.canonical.party import Address, NewCustomer
from triptych.canonical.product import NewProduct
from triptych.canonical.sales import NewQuote, QuoteStatus
from triptych.contract import Api
from triptych.settings import Settings

A = TypeVar("A", bound=Api)
PLAN = (
    Milestone(name="On order", share=Decimal("0.3333"), days=14),
    Milestone(name="On delivery", share=Decimal("0.6667"), due=Due.ON_REPORT, days=0),
)
BERLIN = Address(line1="Obere Str. 57", city="Berlin", postal_code="12209", country="DE")


class Clients(Protocol):
    """Where clients of services come from."""

    def client(self, api: type[A]) -> A:
        """A client of a service."""
        ...


class Sales:
    """A customer, a product at 18 EUR and its stock, made afresh for one test."""

    def __init__(self, clients: Clients) -> None:
        self.client = clients.client
        self.quotes = clients.client(QuoteToCash)
        self.sku = f"TEA-{token_hex(4)}".upper()

    async def open(self, on_hand: int) -> "Sales":
        customer = await self.client(Crm).customers.create(NewCustomer(name="Acme Tea House"))
        self.customer_id = customer.id
        price = Money.of("18.00", "EUR")
        await self.client(Erp).products.create(NewProduct(sku=self.sku, name="Chai", price=price))
        warehouse = self.client(Warehouse)
        berlin = await warehouse.locations.create(NewLocation(code=token_hex(4), name="Berlin"))
        await warehouse.inventory.create(
            NewInventoryLevel(sku=self.sku, location_id=berlin.id, on_hand=on_hand)
        )
        return self

    async def quote(self, quantity: int) -> QuoteProgress:
        """Draw a quote up that leaves the price to the product."""
        lines = (NewOrderLine(sku=self.sku, quantity=quantity),)
        quote = NewQuote(customer_id=self.customer_id, reference="ENQ-1", lines=lines)
        return await self.quotes.draw_up_quote(DrawUpQuote(quote=quote, ship_to=BERLIN, milestones=PLAN))

    async def waits(self, quote: QuoteProgress, what: str) -> QuoteProgress:
        """The quote once it waits for this."""
        found = quote
        for _ in range(1200):
            found = await self.quotes.quote(quote.id)
            if found.waiting and found.waiting.what == what:
                return found
            await asyncio.sleep(0.05)
        pytest.fail(f"it does not wait for {what}: {found}")

    async def ends(self, quote: QuoteProgress) -> QuoteProgress:
        """The quote at its end."""
        async with asyncio.timeout(60):
            updates = [update async for update in self.quotes.follow_quote(quote.id)]
        return updates[-1]

    async def told(self) -> list[str]:
        """What the customer was told."""
        mine = MessageFilter(customer_id=self.customer_id)
        return [found.subject for found in (await self.client(Marketing).messages.find(mine)).items]


@pytest.fixture
async def sales(landscape: Landscape) -> Sales:
    return await Sales(landscape).open(on_hand=1000)


async def test_a_quote_over_the_threshold_travels_from_its_approval_to_the_last_payment(
    sales: Sales,
) -> None:
    quote = await sales.waits(await sales.quote(600), "approval")
    assert (quote.status, quote.total) == ("in-approval", Money.of("10800.00", "EUR"))
    assert quote.id in {found.id for found in await sales.quotes.waiting()}
    assert await sales.told() == []
    await sales.quotes.decide_quote(quote.id, Decision(approved=True))
    await sales.waits(quote, "answer")
    await sales.quotes.answer_quote(quote.id, Answer(accepted=True))

    for number, amount in enumerate(("3599.64", "7200.36"), start=1):
        if number == 2:
            await sales.waits(quote, "reached.2")
            await sales.quotes.reach_milestone(quote.id, MilestoneReached(milestone=2))
        await sales.waits(quote, f"payment.{number}")
        payment = PaymentReceived(
            milestone=number, amount=Money.of(amount, "EUR"), bank_reference=f"BANK-{number}"
        )
        await sales.quotes.receive_payment(quote.id, payment)
    paid = await sales.ends(quote)

    assert paid.status == "paid"
    assert paid.order_id is not None
    assert all(milestone.paid for milestone in paid.milestones)
    assert (await sales.client(Crm).quotes.get(quote.id)).status is QuoteStatus.ACCEPTED
    order = await sales.client(Erp).orders.get(paid.order_id)
    assert (order.status, order.quote_id, order.total) == (OrderStatus.FULFILLED, quote.id, paid.total)
    invoices = (await sales.client(Billing).invoices.find(InvoiceFilter(order_id=paid.order_id))).items
    assert [invoice.status for invoice in invoices] == [InvoiceStatus.PAID] * 2
    assert Money.sum((invoice.total for invoice in invoices), "EUR") == paid.total
    assert (await sales.told())[0] == "Our offer (ENQ-1)"


async def test_an_invoice_that_finance_settles_in_billing_is_paid_here_too(sales: Sales) -> None:
    quote = await sales.quote(3)
    await sales.quotes.answer_quote(quote.id, Answer(accepted=True))
    open_quote = await sales.waits(quote, "payment.1")
    billing = sales.client(Billing)
    invoice = await billing.invoices.get(open_quote.milestones[0].invoice_id or "")
    payment = await billing.payments.create(
        NewPayment(order_id=invoice.order_id, amount=invoice.total, method=PaymentMethod.TRANSFER)
    )
    await billing.capture_payment(payment.id)
    await billing.settle_invoice(invoice.id, Settlement(payment_id=payment.id))
    assert (await sales.waits(quote, "reached.2")).milestones[0].paid
    payments = await billing.payments.find(PaymentFilter(order_id=invoice.order_id))
    assert [found.id for found in payments.items] == [payment.id]


async def test_a_quote_that_the_customer_declines_orders_nothing(sales: Sales) -> None:
    quote = await sales.quote(3)
    await sales.quotes.answer_quote(quote.id, Answer(accepted=False, reason="too dear"))
    declined = await sales.ends(quote)
    assert (declined.status, declined.order_id) == ("rejected", None)
    assert declined.problem
    assert declined.problem.detail == "The customer declined: too dear."
    assert [line.outcome for line in declined.timeline if line.step == "approval"] == ["skipped"]
    assert (await sales.client(Crm).quotes.get(quote.id)).status is QuoteStatus.DECLINED


async def test_a_quote_whose_order_is_short_of_stock_ends_with_nothing_invoiced(
    landscape: Landscape,
) -> None:
    sales = await Sales(landscape).open(on_hand=2)
    quote = await sales.quote(3)
    await sales.quotes.answer_quote(quote.id, Answer(accepted=True))
    rejected = await sales.ends(quote)
    assert rejected.status == "rejected"
    assert rejected.problem
    assert f"3 of {sales.sku} were asked for" in rejected.problem.detail
    mine = InvoiceFilter(customer_id=sales.customer_id)
    assert (await sales.client(Billing).invoices.find(mine)).items == ()


async def test_a_quote_that_is_withdrawn_cannot_be_accepted(sales: Sales) -> None:
    quote = await sales.waits(await sales.quote(3), "answer")
    await sales.quotes.cancel_quote(quote.id)
    assert (await sales.ends(quote)).status == "cancelled"
    assert (await sales.client(Crm).quotes.get(quote.id)).status is QuoteStatus.EXPIRED


class Hasty(QuoteToCashService):
    """Reminds after moments instead of weeks."""

    terms = Terms(dunning=timedelta(seconds=0.2), reminders=2)


class Here:
    """The services of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def client(self, api: type[A]) -> A:
        return self._platform.client(api, "tests")


async def test_who_does_not_pay_is_reminded_and_then_it_is_a_dead_letter_that_a_payment_still_settles(
    tmp_path: Path,
) -> None:
    async with Platform(Settings(data=tmp_path), {**installed(), "quote-to-cash": Hasty}) as platform:
        assert platform.engine
        sales = await Sales(Here(platform)).open(on_hand=10)
        quote = await sales.quote(3)
        await sales.quotes.answer_quote(quote.id, Answer(accepted=True))
        first = (await sales.waits(quote, "payment.1")).milestones[0].amount
        paid = PaymentReceived(milestone=1, amount=first, bank_reference="BANK-1")
        await sales.quotes.receive_payment(quote.id, paid)
        await sales.quotes.reach_milestone(quote.id, MilestoneReached(milestone=2))
        overdue = await sales.ends(quote)
        reminders = [subject for subject in await sales.told() if subject.startswith("Reminder")]
        (letter,) = await platform.engine.list("quote-to-cash", which="parked")
        assert (overdue.status, overdue.reminders, len(reminders)) == ("invoiced", 2, 2)
        assert overdue.problem
        assert overdue.problem.detail.startswith("nothing was heard of payment.2 until")

        await platform.engine.retry(letter.id)
        late = PaymentReceived(milestone=2, amount=overdue.milestones[1].amount, bank_reference="BANK-2")
        await sales.quotes.receive_payment(quote.id, late)
        assert (await sales.ends(quote)).status == "paid"

"""Whatever is ordered, delivered and billed in whichever parts: the books add up to the cent."""

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from processes.procure_to_pay.contract import PurchaseProgress, Resolution, Verdict
from tests.purchasing import Purchasing
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.money import Money
from triptych.canonical.payables import OutgoingPaymentFilter, SupplierInvoice, SupplierInvoiceStatus
from triptych.canonical.purchasing import GoodsReceiptFilter, PurchaseOrderStatus
from triptych.contract import every
from triptych.settings import Settings

TOLERANCE = Decimal("0.02")


class Claim(NamedTuple):
    """An invoice of a supplier, who may be mistaken."""

    quantity: int
    percent: int
    """Of the price that was agreed."""
    accepted: bool
    """What a person says to it where it does not match."""


class Story(NamedTuple):
    """A purchase as it may go."""

    quantity: int
    cents: int
    deliveries: list[tuple[int, int]]
    """How many come, and how many of them at most are sent back."""
    claims: list[Claim]


def story_of(seed: int) -> Story:
    """A purchase that goes by the dice."""
    dice = Random(seed)
    return Story(
        quantity=dice.randint(1, 40),
        cents=dice.randint(1, 1999),
        deliveries=[(dice.randint(1, 40), dice.randint(0, 5)) for _ in range(dice.randint(1, 3))],
        claims=[
            Claim(dice.randint(1, 30), dice.randint(90, 130), dice.random() < 0.5)
            for _ in range(dice.randint(0, 3))
        ],
    )


@pytest.mark.parametrize("seed", range(16))
async def test_what_is_paid_is_what_was_billed_of_what_came(tmp_path: Path, seed: int) -> None:
    services = installed({"erp", "warehouse", "procure-to-pay"})
    async with Platform(Settings(data=tmp_path), services) as platform:
        await tell(platform, story_of(seed))


async def tell(platform: Platform, story: Story) -> None:
    """Have it happen, and look into the books."""
    buying = await Purchasing(platform, "BOOKS").open()
    price = str(Money(amount_minor=story.cents, currency="EUR").amount)
    purchase = await buying.request(story.quantity, price)
    moment = await buying.next_wait(purchase, "")
    if moment == "approval":
        await buying.decide(purchase, "grace")
        moment = await buying.next_wait(purchase, moment)
    kept = await deliver(buying, purchase, story)
    moment = await buying.next_wait(purchase, moment)
    claims = iter([*story.claims, *(Claim(1_000, 100, False) for _ in range(9))])
    while moment.startswith("invoice."):
        claim = next(claims)
        open_ones = kept - await billed(buying, purchase)
        many = min(claim.quantity, open_ones) if claim.quantity == 1_000 else claim.quantity
        dear = str(Money(amount_minor=story.cents, currency="EUR").times(Decimal(claim.percent) / 100).amount)
        await buying.bill(purchase, many, dear, name=moment)
        moment = await buying.next_wait(purchase, moment)
        if moment.startswith("decision."):
            verdict = Verdict.ACCEPT if claim.accepted else Verdict.REFUSE
            resolution = Resolution(verdict=verdict, reason="So be it.")
            await buying.purchases.resolve_match(purchase.id, resolution)
            moment = await buying.next_wait(purchase, moment)
    await buying.run(f"{buying.mark}-run")
    await buying.ends(purchase)
    await look_into_the_books(buying, purchase, story, kept)


async def deliver(buying: Purchasing, purchase: PurchaseProgress, story: Story) -> int:
    """Some of it comes, and some of that stays; the rest never comes. How much stayed."""
    kept = 0
    for number, (many, back) in enumerate(story.deliveries):
        many = min(many, story.quantity - kept)
        back = min(back, many - 1)
        if many > 0:
            await buying.deliver(purchase, many, note=str(number), rejected=back)
            kept += many - back
    if kept < story.quantity:
        await buying.purchases.expect_no_more(purchase.id)
    return kept


async def billed(buying: Purchasing, purchase: PurchaseProgress) -> int:
    """How many the invoices are for that were not sent back."""
    invoices = await buying.invoices(purchase)
    return sum(
        line.quantity
        for invoice in invoices
        if invoice.status is not SupplierInvoiceStatus.REFUSED
        for line in invoice.lines
    )


async def look_into_the_books(
    buying: Purchasing, purchase: PurchaseProgress, story: Story, kept: int
) -> None:
    """Ordered, received, billed, paid and in stock: all of it in the systems' own books."""
    order = await buying.erp.purchase_orders.get(purchase.id)
    receipts = (await buying.erp.goods_receipts.find(GoodsReceiptFilter(purchase_order_id=order.id))).items
    invoices = await buying.invoices(purchase)
    mine = OutgoingPaymentFilter(supplier_id=buying.supplier_id, limit=200)
    payments = [one async for one in every(buying.erp.outgoing_payments, mine)]
    paid = [invoice for invoice in invoices if invoice.status is SupplierInvoiceStatus.PAID]

    assert order.status is PurchaseOrderStatus.CLOSED
    assert sum(line.kept for receipt in receipts for line in receipt.lines) == kept <= story.quantity
    await buying.stocked(kept)
    assert all(_ended(invoice) for invoice in invoices)
    assert sorted(id for payment in payments for id in payment.invoice_ids) == sorted(one.id for one in paid)
    went = Money.sum((one.amount + one.taken_off for one in payments), "EUR")
    assert went == Money.sum((one.total for one in paid), "EUR")
    if not any(claim.accepted for claim in story.claims):  # nobody let anything pass
        assert sum(line.quantity for one in paid for line in one.lines) == kept
        most = Money(amount_minor=story.cents, currency="EUR").amount * kept * (1 + TOLERANCE)
        assert went.amount <= most


def _ended(invoice: SupplierInvoice) -> bool:
    return invoice.status in (SupplierInvoiceStatus.PAID, SupplierInvoiceStatus.REFUSED)

"""Suppliers' invoices are counted, checked and paid once, on both databases, whoever asks how often."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from systems.erp.backends.embedded import EmbeddedErp
from systems.erp.contract import Erp
from systems.erp.service import ErpService
from triptych.assembly.platform import Platform
from triptych.canonical.lines import NewOrderLine
from triptych.canonical.money import Money
from triptych.canonical.party import NewSupplier
from triptych.canonical.payables import (
    EarlyPayment,
    NewOutgoingPayment,
    NewSupplierInvoice,
    OutgoingPayment,
    OutgoingPaymentFilter,
    SupplierInvoice,
    SupplierInvoiceStatus,
)
from triptych.canonical.purchasing import (
    NewGoodsReceipt,
    NewPurchaseOrder,
    PurchaseOrder,
    PurchaseOrderStatus,
    ReceiptLine,
)
from triptych.contract import operations
from triptych.problems import InvalidInput, InvalidState
from triptych.settings import Settings

DUE = datetime(2026, 7, 31, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    operations(Erp)  # contracts are read before the event loop runs
    url = SecretStr(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    return Settings(data=tmp_path, database_url=url, over_receipt=Decimal("0.1"))


@pytest.fixture
async def platform(settings: Settings) -> AsyncGenerator[Platform]:
    async with Platform(settings, {"erp": ErpService}) as platform:
        yield platform


@pytest.fixture
def erp(platform: Platform) -> Erp:
    return platform.client(Erp)


async def bought(erp: Erp) -> PurchaseOrder:
    """Ten of tea at 3.33 that are on their way."""
    supplier = await erp.suppliers.create(NewSupplier(name="Uji Chaen"))
    line = NewOrderLine(sku="TEA", quantity=10, unit_price=Money.of("3.33", "EUR"))
    purchase = await erp.purchase_orders.create(NewPurchaseOrder(supplier_id=supplier.id, lines=(line,)))
    return await erp.order_purchase(purchase.id)


def an_invoice(purchase: PurchaseOrder, number: str, early: EarlyPayment | None = None) -> NewSupplierInvoice:
    """An invoice for one of them."""
    line = NewOrderLine(sku="TEA", quantity=1, unit_price=Money.of("3.33", "EUR"))
    return NewSupplierInvoice(
        purchase_order_id=purchase.id, number=number, due_at=DUE, early_payment=early, lines=(line,)
    )


async def matched(erp: Erp, purchase: PurchaseOrder, number: str, early: EarlyPayment | None = None) -> str:
    """The id of an invoice that may be paid."""
    invoice = await erp.supplier_invoices.create(an_invoice(purchase, number, early))
    return (await erp.match_supplier_invoice(invoice.id)).id


def receipt(purchase: PurchaseOrder, quantity: int, rejected: int = 0) -> NewGoodsReceipt:
    """So much that came."""
    line = ReceiptLine(sku="TEA", quantity=quantity, rejected=rejected)
    return NewGoodsReceipt(purchase_order_id=purchase.id, lines=(line,))


async def test_an_invoice_is_paid_once_however_many_ask_for_it_at_once(erp: Erp) -> None:
    purchase = await bought(erp)
    mine, other = await matched(erp, purchase, "RE-1"), await matched(erp, purchase, "RE-2")
    both = NewOutgoingPayment(supplier_id=purchase.supplier_id, invoice_ids=(mine, other))
    one = NewOutgoingPayment(supplier_id=purchase.supplier_id, invoice_ids=(mine,))

    answers = await asyncio.gather(
        *(erp.outgoing_payments.create(new) for new in [both, one] * 4), return_exceptions=True
    )

    (payment,) = [answer for answer in answers if isinstance(answer, OutgoingPayment)]
    assert sum(isinstance(answer, InvalidState) for answer in answers) == 7
    kept = await erp.outgoing_payments.find(OutgoingPaymentFilter(supplier_id=purchase.supplier_id))
    assert kept.items == (payment,)
    assert (await erp.supplier_invoices.get(mine)).payment_id == payment.id


async def test_the_ledger_takes_an_invoice_once_whatever_its_status_says(
    platform: Platform, erp: Erp
) -> None:
    purchase = await bought(erp)
    invoice_id = await matched(erp, purchase, "RE-1")
    books = EmbeddedErp(await platform.storage.open("erp"))
    await books.enter_as_paid([invoice_id], "out_before")

    with pytest.raises(InvalidState, match="is paid already"):
        await erp.outgoing_payments.create(
            NewOutgoingPayment(supplier_id=purchase.supplier_id, invoice_ids=(invoice_id,))
        )

    theirs = OutgoingPaymentFilter(supplier_id=purchase.supplier_id)
    assert (await erp.outgoing_payments.find(theirs)).items == ()
    assert (await erp.supplier_invoices.get(invoice_id)).status is SupplierInvoiceStatus.MATCHED


async def test_what_is_paid_soon_takes_the_discount_off_each_invoice_to_the_cent(erp: Erp) -> None:
    purchase = await bought(erp)
    soon = EarlyPayment(share=Decimal("0.03"), until=datetime.now(UTC) + timedelta(days=3))
    gone = EarlyPayment(share=Decimal("0.03"), until=datetime.now(UTC) - timedelta(days=3))
    invoices = [
        await matched(erp, purchase, number, early)
        for number, early in (("RE-1", soon), ("RE-2", soon), ("RE-3", gone), ("RE-4", None))
    ]

    payment = await erp.outgoing_payments.create(
        NewOutgoingPayment(supplier_id=purchase.supplier_id, invoice_ids=tuple(invoices))
    )

    assert (payment.amount, payment.taken_off) == (Money.of("13.12", "EUR"), Money.of("0.20", "EUR"))


async def test_the_invoices_of_an_order_are_counted_though_they_come_at_once(erp: Erp) -> None:
    purchase = await bought(erp)

    made = await asyncio.gather(
        *(erp.supplier_invoices.create(an_invoice(purchase, f"RE-{number}")) for number in range(6))
    )

    assert sorted(invoice.sequence for invoice in made) == [1, 2, 3, 4, 5, 6]


async def test_a_number_that_comes_again_at_once_is_one_invoice(erp: Erp) -> None:
    purchase = await bought(erp)

    answers = await asyncio.gather(
        *(erp.supplier_invoices.create(an_invoice(purchase, "RE-1")) for _ in range(4)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, SupplierInvoice) for answer in answers) == 1


async def test_a_tenth_more_may_come_where_the_settings_say_so_and_no_more(erp: Erp) -> None:
    purchase = await bought(erp)
    await erp.goods_receipts.create(receipt(purchase, 6))
    with pytest.raises(InvalidInput, match="more of TEA came than was ordered"):
        await erp.goods_receipts.create(receipt(purchase, 6))

    await erp.goods_receipts.create(receipt(purchase, 5))

    assert (await erp.purchase_orders.get(purchase.id)).status is PurchaseOrderStatus.RECEIVED


async def test_what_is_sent_back_may_come_again(erp: Erp) -> None:
    purchase = await bought(erp)
    await erp.goods_receipts.create(receipt(purchase, 10, rejected=2))
    assert (await erp.purchase_orders.get(purchase.id)).status is PurchaseOrderStatus.ORDERED

    await erp.goods_receipts.create(receipt(purchase, 2))

    assert (await erp.purchase_orders.get(purchase.id)).status is PurchaseOrderStatus.RECEIVED

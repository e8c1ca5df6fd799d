"""Over a system that shares no transaction with us half of an operation may stay: a repeat does the rest."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from systems.erp.backends.embedded import EmbeddedErp
from systems.erp.contract import Erp
from systems.erp.payables import OutgoingPayments
from systems.erp.service import ErpService, GoodsReceipts
from tests.systems.erp.test_payables import bought, matched
from triptych.assembly.platform import Platform
from triptych.canonical.payables import NewOutgoingPayment, OutgoingPaymentFilter, SupplierInvoiceStatus
from triptych.canonical.purchasing import (
    GoodsReceiptFilter,
    NewGoodsReceipt,
    PurchaseOrder,
    PurchaseOrderStatus,
    ReceiptLine,
)
from triptych.context import idempotency_key
from triptych.problems import InvalidState, Unavailable
from triptych.settings import Settings
from triptych.storage import FindFirst
from triptych.storage.repeating import attempting


class ElsewhereErp(EmbeddedErp):
    """An ERP whose every write stands for itself."""

    repeats: ClassVar = {
        "purchase_orders.save": FindFirst(by=("status",)),
        "goods_receipts.create": FindFirst(by=("purchase_order_id", "delivery_note")),
        "supplier_invoices.save": FindFirst(by=("status",)),
        "outgoing_payments.create": FindFirst(by=("supplier_id", "run", "invoice_ids")),
    }


async def elsewhere(platform: Platform) -> Any:
    """That ERP, over the same books."""
    database = await platform.storage.open("erp")
    backend = ElsewhereErp(database)
    attempting(backend, Erp, database)
    return backend


def failing_once(store: Any, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Have the store fail before one change, after so many."""
    save, saved = store.save, 0

    async def saving(entity: Any, **changes: Any) -> Any:
        nonlocal saved
        saved += 1
        if saved == after + 1:
            raise Unavailable("somebody was killed here")
        return await save(entity, **changes)

    monkeypatch.setattr(store, "save", saving)


async def test_a_payment_that_was_noted_at_one_invoice_only_is_noted_at_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Platform(Settings(data=tmp_path), {"erp": ErpService}) as platform:
        erp, backend = platform.client(Erp), await elsewhere(platform)
        purchase = await bought(erp)
        invoices = [await matched(erp, purchase, f"RE-{number}") for number in range(3)]
        new = NewOutgoingPayment(supplier_id=purchase.supplier_id, invoice_ids=tuple(invoices), run="r1")
        failing_once(backend.supplier_invoices, monkeypatch, after=1)
        with idempotency_key("run-1/pay.1"), pytest.raises(Unavailable):
            await OutgoingPayments(backend).create(new)

        with idempotency_key("run-1/pay.1"):
            payment = await OutgoingPayments(backend).create(new)

        theirs = OutgoingPaymentFilter(supplier_id=purchase.supplier_id)
        assert (await erp.outgoing_payments.find(theirs)).items == (payment,)
        for id in invoices:
            invoice = await erp.supplier_invoices.get(id)
            assert (invoice.status, invoice.payment_id) == (SupplierInvoiceStatus.PAID, payment.id)


async def test_an_invoice_of_a_payment_that_is_half_done_is_not_paid_by_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Platform(Settings(data=tmp_path), {"erp": ErpService}) as platform:
        erp, backend = platform.client(Erp), await elsewhere(platform)
        purchase = await bought(erp)
        invoice = await matched(erp, purchase, "RE-1")
        new = NewOutgoingPayment(supplier_id=purchase.supplier_id, invoice_ids=(invoice,), run="r1")
        failing_once(backend.supplier_invoices, monkeypatch, after=0)
        with idempotency_key("run-1/pay.1"), pytest.raises(Unavailable):
            await OutgoingPayments(backend).create(new)
        assert (await erp.supplier_invoices.get(invoice)).status is SupplierInvoiceStatus.MATCHED

        with idempotency_key("run-2/pay.1"), pytest.raises(InvalidState, match="is paid already"):
            await OutgoingPayments(backend).create(new.model_copy(update={"run": "r2"}))

        theirs = OutgoingPaymentFilter(supplier_id=purchase.supplier_id)
        assert len((await erp.outgoing_payments.find(theirs)).items) == 1


async def test_a_delivery_whose_order_was_not_told_of_it_is_told_when_it_is_entered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Platform(Settings(data=tmp_path), {"erp": ErpService}) as platform:
        erp, backend = platform.client(Erp), await elsewhere(platform)
        purchase = await bought(erp)
        receipts = GoodsReceipts(backend, Settings().over_receipt)
        failing_once(backend.purchase_orders, monkeypatch, after=0)
        with idempotency_key("delivery-1"), pytest.raises(Unavailable):
            await receipts.create(all_of_it(purchase))
        assert (await erp.purchase_orders.get(purchase.id)).status is PurchaseOrderStatus.ORDERED

        with idempotency_key("delivery-1"):
            receipt = await receipts.create(all_of_it(purchase))

        theirs = GoodsReceiptFilter(purchase_order_id=purchase.id)
        assert (await erp.goods_receipts.find(theirs)).items == (receipt,)
        assert (await erp.purchase_orders.get(purchase.id)).status is PurchaseOrderStatus.RECEIVED


async def test_a_delivery_note_that_comes_twice_is_one_receipt(tmp_path: Path) -> None:
    async with Platform(Settings(data=tmp_path), {"erp": ErpService}) as platform:
        erp = platform.client(Erp)
        purchase = await bought(erp)

        first = await erp.goods_receipts.create(all_of_it(purchase))
        again = await erp.goods_receipts.create(all_of_it(purchase))

        assert again == first
        with pytest.raises(InvalidState, match="is received"):
            await erp.goods_receipts.create(all_of_it(purchase, note="LS-2"))


def all_of_it(purchase: PurchaseOrder, note: str = "LS-1") -> NewGoodsReceipt:
    """All ten at once."""
    line = ReceiptLine(sku="TEA", quantity=10)
    return NewGoodsReceipt(purchase_order_id=purchase.id, delivery_note=note, lines=(line,))

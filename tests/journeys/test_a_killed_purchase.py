"""kill -9 between any two steps of many purchases: each is ordered, received, billed and paid once."""

import random
from collections import Counter
from pathlib import Path

import pytest

from systems.erp.contract import Erp
from systems.warehouse.contract import Warehouse
from tests.journeys.purchasing_program import MARK, SERVICES, quantity
from tests.killing import kill_all_but_the_last
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.inventory import InventoryLevelFilter
from triptych.canonical.money import Money
from triptych.canonical.payables import OutgoingPaymentFilter, SupplierInvoiceFilter, SupplierInvoiceStatus
from triptych.canonical.purchasing import GoodsReceiptFilter, PurchaseOrderFilter, PurchaseOrderStatus
from triptych.contract import every
from triptych.settings import Settings

PROGRAM = Path(__file__).with_name("purchasing_program.py")
KILLS = 8
PURCHASES = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What companies have left that were killed one after the other, but for the last one."""
    kill_all_but_the_last(PROGRAM, tmp_path, [[PURCHASES]] * (KILLS + 1), random.Random(11), longest=1.2)
    return tmp_path


async def test_every_purchase_is_paid_once_whenever_its_company_is_killed(folder: Path) -> None:
    async with Platform(Settings(data=folder), installed(SERVICES)) as platform:
        erp, warehouse = platform.client(Erp), platform.client(Warehouse)
        orders = [one async for one in every(erp.purchase_orders, PurchaseOrderFilter(limit=200))]
        receipts = [one async for one in every(erp.goods_receipts, GoodsReceiptFilter(limit=200))]
        invoices = [one async for one in every(erp.supplier_invoices, SupplierInvoiceFilter(limit=200))]
        payments = [one async for one in every(erp.outgoing_payments, OutgoingPaymentFilter(limit=200))]
        here = InventoryLevelFilter(sku=(f"TEA-{MARK}",))
        (level,) = (await warehouse.inventory.find(here)).items

    bought = sum(quantity(number) for number in range(PURCHASES))
    assert sorted(order.external_id or "" for order in orders) == sorted(
        f"{MARK}-{number}" for number in range(PURCHASES)
    )
    assert {order.status for order in orders} == {PurchaseOrderStatus.CLOSED}
    assert set(Counter(receipt.purchase_order_id for receipt in receipts).values()) == {2}
    assert {invoice.status for invoice in invoices} == {SupplierInvoiceStatus.PAID}
    assert {invoice.purchase_order_id for invoice in invoices} == {order.id for order in orders}
    assert Counter(id for payment in payments for id in payment.invoice_ids) == Counter(
        invoice.id for invoice in invoices
    )
    owed = Money.sum((order.total for order in orders), "EUR")
    assert Money.sum((payment.amount for payment in payments), "EUR") == owed
    assert owed == Money.of("3.33", "EUR").times(bought)
    assert level.on_hand == sum(line.kept for receipt in receipts for line in receipt.lines) == bought

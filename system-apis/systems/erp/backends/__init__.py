"""What the ERP system API stands on: a store for each noun."""

from collections.abc import Sequence
from typing import Protocol

from triptych.canonical.order import NewOrder, Order, OrderFilter
from triptych.canonical.party import NewSupplier, Supplier, SupplierFilter
from triptych.canonical.payables import (
    NewOutgoingPayment,
    NewSupplierInvoice,
    OutgoingPayment,
    OutgoingPaymentFilter,
    SupplierInvoice,
    SupplierInvoiceFilter,
)
from triptych.canonical.product import NewProduct, Product, ProductFilter
from triptych.canonical.purchasing import (
    GoodsReceipt,
    GoodsReceiptFilter,
    NewGoodsReceipt,
    NewPurchaseOrder,
    PurchaseOrder,
    PurchaseOrderFilter,
)
from triptych.storage import Store


class ErpBackend(Protocol):
    """Where products, suppliers, orders, purchases and payables are kept."""

    products: Store[Product, NewProduct, ProductFilter]
    suppliers: Store[Supplier, NewSupplier, SupplierFilter]
    orders: Store[Order, NewOrder, OrderFilter]
    purchase_orders: Store[PurchaseOrder, NewPurchaseOrder, PurchaseOrderFilter]
    goods_receipts: Store[GoodsReceipt, NewGoodsReceipt, GoodsReceiptFilter]
    supplier_invoices: Store[SupplierInvoice, NewSupplierInvoice, SupplierInvoiceFilter]
    outgoing_payments: Store[OutgoingPayment, NewOutgoingPayment, OutgoingPaymentFilter]

    async def enter_as_paid(self, invoice_ids: Sequence[str], settlement: str) -> None:
        """Enter all of them into the ledger of what is paid, or none; once more by the same one is no error.

        Raises InvalidState when another settlement stands there.
        """
        ...

"""The ERP of a company that has none: its books in the service's own database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, MetaData, Table, Text, select
from sqlalchemy.dialects import postgresql, sqlite

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
from triptych.problems import InvalidState
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, Indexed, Moment, entity_table

PRODUCTS = entity_table(
    "products",
    Product,
    indexed={
        "sku": UNIQUE,
        "external_id": UNIQUE,
        "category": INDEXED,
        "supplier_id": INDEXED,
        "discontinued": INDEXED,
        "gtin": UNIQUE,
    },
    search=["name", "sku", "description"],
)
SUPPLIERS = entity_table("suppliers", Supplier, indexed={"external_id": UNIQUE}, search=["name", "email"])
ORDERS = entity_table(
    "orders",
    Order,
    indexed={
        "external_id": UNIQUE,
        "reference": INDEXED,
        "customer_id": INDEXED,
        "channel": INDEXED,
        "placed_by": INDEXED,
        "status": INDEXED,
        "ordered_at": INDEXED,
    },
)
PURCHASE_ORDERS = entity_table(
    "purchase_orders",
    PurchaseOrder,
    indexed={"external_id": UNIQUE, "supplier_id": INDEXED, "location_id": INDEXED, "status": INDEXED},
)
GOODS_RECEIPTS = entity_table(
    "goods_receipts",
    GoodsReceipt,
    indexed={"purchase_order_id": INDEXED, "location_id": INDEXED, "delivery_note": INDEXED},
)


def _number(invoice: SupplierInvoice) -> str:
    """A supplier gives no number twice."""
    return f"{invoice.supplier_id} {invoice.number}"


def _pay_by(invoice: SupplierInvoice) -> datetime:
    """The first moment by which it may be worth paying."""
    early = invoice.early_payment
    return min(early.until, invoice.due_at) if early else invoice.due_at


SUPPLIER_INVOICES = entity_table(
    "supplier_invoices",
    SupplierInvoice,
    indexed={
        "purchase_order_id": INDEXED,
        "supplier_id": INDEXED,
        "number": INDEXED,
        "numbered": Indexed(of=_number, unique=True, type=Text()),
        "status": INDEXED,
        "pay": Indexed(of=_pay_by, type=Moment()),
    },
)
OUTGOING_PAYMENTS = entity_table(
    "outgoing_payments", OutgoingPayment, indexed={"supplier_id": INDEXED, "run": INDEXED}
)
PAID_INVOICES = Table(
    "paid_invoices", MetaData(), Column("invoice_id", Text, primary_key=True), Column("payment_id", Text)
)


class EmbeddedErp:
    """Implements ErpBackend over one database."""

    def __init__(self, database: Database) -> None:
        self.products = EmbeddedStore(database, PRODUCTS, new=NewProduct, filter=ProductFilter)
        self.suppliers = EmbeddedStore(database, SUPPLIERS, new=NewSupplier, filter=SupplierFilter)
        self.orders = EmbeddedStore(database, ORDERS, new=NewOrder, filter=OrderFilter)
        self.purchase_orders = EmbeddedStore(
            database, PURCHASE_ORDERS, new=NewPurchaseOrder, filter=PurchaseOrderFilter
        )
        self.goods_receipts = EmbeddedStore(
            database, GOODS_RECEIPTS, new=NewGoodsReceipt, filter=GoodsReceiptFilter
        )
        self.supplier_invoices = EmbeddedStore(
            database, SUPPLIER_INVOICES, new=NewSupplierInvoice, filter=SupplierInvoiceFilter
        )
        self.outgoing_payments = EmbeddedStore(
            database, OUTGOING_PAYMENTS, new=NewOutgoingPayment, filter=OutgoingPaymentFilter
        )
        self._database = database

    async def enter_as_paid(self, invoice_ids: Sequence[str], settlement: str) -> None:
        insert = (sqlite if self._database.dialect == "sqlite" else postgresql).insert(PAID_INVOICES)
        async with self._database.write() as connection:
            for invoice_id in invoice_ids:
                entered = insert.values(invoice_id=invoice_id, payment_id=settlement).on_conflict_do_nothing()
                stands = select(PAID_INVOICES.c.payment_id).where(PAID_INVOICES.c.invoice_id == invoice_id)
                await connection.execute(entered)
                if (await connection.execute(stands)).scalar_one() != settlement:
                    raise InvalidState(f"{invoice_id} is paid already.", invoice_id=invoice_id)

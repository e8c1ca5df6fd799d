"""The ERP of a company that has none: its books in the service's own database."""

from triptych.canonical.order import NewOrder, Order, OrderFilter
from triptych.canonical.party import NewSupplier, Supplier, SupplierFilter
from triptych.canonical.product import NewProduct, Product, ProductFilter
from triptych.canonical.purchasing import (
    GoodsReceipt,
    GoodsReceiptFilter,
    NewGoodsReceipt,
    NewPurchaseOrder,
    PurchaseOrder,
    PurchaseOrderFilter,
)
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, entity_table

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

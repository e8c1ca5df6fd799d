"""What the ERP system API promises."""

from typing import Annotated

from fastapi import Body

from triptych.canonical.base import Model, example
from triptych.canonical.fields import Id, Prose
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
from triptych.contract import Collection, Creatable, Raises, SystemApi, event, post
from triptych.problems import Conflict, InvalidState, NotFound


class Cancellation(Model):
    """Why something is called off."""

    model_config = example(reason="The customer ordered twice.")

    reason: Prose
    """For whoever asks later."""


class Erp(SystemApi, version=1, owner="finance-systems"):
    """Products, suppliers, orders and purchases, whichever ERP keeps the books."""

    products: Collection[Product, NewProduct, ProductFilter]
    suppliers: Collection[Supplier, NewSupplier, SupplierFilter]
    orders: Creatable[Order, NewOrder, OrderFilter]
    purchase_orders: Creatable[PurchaseOrder, NewPurchaseOrder, PurchaseOrderFilter]
    goods_receipts: Annotated[
        Creatable[GoodsReceipt, NewGoodsReceipt, GoodsReceiptFilter], Raises(create=[NotFound, InvalidState])
    ]

    order_confirmed = event(Order, "An order is binding on both sides.", customer="customer_id")
    order_shipped = event(Order, "The goods of an order are on their way.", customer="customer_id")
    order_fulfilled = event(Order, "An order is delivered and paid.", customer="customer_id")
    order_cancelled = event(Order, "An order was called off.", customer="customer_id")
    purchase_ordered = event(PurchaseOrder, "A purchase order went to its supplier.")
    purchase_received = event(PurchaseOrder, "Everything that was ordered of a supplier has come.")
    purchase_cancelled = event(PurchaseOrder, "A purchase was called off.")
    goods_received = event(GoodsReceipt, "Goods have come from a supplier.")

    @post("/orders/{order_id}/confirm", raises=[NotFound, InvalidState])
    async def confirm_order(self, order_id: Id) -> Order:
        """Make a draft binding on both sides."""
        ...

    @post("/orders/{order_id}/ship", raises=[NotFound, InvalidState])
    async def ship_order(self, order_id: Id) -> Order:
        """Note that the goods are on their way."""
        ...

    @post("/orders/{order_id}/fulfill", raises=[NotFound, InvalidState])
    async def fulfill_order(self, order_id: Id) -> Order:
        """Note that the order is delivered and paid."""
        ...

    @post("/orders/{order_id}/cancel", raises=[NotFound, InvalidState])
    async def cancel_order(self, order_id: Id, because: Annotated[Cancellation, Body()]) -> Order:
        """Call an order off, and say why; one that is cancelled already stays as it is."""
        ...

    @post("/purchase-orders/{purchase_order_id}/order", raises=[NotFound, InvalidState])
    async def order_purchase(self, purchase_order_id: Id) -> PurchaseOrder:
        """Send a drafted purchase order to its supplier."""
        ...

    @post("/purchase-orders/{purchase_order_id}/cancel", raises=[NotFound, Conflict])
    async def cancel_purchase(
        self, purchase_order_id: Id, because: Annotated[Cancellation, Body()]
    ) -> PurchaseOrder:
        """Call a purchase off; impossible once goods came."""
        ...
